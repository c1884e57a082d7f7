/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft-sim: many hosts in one process against a real weftd. Random changes, cuts and kills; at
 * every rest everybody has what they should. See README.md.
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <glib.h>
#include <sys/resource.h>

#include "sim/world.h"

#define REST_MIN 20 /* changes between two rests */
#define REST_MAX 250

struct options {
	char *weftd;
	gint hosts, changes, seed, ports;
	gboolean measure;
};

static bool options_read(struct options *options, int argc, char **argv, GError **error)
{
	const GOptionEntry entries[] = {
		{"weftd", 0, 0, G_OPTION_ARG_FILENAME, &options->weftd, "The program", "PATH"},
		{"hosts", 0, 0, G_OPTION_ARG_INT, &options->hosts, "Simulated hosts (20)", "N"},
		{"changes", 0, 0, G_OPTION_ARG_INT, &options->changes, "Random changes (10000)",
		 "N"},
		{"seed", 0, 0, G_OPTION_ARG_INT, &options->seed, "Of the changes (random)",
		 "N"},
		{"measure", 0, 0, G_OPTION_ARG_NONE, &options->measure,
		 "Change nothing at random: measure weftd", NULL},
		{"ports", 0, 0, G_OPTION_ARG_INT, &options->ports,
		 "With --measure: ports that concern all hosts (200)", "N"},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- simulated hosts");

	g_option_context_add_main_entries(context, entries, NULL);
	return g_option_context_parse(context, &argc, &argv, error);
}

static bool simulate(struct world *world, const struct options *options, unsigned int *rests,
		     unsigned int *thorough, GError **error)
{
	g_autoptr(GRand) random = g_rand_new_with_seed((guint32)options->seed);
	gint left = options->changes;

	while (left > 0) {
		gint count = MIN(left, g_rand_int_range(random, REST_MIN, REST_MAX));
		bool deep = ++*rests % 3 == 0 || count == left;

		if (!world_disturb(world, (unsigned int)count, error) ||
		    !world_check(world, deep, error))
			return false;
		*thorough += deep;
		left -= count;
	}
	return true;
}

static int finish(struct world *world, bool ok, unsigned int rests, unsigned int thorough,
		  const GError *error)
{
	struct world_totals t = world_get_totals(world);

	printf("%" G_GUINT64_FORMAT " changes asked for: %" G_GUINT64_FORMAT
	       " done, %" G_GUINT64_FORMAT " refused, %" G_GUINT64_FORMAT " answers lost\n",
	       t.asked, t.done, t.refused, t.lost);
	printf("%" G_GUINT64_FORMAT " kills of weftd, %" G_GUINT64_FORMAT
	       " connections cut, %" G_GUINT64_FORMAT " agents killed\n",
	       t.kills, t.cuts, t.restarts);
	printf("%" G_GUINT64_FORMAT " rows in %" G_GUINT64_FORMAT
	       " full transfers and %" G_GUINT64_FORMAT " resumed; %" G_GUINT64_FORMAT
	       " map entries at the end\n",
	       t.rows, t.fulls, t.resumes, t.entries);
	printf("%u rests, %u of them compared with the full compilation of the store\n", rests,
	       thorough);
	if (!ok)
		printf("FAIL %s\n", error->message);
	return ok ? 0 : 1;
}

static int run(const struct options *options)
{
	const struct world_config config = {.weftd = options->weftd,
					    .hosts = (unsigned int)options->hosts,
					    .seed = (uint32_t)options->seed,
					    .light = options->measure};
	g_autoptr(GError) error = NULL;
	struct world *world = world_new(&config, &error);
	unsigned int rests = 0, thorough = 0;
	int status;
	bool ok;

	if (!world) {
		printf("FAIL %s\n", error->message);
		return 1;
	}
	ok = options->measure ? world_measure(world, (unsigned int)options->ports, &error)
			      : simulate(world, options, &rests, &thorough, &error);
	status = finish(world, ok, rests, thorough, error);
	world_free(world);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = {.hosts = 20, .changes = 10000, .ports = 200};
	const struct rlimit files = {65536, 65536};
	g_autoptr(GError) error = NULL;
	int status;

	setlocale(LC_ALL, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &files); /* weftd inherits it */
	options.seed = (gint)(g_random_int() & 0x7fffffff);
	if (!options_read(&options, argc, argv, &error) || !options.weftd ||
	    options.hosts < 1) {
		fprintf(stderr, "weft-sim: %s\n",
			error ? error->message : "needs --weftd PATH");
		return 2;
	}
	printf("seed %d\n", options.seed);
	fflush(stdout);
	status = run(&options);
	g_free(options.weftd);
	return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop, one thread; what waits, runs the main context meanwhile.
 */
#include "sim/world.h"

#include <stdio.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/error.h"
#include "lib/http_client.h"
#include "sim/daemon.h"
#include "sim/host.h"
#include "sim/tenant.h"
#include "sim/truth.h"

#define AT_A_TIME    8	   /* changes under way */
#define REST_SECONDS 60	   /* within which everything must come to rest */
#define SOCKETS	     65536 /* descriptors looked at for a connection to cut */

struct world {
	struct daemon *daemon;
	struct tenant *tenant;
	GPtrArray *hosts; /* struct sim_host, owned */
	GRand *random;
	uint64_t kills, cuts;
};

static gboolean wake(void *data)
{
	return G_SOURCE_CONTINUE;
}

/* Runs the main context until DONE holds; false after REST_SECONDS. */
static bool wait_until(struct world *world, bool (*done)(struct world *world))
{
	gint64 deadline = g_get_monotonic_time() + REST_SECONDS * G_USEC_PER_SEC;
	guint timer = g_timeout_add(10, wake, NULL);
	bool ok;

	while (!(ok = done(world)) && g_get_monotonic_time() < deadline)
		g_main_context_iteration(NULL, TRUE);
	g_source_remove(timer);
	return ok;
}

static bool is_answered(struct world *world)
{
	return tenant_count_waiting(world->tenant) == 0;
}

static bool is_connected(struct world *world)
{
	for (guint i = 0; i < world->hosts->len; i++)
		if (!sim_host_is_connected(world->hosts->pdata[i]) ||
		    sim_host_revision(world->hosts->pdata[i]) == 0)
			return false;
	return true;
}

static bool fail(GError **error, char *line)
{
	g_set_error_literal(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, line);
	g_free(line);
	return false;
}

struct world *world_new(const struct world_config *config, GError **error)
{
	struct world *world = g_new0(struct world, 1);

	world->hosts = g_ptr_array_new_with_free_func((GDestroyNotify)sim_host_free);
	world->random = g_rand_new_with_seed(config->seed);
	world->daemon = daemon_new(config->weftd, error);
	if (!world->daemon || !daemon_start(world->daemon, error)) {
		world_free(world);
		return NULL;
	}
	world->tenant = tenant_new(daemon_url(world->daemon), config->hosts, config->seed + 1);
	for (unsigned int i = 1; i <= config->hosts; i++)
		g_ptr_array_add(world->hosts,
				sim_host_new(i, daemon_url(world->daemon), config->light));
	if (wait_until(world, is_connected) && tenant_refresh(world->tenant, error))
		return world;
	if (error && !*error)
		fail(error, g_strdup("not all hosts connect"));
	world_free(world);
	return NULL;
}

void world_free(struct world *world)
{
	tenant_free(world->tenant);
	g_ptr_array_unref(world->hosts);
	daemon_free(world->daemon);
	g_rand_free(world->random);
	g_free(world);
}

/* --- disturbances -------------------------------------------------------------------- */

static bool is_ours(const struct world *world, int fd)
{
	struct sockaddr_in peer;
	socklen_t size = sizeof(peer);

	return getpeername(fd, (void *)&peer, &size) == 0 && peer.sin_family == AF_INET &&
	       ntohs(peer.sin_port) == daemon_port(world->daemon);
}

/* Some connection to weftd breaks, wherever its bytes are: a stream of rows, a report, a
 * change that will never know its answer. */
static void cut(struct world *world)
{
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(int));

	for (int fd = 3; fd < SOCKETS && found->len < 4 * world->hosts->len; fd++)
		if (is_ours(world, fd))
			g_array_append_val(found, fd);
	if (found->len == 0)
		return;
	shutdown(g_array_index(found, int,
			       (guint)g_rand_int_range(world->random, 0, (gint32)found->len)),
		 SHUT_RDWR);
	world->cuts++;
}

static void restart(struct world *world)
{
	sim_host_restart(world->hosts->pdata[g_rand_int_range(world->random, 0,
							      (gint32)world->hosts->len)]);
}

static bool weftd_again(struct world *world, GError **error)
{
	daemon_kill(world->daemon);
	world->kills++;
	/* Answers that were lost are known as such before ids are read anew. */
	if (!wait_until(world, is_answered))
		return fail(error, g_strdup("requests to a dead weftd do not end"));
	return daemon_start(world->daemon, error) && tenant_refresh(world->tenant, error);
}

/* Once in COUNT. */
static bool chance(struct world *world, gint32 count)
{
	return g_rand_int_range(world->random, 0, count) == 0;
}

static bool has_room(struct world *world)
{
	return tenant_count_waiting(world->tenant) < AT_A_TIME;
}

bool world_disturb(struct world *world, unsigned int count, GError **error)
{
	const uint64_t end = tenant_get_counters(world->tenant).asked + count;

	while (tenant_get_counters(world->tenant).asked < end) {
		tenant_change(world->tenant);
		if (!wait_until(world, has_room))
			return fail(error, g_strdup("a request is not answered"));
		if (chance(world, 25))
			cut(world);
		if (chance(world, 60))
			restart(world);
		if (chance(world, 250) && !weftd_again(world, error))
			return false;
	}
	return true;
}

/* --- rest ---------------------------------------------------------------------------- */

static bool host_check(struct world *world, struct sim_host *host, GHashTable *rows,
		       GError **error)
{
	char *line = sim_host_take_complaint(host);

	if (!line)
		line = sim_host_compare_rows(host, rows);
	if (!line)
		line = sim_host_compare_entries(host);
	return !line || fail(error, line);
}

/* A host that the last transactions did not concern hears of them by the next beat. */
static bool host_reach(struct world *world, struct sim_host *host, uint64_t revision,
		       GError **error)
{
	gint64 deadline = g_get_monotonic_time() + REST_SECONDS * G_USEC_PER_SEC;

	while (!sim_host_is_connected(host) || sim_host_revision(host) < revision) {
		if (g_get_monotonic_time() > deadline)
			return fail(error,
				    g_strdup_printf("%s: stays at revision %" G_GUINT64_FORMAT
						    " of %" G_GUINT64_FORMAT,
						    sim_host_name(host),
						    sim_host_revision(host), revision));
		g_main_context_iteration(NULL, TRUE);
	}
	return true;
}

static bool check_sent(struct world *world, GError **error)
{
	for (guint i = 0; i < world->hosts->len; i++) {
		struct sim_host *host = world->hosts->pdata[i];
		g_autoptr(GHashTable) rows = NULL;
		uint64_t revision;

		rows = truth_fetch(daemon_url(world->daemon), sim_host_name(host), &revision,
				   error);
		if (!rows || !host_reach(world, host, revision, error) ||
		    !host_check(world, host, rows, error))
			return false;
	}
	return true;
}

static bool check_stored(struct world *world, GError **error)
{
	const char *store = daemon_store(world->daemon);
	g_autofree char *findings = NULL;
	struct truth *truth;
	bool ok = true;

	findings = truth_audit(store, error);
	if (!findings)
		return false;
	if (*findings)
		return fail(error, g_steal_pointer(&findings));
	truth = truth_new(store, error);
	if (!truth)
		return false;
	for (guint i = 0; ok && i < world->hosts->len; i++) {
		struct sim_host *host = world->hosts->pdata[i];
		g_autoptr(GHashTable) rows = truth_compile(truth, sim_host_name(host));

		ok = host_check(world, host, rows, error);
	}
	truth_free(truth);
	return ok;
}

bool world_check(struct world *world, bool thorough, GError **error)
{
	const char *complaint;

	if (!wait_until(world, is_answered))
		return fail(error, g_strdup("a request is not answered"));
	complaint = tenant_complaint(world->tenant);
	if (complaint)
		return fail(error, g_strdup(complaint));
	if (!tenant_refresh(world->tenant, error) || !check_sent(world, error))
		return false;
	if (!thorough)
		return true;
	daemon_kill(world->daemon);
	world->kills++;
	return check_stored(world, error) && daemon_start(world->daemon, error);
}

struct world_totals world_get_totals(const struct world *world)
{
	struct tenant_counters tenant = tenant_get_counters(world->tenant);
	struct world_totals totals = {.asked = tenant.asked,
				      .done = tenant.done,
				      .refused = tenant.refused,
				      .lost = tenant.lost,
				      .kills = world->kills,
				      .cuts = world->cuts};

	for (guint i = 0; i < world->hosts->len; i++) {
		struct sim_host_counters host = sim_host_get_counters(world->hosts->pdata[i]);

		totals.rows += host.rows;
		totals.fulls += host.fulls;
		totals.resumes += host.resumes;
		totals.restarts += host.restarts;
		totals.entries += sim_host_entries(world->hosts->pdata[i]);
	}
	return totals;
}

/* --- measuring ----------------------------------------------------------------------- */

static bool is_level(struct world *world)
{
	uint64_t revision = 0;

	for (guint i = 0; i < world->hosts->len; i++)
		revision = MAX(revision, sim_host_revision(world->hosts->pdata[i]));
	for (guint i = 0; i < world->hosts->len; i++)
		if (sim_host_revision(world->hosts->pdata[i]) < revision)
			return false;
	return is_answered(world);
}

struct mark {
	gint64 time;
	uint64_t rows;
	struct daemon_usage usage;
};

static struct mark mark_take(struct world *world)
{
	return (struct mark){g_get_monotonic_time(), world_get_totals(world).rows,
			     daemon_get_usage(world->daemon)};
}

static void mark_print(struct world *world, const char *what, struct mark before)
{
	struct mark now = mark_take(world);
	double seconds = (double)(now.time - before.time) / G_USEC_PER_SEC;
	double rows = (double)(now.rows - before.rows);

	printf("%-32s %8.2f s %10.0f rows %10.0f rows/s  weftd %6.2f CPU s %7.1f MiB\n", what,
	       seconds, rows, rows / seconds, now.usage.cpu_seconds - before.usage.cpu_seconds,
	       now.usage.resident_mib);
	fflush(stdout);
}

static char *network_make(struct world *world, GError **error)
{
	g_autofree char *url = g_strdup_printf("%s/v2.0/networks", daemon_url(world->daemon));
	const char *text = "{\"network\":{}}", *id;
	const struct http_ask question = {
		.method = "POST", .url = url, .body = text, .body_size = strlen(text)};
	unsigned int status;
	g_autofree char *body = NULL;

	if (!http_fetch(&question, &status, &body, error))
		return NULL;
	id = strstr(body, "\"id\":\"");
	return id ? g_strndup(id + 6, 36) : NULL;
}

bool world_measure(struct world *world, unsigned int ports, GError **error)
{
	g_autofree char *network = network_make(world, error);
	unsigned int hosts = world->hosts->len;
	struct mark mark;

	if (!network)
		return false;
	mark = mark_take(world);
	for (unsigned int i = 0; i < hosts; i += 50)
		tenant_make_ports(world->tenant, network, i, MIN(50, hosts - i));
	if (!wait_until(world, is_answered) || !wait_until(world, is_level))
		return fail(error, g_strdup("ports: not everywhere in time"));
	mark_print(world, "a port on each host, by fifties", mark);
	mark = mark_take(world);
	for (unsigned int i = 0; i < ports; i++) {
		tenant_make_ports(world->tenant, network, i, 1);
		if (!wait_until(world, has_room))
			return fail(error, g_strdup("a request is not answered"));
	}
	if (!wait_until(world, is_answered) || !wait_until(world, is_level))
		return fail(error, g_strdup("ports: not everywhere in time"));
	mark_print(world, "ports one by one, for all hosts", mark);
	mark = mark_take(world);
	for (unsigned int i = 0; i < hosts; i++)
		sim_host_restart(world->hosts->pdata[i]);
	if (!wait_until(world, is_connected) || !wait_until(world, is_level))
		return fail(error, g_strdup("hosts: not all are back in time"));
	mark_print(world, "all hosts anew, all rows", mark);
	mark = mark_take(world);
	for (gint64 end = mark.time + 10 * G_USEC_PER_SEC; g_get_monotonic_time() < end;)
		g_main_context_iteration(NULL, TRUE);
	mark_print(world, "nothing, for ten seconds", mark);
	return true;
}

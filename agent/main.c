/* SPDX-License-Identifier: Apache-2.0 */
/* weft-agent: options, one agent, one loop. */
#include <locale.h>
#include <stdio.h>
#include <linux/capability.h>
#include <glib-unix.h>

#include "agent/agent.h"
#include "agent/cleanup.h"
#include "agent/options.h"
#include "agent/scrape.h"
#include "lib/error.h"
#include "lib/log.h"
#include "lib/privilege.h"

static gboolean signal_end(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

/*
 * CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON are what devices and programs need. CAP_SYS_ADMIN is
 * raised to mount the bpffs, to read the layout of an earlier agent's maps (old_map.c) and to
 * visit a workload's namespace (netns.c), CAP_NET_RAW for the socket that DHCP answers leave by
 * (punt.c).
 */
static const int always[] = {CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON, -1};
static const int sometimes[] = {CAP_SYS_ADMIN, CAP_NET_RAW, -1};

static int run(const struct options *options, GError **error)
{
	struct agent *agent;
	GMainLoop *loop;

	if (!privilege_keep(always, sometimes, error))
		return weft_error_to_exit(*error);
	agent = agent_new(options, error);
	if (!agent)
		return weft_error_to_exit(*error);
	privilege_forget(CAP_NET_RAW);
	loop = g_main_loop_new(NULL, FALSE);
	g_unix_signal_add(SIGTERM, signal_end, loop);
	g_unix_signal_add(SIGINT, signal_end, loop);
	g_main_loop_run(loop);
	g_main_loop_unref(loop);
	log_info("agent", "%s: ends, traffic goes on", options->host);
	agent_free(agent);
	return 0;
}

static int act(const struct options *options, GError **error)
{
	if (options->version) {
		printf("weft-agent " WEFT_VERSION "\n");
		return 0;
	}
	if (options->print_metrics) {
		scrape_print_manual(stdout);
		return 0;
	}
	if (!log_set_levels(options->log, error))
		return weft_error_to_exit(*error);
	if (options->cleanup)
		return cleanup_host(options->run, options->host, error)
			       ? 0
			       : weft_error_to_exit(*error);
	return run(options, error);
}

int main(int argc, char **argv)
{
	struct options options;
	GError *error = NULL;
	int status;

	setlocale(LC_ALL, "");
	if (!options_parse(&options, argc, argv, &error)) {
		fprintf(stderr, "weft-agent: %s\n", error->message);
		g_error_free(error);
		return 2;
	}
	status = act(&options, &error);
	if (error) {
		fprintf(stderr, "weft-agent: %s\n", error->message);
		g_error_free(error);
	}
	options_done(&options);
	return status;
}

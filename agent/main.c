/* SPDX-License-Identifier: Apache-2.0 */
/* weft-agent: options, one agent, one loop. */
#include <locale.h>
#include <stdio.h>
#include <glib-unix.h>

#include "agent/agent.h"
#include "agent/cleanup.h"
#include "agent/options.h"
#include "agent/scrape.h"
#include "lib/error.h"
#include "lib/log.h"

static gboolean signal_end(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

static int run(const struct options *options, GError **error)
{
	struct agent *agent = agent_new(options, error);
	GMainLoop *loop;

	if (!agent)
		return weft_error_to_exit(*error);
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

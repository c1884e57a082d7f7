/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weftd: the controller.
 */
#include <errno.h>
#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "api/audit.h"
#include "api/openapi.h"
#include "api/openapi_manual.h"
#include "controller/options.h"
#include "controller/scrape.h"
#include "controller/transfer.h"
#include "controller/wiring.h"
#include "lib/error.h"
#include "lib/http_client.h"
#include "lib/log.h"
#include "lib/privilege.h"
#include "rights/policy.h"
#include "store/store.h"

struct program {
	GMainLoop *loop;
	struct wiring *wiring;
	int exit_code;
};

static void program_failed(void *data)
{
	struct program *program = data;

	program->exit_code = 1;
	g_main_loop_quit(program->loop);
}

static gboolean program_end(void *data)
{
	struct program *program = data;

	g_main_loop_quit(program->loop);
	return G_SOURCE_CONTINUE;
}

static gboolean program_reload(void *data)
{
	struct program *program = data;

	wiring_reload(program->wiring);
	return G_SOURCE_CONTINUE;
}

static int program_complain(const GError *error)
{
	fprintf(stderr, "weftd: %s\n", error->message);
	return error->domain == WEFT_ERROR ? weft_error_to_exit(error) : 2;
}

/*
 * Before any file is opened: what this user cannot read now, it could not read again when it
 * changes.
 */
static bool program_drop(const struct options *options, GError **error)
{
	if (!privilege_become(options->user, error))
		return false;
	if (getuid() == 0)
		log_warn("weftd", "runs as root and has no need to: --user NAME");
	return true;
}

static int program_run(const struct options *options)
{
	struct program program = {NULL};
	g_autoptr(GError) error = NULL;

	if (!program_drop(options, &error))
		return program_complain(error);
	program.loop = g_main_loop_new(NULL, FALSE);
	program.wiring = wiring_new(options, program_failed, &program, &error);
	if (!program.wiring) {
		g_main_loop_unref(program.loop);
		return program_complain(error);
	}
	g_unix_signal_add(SIGTERM, program_end, &program);
	g_unix_signal_add(SIGINT, program_end, &program);
	g_unix_signal_add(SIGHUP, program_reload, &program);
	/* A store that could not be read has asked to end before the loop runs. */
	if (program.exit_code == 0)
		g_main_loop_run(program.loop);
	wiring_free(program.wiring);
	g_main_loop_unref(program.loop);
	log_info("weftd", "ended");
	return program.exit_code;
}

static void audit_found(const char *line, void *data)
{
	puts(line);
}

static struct store *program_open(const struct options *options, bool reading, GError **error)
{
	const struct http_tls tls = {.ca = options->store_ca,
				     .cert = options->store_cert,
				     .key = options->store_key};

	return (reading ? store_open_reading : store_open)(options->store, &tls, error);
}

static int program_audit(const struct options *options)
{
	g_autoptr(GError) error = NULL;
	struct store *store = program_open(options, true, &error);
	struct audit_counts counts;
	bool good = store && audit_store(store, audit_found, NULL, &counts, &error);

	store_close(store);
	if (!good)
		return program_complain(error);
	printf("revision %" G_GUINT64_FORMAT ": %zu objects, %zu claims, %zu findings\n",
	       counts.revision, counts.objects, counts.claims, counts.findings);
	return counts.findings > 0;
}

/* Out of a store, or into one. */
static int program_transfer(const struct options *options)
{
	bool out = options->export_to != NULL;
	const char *path = out ? options->export_to : options->import_from;
	g_autoptr(GError) error = NULL;
	bool good = !options->user || privilege_become(options->user, &error);
	struct store *store = good ? program_open(options, out, &error) : NULL;
	FILE *file = store ? fopen(path, out ? "we" : "re") : NULL;
	gsize count = 0;

	good = false;
	if (store && !file)
		g_set_error(&error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "cannot open: %s",
			    g_strerror(errno));
	else if (store)
		good = (out ? transfer_export : transfer_import)(store, file, &count, &error);
	if (file && fclose(file) != 0 && good) {
		good = false;
		g_set_error(&error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "cannot write: %s",
			    g_strerror(errno));
	}
	store_close(store);
	if (!good) {
		if (store)
			g_prefix_error(&error, "%s %s %s: ", options->store,
				       out ? "to" : "from", path);
		return program_complain(error);
	}
	printf("%zu keys %s %s\n", count, out ? "to" : "from", path);
	return 0;
}

/* What is asked for instead of serving; false: nothing. */
static bool program_print(const struct options *options)
{
	if (options->version) {
		printf("weftd %s\n", WEFT_VERSION);
	} else if (options->print_metrics) {
		scrape_print_manual(stdout);
	} else if (options->print_policy) {
		policy_print_defaults(stdout);
	} else if (options->print_openapi) {
		g_autofree char *page = openapi_print();

		puts(page);
	} else if (options->print_reference) {
		openapi_print_manual(stdout);
	} else {
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct options options;
	g_autoptr(GError) error = NULL;
	int exit_code;

	setlocale(LC_ALL, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN);
	if (!options_read(&options, &argc, &argv, &error))
		return program_complain(error);
	if (program_print(&options)) {
		options_done(&options);
		return 0;
	}
	if (options.log && !log_set_levels(options.log, &error)) {
		options_done(&options);
		return program_complain(error);
	}
	if (options.audit)
		exit_code = program_audit(&options);
	else if (options.export_to || options.import_from)
		exit_code = program_transfer(&options);
	else
		exit_code = program_run(&options);
	options_done(&options);
	return exit_code;
}

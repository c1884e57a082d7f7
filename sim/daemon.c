/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Its log stays in the folder, and is shown when it does not start.
 */
#include "sim/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "lib/error.h"
#include "lib/http_client.h"

#define START_SECONDS 30

struct daemon {
	char *program, *folder, *url, *store, *listen;
	unsigned int port;
	pid_t pid; /* 0: not running */
};

/* A port that is free now. */
static unsigned int port_find(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned int port = 0;

	if (bind(fd, (void *)&at, sizeof(at)) == 0 && getsockname(fd, (void *)&at, &size) == 0)
		port = ntohs(at.sin_port);
	close(fd);
	return port;
}

struct daemon *daemon_new(const char *program, GError **error)
{
	struct daemon *daemon = g_new0(struct daemon, 1);

	daemon->program = g_strdup(program);
	daemon->folder = g_dir_make_tmp("weft-sim-XXXXXX", error);
	if (!daemon->folder) {
		daemon_free(daemon);
		return NULL;
	}
	daemon->port = port_find();
	daemon->listen = g_strdup_printf("127.0.0.1:%u", daemon->port);
	daemon->url = g_strdup_printf("http://%s", daemon->listen);
	daemon->store = g_strdup_printf("sqlite:%s/weft.db", daemon->folder);
	return daemon;
}

static void folder_remove(const char *folder)
{
	g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
	const char *name;

	while (entries && (name = g_dir_read_name(entries))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		unlink(path);
	}
	rmdir(folder);
}

void daemon_free(struct daemon *daemon)
{
	if (!daemon)
		return;
	daemon_kill(daemon);
	if (daemon->folder)
		folder_remove(daemon->folder);
	g_free(daemon->program);
	g_free(daemon->folder);
	g_free(daemon->url);
	g_free(daemon->store);
	g_free(daemon->listen);
	g_free(daemon);
}

const char *daemon_url(const struct daemon *daemon)
{
	return daemon->url;
}

const char *daemon_store(const struct daemon *daemon)
{
	return daemon->store;
}

unsigned int daemon_port(const struct daemon *daemon)
{
	return daemon->port;
}

bool daemon_is_running(const struct daemon *daemon)
{
	return daemon->pid != 0;
}

/* The child ends with us, however we end. */
static void daemon_exec(const struct daemon *daemon)
{
	g_autofree char *log = g_build_filename(daemon->folder, "log", NULL);
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

	dup2(fd, 1);
	dup2(fd, 2);
	execl(daemon->program, "weftd", "--listen", daemon->listen, "--store", daemon->store,
	      NULL);
	_exit(127);
}

static bool daemon_answers(const struct daemon *daemon)
{
	const struct http_ask ask = {.url = daemon->url, .timeout_ms = 1000};
	unsigned int status;
	char *body;

	if (!http_fetch(&ask, &status, &body, NULL))
		return false;
	g_free(body);
	return status == 200;
}

static void daemon_show_log(const struct daemon *daemon)
{
	g_autofree char *path = g_build_filename(daemon->folder, "log", NULL);
	g_autofree char *text = NULL;

	if (g_file_get_contents(path, &text, NULL, NULL))
		fputs(text, stderr);
}

bool daemon_start(struct daemon *daemon, GError **error)
{
	gint64 deadline = g_get_monotonic_time() + START_SECONDS * G_USEC_PER_SEC;

	fflush(NULL);
	daemon->pid = fork();
	if (daemon->pid == 0)
		daemon_exec(daemon);
	while (!daemon_answers(daemon)) {
		if (g_get_monotonic_time() > deadline ||
		    waitpid(daemon->pid, NULL, WNOHANG) != 0) {
			daemon_show_log(daemon);
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
				    "%s: does not start", daemon->program);
			return false;
		}
		g_main_context_iteration(NULL, FALSE);
		g_usleep(2000);
	}
	return true;
}

void daemon_kill(struct daemon *daemon)
{
	if (!daemon->pid)
		return;
	kill(daemon->pid, SIGKILL);
	waitpid(daemon->pid, NULL, 0);
	daemon->pid = 0;
}

/* proc(5): fields 14 and 15 are ticks of CPU time, 24 pages; the name before them has no space. */
struct daemon_usage daemon_get_usage(const struct daemon *daemon)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)daemon->pid);
	g_autofree char *text = NULL;
	g_auto(GStrv) fields = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return (struct daemon_usage){0};
	fields = g_strsplit(text, " ", -1);
	if (g_strv_length(fields) < 24)
		return (struct daemon_usage){0};
	return (struct daemon_usage){
		.cpu_seconds =
			(g_ascii_strtod(fields[13], NULL) + g_ascii_strtod(fields[14], NULL)) /
			(double)sysconf(_SC_CLK_TCK),
		.resident_mib = g_ascii_strtod(fields[23], NULL) *
				(double)sysconf(_SC_PAGESIZE) / (1 << 20),
	};
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts, kills, asks.
 */
#include "store/etcd_fixture.h"

#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/http_client.h"
#include "store/etcd_link.h"

struct etcd_fixture {
	char *dir;
	char *client, *peer; /* URLs */
	GPid pid;
};

static char *fixture_find_url(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, length), ==, 0);
	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &length), ==, 0);
	close(fd);
	return g_strdup_printf("http://127.0.0.1:%u", ntohs(address.sin_port));
}

bool etcd_fixture_post(const struct etcd_fixture *etcd, const char *path, const char *body)
{
	g_autofree char *url = http_join(etcd->client, path);
	g_autofree char *text = NULL;
	const struct http_ask ask = {.method = "POST",
				     .url = url,
				     .body = body,
				     .body_size = strlen(body),
				     .timeout_ms = 5000};
	unsigned int status = 0;

	return http_fetch(&ask, &status, &text, NULL) && status == 200;
}

void etcd_fixture_put(const struct etcd_fixture *etcd, const char *key, const char *value)
{
	g_autoptr(GString) text = g_string_new("{\"lease\":\"0\"");

	etcd_append_text(text, "key", key);
	etcd_append_text(text, "value", value);
	g_string_append_c(text, '}');
	g_assert_true(etcd_fixture_post(etcd, "/v3/kv/put", text->str));
}

/* It does not outlive the test. */
static void fixture_tie(void *data)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void etcd_fixture_start(struct etcd_fixture *etcd)
{
	g_autofree char *cluster = g_strconcat("test=", etcd->peer, NULL);
	const char *argv[] = {"etcd",
			      "--name=test",
			      "--data-dir",
			      etcd->dir,
			      "--listen-client-urls",
			      etcd->client,
			      "--advertise-client-urls",
			      etcd->client,
			      "--listen-peer-urls",
			      etcd->peer,
			      "--initial-advertise-peer-urls",
			      etcd->peer,
			      "--initial-cluster",
			      cluster,
			      "--log-level=error",
			      NULL};

	g_assert_true(g_spawn_async(NULL, (char **)argv, NULL,
				    G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
					    G_SPAWN_STDOUT_TO_DEV_NULL |
					    G_SPAWN_STDERR_TO_DEV_NULL,
				    fixture_tie, NULL, &etcd->pid, NULL));
	for (unsigned int i = 0; i < 200; i++) {
		if (etcd_fixture_post(etcd, "/v3/kv/range", "{\"key\":\"eA==\"}"))
			return;
		g_usleep(50000);
	}
	g_error("etcd does not start at %s", etcd->client);
}

void etcd_fixture_kill(struct etcd_fixture *etcd)
{
	kill(etcd->pid, SIGKILL);
	waitpid(etcd->pid, NULL, 0);
	g_spawn_close_pid(etcd->pid);
}

struct etcd_fixture *etcd_fixture_new(void)
{
	g_autofree char *program = g_find_program_in_path("etcd");
	struct etcd_fixture *etcd;

	if (!program)
		return NULL;
	etcd = g_new0(struct etcd_fixture, 1);
	etcd->dir = g_dir_make_tmp("weft-etcd-XXXXXX", NULL);
	etcd->client = fixture_find_url();
	etcd->peer = fixture_find_url();
	etcd_fixture_start(etcd);
	return etcd;
}

void etcd_fixture_free(struct etcd_fixture *etcd)
{
	const char *argv[] = {"rm", "-rf", NULL, NULL};

	if (!etcd)
		return;
	etcd_fixture_kill(etcd);
	argv[2] = etcd->dir;
	g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
		     NULL, NULL);
	g_free(etcd->dir);
	g_free(etcd->client);
	g_free(etcd->peer);
	g_free(etcd);
}

char *etcd_fixture_url(const struct etcd_fixture *etcd, const char *name)
{
	return g_strdup_printf("etcd:%s?prefix=%s", etcd->client, name);
}

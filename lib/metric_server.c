/* SPDX-License-Identifier: Apache-2.0 */
/* One path, one method. */
#include "lib/metric_server.h"

#include <string.h>

#include "lib/metric.h"

#define BODY_MAX 1024 /* bytes; nobody has a reason to send any */

struct metric_server {
	struct http_server *server;
	metric_page page;
	void *data;
};

void metric_reply(struct http_request *request, char *page, gsize size)
{
	http_reply(request, 200, METRICS_CONTENT_TYPE, page, size, NULL, 0);
}

static void refuse(struct http_request *request, unsigned int status, const char *text)
{
	http_reply(request, status, "text/plain; charset=utf-8", g_strdup(text), strlen(text),
		   NULL, 0);
}

static void serve(struct http_request *request, const struct http_question *question,
		  void *data)
{
	const struct metric_server *server = data;
	gsize size;
	char *page;

	if (strcmp(question->path, "/metrics") != 0) {
		refuse(request, 404, "there is only /metrics\n");
	} else if (strcmp(question->method, "GET") != 0) {
		refuse(request, 405, "/metrics: only GET\n");
	} else {
		page = server->page(&size, server->data);
		metric_reply(request, page, size);
	}
}

struct metric_server *metric_server_new(const char *where, metric_page page, void *data,
					GError **error)
{
	struct metric_server *server = g_new0(struct metric_server, 1);

	server->page = page;
	server->data = data;
	server->server = http_server_new(serve, server);
	http_server_set_limits(server->server, BODY_MAX, BODY_MAX);
	if (http_server_listen(server->server, where, error))
		return server;
	metric_server_free(server);
	return NULL;
}

void metric_server_free(struct metric_server *server)
{
	if (!server)
		return;
	http_server_free(server->server);
	g_free(server);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies.
 */
#include "api/reply.h"

#include <string.h>

#include "api/fault.h"
#include "lib/uuid.h"

static void reply_with(struct http_request *request, unsigned int status, const char *type,
		       char *body, gsize size, const char *challenge)
{
	char id[UUID_TEXT + 4] = "req-";
	const struct http_pair headers[] = {{"X-Openstack-Request-Id", id},
					    {"WWW-Authenticate", challenge}};

	uuid_print(uuid_new(), id + 4);
	http_reply(request, status, type, body, size, headers, challenge ? 2 : 1);
}

static void reply(struct http_request *request, unsigned int status, const char *type,
		  char *body, gsize size)
{
	reply_with(request, status, type, body, size, NULL);
}

void reply_json(struct http_request *request, unsigned int status, char *body, gsize size)
{
	reply(request, status, body ? "application/json" : NULL, body, size);
}

void reply_text(struct http_request *request, unsigned int status, const char *text)
{
	reply(request, status, "text/plain; charset=UTF-8", g_strdup(text), strlen(text));
}

void reply_error(struct http_request *request, const GError *error)
{
	unsigned int status;
	char *body = fault_print(error, &status);

	reply_json(request, status, body, strlen(body));
}

void reply_refusal(struct http_request *request, const GError *error, const char *url)
{
	unsigned int status;
	char *body = fault_print(error, &status);
	g_autofree char *challenge =
		url && status == 401 ? g_strdup_printf("Keystone uri=\"%s\"", url) : NULL;

	reply_with(request, status, "application/json", body, strlen(body), challenge);
}

void reply_plain_error(struct http_request *request, unsigned int status, const char *type,
		       const char *message)
{
	char *body = fault_print_plain(type, message);

	reply_json(request, status, body, strlen(body));
}

char *reply_base(struct http_request *request)
{
	const char *host = http_request_find_header(request, "X-Forwarded-Host");
	const char *scheme = http_request_find_header(request, "X-Forwarded-Proto");

	if (!host)
		host = http_request_find_header(request, "Host");
	if (g_strcmp0(scheme, "https") != 0)
		scheme = "http";
	if (!host || !g_utf8_validate(host, -1, NULL))
		host = "localhost";
	return g_strdup_printf("%s://%s", scheme, host);
}

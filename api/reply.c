/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies.
 */
#include "api/reply.h"

#include <string.h>

#include "api/fault.h"

static void reply_with(struct http_request *request, unsigned int status, const char *type,
		       char *body, gsize size, const char *challenge)
{
	const struct http_pair header = {"WWW-Authenticate", challenge};

	http_reply(request, status, type, body, size, &header, challenge ? 1 : 0);
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

void reply_no_resource(struct http_request *request)
{
	reply_plain_error(request, 404, "HTTPNotFound", "The resource could not be found.");
}

void reply_bad_method(struct http_request *request)
{
	reply_plain_error(request, 405, "HTTPMethodNotAllowed",
			  "The method is not allowed for this resource.");
}

/* The first of "OURS, NEXT"; owned, NULL when there is none that could stand in a URL. */
static char *forwarded_find(struct http_request *request, const char *name)
{
	const char *value = http_request_find_header(request, name);
	char *first = value ? g_strndup(value, strcspn(value, ",")) : NULL;

	if (first && *g_strstrip(first) && g_utf8_validate(first, -1, NULL) &&
	    !strpbrk(first, " \t\"<>\\"))
		return first;
	g_free(first);
	return NULL;
}

char *reply_base(struct http_request *request)
{
	g_autofree char *host = forwarded_find(request, "X-Forwarded-Host");
	g_autofree char *scheme = forwarded_find(request, "X-Forwarded-Proto");
	g_autofree char *port = forwarded_find(request, "X-Forwarded-Port");
	g_autofree char *prefix = forwarded_find(request, "X-Forwarded-Prefix");
	bool secure = scheme ? g_ascii_strcasecmp(scheme, "https") == 0
			     : http_request_get_question(request)->secure;
	const char *colon;

	if (!host)
		host = forwarded_find(request, "Host");
	if (!host)
		host = g_strdup("localhost");
	/* A host that names its port has said it; colons in brackets are an address's. */
	colon = strrchr(host, ':');
	if ((colon && !strchr(colon, ']')) || g_strcmp0(port, secure ? "443" : "80") == 0)
		g_clear_pointer(&port, g_free);
	while (prefix && g_str_has_suffix(prefix, "/"))
		prefix[strlen(prefix) - 1] = '\0';
	return g_strdup_printf("http%s://%s%s%s%s", secure ? "s" : "", host, port ? ":" : "",
			       port ? port : "",
			       prefix && g_str_has_prefix(prefix, "/") ? prefix : "");
}

char *reply_ids(struct http_request *request)
{
	const struct http_question *question = http_request_get_question(request);

	return g_strconcat(question->id ? question->id : "-", question->global_id ? " " : "",
			   question->global_id, NULL);
}

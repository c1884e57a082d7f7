/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP client whose connections are kept for the next request. A few requests
 * are under way at once, so that the store can commit them together.
 */
#include "cli/client.h"

#include <string.h>
#include "lib/error.h"
#include "lib/http_client.h"
#include "lib/tls.h"
#include "lib/uuid.h"

#define AT_ONCE	       8
#define TIMEOUT_MS     60000
#define MESSAGE_LENGTH 1000 /* of what a server says is wrong, as much is shown */

struct client {
	struct http_client *http;
	char *base;
	char *token;
	char *project;
	char *ca, *cert, *key;
	client_answerer answerer; /* tests */
	void *data;
};

/* One client_run(). */
struct run {
	struct client *client;
	GArray *requests;
	guint next;
	guint open;
	bool failed;
};

struct waiting {
	struct run *run;
	struct client_request *request;
};

struct client *client_new(const char *url, const char *token, const char *project)
{
	struct client *client = g_new0(struct client, 1);
	size_t length = strlen(url);

	while (length && url[length - 1] == '/')
		length--;
	client->base = g_strndup(url, length);
	client->token = g_strdup(token);
	client->project = g_strdup(project);
	return client;
}

void client_set_tls(struct client *client, const struct http_tls *tls)
{
	client->ca = g_strdup(tls->ca);
	client->cert = g_strdup(tls->cert);
	client->key = g_strdup(tls->key);
}

struct client *client_new_for_test(client_answerer answerer, void *data)
{
	struct client *client = client_new("test:", NULL, NULL);

	client->answerer = answerer;
	client->data = data;
	return client;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	if (client->http)
		http_client_free(client->http);
	g_free(client->base);
	g_free(client->token);
	g_free(client->project);
	g_free(client->ca);
	g_free(client->cert);
	g_free(client->key);
	g_free(client);
}

void client_freep(struct client **client)
{
	client_free(*client);
}

static void request_clear(gpointer data)
{
	struct client_request *request = data;

	g_free(request->path);
	json_decref(request->body);
	json_decref(request->reply);
	g_clear_error(&request->error);
}

GArray *client_requests_new(void)
{
	GArray *requests = g_array_new(FALSE, TRUE, sizeof(struct client_request));

	g_array_set_clear_func(requests, request_clear);
	return requests;
}

struct client_request *client_requests_add(GArray *requests, const char *method, char *path,
					   json_t *body)
{
	struct client_request request = {.method = method, .path = path, .body = body};

	g_array_append_val(requests, request);
	return &g_array_index(requests, struct client_request, requests->len - 1);
}

/* Refusals for want of something are 409 like all others; their type tells. */
static enum weft_error to_code(unsigned int status, const char *type)
{
	static const char *const exhausted[] = {
		"IpAddressGenerationFailure",  "OverQuota",
		"NoNetworkAvailable",	       "ExternalIpAddressExhausted",
		"MacAddressGenerationFailure", NULL};

	if (type && status == 409 && g_strv_contains(exhausted, type))
		return WEFT_ERROR_EXHAUSTED;
	return weft_error_from_status(status);
}

/* On one line, of bounded length. */
static char *to_line(const char *text)
{
	char *line = g_utf8_make_valid(text, (gssize)strnlen(text, MESSAGE_LENGTH));

	for (char *c = line; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = ' ';
	return g_strchomp(line);
}

static void read_failure(struct client_request *request, unsigned int status, const char *body)
{
	json_auto_t *reply = json_loads(body, 0, NULL);
	const json_t *fault = json_object_get(reply, "NeutronError");
	const char *message, *type;
	g_autofree char *line = NULL;

	if (!fault)
		fault = json_object_get(reply, "error");
	if (!fault) /* of the row protocol */
		fault = reply;
	message = json_string_value(json_is_string(fault) ? fault
							  : json_object_get(fault, "message"));
	type = json_string_value(json_object_get(fault, "type"));
	line = to_line(message ? message : body);
	if (!*line) {
		g_free(line);
		line = g_strdup_printf("refused with HTTP status %u", status);
	}
	request->error = g_error_new_literal(WEFT_ERROR, (gint)to_code(status, type), line);
}

static void read_answer(struct client_request *request, unsigned int status, const char *body,
			size_t size)
{
	json_error_t why;

	if (status >= 400 || status < 200) {
		read_failure(request, status, body);
		return;
	}
	if (size == 0) {
		request->reply = json_null();
		return;
	}
	request->reply = json_loadb(body, size, JSON_DECODE_ANY, &why);
	if (!request->reply)
		request->error = g_error_new(WEFT_ERROR, WEFT_ERROR_INTERNAL,
					     "the answer is not JSON: %s", why.text);
}

static void on_answer(const struct http_answer *answer, const GError *error, void *data)
{
	struct waiting *waiting = data;
	struct run *run = waiting->run;

	if (error)
		waiting->request->error = g_error_copy(error);
	else
		read_answer(waiting->request, answer->status, answer->body, answer->body_size);
	run->failed = run->failed || waiting->request->error;
	run->open--;
	g_free(waiting);
}

/* libcurl would not say which file is wrong, and why. */
static bool client_open(struct client *client, GError **error)
{
	struct tls_files files = {client->cert, client->key, client->ca, NULL};
	struct tls *tls;

	if (client->answerer || client->http)
		return true;
	if (g_str_has_prefix(client->base, "https:")) {
		tls = tls_new(&files, error);
		if (!tls)
			return false;
		tls_free(tls);
	}
	client->http = http_client_new();
	return true;
}

static void send_request(struct run *run, struct client_request *request)
{
	struct client *client = run->client;
	struct http_field headers[2];
	const struct http_tls tls = {client->ca, client->cert, client->key};
	struct http_ask ask = {.method = request->method,
			       .headers = headers,
			       .timeout_ms = TIMEOUT_MS,
			       .tls = &tls};
	struct waiting *waiting;
	g_autofree char *url = NULL;
	char *body = request->body ? json_dumps(request->body, JSON_COMPACT) : NULL;

	url = g_str_has_prefix(client->base, "unix:")
		      ? g_strconcat(client->base, ":", request->path, NULL)
		      : g_strconcat(client->base, request->path, NULL);
	if (client->token)
		headers[ask.header_count++] =
			(struct http_field){"X-Auth-Token", client->token};
	if (client->project)
		headers[ask.header_count++] =
			(struct http_field){"X-Project-Id", client->project};
	ask.url = url;
	ask.body = body;
	ask.body_size = body ? strlen(body) : 0;
	waiting = g_new(struct waiting, 1);
	*waiting = (struct waiting){run, request};
	run->open++;
	http_client_call(client->http, &ask, on_answer, waiting);
	free(body);
}

static void send_next(struct run *run)
{
	struct client_request *request =
		&g_array_index(run->requests, struct client_request, run->next++);

	request->sent = true;
	if (!run->client->answerer) {
		send_request(run, request);
		return;
	}
	run->client->answerer(run->client->data, request);
	run->failed = run->failed || request->error;
}

bool client_run(struct client *client, GArray *requests, GError **error)
{
	struct run run = {.client = client, .requests = requests};

	if (!client_open(client, error))
		return false;
	for (;;) {
		while (!run.failed && run.open < AT_ONCE && run.next < requests->len)
			send_next(&run);
		if (!run.open)
			break;
		g_main_context_iteration(NULL, TRUE);
	}
	if (!run.failed)
		return true;
	for (guint i = 0; i < requests->len; i++) {
		const struct client_request *request =
			&g_array_index(requests, struct client_request, i);

		if (!request->error)
			continue;
		g_propagate_error(error, g_error_copy(request->error));
		break;
	}
	return false;
}

json_t *client_call(struct client *client, const char *method, const char *path, json_t *body,
		    GError **error)
{
	g_autoptr(GArray) requests = client_requests_new();
	struct client_request *request =
		client_requests_add(requests, method, g_strdup(path), body);

	if (!client_run(client, requests, error))
		return NULL;
	return g_steal_pointer(&request->reply);
}

json_t *client_list(struct client *client, enum kind kind, const char *query, GError **error)
{
	const char *plural = cloud_table(kind)->plural;
	g_autofree char *path = g_strdup_printf(
		"/v2.0/%s%s%s", attr_table_path(cloud_table(kind)), *query ? "?" : "", query);
	json_auto_t *reply = client_call(client, "GET", path, NULL, error);
	json_t *list = json_object_get(reply, plural);

	if (!reply)
		return NULL;
	if (json_is_array(list))
		return json_incref(list);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "the answer has no list '%s'",
		    plural);
	return NULL;
}

json_t *client_show(struct client *client, enum kind kind, const char *id, GError **error)
{
	const struct attr_table *table = cloud_table(kind);
	g_autofree char *escaped = http_escape(id);
	g_autofree char *path = g_strdup_printf("/v2.0/%s/%s", attr_table_path(table), escaped);
	json_auto_t *reply = client_call(client, "GET", path, NULL, error);
	json_t *object = json_object_get(reply, table->singular);

	if (!reply)
		return NULL;
	if (json_is_object(object))
		return json_incref(object);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "the answer has no '%s'",
		    table->singular);
	return NULL;
}

const char *client_kind_name(enum kind kind)
{
	g_autofree char *name = g_strdelimit(g_strdup(cloud_table(kind)->singular), "_", ' ');

	return g_intern_string(name);
}

char *client_find_id(struct client *client, enum kind kind, const char *text, GError **error)
{
	const struct attr_table *table = cloud_table(kind);
	g_autofree char *escaped = NULL;
	g_autofree char *query = NULL;
	json_auto_t *list = NULL;
	char printed[UUID_TEXT];
	struct uuid uuid;
	const char *id;

	if (uuid_parse(text, &uuid))
		return g_strdup(uuid_print(uuid, printed));
	if (!attr_find(table, "name")) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s '%s': not an id",
			    client_kind_name(kind), text);
		return NULL;
	}
	escaped = http_escape(text);
	query = g_strdup_printf("name=%s&fields=id", escaped);
	list = *text ? client_list(client, kind, query, error) : json_array();
	if (!list)
		return NULL;
	id = json_string_value(json_object_get(json_array_get(list, 0), "id"));
	if (json_array_size(list) == 1 && id)
		return g_strdup(id);
	if (json_array_size(list) == 0)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND, "%s '%s': no such %s",
			    client_kind_name(kind), text, client_kind_name(kind));
	else
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "%s '%s': %zu %ss have this name, give an id",
			    client_kind_name(kind), text, json_array_size(list),
			    client_kind_name(kind));
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A conversation with the controller, from where libmicrohttpd hands it over: requests one after the
 * other, each "METHOD PATH[?QUERY]", header lines, an empty line and a body, up to a line "%%". "@N"
 * in path, query or body stands for the id of the Nth thing made before. Behind it is all that
 * weftd is but the network: engine, store, mirror, compiler.
 *
 * Held: each request is answered once, by a status the API knows and never by "our fault"; an answer is
 * JSON; every row that comes of it is one that sync accepts. This file is the server's
 * face (lib/http_server.h) for the API, so that the library's own is not linked.
 */
#include <stdint.h>
#include <string.h>
#include <jansson.h>

#include "api/api.h"
#include "compile/compile.h"
#include "compile/fit.h"
#include "lib/error.h"
#include "lib/uuid.h"
#include "sync/row.h"

#define REQUESTS_MAX 12
#define ANSWER_S     30

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct http_request {
	struct http_question question;
	GArray *query; /* of struct http_pair */
	char **headers;
	unsigned int status; /* 0: not answered */
};

struct talk {
	struct store *store;
	struct cloud *cloud;
	struct mirror *mirror;
	struct api *api;
	struct compile *compile;
	unsigned int ready; /* 1: the mirror has read the store */
};

static GPtrArray *made; /* ids in the order of their making */

/* --------------------------------------------------------- names for good */

#define NAMES 2048 /* by which GLib's table of names grows */

void __sanitizer_malloc_hook(const volatile void *block, size_t size);

/*
 * GLib forgets its table of names each time that it grows (glib/gquark.c says so), which comes after
 * most of an hour here and would be taken for a leak of the input at hand: somebody remembers it.
 */
void __sanitizer_malloc_hook(const volatile void *block, size_t size)
{
	static const volatile void *tables[8];

	for (gsize i = 0; i < G_N_ELEMENTS(tables); i++)
		if (!tables[i] && size == (i + 1) * NAMES * sizeof(char *)) {
			tables[i] = block;
			return;
		}
}

/* ------------------------------------------------- the face of the server */

const struct http_question *http_request_get_question(const struct http_request *request)
{
	return &request->question;
}

const char *http_request_find_header(struct http_request *request, const char *name)
{
	gsize length = strlen(name);

	for (char **line = request->headers; *line; line++)
		if (!g_ascii_strncasecmp(*line, name, length) && (*line)[length] == ':')
			return g_strchug(*line + length + 1);
	return NULL;
}

/* So lists come whole. */
bool http_request_takes_gzip(struct http_request *request)
{
	return true;
}

struct http_stream *http_stream_open(struct http_request *request, const char *content_type,
				     http_stream_closed closed, void *data)
{
	g_assert_not_reached();
}

static void note_ids(const json_t *value)
{
	const char *id = json_string_value(json_object_get(value, "id"));
	const json_t *element;
	const char *key;
	size_t i;

	if (id)
		g_ptr_array_add(made, g_strdup(id));
	json_object_foreach ((json_t *)value, key, element)
		if (!id)
			note_ids(element);
	json_array_foreach (value, i, element)
		note_ids(element);
}

static bool status_is_known(unsigned int status)
{
	static const unsigned int known[] = {200, 201, 204, 300, 400, 401,
					     403, 404, 405, 409, 413, 501};

	for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
		if (known[i] == status)
			return true;
	return false;
}

void http_reply(struct http_request *request, unsigned int status, const char *content_type,
		char *body, gsize body_size, const struct http_pair *headers, gsize count)
{
	json_error_t why;

	g_assert(!request->status);
	if (!status_is_known(status))
		g_error("status %u: %s", status, body);
	request->status = status;
	if (content_type && g_str_has_prefix(content_type, "application/json")) {
		json_t *answer = json_loadb(body, body_size,
					    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);

		if (!answer)
			g_error("%s in the answer %s", why.text, body);
		if (status == 201)
			note_ids(answer);
		json_decref(answer);
	}
	g_free(body);
}

/* -------------------------------------------------------------- one request */

/* TEXT with each "@N" replaced. */
static char *put_ids(const char *text, gsize size, gsize *out_size)
{
	GString *out = g_string_sized_new(size + 64);

	for (gsize i = 0; i < size; i++) {
		if (text[i] == '@' && i + 1 < size && g_ascii_isdigit(text[i + 1]) &&
		    (guint)(text[i + 1] - '0') < made->len)
			g_string_append(out, made->pdata[text[++i] - '0']);
		else
			g_string_append_c(out, text[i]);
	}
	*out_size = out->len;
	return g_string_free(out, FALSE);
}

/* %XX, as the server undoes it; a NUL ends the text. */
static char *decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		int high = *from == '%' ? g_ascii_xdigit_value(from[1]) : -1;
		int low = high >= 0 ? g_ascii_xdigit_value(from[2]) : -1;

		*to++ = low >= 0 ? (char)(high << 4 | low) : *from;
		from += low >= 0 ? 2 : 0;
	}
	*to = '\0';
	return text;
}

static void query_split(struct http_request *request, char *text)
{
	char *save = NULL;

	for (char *part = strtok_r(text, "&", &save); part; part = strtok_r(NULL, "&", &save)) {
		char *value = strchr(part, '=');
		struct http_pair pair = {part, ""};

		if (value) {
			*value++ = '\0';
			pair.value = decode(value);
		}
		decode(part);
		g_array_append_val(request->query, pair);
	}
}

/* False: no request that the server would hand over. */
static bool request_split(struct http_request *request, char *line)
{
	char *path = strchr(line, ' '), *query;

	if (!path || path == line || path[1] != '/')
		return false;
	*path++ = '\0';
	query = strchr(path, '?');
	if (query) {
		*query++ = '\0';
		query_split(request, query);
	}
	request->question.method = line;
	request->question.path = decode(path);
	return true;
}

static gboolean is_late(void *data)
{
	*(bool *)data = true;
	return G_SOURCE_REMOVE;
}

/* Turns the loop until DONE is not 0. The store answers from a thread, when it has the time. */
static bool settle(const unsigned int *done)
{
	bool late = false;
	guint timer = g_timeout_add_seconds(ANSWER_S, is_late, &late);

	while (!*done && !late)
		g_main_context_iteration(NULL, TRUE);
	if (!late)
		g_source_remove(timer);
	return *done != 0;
}

static void talk_ask(struct talk *talk, const char *text, gsize size)
{
	gsize whole_size, head_size;
	g_autofree char *whole = put_ids(text, size, &whole_size);
	char *end = strstr(whole, "\n\n");
	struct http_request request = {
		.query = g_array_new(FALSE, FALSE, sizeof(struct http_pair))};
	g_auto(GStrv) lines = NULL;

	head_size = end ? (gsize)(end - whole) : strlen(whole);
	request.question.body = end ? end + 2 : "";
	request.question.body_size = end ? whole_size - head_size - 2 : 0;
	request.question.client = "127.0.0.1:1";
	request.question.local = true;
	g_autofree char *head = g_strndup(whole, head_size);

	lines = g_strsplit(head, "\n", 40);
	if (lines[0] && request_split(&request, lines[0])) {
		request.headers = lines + 1;
		request.question.query = (const struct http_pair *)(void *)request.query->data;
		request.question.query_count = request.query->len;
		api_serve(talk->api, &request, &request.question);
		if (!settle(&request.status))
			g_error("no answer to %s %s", request.question.method,
				request.question.path);
	}
	g_array_unref(request.query);
}

/* ------------------------------------------------------------ the controller */

static void check_row(const char *host, enum compile_table table, const char *key,
		      GRefString *value, uint64_t revision, void *data)
{
	const char *name = compile_table_names[table];
	json_t *json = value ? json_loads(value, JSON_REJECT_DUPLICATES, NULL) : NULL;
	g_autoptr(GError) error = NULL;

	g_assert(*host); /* a port may be bound to a name that no host will ever have */
	if (value && !json)
		g_error("row %s %s: not JSON: %s", name, key, value);
	if (!row_check(name, key, json, &error))
		g_error("row %s %s: %s", name, key, error->message);
	json_decref(json);
}

static void mirror_ready(uint64_t revision, void *data)
{
	((struct talk *)data)->ready = 1;
}

static void mirror_failed(const GError *error, void *data)
{
	g_error("the store cannot be followed: %s", error->message);
}

static void mirror_applied(uint64_t revision, void *data)
{
	struct talk *talk = data;

	if (talk->compile)
		compile_flush(talk->compile, revision);
}

static void complain(const char *text)
{
	g_error("our fault: %s", text);
}

static void talk_begin(struct talk *talk)
{
	static const struct mirror_ops ops = {mirror_ready, mirror_failed, mirror_applied};
	static struct api_config config = {.vni_min = 1,
					   .vni_max = 64,
					   .underlay_mtu = 1500,
					   .firewall_fits = fit_firewall,
					   .complain = complain};
	static struct guestlist *anybody;
	static struct policy *policy;
	g_autoptr(GError) error = NULL;

	if (!anybody) {
		limits_set_defaults(&config.limits, true);
		policy = policy_new(NULL, NULL);
		anybody = guestlist_new(NULL, policy, NULL);
	}
	*talk = (struct talk){.store = store_open("sqlite::memory:", NULL, &error)};
	g_assert_no_error(error);
	talk->cloud = cloud_new();
	talk->mirror = mirror_new(talk->store, talk->cloud, &ops, talk);
	g_assert(settle(&talk->ready));
	talk->compile = compile_new(talk->cloud, check_row, talk);
	talk->api = api_new(talk->store, talk->cloud, talk->mirror, anybody, policy, &config);
}

static void talk_end(struct talk *talk)
{
	api_stop(talk->api);
	store_close(talk->store);
	while (g_main_context_iteration(NULL, FALSE))
		;
	api_free(talk->api);
	compile_free(talk->compile);
	mirror_free(talk->mirror);
	cloud_free(talk->cloud);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct talk talk;

	made = g_ptr_array_new_with_free_func(g_free);
	talk_begin(&talk);
	for (int i = 0; i < REQUESTS_MAX && at < end; i++) {
		const char *next = g_strstr_len(at, end - at, "\n%%\n");

		talk_ask(&talk, at, (gsize)((next ? next : end) - at));
		at = next ? next + 4 : end;
	}
	talk_end(&talk);
	g_ptr_array_unref(made);
	return 0;
}

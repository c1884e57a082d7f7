/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests, retries, fail-over. A request goes to the member in use; when that does not
 * answer, is without a leader, or is ending, the next one is in use for everybody.
 */
#include "store/etcd_link.h"

#include <string.h>
#include "lib/error.h"

#define CONNECT_MS 1000
#define ANSWER_MS  2500
#define PAUSE_MS   100
#define LINE_BYTES (256U << 20)

struct etcd_link {
	char **urls;
	unsigned int count, current;
	struct http_client *client;
	struct http_tls tls; /* owned strings */
	GQueue calls;	     /* of struct etcd_call */
};

/* Owned by its link. */
struct etcd_call {
	struct etcd_link *link;
	GList place;
	char *path, *body;
	char *url; /* of the member that was asked */
	gint64 until;
	unsigned int sent;
	bool brief;
	guint pause;
	struct http_call *http;
	etcd_answered answered;
	void *data;
};

/* --- JSON ---------------------------------------------------------------------------- */

void etcd_append_bytes(GString *out, const char *name, const void *value, gsize size)
{
	gsize room = (size / 3 + 2) * 4, done;
	int state = 0, save = 0;

	g_string_append_printf(out, ",\"%s\":\"", name);
	done = out->len;
	g_string_set_size(out, done + room);
	room = g_base64_encode_step(value, size, FALSE, out->str + done, &state, &save);
	room += g_base64_encode_close(FALSE, out->str + done + room, &state, &save);
	g_string_set_size(out, done + room);
	g_string_append_c(out, '"');
}

void etcd_append_key(GString *out, const char *prefix, const char *key)
{
	gsize first = strlen(prefix), second = strlen(key), done, room;
	int state = 0, save = 0;

	g_string_append(out, ",\"key\":\"");
	done = out->len;
	g_string_set_size(out, done + (first + second + 6) / 3 * 4 + 4);
	room = g_base64_encode_step((const guchar *)prefix, first, FALSE, out->str + done,
				    &state, &save);
	room += g_base64_encode_step((const guchar *)key, second, FALSE, out->str + done + room,
				     &state, &save);
	room += g_base64_encode_close(FALSE, out->str + done + room, &state, &save);
	g_string_set_size(out, done + room);
	g_string_append_c(out, '"');
}

void etcd_append_text(GString *out, const char *name, const char *value)
{
	etcd_append_bytes(out, name, value, strlen(value));
}

void etcd_append_prefix(GString *out, const char *prefix)
{
	g_autofree char *end = g_strdup(prefix);
	gsize start = out->len;

	end[strlen(end) - 1]++; /* ours end with '/', '\xff' never */
	etcd_append_text(out, "key", prefix);
	etcd_append_text(out, "range_end", end);
	g_string_erase(out, (gssize)start, 1);
}

uint64_t etcd_get_number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);

	if (json_is_integer(value))
		return (uint64_t)json_integer_value(value);
	return text ? g_ascii_strtoull(text, NULL, 10) : 0;
}

char *etcd_get_bytes(const json_t *object, const char *name, gsize *size)
{
	const json_t *value = json_object_get(object, name);
	gsize length = json_string_length(value), done;
	char *bytes = g_malloc(length / 4 * 3 + 4);
	guint save = 0;
	int state = 0;

	done = length ? g_base64_decode_step(json_string_value(value), length, (guchar *)bytes,
					     &state, &save)
		      : 0;
	bytes[done] = '\0';
	if (size)
		*size = done;
	return bytes;
}

/* --- what an answer means ------------------------------------------------------------ */

/* gRPC's codes (google.rpc.Code) as the gateway prints them; others may be tried again. */
static const struct {
	unsigned int code;
	const char *text; /* in the message; NULL: any */
	enum weft_error error;
} refusals[] = {
	{3, "too many operations", WEFT_ERROR_EXHAUSTED},
	{3, "too large", WEFT_ERROR_EXHAUSTED},
	{3, NULL, WEFT_ERROR_INVALID},
	{5, NULL, WEFT_ERROR_NOT_FOUND},
	{7, NULL, WEFT_ERROR_DENIED},
	{8, "space exceeded", WEFT_ERROR_INTERNAL},
	{9, NULL, WEFT_ERROR_INVALID},
	{11, NULL, WEFT_ERROR_STALE}, /* compacted */
	{12, NULL, WEFT_ERROR_INVALID},
	{16, NULL, WEFT_ERROR_DENIED},
};

/* NULL, or why not; FINAL: asking again, or another member, is of no use. */
static GError *answer_judge(unsigned int status, const json_t *json, const char *body,
			    bool *final)
{
	const char *text = json_string_value(json_object_get(json, "error"));
	unsigned int code = (unsigned int)etcd_get_number(json, "code");

	*final = false;
	if (status == 200 && json)
		return NULL;
	for (gsize i = 0; text && i < G_N_ELEMENTS(refusals); i++) {
		if (refusals[i].code != code ||
		    (refusals[i].text && !strstr(text, refusals[i].text)))
			continue;
		*final = true;
		return g_error_new(WEFT_ERROR, refusals[i].error, "%.512s", text);
	}
	return g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "%u: %.512s", status,
			   text ? text : body);
}

/* --- asking -------------------------------------------------------------------------- */

static void call_send(struct etcd_call *call);

static void call_free(struct etcd_call *call)
{
	g_clear_handle_id(&call->pause, g_source_remove);
	g_queue_unlink(&call->link->calls, &call->place);
	g_free(call->path);
	g_free(call->body);
	g_free(call->url);
	g_free(call);
}

static void call_finish(struct etcd_call *call, json_t *json, const GError *error)
{
	const struct etcd_answer answer = {.json = json, .error = error, .sent = call->sent};
	etcd_answered answered = call->answered;
	void *data = call->data;

	call_free(call);
	answered(&answer, data);
}

static gboolean call_send_again(void *data)
{
	struct etcd_call *call = data;

	call->pause = 0;
	call_send(call);
	return G_SOURCE_REMOVE;
}

#define RESPONSES ",\"responses\":["

/* A response to each of thousands of changes says that it was made. */
static json_t *call_read(const struct etcd_call *call, const struct http_answer *answer)
{
	const char *responses = call->brief ? strstr(answer->body, RESPONSES) : NULL;
	g_autofree char *head = NULL;

	if (responses)
		head = g_strdup_printf("%.*s}", (int)(responses - answer->body), answer->body);
	if (head && strstr(head, "\"succeeded\":true"))
		return json_loads(head, 0, NULL);
	return json_loadb(answer->body, answer->body_size, 0, NULL);
}

static void call_heard(const struct http_answer *answer, const GError *silence, void *data)
{
	struct etcd_call *call = data;
	json_t *json = answer ? call_read(call, answer) : NULL;
	g_autoptr(GError) error = NULL;
	bool final = false;

	call->http = NULL;
	if (silence)
		error = g_error_copy(silence);
	else
		error = answer_judge(answer->status, json, answer->body, &final);
	if (error && !final) {
		g_prefix_error(&error, "etcd %s: ", call->url);
		etcd_link_leave(call->link, call->url);
	}
	if (error && !final && g_get_monotonic_time() < call->until)
		call->pause = g_timeout_add(call->sent < call->link->count ? 0 : PAUSE_MS,
					    call_send_again, call);
	else
		call_finish(call, json, error);
	json_decref(json);
}

static void link_ask(struct etcd_link *link, struct http_ask *ask, char **url, const char *path,
		     const char *body)
{
	*url = http_join(link->urls[link->current], path);
	*ask = (struct http_ask){
		.method = "POST",
		.url = *url,
		.body = body,
		.body_size = strlen(body),
		.timeout_ms = ANSWER_MS,
		.connect_timeout_ms = CONNECT_MS,
		.answer_max = LINE_BYTES,
		.tls = &link->tls,
	};
}

static void call_send(struct etcd_call *call)
{
	g_autofree char *url = NULL;
	struct http_ask ask;

	link_ask(call->link, &ask, &url, call->path, call->body);
	g_free(call->url);
	call->url = g_strdup(etcd_link_get_url(call->link));
	call->sent++;
	call->http = http_client_call(call->link->client, &ask, call_heard, call);
}

static struct etcd_call *call_new(struct etcd_link *link, const char *path, const char *body,
				  unsigned int patience_ms, etcd_answered answered, void *data)
{
	struct etcd_call *call = g_new0(struct etcd_call, 1);

	call->link = link;
	call->path = g_strdup(path);
	call->body = g_strdup(body);
	call->until = g_get_monotonic_time() + patience_ms * 1000LL;
	call->answered = answered;
	call->data = data;
	call->place.data = call;
	g_queue_push_tail_link(&link->calls, &call->place);
	return call;
}

void etcd_link_post(struct etcd_link *link, const char *path, const char *body,
		    unsigned int patience_ms, etcd_answered answered, void *data)
{
	call_send(call_new(link, path, body, patience_ms, answered, data));
}

void etcd_link_post_txn(struct etcd_link *link, const char *body, unsigned int patience_ms,
			etcd_answered answered, void *data)
{
	struct etcd_call *call =
		call_new(link, "/v3/kv/txn", body, patience_ms, answered, data);

	call->brief = true;
	call_send(call);
}

json_t *etcd_link_ask(struct etcd_link *link, const char *path, const char *body,
		      GError **error)
{
	g_autoptr(GError) failed = NULL;

	/* Twice round: a member may have been without a leader for a moment. */
	for (unsigned int i = 0; i < 2 * link->count; i++) {
		g_autofree char *url = NULL, *text = NULL;
		struct http_ask ask;
		unsigned int status = 0;
		json_t *json = NULL;
		bool final = false;

		g_clear_error(&failed);
		link_ask(link, &ask, &url, path, body);
		if (http_fetch(&ask, &status, &text, &failed)) {
			json = json_loads(text, 0, NULL);
			failed = answer_judge(status, json, text, &final);
		}
		if (!failed)
			return json;
		json_decref(json);
		if (final)
			break;
		g_prefix_error(&failed, "etcd %s: ", etcd_link_get_url(link));
		etcd_link_leave(link, etcd_link_get_url(link));
	}
	g_propagate_error(error, g_steal_pointer(&failed));
	return NULL;
}

struct http_call *etcd_link_stream(struct etcd_link *link, const char *path, const char *body,
				   http_line line, http_answered ended, void *data)
{
	const struct http_field leader = {"Grpc-Metadata-hasleader", "true"};
	g_autofree char *url = NULL;
	struct http_ask ask;

	link_ask(link, &ask, &url, path, body);
	ask.timeout_ms = 0;
	ask.headers = &leader;
	ask.header_count = 1;
	return http_client_stream(link->client, &ask, line, ended, data);
}

void etcd_link_leave(struct etcd_link *link, const char *url)
{
	if (strcmp(link->urls[link->current], url) == 0)
		link->current = (link->current + 1) % link->count;
}

/* --- the link ------------------------------------------------------------------------ */

static bool link_check(const struct etcd_link *link, GError **error)
{
	for (char **url = link->urls; *url; url++) {
		if (g_str_has_prefix(*url, "http://") || g_str_has_prefix(*url, "https://"))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "'%s' starts neither with https:// nor with http://", *url);
		return false;
	}
	if (link->count > 0)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "no member is named");
	return false;
}

struct etcd_link *etcd_link_new(const char *urls, const struct http_tls *tls, GError **error)
{
	struct etcd_link *link = g_new0(struct etcd_link, 1);

	link->urls = g_strsplit(urls, ",", -1);
	link->count = g_strv_length(link->urls);
	g_queue_init(&link->calls);
	if (tls) {
		link->tls.ca = g_strdup(tls->ca);
		link->tls.cert = g_strdup(tls->cert);
		link->tls.key = g_strdup(tls->key);
	}
	link->client = http_client_new();
	if (link_check(link, error))
		return link;
	etcd_link_free(link);
	return NULL;
}

void etcd_link_free(struct etcd_link *link)
{
	if (!link)
		return;
	http_client_free(link->client);
	while (link->calls.head)
		call_free(link->calls.head->data);
	g_free((char *)link->tls.ca);
	g_free((char *)link->tls.cert);
	g_free((char *)link->tls.key);
	g_strfreev(link->urls);
	g_free(link);
}

const char *etcd_link_get_url(const struct etcd_link *link)
{
	return link->urls[link->current];
}

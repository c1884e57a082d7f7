/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hosts ask and say, and what others may ask of hosts: one table of verbs for each.
 */
#include "sync/hub_serve.h"

#include <jansson.h>
#include <string.h>

#include "lib/error.h"
#include "lib/ip.h"
#include "sync/hub_data.h"
#include "sync/report.h"
#include "sync/row.h"

#define HAND_QUEUED (8U << 20) /* on a stream that is to be handed something */
#define HAND_MAX    (1U << 20) /* of one line: a longer one might break the stream */

/* --- rows ---------------------------------------------------------------------------- */

static void serve_rows(struct hub *hub, struct http_request *request,
		       const struct http_question *question, const char *host)
{
	const char *ip_text = http_question_find(question, "ip");
	const char *revision = http_question_find(question, "rev");
	g_autoptr(GError) error = NULL;
	struct knock *knock;
	guint64 number = 0;
	struct ip ip;

	if (ip_text && (!ip_parse(ip_text, &ip) || ip_is_none(ip) || ip_is_multicast(ip)))
		error = g_error_new(WEFT_ERROR, WEFT_ERROR_INVALID,
				    "host %s: ip: '%.64s' is not an address", host, ip_text);
	else if (revision &&
		 !g_ascii_string_to_unsigned(revision, 10, 0, G_MAXUINT64, &number, NULL))
		error = g_error_new(WEFT_ERROR, WEFT_ERROR_INVALID,
				    "host %s: rev: '%.64s' is not a number", host, revision);
	if (error) {
		inquiry_reply_error(request, error);
		return;
	}
	knock = g_new0(struct knock, 1);
	knock->request = request;
	knock->host = g_strdup(host);
	knock->epoch = g_strdup(http_question_find(question, "epoch"));
	knock->resumes = revision != NULL;
	knock->answers = http_question_find(question, "answers") != NULL;
	knock->revision = number;
	g_hash_table_add(hub->knocks, knock);
	hub->ops.admit(hub, knock->host, ip_text, http_question_find(question, "zone"),
		       http_question_find(question, "physical"), knock, hub->data);
}

/* --- reports ------------------------------------------------------------------------- */

static void serve_status(struct hub *hub, struct http_request *request,
			 const struct http_question *question, const char *host)
{
	g_autoptr(GError) error = NULL;
	struct session *session = g_hash_table_lookup(hub->sessions, host);
	struct hub_report *report = NULL;

	if (!session)
		error = g_error_new(WEFT_ERROR, WEFT_ERROR_NOT_FOUND, "host %s: has no stream",
				    host);
	else
		report = report_parse(host, question->body, question->body_size, &error);
	if (report) {
		hub->counters.reports++;
		session->applied = report->revision;
		hub->ops.report(host, report, hub->data);
	}
	if (error)
		inquiry_reply_error(request, error);
	else
		http_reply_json(request, 200, g_strdup("{}"));
	report_free(report);
}

/* --- what one host hands to another --------------------------------------------------- */

/* The stream of who shall get it, or an error. */
static struct session *hand_find(struct hub *hub, const char *host, const json_t *body,
				 GError **error)
{
	const char *text = json_string_value(json_object_get(body, "port")), *heir;
	struct session *session = NULL;
	struct uuid port;

	if (!text || !uuid_parse(text, &port) ||
	    !json_is_array(json_object_get(body, "conns"))) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "host %s: handover: has no port or no conns", host);
		return NULL;
	}
	heir = hub->ops.heir ? hub->ops.heir(host, port, hub->data) : NULL;
	if (!heir)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    "host %s: handover: port %s has not moved from it", host, text);
	else
		session = g_hash_table_lookup(hub->sessions, heir);
	if (!heir || (session && session->stream &&
		      http_stream_get_queued(session->stream) <= HAND_QUEUED))
		return session;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
		    "host %s: handover of port %s: host %s %s", host, text, heir,
		    session && session->stream ? "reads too slowly" : "is not connected here");
	return NULL;
}

/* Not a row: it belongs to no revision, and who is not there now never gets it. */
static bool hand_write(struct hub *hub, struct session *session, const char *host,
		       const json_t *body, GError **error)
{
	json_t *line =
		json_pack("{s:s,s:I,s:O,s:{s:s,s:O}}", "op", "hand", "rev",
			  (json_int_t)hub->revision, "key", json_object_get(body, "port"),
			  "value", "from", host, "conns", json_object_get(body, "conns"));
	char *text = json_dumps(line, JSON_COMPACT);
	g_autofree char *ended = g_strconcat(text, "\n", NULL);
	g_autoptr(GRefString) shared = g_ref_string_new(ended);
	bool fits = g_ref_string_length(shared) <= HAND_MAX;

	if (fits)
		hub_session_write(shared, session);
	else
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "host %s: handover: conns: more than %u bytes", host, HAND_MAX);
	free(text);
	json_decref(line);
	return fits;
}

static void serve_handover(struct hub *hub, struct http_request *request,
			   const struct http_question *question, const char *host)
{
	json_auto_t *body =
		json_loadb(question->body, question->body_size, JSON_REJECT_DUPLICATES, NULL);
	g_autoptr(GError) error = NULL;
	struct session *session = hand_find(hub, host, body, &error);
	json_auto_t *reply = NULL;

	if (!session || !hand_write(hub, session, host, body, &error)) {
		inquiry_reply_error(request, error);
		return;
	}
	hub->counters.handovers++;
	reply = json_pack("{s:s}", "host", session->name);
	http_reply_json(request, 200, json_dumps(reply, JSON_COMPACT));
}

/* --- questions ----------------------------------------------------------------------- */

/* As hands do, a question belongs to no revision, and who is not there is never asked. */
bool hub_ask(struct hub *hub, const char *host, const char *id, const char *address,
	     GError **error)
{
	struct session *session = g_hash_table_lookup(hub->sessions, host);
	g_autofree char *text = NULL;
	g_autoptr(GRefString) line = NULL;

	if (!session || !session->stream || !session->answers) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "host %s: %s", host,
			session && session->stream
				? "its agent is of an older version and answers no questions"
				: "is not connected");
		return false;
	}
	text = g_strdup_printf("{\"op\":\"ask\",\"rev\":%" G_GUINT64_FORMAT
			       ",\"key\":\"%s\",\"value\":{\"address\":\"%s\"}}\n",
			       hub->revision, id, address);
	line = g_ref_string_new(text);
	hub_session_write(line, session);
	return true;
}

static void inquire(struct hub *hub, struct http_request *request, const char *host,
		    const char *address)
{
	g_autoptr(GError) error = NULL;
	const char *id = inquiries_add(hub->inquiries, host, request, &error);

	if (!id)
		inquiry_reply_error(request, error);
	else if (!hub_is_connected(hub, host) && hub->ops.forward &&
		 hub->ops.forward(host, id, address, hub->data))
		return;
	else if (!hub_ask(hub, host, id, address, &error))
		inquiries_refuse(hub->inquiries, id, error);
}

static void serve_answer(struct hub *hub, struct http_request *request,
			 const struct http_question *question, const char *host)
{
	json_auto_t *body =
		json_loadb(question->body, question->body_size, JSON_REJECT_DUPLICATES, NULL);
	g_autoptr(GError) error = NULL;

	if (inquiries_answer(hub->inquiries, host, body, &error))
		http_reply_json(request, 200, g_strdup("{}"));
	else
		inquiry_reply_error(request, error);
}

/* --- requests ------------------------------------------------------------------------ */

static const struct {
	const char *method;
	const char *verb;
	void (*serve)(struct hub *hub, struct http_request *request,
		      const struct http_question *question, const char *host);
} verbs[] = {
	{"GET", "rows", serve_rows},
	{"POST", "status", serve_status},
	{"POST", "handover", serve_handover},
	{"POST", "answer", serve_answer},
};

static GError *serve_verb(struct hub *hub, struct http_request *request,
			  const struct http_question *question, const char *host,
			  const char *verb, const char *allowed_host)
{
	if (!row_check_host(host))
		return g_error_new(WEFT_ERROR, WEFT_ERROR_INVALID,
				   "host: name: '%.64s' is not a host's name", host);
	if (!allowed_host ||
	    (strcmp(allowed_host, "*") != 0 && strcmp(allowed_host, host) != 0))
		return g_error_new(WEFT_ERROR, WEFT_ERROR_DENIED,
				   "host %s: the client may not speak for it", host);
	for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
		if (strcmp(verbs[i].verb, verb) != 0 ||
		    strcmp(verbs[i].method, question->method) != 0)
			continue;
		verbs[i].serve(hub, request, question, host);
		return NULL;
	}
	return g_error_new(WEFT_ERROR, WEFT_ERROR_NOT_FOUND, "host %s: there is no %s %.64s",
			   host, question->method, verb);
}

/* The host of PATH (owned) and what is wanted of it, or NULL. */
static char *split_path(const char *path, const char **verb)
{
	static const char base[] = "/weft/v1/hosts/";
	const char *slash;

	if (!g_str_has_prefix(path, base))
		return NULL;
	slash = strchr(path + strlen(base), '/');
	if (!slash)
		return NULL;
	*verb = slash + 1;
	return g_strndup(path + strlen(base), (gsize)(slash - path) - strlen(base));
}

bool hub_serve(struct hub *hub, struct http_request *request,
	       const struct http_question *question, const char *allowed_host)
{
	g_autoptr(GError) error = NULL;
	const char *verb;
	g_autofree char *host = split_path(question->path, &verb);

	if (!host)
		return false;
	error = serve_verb(hub, request, question, host, verb, allowed_host);
	if (error)
		inquiry_reply_error(request, error);
	return true;
}

static void reply_snapshot(struct hub *hub, struct http_request *request, const char *host)
{
	struct hub_dump dump = {.hub = hub, .block = g_string_sized_new(HUB_DUMP_BLOCK)};

	g_string_printf(dump.block,
			"{\"host\":\"%s\",\"epoch\":\"%s\",\"rev\":%" G_GUINT64_FORMAT
			",\"rows\":[\n",
			host, hub->epoch, hub->revision);
	hub->ops.dump(host, &dump, hub->data);
	g_string_append(dump.block, "]}\n");
	http_reply_json(request, 200, g_string_free(dump.block, FALSE));
}

static void reply_conns(struct hub *hub, struct http_request *request, const char *host)
{
	const char *text = http_question_find(http_request_get_question(request), "address");
	g_autoptr(GError) error = NULL;
	char address[IP_TEXT];
	struct ip ip;

	if (text && ip_parse(text, &ip)) {
		inquire(hub, request, host, ip_print(ip, address));
		return;
	}
	error = g_error_new(WEFT_ERROR, WEFT_ERROR_INVALID,
			    "host %s: conns: address: '%.64s' is not an address", host,
			    text ? text : "");
	inquiry_reply_error(request, error);
}

/* PARAMETER: that it must have; NULL: none. */
static const struct {
	const char *verb;
	const char *parameter;
	const char *what;
	void (*reply)(struct hub *hub, struct http_request *request, const char *host);
} reads[] = {
	{"rows", "snapshot", "rows", reply_snapshot},
	{"conns", NULL, "connections", reply_conns},
};

static GError *serve_read(struct hub *hub, struct http_request *request, gsize which,
			  const char *host, bool may_read)
{
	if (!row_check_host(host))
		return g_error_new(WEFT_ERROR, WEFT_ERROR_INVALID,
				   "host: name: '%.64s' is not a host's name", host);
	if (!may_read)
		return g_error_new(WEFT_ERROR, WEFT_ERROR_DENIED,
				   "host %s: the client may not read its %s", host,
				   reads[which].what);
	reads[which].reply(hub, request, host);
	return NULL;
}

bool hub_serve_reader(struct hub *hub, struct http_request *request,
		      const struct http_question *question, bool may_read)
{
	const char *verb;
	g_autofree char *host = split_path(question->path, &verb);

	if (!host || strcmp(question->method, "GET") != 0)
		return false;
	for (gsize i = 0; i < G_N_ELEMENTS(reads); i++) {
		g_autoptr(GError) error = NULL;

		if (strcmp(reads[i].verb, verb) != 0 ||
		    (reads[i].parameter && !http_question_find(question, reads[i].parameter)))
			continue;
		error = serve_read(hub, request, i, host, may_read);
		if (error)
			inquiry_reply_error(request, error);
		return true;
	}
	return false;
}

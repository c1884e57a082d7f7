/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session for each host that has connected: its stream, its backlog, its sign of life.
 * Rows wait in the session until the commit that ends their transaction, so a host never
 * sees half of one that it could take for the whole.
 */
#include "sync/hub.h"

#include <jansson.h>
#include <string.h>
#include "lib/error.h"
#include "lib/ip.h"
#include "sync/backlog.h"
#include "sync/inquiry.h"
#include "sync/line.h"
#include "sync/report.h"
#include "sync/row.h"

#define GRACE_MS	10000
#define BEAT_MS		2000
#define FORGET_MS	900000 /* a backlog is kept so long for a host that does not come back */
#define BACKLOG_BYTES	(4U << 20)
#define ELSEWHERE_BYTES (256U << 10)
#define DUMP_BLOCK	65536
#define HAND_QUEUED	(8U << 20)  /* on a stream that is to be handed something */
#define HAND_MAX	(1U << 20)  /* of one line: a longer one might break the stream */
#define STREAM_EXTRA	(32U << 20) /* queued on a stream beyond what it began with */
#define SLICES		16	    /* of a beat: not all hosts at the same moment */

/* Owned by the hub. */
struct session {
	struct hub *hub;
	char *name;
	struct http_stream *stream; /* NULL: not connected */
	struct backlog backlog;
	GPtrArray *staged; /* lines (references) since the last commit */
	guint grace;	   /* until it counts as dead, then until it is forgotten */
	bool alive;
	bool spoke;		/* something was sent since the last beat */
	bool answers;		/* ... questions: older agents do not */
	uint64_t sent, applied; /* revisions: of its last rows, and as it reports */
	unsigned int slice;
};

/* A host that knocks. Owned by the hub until hub_admit. */
struct knock {
	struct http_request *request;
	char *host;
	char *epoch;
	bool resumes;
	bool answers;
	uint64_t revision;
};

struct hub {
	struct hub_ops ops;
	void *data;
	char *epoch;
	uint64_t revision;
	bool shared;
	uint64_t base;	      /* where it began */
	GHashTable *sessions; /* name -> struct session */
	GHashTable *knocks;   /* set of struct knock */
	struct inquiries *inquiries;
	struct lines *lines; /* of the transaction under way */
	GPtrArray *dirty;    /* sessions with staged lines */
	GPtrArray *slices[SLICES];
	unsigned int next_slice;
	guint beat;
	unsigned int beat_slice;
	unsigned int grace_ms;
	gsize backlog_bytes;
	gsize connected;
	struct hub_counters counters;
};

struct hub_dump {
	struct hub *hub;
	struct http_stream *stream; /* NULL: a snapshot, whose rows all stay in BLOCK */
	GString *block;
	gsize lines;
	gsize bytes;
};

/* --- sessions ------------------------------------------------------------------------ */

static struct session *session_new(struct hub *hub, const char *name)
{
	struct session *session = g_new0(struct session, 1);

	session->hub = hub;
	session->name = g_strdup(name);
	session->staged = g_ptr_array_new_with_free_func((GDestroyNotify)g_ref_string_release);
	session->slice = hub->next_slice++ % SLICES;
	/* In a shared hub a session begins with the first row there is for its host. */
	backlog_init(&session->backlog, hub->shared ? hub->base : hub->revision);
	g_ptr_array_add(hub->slices[session->slice], session);
	g_hash_table_insert(hub->sessions, session->name, session);
	return session;
}

static void session_free(void *data)
{
	struct session *session = data;

	if (session->stream)
		http_stream_close(session->stream);
	g_clear_handle_id(&session->grace, g_source_remove);
	g_ptr_array_remove_fast(session->hub->slices[session->slice], session);
	g_ptr_array_remove_fast(session->hub->dirty, session);
	g_ptr_array_unref(session->staged);
	backlog_done(&session->backlog);
	g_free(session->name);
	g_free(session);
}

static gboolean session_forget(void *data)
{
	struct session *session = data;

	session->grace = 0;
	if (session->hub->shared)
		return G_SOURCE_REMOVE;
	g_hash_table_remove(session->hub->sessions, session->name);
	return G_SOURCE_REMOVE;
}

static gboolean session_die(void *data)
{
	struct session *session = data;

	session->alive = false;
	session->grace = g_timeout_add(FORGET_MS, session_forget, session);
	session->hub->ops.alive(session->name, false, session->hub->data);
	return G_SOURCE_REMOVE;
}

static void session_lose_stream(void *data)
{
	struct session *session = data;

	session->stream = NULL;
	session->hub->connected--;
	session->grace = g_timeout_add(session->hub->grace_ms, session_die, session);
}

static void session_write(GRefString *line, void *data)
{
	struct hub_counters *counters = &((struct session *)data)->hub->counters;
	struct session *session = data;

	counters->lines++;
	counters->bytes += g_ref_string_length(line);
	http_stream_write_shared(session->stream, line);
	session->spoke = true;
}

void hub_emit(struct hub *hub, const char *host, const char *table, const char *key,
	      GRefString *value, uint64_t revision)
{
	struct session *session = g_hash_table_lookup(hub->sessions, host);
	GRefString *line;

	if (!session && hub->shared)
		session = session_new(hub, host);
	if (!session)
		return;
	line = lines_format(hub->lines, table, key, value, revision);
	if (session->staged->len == 0)
		g_ptr_array_add(hub->dirty, session);
	g_ptr_array_add(session->staged, g_ref_string_acquire(line));
}

static void session_commit(struct session *session, GRefString *mark)
{
	struct hub *hub = session->hub;
	gsize bytes = session->stream || session->grace ? hub->backlog_bytes : ELSEWHERE_BYTES;

	g_ptr_array_add(session->staged, g_ref_string_acquire(mark));
	for (guint i = 0; i < session->staged->len; i++) {
		GRefString *line = session->staged->pdata[i];

		backlog_add(&session->backlog, hub->revision, line,
			    MIN(bytes, hub->backlog_bytes));
		if (session->stream)
			session_write(line, session);
	}
	g_ptr_array_set_size(session->staged, 0);
	session->sent = hub->revision;
}

void hub_commit(struct hub *hub, uint64_t revision)
{
	g_autoptr(GRefString) mark = NULL;

	hub->revision = MAX(hub->revision, revision);
	mark = line_make_mark("commit", hub->revision);
	for (guint i = 0; i < hub->dirty->len; i++)
		session_commit(hub->dirty->pdata[i], mark);
	g_ptr_array_set_size(hub->dirty, 0);
	lines_clear(hub->lines);
}

static gboolean hub_beat(void *data)
{
	struct hub *hub = data;
	GPtrArray *slice = hub->slices[hub->beat_slice++ % SLICES];
	g_autoptr(GRefString) mark = line_make_mark("beat", hub->revision);

	for (guint i = 0; i < slice->len; i++) {
		struct session *session = slice->pdata[i];

		if (session->stream && !session->spoke)
			http_stream_write_shared(session->stream, mark);
		session->spoke = false;
	}
	return G_SOURCE_CONTINUE;
}

/* --- connecting ---------------------------------------------------------------------- */

static void dump_flush(struct hub_dump *dump)
{
	dump->bytes += dump->block->len;
	dump->hub->counters.bytes += dump->block->len;
	http_stream_set_max(dump->stream, dump->bytes + STREAM_EXTRA);
	http_stream_write(dump->stream, dump->block->str, dump->block->len);
	g_string_truncate(dump->block, 0);
}

void hub_dump_row(struct hub_dump *dump, const char *table, const char *key, GRefString *value)
{
	if (!dump->stream && dump->lines)
		g_string_append_c(dump->block, ',');
	dump->lines++;
	line_append_row(dump->block, table, key, value, dump->hub->revision);
	if (dump->stream && dump->block->len >= DUMP_BLOCK)
		dump_flush(dump);
}

static void session_send_all(struct session *session)
{
	struct hub *hub = session->hub;
	g_autoptr(GRefString) end = line_make_mark("end", hub->revision);
	struct hub_dump dump = {
		.hub = hub, .stream = session->stream, .block = g_string_sized_new(DUMP_BLOCK)};

	hub->ops.dump(session->name, &dump, hub->data);
	dump_flush(&dump);
	hub->counters.lines += dump.lines;
	g_string_free(dump.block, TRUE);
	session_write(end, session);
	session->sent = hub->revision;
}

static void session_open(struct session *session, struct http_request *request, bool resume,
			 uint64_t revision)
{
	struct hub *hub = session->hub;
	bool was_alive = session->alive;
	g_autofree char *hello = g_strdup_printf("{\"op\":\"hello\",\"rev\":%" G_GUINT64_FORMAT
						 ",\"epoch\":\"%s\",\"mode\":\"%s\"}\n",
						 resume ? revision : hub->revision, hub->epoch,
						 resume ? "resume" : "full");

	if (session->stream)
		http_stream_close(
			session->stream); /* the same host again: the newer one counts */
	else
		hub->connected++;
	g_clear_handle_id(&session->grace, g_source_remove);
	++*(resume ? &hub->counters.resumes : &hub->counters.fulls);
	session->applied = resume ? revision : 0;
	session->alive = true;
	session->stream =
		http_stream_open(request, "application/x-ndjson", session_lose_stream, session);
	http_stream_write(session->stream, hello, strlen(hello));
	if (!was_alive)
		hub->ops.alive(session->name, true, hub->data);
	if (resume)
		backlog_replay(&session->backlog, revision, session_write, session);
	else
		session_send_all(session);
}

static void knock_free(void *data)
{
	struct knock *knock = data;

	g_free(knock->host);
	g_free(knock->epoch);
	g_free(knock);
}

void hub_admit(struct hub *hub, void *data, const GError *error)
{
	struct knock *knock = data;
	struct session *session;
	bool resume;

	g_assert(g_hash_table_contains(hub->knocks, knock));
	if (error) {
		inquiry_reply_error(knock->request, error);
		g_hash_table_remove(hub->knocks, knock);
		return;
	}
	session = g_hash_table_lookup(hub->sessions, knock->host);
	if (!session)
		session = session_new(hub, knock->host);
	resume = knock->resumes && g_strcmp0(knock->epoch, hub->epoch) == 0 &&
		 knock->revision >= session->backlog.floor && knock->revision <= hub->revision;
	session_open(session, knock->request, resume, knock->revision);
	session->answers = knock->answers;
	g_hash_table_remove(hub->knocks, knock);
}

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
	hub->ops.admit(hub, knock->host, ip_text, http_question_find(question, "zone"), knock,
		       hub->data);
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
		session_write(shared, session);
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
	session_write(line, session);
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
	struct hub_dump dump = {.hub = hub, .block = g_string_sized_new(DUMP_BLOCK)};

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

/* --- the hub ------------------------------------------------------------------------- */

struct hub *hub_new(const struct hub_ops *ops, const char *epoch, uint64_t revision, void *data)
{
	struct hub *hub = g_new0(struct hub, 1);

	hub->ops = *ops;
	hub->data = data;
	hub->epoch = g_strdup(epoch);
	hub->revision = revision;
	hub->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, session_free);
	hub->knocks = g_hash_table_new_full(NULL, NULL, knock_free, NULL);
	hub->lines = lines_new();
	hub->inquiries = inquiries_new();
	hub->dirty = g_ptr_array_new();
	hub->backlog_bytes = BACKLOG_BYTES;
	for (unsigned int i = 0; i < SLICES; i++)
		hub->slices[i] = g_ptr_array_new();
	hub_set_times(hub, GRACE_MS, BEAT_MS);
	return hub;
}

void hub_free(struct hub *hub)
{
	g_autoptr(GError) error = NULL;
	GHashTableIter knocks;
	gpointer knock;

	if (!hub)
		return;
	error = g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "the controller is ending");
	g_hash_table_iter_init(&knocks, hub->knocks);
	while (g_hash_table_iter_next(&knocks, &knock, NULL))
		inquiry_reply_error(((struct knock *)knock)->request, error);
	g_hash_table_unref(hub->knocks);
	inquiries_free(hub->inquiries);
	g_hash_table_unref(hub->sessions);
	lines_free(hub->lines);
	g_ptr_array_unref(hub->dirty);
	for (unsigned int i = 0; i < SLICES; i++)
		g_ptr_array_unref(hub->slices[i]);
	g_source_remove(hub->beat);
	g_free(hub->epoch);
	g_free(hub);
}

void hub_set_times(struct hub *hub, unsigned int grace_ms, unsigned int beat_ms)
{
	g_clear_handle_id(&hub->beat, g_source_remove);
	hub->grace_ms = grace_ms;
	hub->beat = g_timeout_add(MAX(beat_ms / SLICES, 1), hub_beat, hub);
}

void hub_set_shared(struct hub *hub)
{
	hub->shared = true;
	hub->base = hub->revision;
}

void hub_set_backlog(struct hub *hub, gsize bytes)
{
	hub->backlog_bytes = bytes;
}

void hub_set_patience(struct hub *hub, unsigned int milliseconds)
{
	inquiries_set_time(hub->inquiries, milliseconds);
}

bool hub_is_connected(const struct hub *hub, const char *host)
{
	const struct session *session = g_hash_table_lookup(hub->sessions, host);

	return session && session->stream;
}

gsize hub_count_connected(const struct hub *hub)
{
	return hub->connected;
}

struct hub_counters hub_get_counters(const struct hub *hub)
{
	struct hub_counters counters = hub->counters;
	GHashTableIter sessions;
	gpointer data;

	g_hash_table_iter_init(&sessions, hub->sessions);
	while (g_hash_table_iter_next(&sessions, NULL, &data)) {
		const struct session *session = data;

		if (!session->stream || session->applied >= session->sent)
			continue;
		counters.behind++;
		counters.behind_max =
			MAX(counters.behind_max, session->sent - session->applied);
	}
	return counters;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session for each host that has connected: its stream, its backlog, its sign of life.
 * Rows wait in the session until the commit that ends their transaction, so a host never
 * sees half of one that it could take for the whole.
 */
#include "sync/hub.h"

#include <string.h>

#include "lib/error.h"
#include "sync/hub_data.h"

#define GRACE_MS	10000
#define BEAT_MS		2000
#define FORGET_MS	900000 /* a backlog is kept so long for a host that does not come back */
#define BACKLOG_BYTES	(4U << 20)
#define ELSEWHERE_BYTES (256U << 10)
#define STREAM_EXTRA	(32U << 20) /* queued on a stream beyond what it began with */

/* --- sessions ------------------------------------------------------------------------ */

static struct session *session_new(struct hub *hub, const char *name)
{
	struct session *session = g_new0(struct session, 1);

	session->hub = hub;
	session->name = g_strdup(name);
	session->staged = g_ptr_array_new_with_free_func((GDestroyNotify)g_ref_string_release);
	session->slice = hub->next_slice++ % HUB_SLICES;
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

void hub_session_write(GRefString *line, void *data)
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
			hub_session_write(line, session);
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
	GPtrArray *slice = hub->slices[hub->beat_slice++ % HUB_SLICES];
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
	if (dump->stream && dump->block->len >= HUB_DUMP_BLOCK)
		dump_flush(dump);
}

static void session_send_all(struct session *session)
{
	struct hub *hub = session->hub;
	g_autoptr(GRefString) end = line_make_mark("end", hub->revision);
	struct hub_dump dump = {.hub = hub,
				.stream = session->stream,
				.block = g_string_sized_new(HUB_DUMP_BLOCK)};

	hub->ops.dump(session->name, &dump, hub->data);
	dump_flush(&dump);
	hub->counters.lines += dump.lines;
	g_string_free(dump.block, TRUE);
	hub_session_write(end, session);
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
		backlog_replay(&session->backlog, revision, hub_session_write, session);
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
	for (unsigned int i = 0; i < HUB_SLICES; i++)
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
	for (unsigned int i = 0; i < HUB_SLICES; i++)
		g_ptr_array_unref(hub->slices[i]);
	g_source_remove(hub->beat);
	g_free(hub->epoch);
	g_free(hub);
}

void hub_set_times(struct hub *hub, unsigned int grace_ms, unsigned int beat_ms)
{
	g_clear_handle_id(&hub->beat, g_source_remove);
	hub->grace_ms = grace_ms;
	hub->beat = g_timeout_add(MAX(beat_ms / HUB_SLICES, 1), hub_beat, hub);
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

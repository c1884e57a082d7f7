/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue: what was asked for waits, flies, and is told when the watch has seen it, so that
 * whoever follows the store knows of a change before its answer.
 */
#include "store/etcd.h"

#include <string.h>
#include "lib/error.h"
#include "store/etcd_flight.h"
#include "store/etcd_lease.h"
#include "store/etcd_open.h"
#include "store/etcd_range.h"
#include "store/etcd_watch.h"

#define OPS_FIRST 1024 /* until the server says that it takes less */
#define GUARD_MS  500
#define PUSH_MS	  10
#define CLOSE_MS  20000

void work_free(struct work *work)
{
	store_txn_free(work->txn);
	g_free(work->prefix);
	g_free(work->failed_key);
	g_clear_error(&work->error);
	g_free(work);
}

/* --- telling ------------------------------------------------------------------------- */

/* Takes WORK. */
void etcd_tell(struct etcd *e, struct work *work)
{
	struct store_counters *counters = &e->store.counters;

	if (work->synced) {
		work->synced(work->revision, work->error, work->data);
	} else if (work->range_done) {
		work->range_done(NULL, 0, 0, work->error, work->data);
		history_release(e->history);
	} else {
		g_autoptr(GError) conflict = NULL;

		if (work->failed_key)
			conflict = g_error_new(WEFT_ERROR, WEFT_ERROR_CONFLICT,
					       "key %s is not as required", work->failed_key);
		++*(work->error	       ? &counters->failed
		    : work->failed_key ? &counters->conflicts
				       : &counters->committed);
		work->done(work->revision, work->failed_key,
			   work->error ? work->error : conflict, work->data);
	}
	if (work->txn && work->txn->changes->len > ETCD_LARGE)
		g_queue_push_tail(&e->spent, work);
	else
		work_free(work);
}

void etcd_land(struct etcd *e, struct work *work, uint64_t revision)
{
	work->revision = revision;
	work->landed_at = g_get_monotonic_time();
	g_queue_push_tail(&e->landed, work);
}

void etcd_settle(struct etcd *e)
{
	uint64_t last = history_get_last(e->history);

	history_deliver(e->history);
	while (e->landed.head && ((struct work *)e->landed.head->data)->revision <= last)
		etcd_tell(e, g_queue_pop_head(&e->landed));
}

/* One large thing in each turn; true: there are more. */
static bool etcd_sweep(struct etcd *e)
{
	if (!e->spent.head)
		return history_sweep(e->history);
	work_free(g_queue_pop_head(&e->spent));
	return true;
}

void etcd_fail_waiting(struct etcd *e, const GError *error)
{
	guint count = e->waiting.length;

	while (count-- > 0) {
		struct work *work = g_queue_pop_head(&e->waiting);

		if (work->range_done) {
			g_queue_push_tail(&e->waiting, work);
			continue;
		}
		work->error = g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "store: %s",
					  error->message);
		etcd_tell(e, work);
	}
}

void etcd_ask_again(struct etcd *e)
{
	if (!e->asked)
		etcd_sync_send(e);
}

/* --- the loop ------------------------------------------------------------------------ */

/*
 * What waits for a revision that was not of our keys waits for ever: after a moment, in which
 * the watch would have told of it, an empty flight makes one.
 */
static bool etcd_needs_push(struct etcd *e)
{
	const struct work *first = g_queue_peek_head(&e->landed);
	gint64 due;

	if (!first || !first->vague || first->revision <= e->writer_last)
		return false;
	due = first->landed_at + PUSH_MS * 1000;
	if (g_get_monotonic_time() >= due)
		return true;
	g_source_set_ready_time(e->source, due);
	return false;
}

static void etcd_refuse_all(struct etcd *e)
{
	struct work *work;

	while ((work = g_queue_pop_head(&e->waiting))) {
		if (work->range_done) {
			etcd_range_send(e, work);
			return;
		}
		work->error = g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "store: %s",
					  e->refusal);
		etcd_tell(e, work);
	}
	/* Opened for reading it follows nobody. */
	while (!e->writer && (work = g_queue_pop_head(&e->syncs)))
		etcd_tell(e, work);
	/* What no flight can push any more is told after a moment. */
	work = g_queue_peek_head(&e->landed);
	if (work && g_get_monotonic_time() < work->landed_at + PUSH_MS * 1000)
		g_source_set_ready_time(e->source, work->landed_at + PUSH_MS * 1000);
	else
		while ((work = g_queue_pop_head(&e->landed)))
			etcd_tell(e, work);
}

static gboolean etcd_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	struct etcd *e = data;
	struct work *work;

	g_source_set_ready_time(source, -1);
	etcd_watch_read(e);
	if (etcd_sweep(e))
		etcd_wake(e);
	if (e->syncs.head && !e->asked && e->writer)
		etcd_sync_send(e);
	if (e->busy)
		return G_SOURCE_CONTINUE;
	if (e->refusal) {
		etcd_refuse_all(e);
		return G_SOURCE_CONTINUE;
	}
	work = g_queue_peek_head(&e->waiting);
	if (work && work->range_done)
		etcd_range_send(e, g_queue_pop_head(&e->waiting));
	else if ((work || etcd_needs_push(e)) && etcd_gate_lets_pass(e))
		etcd_flight_send(e);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs etcd_source = {.dispatch = etcd_dispatch};

void etcd_wake(struct etcd *e)
{
	g_source_set_ready_time(e->source, 0);
}

/* What was durable a moment ago must have been told by now: else the watch is dead. */
static gboolean etcd_look(void *data)
{
	struct etcd *e = data;
	const struct work *first = g_queue_peek_head(&e->landed);
	bool stuck = !e->lines.head && first &&
		     (!first->vague || first->revision <= e->writer_last) &&
		     first->revision == e->landed_seen;

	e->landed_seen = first ? first->revision : 0;
	if (!stuck || !e->watch)
		return G_SOURCE_CONTINUE;
	etcd_watch_stop(e);
	etcd_link_leave(e->link, e->watch_url);
	etcd_watch_start(e);
	return G_SOURCE_CONTINUE;
}

/* --- the interface ------------------------------------------------------------------- */

static void etcd_add_work(struct store *store, struct work *work)
{
	struct etcd *e = (struct etcd *)store;

	g_queue_push_tail(&e->waiting, work);
	etcd_wake(e);
}

static void etcd_commit(struct store *store, struct store_txn *txn, store_done done, void *data)
{
	struct work *work = g_new0(struct work, 1);

	work->txn = txn;
	work->done = done;
	work->data = data;
	etcd_add_work(store, work);
}

static void etcd_sync(struct store *store, store_synced done, void *data)
{
	struct work *work = g_new0(struct work, 1);

	work->synced = done;
	work->data = data;
	g_queue_push_tail(&((struct etcd *)store)->syncs, work);
	etcd_wake((struct etcd *)store);
}

static void etcd_range(struct store *store, const char *prefix, uint64_t at,
		       store_range_done done, void *data)
{
	struct work *work = g_new0(struct work, 1);

	work->prefix = g_strdup(prefix);
	work->at = at;
	work->range_done = done;
	work->data = data;
	history_hold(((struct etcd *)store)->history);
	etcd_add_work(store, work);
}

static struct store_watch *etcd_watch_new(struct store *store, const char *prefix,
					  uint64_t after, store_watcher watcher, void *data)
{
	struct etcd *e = (struct etcd *)store;

	etcd_wake(e);
	return history_watch(e->history, prefix, after, watcher, data);
}

static uint64_t etcd_get_revision(const struct store *store)
{
	return history_get_last(((const struct etcd *)store)->history);
}

static const char *etcd_get_epoch(const struct store *store)
{
	return ((const struct etcd *)store)->epoch;
}

static bool etcd_holds_lease(const struct store *store, enum store_lease lease)
{
	return etcd_lease_is_held((const struct etcd *)store, lease);
}

static bool etcd_is_current(const struct store *store)
{
	return etcd_gate_is_ours_for_sure((const struct etcd *)store);
}

static void etcd_free(struct etcd *e)
{
	g_clear_handle_id(&e->guard, g_source_remove);
	g_clear_handle_id(&e->pause, g_source_remove);
	etcd_watch_stop(e);
	etcd_gate_stop(e);
	etcd_leases_stop(e);
	etcd_link_free(e->link);
	if (e->source) {
		g_source_destroy(e->source);
		g_source_unref(e->source);
	}
	if (e->history)
		history_free(e->history);
	g_queue_clear_full(&e->spent, (GDestroyNotify)work_free);
	g_clear_pointer(&e->flight.works, g_ptr_array_unref);
	g_clear_pointer(&e->flight.required, g_ptr_array_unref);
	g_free(e->flight.gate);
	etcd_gate_done(e);
	g_free(e->prefix);
	g_free(e->key_prefix);
	g_free(e->epoch);
	g_free(e->writer);
	g_free(e->refusal);
	g_free(e->watch_url);
	g_free(e->store.news);
	g_free(e);
}

static void etcd_give_up(struct etcd *e, GQueue *works)
{
	struct work *work;

	while ((work = g_queue_pop_head(works))) {
		if (!work->error)
			work->error = g_error_new(
				WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
				"store: the program ends; the outcome is not known");
		etcd_tell(e, work);
	}
}

static gboolean etcd_is_late(void *data)
{
	*(bool *)data = true;
	return G_SOURCE_REMOVE;
}

static void etcd_close(struct store *store)
{
	struct etcd *e = (struct etcd *)store;
	bool late = false;
	guint timer = g_timeout_add(CLOSE_MS, etcd_is_late, &late);

	while (!late &&
	       (e->waiting.head || e->flying.head || e->landed.head || e->syncs.head ||
		e->asking.head || e->busy || e->ranges || history_is_behind(e->history)))
		g_main_context_iteration(NULL, TRUE);
	if (!late)
		g_source_remove(timer);
	etcd_give_up(e, &e->asking);
	etcd_give_up(e, &e->syncs);
	etcd_give_up(e, &e->flying);
	etcd_give_up(e, &e->landed);
	etcd_give_up(e, &e->waiting);
	etcd_free(e);
}

static const struct store_ops etcd_ops = {
	.close = etcd_close,
	.get_revision = etcd_get_revision,
	.get_epoch = etcd_get_epoch,
	.commit = etcd_commit,
	.sync = etcd_sync,
	.range = etcd_range,
	.watch_new = etcd_watch_new,
	.holds_lease = etcd_holds_lease,
	.is_current = etcd_is_current,
	.shared = true,
};

/* "URLS?prefix=NAME". */
static bool etcd_read_url(struct etcd *e, const char *rest, const struct http_tls *tls,
			  GError **error)
{
	g_auto(GStrv) parts = g_strsplit(rest, "?", 2);
	const char *name = "weft";

	if (parts[0] && parts[1]) {
		name = parts[1] + strlen("prefix=");
		if (!g_str_has_prefix(parts[1], "prefix=") || !*name) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "'%s' is not prefix=NAME", parts[1]);
			return false;
		}
	}
	e->prefix = g_strconcat(name, "/", NULL);
	e->key_prefix = g_strconcat(name, "/k/", NULL);
	e->link = etcd_link_new(parts[0] ? parts[0] : "", tls, error);
	return e->link != NULL;
}

static struct store *etcd_new(const char *rest, const struct http_tls *tls, bool reading,
			      GError **error)
{
	struct etcd *e = g_new0(struct etcd, 1);

	e->store.ops = &etcd_ops;
	e->ops_max = OPS_FIRST;
	g_queue_init(&e->waiting);
	g_queue_init(&e->flying);
	g_queue_init(&e->landed);
	g_queue_init(&e->syncs);
	g_queue_init(&e->asking);
	g_queue_init(&e->spent);
	g_queue_init(&e->lines);
	if (reading)
		e->refusal = g_strdup("it was opened for reading");
	if (!etcd_read_url(e, rest, tls, error) || !etcd_begin(e, reading, error)) {
		etcd_free(e);
		return NULL;
	}
	e->flight.works = g_ptr_array_new();
	e->flight.required = g_ptr_array_new();
	e->history = history_new(e->writer_last, false);
	e->source = g_source_new(&etcd_source, sizeof(GSource));
	g_source_set_callback(e->source, NULL, e, NULL);
	g_source_attach(e->source, NULL);
	if (!reading) {
		e->guard = g_timeout_add(GUARD_MS, etcd_look, e);
		etcd_watch_start(e);
		etcd_leases_start(e);
		etcd_gate_start(e);
	}
	return &e->store;
}

struct store *etcd_open(const char *rest, const struct http_tls *tls, GError **error)
{
	return etcd_new(rest, tls, false, error);
}

struct store *etcd_open_reading(const char *rest, const struct http_tls *tls, GError **error)
{
	return etcd_new(rest, tls, true, error);
}

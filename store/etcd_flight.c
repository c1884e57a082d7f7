/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One etcd transaction for many of ours. Those at the head of the queue that neither require
 * nor change what another of them changes differently are merged: all comparisons, all
 * changes. If one comparison fails, all keys that are required are looked at, at one revision,
 * and each of ours is judged by that: those that hold fly again, the others are refused.
 */
#include "store/etcd_flight.h"

#include <string.h>

#include "lib/error.h"
#include "store/etcd_lease.h"

#define PATIENCE_MS 15000
#define PAUSE_MS    100
#define OPS_USUAL   128		 /* what an etcd takes by default */
#define OPS_OWN	    3		 /* the schema, the writer and the gate */
#define BYTES_MAX   (512U << 10) /* of a flight of many; etcd takes 1.5 MiB by default */

/* --- which transactions -------------------------------------------------------------- */

/* What the flight does so far. */
struct plan {
	GHashTable *requires; /* key -> struct txn_require */
	GHashTable *changes;  /* key -> struct txn_change */
	unsigned int ops;
	gsize bytes;
};

static bool require_same(const struct txn_require *a, const struct txn_require *b)
{
	return a->any == b->any && a->revision == b->revision;
}

static bool change_same(const struct txn_change *a, const struct txn_change *b)
{
	return !a->value == !b->value && a->size == b->size && a->lease == b->lease &&
	       (!a->value || memcmp(a->value, b->value, a->size) == 0);
}

/* TXN can be in the same etcd transaction as those before it. */
static bool plan_allows(const struct plan *plan, const struct store_txn *txn)
{
	for (guint i = 0; i < txn->requires->len; i++) {
		const struct txn_require *require =
			&g_array_index(txn->requires, struct txn_require, i);
		const struct txn_require *other =
			g_hash_table_lookup(plan->requires, require->key);

		if (g_hash_table_contains(plan->changes, require->key) ||
		    (other && !require_same(require, other)))
			return false;
	}
	for (guint i = 0; i < txn->changes->len; i++) {
		const struct txn_change *change =
			&g_array_index(txn->changes, struct txn_change, i);
		const struct txn_change *other =
			g_hash_table_lookup(plan->changes, change->key);

		if (other && !change_same(change, other))
			return false;
	}
	return true;
}

static gsize txn_count_bytes(const struct store_txn *txn)
{
	gsize bytes = 0;

	for (guint i = 0; i < txn->changes->len; i++)
		bytes += g_array_index(txn->changes, struct txn_change, i).size + 64;
	return bytes + txn->requires->len * 64;
}

static void plan_add(struct plan *plan, const struct store_txn *txn)
{
	for (guint i = 0; i < txn->requires->len; i++) {
		struct txn_require *require =
			&g_array_index(txn->requires, struct txn_require, i);

		/* The same key twice in one transaction: both hold, or etcd says no. */
		if (!g_hash_table_contains(plan->requires, require->key))
			g_hash_table_insert(plan->requires, require->key, require);
	}
	for (guint i = 0; i < txn->changes->len; i++) {
		struct txn_change *change = &g_array_index(txn->changes, struct txn_change, i);

		if (!g_hash_table_contains(plan->changes, change->key))
			g_hash_table_insert(plan->changes, change->key, change);
	}
}

static void plan_count(struct plan *plan, const struct store_txn *txn)
{
	plan->ops += MAX(txn->requires->len, txn->changes->len);
	plan->bytes += txn_count_bytes(txn);
}

/* Moves what flies from `waiting` to `flying`. */
static void flight_gather(struct etcd *e)
{
	struct plan plan = {.requires = g_hash_table_new(g_str_hash, g_str_equal),
			    .changes = g_hash_table_new(g_str_hash, g_str_equal)};
	struct work *work;

	while ((work = g_queue_peek_head(&e->waiting)) && !work->range_done) {
		const struct store_txn *txn = work->txn;
		bool large = txn->changes->len > ETCD_LARGE;

		if (e->flying.head &&
		    (large ||
		     plan.ops + MAX(txn->requires->len, txn->changes->len) + OPS_OWN >
			     e->ops_max ||
		     plan.bytes + txn_count_bytes(txn) > BYTES_MAX || !plan_allows(&plan, txn)))
			break;
		g_queue_push_tail(&e->flying, g_queue_pop_head(&e->waiting));
		plan_count(&plan, txn);
		if (large)
			break; /* alone: it has nothing to gain from company */
		plan_add(&plan, txn);
	}
	e->flight.ops = plan.ops;
	e->flight.bytes = plan.bytes;
	g_hash_table_unref(plan.requires);
	g_hash_table_unref(plan.changes);
}

/* --- as etcd wants it ---------------------------------------------------------------- */

/* Thousands in a bulk: without printf. */
static void append_number(GString *out, const char *name, uint64_t number)
{
	char digits[24], *place = digits + sizeof(digits) - 1;

	*place = '\0';
	do
		*--place = (char)('0' + number % 10);
	while (number /= 10);
	g_string_append(out, name);
	g_string_append(out, place);
	g_string_append_c(out, '"');
}

static void append_compare(GString *out, const char *prefix, const char *key, bool any,
			   uint64_t revision)
{
	if (out->str[out->len - 1] != '[')
		g_string_append_c(out, ',');
	g_string_append(out, any ? "{\"target\":\"MOD\",\"result\":\"GREATER\""
				 : "{\"target\":\"MOD\",\"result\":\"EQUAL\"");
	append_number(out, ",\"mod_revision\":\"", revision);
	etcd_append_key(out, prefix, key);
	g_string_append_c(out, '}');
}

static void append_look(GString *out, const char *prefix, const char *key)
{
	if (out->str[out->len - 1] != '[')
		g_string_append_c(out, ',');
	g_string_append(out, "{\"request_range\":{\"limit\":\"1\"");
	etcd_append_key(out, prefix, key);
	g_string_append(out, "}}");
}

static void append_change(const struct etcd *e, GString *out, const struct txn_change *change)
{
	if (!change->value) {
		g_string_append(out, ",{\"request_delete_range\":{\"prev_kv\":false");
		etcd_append_key(out, e->key_prefix, change->key);
		g_string_append(out, "}}");
		return;
	}
	append_number(out, ",{\"request_put\":{\"lease\":\"", e->leases[change->lease].id);
	etcd_append_key(out, e->key_prefix, change->key);
	etcd_append_bytes(out, "value", change->value, change->size);
	g_string_append(out, "}}");
}

static void append_writer(const struct etcd *e, GString *out)
{
	g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, e->flight.number);

	g_string_append_printf(out, "{\"request_put\":{\"lease\":\"%" G_GUINT64_FORMAT "\"",
			       e->leases[STORE_LEASE_STEADY].id);
	etcd_append_text(out, "key", e->writer);
	etcd_append_text(out, "value", number);
	g_string_append(out, "}}");
}

static void append_requires(struct etcd *e, const struct store_txn *txn, GHashTable *seen,
			    GString *compare)
{
	for (guint i = 0; i < txn->requires->len; i++) {
		struct txn_require *require =
			&g_array_index(txn->requires, struct txn_require, i);
		const struct txn_require *before = g_hash_table_lookup(seen, require->key);

		if (before && require_same(before, require))
			continue;
		append_compare(compare, e->key_prefix, require->key, require->any,
			       require->revision);
		if (before)
			continue;
		g_ptr_array_add(e->flight.required, require->key);
		g_hash_table_insert(seen, require->key, require);
	}
}

static char *flight_print(struct etcd *e)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) changed = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GString) look = g_string_new("],\"failure\":[");
	g_autoptr(GString) change = g_string_new("],\"success\":[");
	GString *out = g_string_new("{\"compare\":[");

	append_compare(out, e->writer, "", false, e->writer_last);
	append_compare(out, e->prefix, "schema", false, e->schema_revision);
	etcd_gate_append_require(e, out);
	append_look(look, e->writer, "");
	append_look(look, e->prefix, "schema");
	append_look(look, e->prefix, "gate");
	append_writer(e, change);
	etcd_gate_append_put(e, change);
	for (guint i = 0; i < e->flight.works->len; i++) {
		const struct store_txn *txn = ((struct work *)e->flight.works->pdata[i])->txn;

		append_requires(e, txn, seen, out);
		for (guint c = 0; c < txn->changes->len; c++) {
			const struct txn_change *one =
				&g_array_index(txn->changes, struct txn_change, c);

			if (e->flight.works->len == 1 || g_hash_table_add(changed, one->key))
				append_change(e, change, one);
		}
	}
	g_string_append_len(out, change->str, (gssize)change->len);
	g_string_append_len(out, look->str, (gssize)look->len);
	g_string_append(out, "]}");
	return g_string_free(out, FALSE);
}

/* --- what became of it --------------------------------------------------------------- */

static void flight_land(struct etcd *e, uint64_t revision)
{
	struct work *work;

	e->writer_last = revision;
	while ((work = g_queue_pop_head(&e->flying))) {
		etcd_leases_note(e, work->txn);
		etcd_land(e, work, revision);
	}
	etcd_settle(e);
}

/* Nothing of the flight was done: all of it comes next. */
static void flight_return(struct etcd *e)
{
	struct work *work;

	while ((work = g_queue_pop_tail(&e->flying)))
		g_queue_push_head(&e->waiting, work);
}

static void flight_fail(struct etcd *e, enum weft_error code, const char *text)
{
	struct work *work;

	while ((work = g_queue_pop_head(&e->flying))) {
		work->error = g_error_new(WEFT_ERROR, (gint)code, "store: %s", text);
		etcd_tell(e, work);
	}
}

/* The key that was looked at, by its place in the list of them. */
static const json_t *answer_find(const json_t *answer, gsize place)
{
	const json_t *response = json_array_get(json_object_get(answer, "responses"), place);

	return json_array_get(
		json_object_get(json_object_get(response, "response_range"), "kvs"), 0);
}

static const char *txn_find_failed(const struct store_txn *txn, GHashTable *found)
{
	for (guint i = 0; i < txn->requires->len; i++) {
		const struct txn_require *require =
			&g_array_index(txn->requires, struct txn_require, i);
		const uint64_t *revision = g_hash_table_lookup(found, require->key);

		if (!revision ||
		    (require->any ? *revision == 0 : *revision != require->revision))
			return require->key;
	}
	return NULL;
}

/* Each is judged by what was found. */
static void flight_judge(struct etcd *e, const json_t *answer)
{
	g_autoptr(GHashTable) found =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	uint64_t now = etcd_get_number(json_object_get(answer, "header"), "revision");
	/* Who is refused looks again at what we know then: it must be what was found here. */
	uint64_t last = etcd_gate_find_last(e, answer_find(answer, e->flight.required->len),
					    e->flight.sent_at);
	struct work *work;

	for (guint i = 0; i < e->flight.required->len; i++) {
		uint64_t revision = etcd_get_number(answer_find(answer, i), "mod_revision");

		g_hash_table_insert(found, e->flight.required->pdata[i],
				    g_memdup2(&revision, sizeof(revision)));
	}
	while ((work = g_queue_pop_tail(&e->flying))) {
		const char *failed = txn_find_failed(work->txn, found);

		if (!failed) {
			g_queue_push_head(&e->waiting, work);
			continue;
		}
		work->failed_key = g_strdup(failed);
		work->vague = !last;
		etcd_land(e, work, last ? MAX(last, e->writer_last) : now);
	}
	etcd_settle(e);
}

static void flight_looked(const struct etcd_answer *answer, void *data)
{
	struct etcd *e = data;

	e->busy = false;
	if (answer->error)
		flight_fail(e, WEFT_ERROR_UNAVAILABLE, answer->error->message);
	else
		flight_judge(e, answer->json);
	etcd_wake(e);
}

/* Not with every flight: few fail, and each key costs etcd's gateway as much as a change. */
static void flight_look(struct etcd *e)
{
	g_autoptr(GString) text = g_string_new("{\"success\":[");

	for (guint i = 0; i < e->flight.required->len; i++)
		append_look(text, e->key_prefix, e->flight.required->pdata[i]);
	append_look(text, e->prefix, "gate");
	g_string_append(text, "]}");
	e->busy = true;
	etcd_link_post(e->link, "/v3/kv/txn", text->str, PATIENCE_MS, flight_looked, e);
}

/* An answer that got lost: was this flight applied, or is it another's turn? */
static void flight_find_out(struct etcd *e, const json_t *writer, unsigned int sent)
{
	uint64_t revision = etcd_get_number(writer, "mod_revision");
	g_autofree char *value = etcd_get_bytes(writer, "value", NULL);

	if (revision && g_ascii_strtoull(value, NULL, 10) == e->flight.number) {
		flight_land(e, revision);
		return;
	}
	e->writer_last = revision;
	if (revision == 0 && sent > 1)
		flight_fail(e, WEFT_ERROR_UNAVAILABLE,
			    "this program was taken for dead; the outcome is not known");
	else
		flight_return(e);
}

static gboolean flight_resume(void *data)
{
	struct etcd *e = data;

	e->pause = 0;
	e->busy = false;
	etcd_wake(e);
	return G_SOURCE_REMOVE;
}

/* A lease has ended: what hangs on it comes with the next one. */
static void flight_pause(struct etcd *e)
{
	flight_return(e);
	etcd_leases_beat(e);
	e->busy = true;
	e->pause = g_timeout_add(PAUSE_MS, flight_resume, e);
}

/* What etcd would not take at all. */
static void flight_refuse(struct etcd *e, const GError *error)
{
	const struct etcd_flight *flight = &e->flight;
	g_autofree char *text = NULL;

	if (error->code == WEFT_ERROR_NOT_FOUND) {
		flight_pause(e);
		return;
	}
	if (error->code == WEFT_ERROR_EXHAUSTED && e->flying.length > 1) {
		e->ops_max = e->ops_max > OPS_USUAL ? OPS_USUAL : 1;
		flight_return(e);
		return;
	}
	if (error->code != WEFT_ERROR_EXHAUSTED) {
		flight_fail(e, WEFT_ERROR_UNAVAILABLE, error->message);
		return;
	}
	text = g_strdup_printf("a transaction of %u comparisons or changes and %" G_GSIZE_FORMAT
			       " bytes: %s (--max-txn-ops, --max-request-bytes)",
			       flight->ops + OPS_OWN, flight->bytes, error->message);
	flight_fail(e, WEFT_ERROR_EXHAUSTED, text);
}

/* No copy of it can be applied any more where this one was not. */
static void flight_refuse_all(struct etcd *e, char *why)
{
	e->refusal = why;
	flight_fail(e, WEFT_ERROR_UNAVAILABLE, e->refusal);
}

static void flight_stop_at_schema(struct etcd *e, const json_t *schema)
{
	g_autofree char *number = etcd_get_bytes(schema, "value", NULL);

	flight_refuse_all(e, g_strdup_printf("its schema was changed to %.16s, this program's "
					     "is %d: it may not write any more",
					     *number ? number : "none", STORE_SCHEMA));
}

/* False: it was not the gate that stopped it. */
static bool flight_stop_at_gate(struct etcd *e, const json_t *gate)
{
	g_autofree char *value = etcd_get_bytes(gate, "value", NULL);

	if (!gate) {
		flight_refuse_all(e, g_strdup("somebody has deleted its key 'gate'"));
		return true;
	}
	if (strcmp(value, e->flight.gate) == 0)
		return false;
	flight_return(e);
	etcd_gate_hear(e, gate);
	return true;
}

static void flight_heard(const struct etcd_answer *answer, void *data)
{
	struct etcd *e = data;
	const json_t *json = answer->json;
	const json_t *writer = answer_find(json, 0), *schema = answer_find(json, 1);

	e->busy = false;
	if (answer->error && answer->error->code == WEFT_ERROR_UNAVAILABLE) {
		g_autofree char *text =
			g_strdup_printf("%s; the outcome is not known", answer->error->message);

		flight_fail(e, WEFT_ERROR_UNAVAILABLE, text);
	} else if (answer->error) {
		flight_refuse(e, answer->error);
	} else if (json_is_true(json_object_get(json, "succeeded"))) {
		if (*e->flight.gate)
			etcd_gate_prove(e, e->flight.sent_at);
		flight_land(e, etcd_get_number(json_object_get(json, "header"), "revision"));
	} else if (etcd_get_number(writer, "mod_revision") != e->writer_last) {
		flight_find_out(e, writer, answer->sent);
	} else if (etcd_get_number(schema, "mod_revision") != e->schema_revision) {
		flight_stop_at_schema(e, schema);
	} else if (!flight_stop_at_gate(e, answer_find(json, 2))) {
		flight_look(e);
	}
	etcd_wake(e);
}

void etcd_flight_send(struct etcd *e)
{
	g_autofree char *text = NULL;

	flight_gather(e);
	g_ptr_array_set_size(e->flight.works, 0);
	g_ptr_array_set_size(e->flight.required, 0);
	for (GList *place = e->flying.head; place; place = place->next)
		g_ptr_array_add(e->flight.works, place->data);
	e->flight.number = ++e->number;
	g_free(e->flight.gate);
	e->flight.gate = g_strdup(e->gate.value);
	e->flight.sent_at = etcd_gate_now();
	e->busy = true;
	e->store.counters.flushes++;
	text = flight_print(e);
	etcd_link_post_txn(e->link, text, PATIENCE_MS, flight_heard, e);
}

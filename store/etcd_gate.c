/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that is alone takes the gate. While it is sure to have it no other one can have been
 * told of a change, so it answers reads from memory. It is sure for SURE_MS after it has asked a
 * quorum whether the gate is its own. Whoever comes shuts the gate: the holder stops
 * believing and opens it for all; when the holder is silent, the newcomer opens it after
 * SHUT_MS, when that one has stopped by its own clock. No clock is compared with another's; they need
 * only run about equally fast. No two values are the same, so a request that comes late is
 * none.
 */
#include "store/etcd_gate.h"

#include <string.h>
#include <time.h>

#include "store/etcd_lease.h"
#include "store/etcd_state.h"

#define TICK_MS	    200
#define SURE_MS	    600
#define SHUT_MS	    1000 /* SURE_MS by the slowest clock, from the answer of who has shut it */
#define ORPHAN_MS   3000 /* who has shut it ought to have opened it by then */
#define AGAIN_MS    3000 /* between attempts to take it */
#define PATIENCE_MS 15000

/* It goes on while the machine sleeps. */
gint64 etcd_gate_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static bool gate_waited(gint64 since, unsigned int ms)
{
	return etcd_gate_now() - since >= ms * 1000LL;
}

/* "ID/", behind the slash of "P/writer/ID". */
static bool value_is_of(const struct etcd *e, const char *value)
{
	const char *id = strrchr(e->writer, '/') + 1;

	return g_str_has_prefix(value, id) && value[strlen(id)] == '/';
}

bool etcd_gate_lets_pass(const struct etcd *e)
{
	return e->gate.state != GATE_SHUT;
}

bool etcd_gate_is_ours_for_sure(const struct etcd *e)
{
	const struct etcd_gate *gate = &e->gate;

	return gate->state == GATE_OURS && gate->sure_at &&
	       !gate_waited(gate->sure_at, SURE_MS) &&
	       history_get_last(e->history) >= gate->revision;
}

void etcd_gate_prove(struct etcd *e, gint64 asked_at)
{
	if (e->gate.state == GATE_OURS)
		e->gate.sure_at = MAX(e->gate.sure_at, asked_at);
}

/* --- changing it --------------------------------------------------------------------- */

static void gate_append_key(const struct etcd *e, GString *out)
{
	g_autofree char *key = g_strconcat(e->prefix, "gate", NULL);

	etcd_append_text(out, "key", key);
}

static void gate_append_value(const struct etcd *e, GString *out, const char *value)
{
	g_string_append(out, "{\"target\":\"VALUE\",\"result\":\"EQUAL\"");
	gate_append_key(e, out);
	etcd_append_text(out, "value", value);
	g_string_append_c(out, '}');
}

static void gate_append_change(const struct etcd *e, GString *out, const char *value)
{
	g_string_append(out, "{\"request_put\":{\"lease\":\"0\"");
	gate_append_key(e, out);
	etcd_append_text(out, "value", value);
	g_string_append(out, "}}");
}

static void gate_append_look(const struct etcd *e, GString *out)
{
	g_string_append(out, "{\"request_range\":{\"limit\":\"1\"");
	gate_append_key(e, out);
	g_string_append(out, "}}");
}

/* Every program that is registered hangs on our lease: it is we. */
static void gate_append_alone(const struct etcd *e, GString *out)
{
	g_autofree char *writers = g_strconcat(e->prefix, "writer/", NULL);
	g_autofree char *schema = g_strconcat(e->prefix, "schema", NULL);

	g_string_append_printf(
		out,
		",{\"target\":\"LEASE\",\"result\":\"EQUAL\",\"lease\":\"%" G_GUINT64_FORMAT
		"\",",
		e->leases[STORE_LEASE_STEADY].id);
	etcd_append_prefix(out, writers);
	g_string_append_printf(
		out,
		"},{\"target\":\"MOD\",\"result\":\"EQUAL\",\"mod_revision\":\"%" G_GUINT64_FORMAT
		"\"",
		e->schema_revision);
	etcd_append_text(out, "key", schema);
	g_string_append_c(out, '}');
}

/* It is as we know it: by its revision, which comes only once, unless flights change that. */
static void gate_append_known(const struct etcd *e, GString *out)
{
	if (e->gate.state == GATE_OPEN) {
		gate_append_value(e, out, "");
		return;
	}
	g_string_append_printf(
		out,
		"{\"target\":\"MOD\",\"result\":\"EQUAL\",\"mod_revision\":\"%" G_GUINT64_FORMAT
		"\"",
		e->gate.revision);
	gate_append_key(e, out);
	g_string_append_c(out, '}');
}

static char *gate_print_change(const struct etcd *e, const char *to, bool alone)
{
	GString *out = g_string_new("{\"compare\":[");

	gate_append_known(e, out);
	if (alone)
		gate_append_alone(e, out);
	g_string_append(out, "],\"success\":[");
	gate_append_change(e, out, to);
	g_string_append_c(out, ',');
	gate_append_look(e, out);
	g_string_append(out, "],\"failure\":[");
	gate_append_look(e, out);
	g_string_append(out, "]}");
	return g_string_free(out, FALSE);
}

static void gate_act(struct etcd *e);

static void gate_changed(const struct etcd_answer *answer, void *data)
{
	struct etcd *e = data;
	const json_t *responses = json_object_get(answer->json, "responses");
	const json_t *range = json_object_get(
		json_array_get(responses, json_array_size(responses) - 1), "response_range");

	e->gate.asking = false;
	if (answer->error) {
		if (e->gate.state == GATE_SHUT)
			etcd_fail_waiting(e, answer->error);
		return;
	}
	if (!json_is_true(json_object_get(answer->json, "succeeded")))
		e->gate.refused_at = etcd_gate_now();
	etcd_gate_hear(e, json_array_get(json_object_get(range, "kvs"), 0));
	etcd_gate_prove(e, e->gate.asked_at);
	etcd_wake(e);
}

/* From its value as we know it. */
static void gate_change(struct etcd *e, const char *to, bool alone)
{
	g_autofree char *text = NULL;

	if (e->gate.asking)
		return;
	text = gate_print_change(e, to, alone);
	e->gate.asking = true;
	e->gate.asked_at = etcd_gate_now();
	etcd_link_post(e->link, "/v3/kv/txn", text, PATIENCE_MS, gate_changed, e);
}

static void gate_change_to_us(struct etcd *e, const char *mark, bool alone)
{
	g_autofree char *to =
		g_strdup_printf("%s%s/%u", mark, strrchr(e->writer, '/') + 1, ++e->gate.number);

	gate_change(e, to, alone);
}

/* --- what is to be done -------------------------------------------------------------- */

/* Somebody shuts it, or has it: how long does the other one have? */
static void gate_act_shut(struct etcd *e)
{
	const struct etcd_gate *gate = &e->gate;

	if (*gate->value != '!')
		gate_change_to_us(e, "!", false);
	else if (gate->was_ours ||
		 (value_is_of(e, gate->value + 1) && gate_waited(gate->heard_at, SHUT_MS)))
		gate_change(e, "", false);
	else if (gate_waited(gate->heard_at, ORPHAN_MS))
		gate_change_to_us(e, "!", false);
}

static void gate_act(struct etcd *e)
{
	const struct etcd_gate *gate = &e->gate;

	if (gate->state == GATE_SHUT)
		gate_act_shut(e);
	else if (gate->state == GATE_OURS)
		etcd_ask_again(e);
	else if (g_hash_table_size(gate->others) == 0 &&
		 gate_waited(gate->refused_at, AGAIN_MS))
		gate_change_to_us(e, "", true);
}

static gboolean gate_tick(void *data)
{
	struct etcd *e = data;

	if (!e->refusal)
		gate_act(e);
	return G_SOURCE_CONTINUE;
}

/* --- what is heard ------------------------------------------------------------------- */

/* False: it is nothing new. */
static bool gate_take(struct etcd *e, const json_t *kv)
{
	struct etcd_gate *gate = &e->gate;
	uint64_t revision = etcd_get_number(kv, "mod_revision");
	uint64_t version = etcd_get_number(kv, "version");

	if (revision <= gate->revision)
		return false;
	g_free(gate->value);
	gate->value = etcd_get_bytes(kv, "value", NULL);
	gate->revision = revision;
	gate->heard_at = etcd_gate_now();
	/* Shut right after we had it: nobody else has had it since. */
	gate->was_ours = gate->state == GATE_OURS && version == gate->version + 1;
	gate->version = version;
	gate->sure_at = 0;
	if (!*gate->value)
		gate->state = GATE_OPEN;
	else
		gate->state = value_is_of(e, gate->value) ? GATE_OURS : GATE_SHUT;
	return true;
}

void etcd_gate_hear(struct etcd *e, const json_t *kv)
{
	if (!gate_take(e, kv))
		return;
	if (e->gate.state == GATE_SHUT)
		gate_act(e);
	etcd_wake(e);
}

void etcd_gate_hear_writer(struct etcd *e, const char *key, bool gone)
{
	if (gone)
		g_hash_table_remove(e->gate.others, key);
	else if (strcmp(key, e->writer) != 0)
		g_hash_table_add(e->gate.others, g_strdup(key));
}

uint64_t etcd_gate_find_last(struct etcd *e, const json_t *kv, gint64 asked_at)
{
	g_autofree char *value = etcd_get_bytes(kv, "value", NULL);
	bool ours = value_is_of(e, value);

	etcd_gate_hear(e, kv);
	if (ours)
		etcd_gate_prove(e, asked_at);
	/* Who has it leaves no trace in the key when he writes, but what we write we know. */
	return ours || !*value ? etcd_get_number(kv, "mod_revision") : 0;
}

/* --- flights ------------------------------------------------------------------------- */

void etcd_gate_append_require(const struct etcd *e, GString *out)
{
	g_string_append_c(out, ',');
	gate_append_value(e, out, e->gate.value);
}

void etcd_gate_append_put(const struct etcd *e, GString *out)
{
	if (e->gate.state != GATE_OPEN)
		return;
	g_string_append_c(out, ',');
	gate_append_change(e, out, "");
}

/* --- its life ------------------------------------------------------------------------ */

void etcd_gate_init(struct etcd *e, const json_t *kv, const json_t *writers)
{
	const json_t *writer;
	gsize i;

	e->gate.others = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	e->gate.refused_at = -AGAIN_MS * 1000LL;
	gate_take(e, kv);
	if (!e->gate.value) /* somebody has deleted it: no flight of ours will pass */
		e->gate.value = g_strdup("");
	json_array_foreach (writers, i, writer) {
		g_autofree char *key = etcd_get_bytes(writer, "key", NULL);

		etcd_gate_hear_writer(e, key, false);
	}
}

void etcd_gate_start(struct etcd *e)
{
	e->gate.timer = g_timeout_add(TICK_MS, gate_tick, e);
	gate_act(e);
}

static void gate_append_leave(const struct etcd *e, GString *out)
{
	g_string_append(out, "{\"request_delete_range\":{\"prev_kv\":false");
	etcd_append_text(out, "key", e->writer);
	g_string_append(out, "}}");
}

/* A copy of a flight that comes later does not find the writer's key and does nothing. */
void etcd_gate_stop(struct etcd *e)
{
	g_autoptr(GString) out = g_string_new("{\"compare\":[");
	bool ours = e->gate.state == GATE_OURS;

	if (!e->gate.timer)
		return;
	g_clear_handle_id(&e->gate.timer, g_source_remove);
	e->gate.state = GATE_SHUT; /* nothing is sure any more */
	gate_append_known(e, out);
	g_string_append(out, "],\"success\":[");
	gate_append_leave(e, out);
	if (ours) {
		g_string_append_c(out, ',');
		gate_append_change(e, out, "");
	}
	g_string_append(out, "],\"failure\":[");
	gate_append_leave(e, out);
	g_string_append(out, "]}");
	if (etcd_lease_is_held(e, STORE_LEASE_STEADY))
		json_decref(etcd_link_ask(e->link, "/v3/kv/txn", out->str, NULL));
}

void etcd_gate_done(struct etcd *e)
{
	g_clear_pointer(&e->gate.others, g_hash_table_unref);
	g_clear_pointer(&e->gate.value, g_free);
}

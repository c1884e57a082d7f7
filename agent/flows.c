/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flows.h"

#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>

#include "abi/map.h"
#include "agent/agent.h"
#include "agent/denials.h"
#include "agent/flow_filter.h"
#include "agent/flow_show.h"
#include "agent/jiffies.h"
#include "lib/error.h"
#include "lib/http_server.h"

#define STEP	  1024 /* connections of one turn of the loop, or as many bytes of records */
#define WALKS_MAX 16   /* at a time */
#define SHORTENED "truncated"

struct flows {
	struct agent *agent;
	GPtrArray *walks; /* struct walk */
	struct jiffies *jiffies;
};

/* A list that is being made. */
struct walk {
	struct flows *flows;
	struct flow_filter filter;
	flows_listed done;
	void *data;
	guint idle;
	bool started;
	bool truncated;
	uint64_t now;
	json_t *list;
	GHashTable *rules; /* number -> "SET/ID", or "" */
	GHashTable *told;  /* set of struct denial: each processor has records of its own */
	const struct table *table;
	uint8_t cursor[sizeof(struct conn_key)];
	uint8_t keys[STEP * sizeof(struct conn_key)];
	uint64_t values[STEP * sizeof(struct conn_value) / sizeof(uint64_t)];
};

/* What is walked through. TAKE: false is enough. */
struct table {
	const char *map;
	uint32_t key_size, value_size;
	bool (*take)(struct walk *walk, const void *key, const void *value);
};

/* ------------------------------------------------------------- printing */

/* Finding a rule is a walk over all of them: once for each number. */
static const char *rule_name(struct walk *walk, uint32_t number)
{
	const char *known = g_hash_table_lookup(walk->rules, GUINT_TO_POINTER(number));
	char *name;

	if (known || !number)
		return known;
	name = flow_find_rule(walk->flows->agent->state, number);
	g_hash_table_insert(walk->rules, GUINT_TO_POINTER(number), name);
	return name;
}

/* Of a gateway's connection, by whose remote end the tenant's is meant: what the world sees. */
static void show_nat(struct walk *walk, const struct wire *wire, const struct conn_key *key,
		     json_t *out)
{
	struct nat_value seen;

	if (wire->gateway && nats_find(walk->flows->agent->nats, key, &seen))
		flow_show_nat(out, &seen);
}

static json_t *show(struct walk *walk, const struct wire *wire, const struct conn_key *key,
		    const struct conn_value *value)
{
	json_t *out = flow_show_ends(wire, key);

	show_nat(walk, wire, key, out);
	flow_show_counts(out, value, walk->now);
	flow_show_peer(out, walk->flows->agent->state, value->remote_identity);
	flow_show_rule(out, rule_name(walk, value->rule));
	return out;
}

/* -------------------------------------------------------------- walking */

static bool is_wanted(const struct flow_filter *filter, const struct wire *wire,
		      const struct conn_key *key, const struct conn_value *value)
{
	return (filter->state == FLOW_ANY_STATE || filter->state == value->state) &&
	       flow_filter_match(filter, wire, key);
}

/* Is there room for one more? */
static bool has_room(struct walk *walk)
{
	walk->truncated = json_array_size(walk->list) == walk->filter.limit;
	return !walk->truncated;
}

static bool take_conn(struct walk *walk, const void *key, const void *data)
{
	const struct conn_key *ends = key;
	const struct conn_value *value = data;
	const struct wire *wire = state_find_slot(walk->flows->agent->state, ends->slot);

	if (!wire || !is_wanted(&walk->filter, wire, ends, value))
		return true;
	if (!has_room(walk))
		return false;
	json_array_append_new(walk->list, show(walk, wire, ends, value));
	return true;
}

static json_t *show_denial(struct walk *walk, const struct wire *wire,
			   const struct denial *denial)
{
	json_t *out = flow_show_ends(wire, &denial->key);

	flow_show_peer(out, walk->flows->agent->state, denial->identity);
	flow_show_rule(out, rule_name(walk, denial->rule));
	flow_show_denial(out, denial->received, denial->reason);
	return out;
}

static bool take_denial(struct walk *walk, const struct denial *denial)
{
	const struct wire *wire = state_find_slot(walk->flows->agent->state, denial->key.slot);

	if (!wire || !flow_filter_match(&walk->filter, wire, &denial->key) ||
	    g_hash_table_contains(walk->told, denial))
		return true;
	if (!has_room(walk))
		return false;
	g_hash_table_add(walk->told, g_memdup2(denial, sizeof(*denial)));
	json_array_append_new(walk->list, show_denial(walk, wire, denial));
	return true;
}

static bool take_records(struct walk *walk, const void *key, const void *value)
{
	const struct flow_set *set = value;
	struct denial denial;

	for (guint i = 0; i < FLOW_WAYS; i++)
		if (denial_read(walk->flows->agent->maps, &set->way[i], &denial) &&
		    !take_denial(walk, &denial))
			return false;
	return true;
}

static const struct table tables[] = {
	[false] = {"conn", sizeof(struct conn_key), sizeof(struct conn_value), take_conn},
	[true] = {"flow", sizeof(uint32_t), sizeof(struct flow_set), take_records},
};

/* False: the table has ended (or cannot be read), or there is enough. */
static bool walk_step(struct walk *walk)
{
	const struct table *table = walk->table;
	int fd = programs_find_map(walk->flows->agent->programs, table->map);
	uint8_t next[sizeof(walk->cursor)];
	uint32_t count = MIN(STEP, sizeof(walk->values) / table->value_size);
	int status = bpf_map_lookup_batch(fd, walk->started ? walk->cursor : NULL, next,
					  walk->keys, walk->values, &count, NULL);

	if (status && errno != ENOENT)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!table->take(walk, walk->keys + i * table->key_size,
				 (const char *)walk->values + i * table->value_size))
			return false;
	walk->started = true;
	memcpy(walk->cursor, next, sizeof(next));
	return status == 0;
}

static void walk_free(gpointer data)
{
	struct walk *walk = data;

	if (walk->idle)
		g_source_remove(walk->idle);
	json_decref(walk->list);
	flow_filter_done(&walk->filter);
	g_hash_table_unref(walk->rules);
	g_hash_table_unref(walk->told);
	g_free(walk);
}

static gboolean walk_on(gpointer data)
{
	struct walk *walk = data;

	if (walk_step(walk))
		return G_SOURCE_CONTINUE;
	walk->idle = 0;
	walk->done(walk->list, walk->truncated, walk->data);
	g_ptr_array_remove_fast(walk->flows->walks, walk);
	return G_SOURCE_REMOVE;
}

/* -------------------------------------------------------------- asking */

/* What can be known before the walk. */
static bool filter_check(const struct flows *flows, const struct flow_filter *filter,
			 GError **error)
{
	char text[UUID_TEXT];

	if (filter->has_port && !state_find_wire(flows->agent->state, filter->port)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    "port %s: not attached on this host",
			    uuid_print(filter->port, text));
		return false;
	}
	if (filter->verdict == FLOW_WISH_DENIED && filter->state != FLOW_ANY_STATE) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "parameter state: what is denied has none");
		return false;
	}
	return true;
}

bool flows_walk(struct flows *flows, struct flow_filter *filter, flows_listed done, void *data,
		GError **error)
{
	struct walk *walk;

	if (flows->walks->len >= WALKS_MAX) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
			    "flows: %d lists are being made already", WALKS_MAX);
		flow_filter_done(filter);
		return false;
	}
	walk = g_new0(struct walk, 1);
	walk->flows = flows;
	walk->filter = *filter;
	walk->done = done;
	walk->data = data;
	walk->list = json_array();
	walk->rules = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	walk->told = g_hash_table_new_full(denial_hash, denial_same, g_free, NULL);
	walk->table = &tables[filter->verdict == FLOW_WISH_DENIED];
	walk->now = jiffies_get(flows->jiffies);
	g_ptr_array_add(flows->walks, walk);
	walk->idle = g_idle_add(walk_on, walk);
	return true;
}

static void list_made(json_t *list, bool truncated, void *data)
{
	json_auto_t *body = json_pack("{s:O,s:b}", "flows", list, SHORTENED, truncated);

	http_reply_json(data, 200, json_dumps(body, JSON_COMPACT));
}

bool flows_list(struct flows *flows, struct http_request *request,
		const struct http_question *question, GError **error)
{
	struct flow_filter filter;

	if (!flow_filter_read(question, &filter, error))
		return false;
	if (filter_check(flows, &filter, error))
		return flows_walk(flows, &filter, list_made, request, error);
	flow_filter_done(&filter);
	return false;
}

struct flows *flows_new(struct agent *agent)
{
	struct flows *flows = g_new0(struct flows, 1);

	flows->agent = agent;
	flows->walks = g_ptr_array_new_with_free_func(walk_free);
	flows->jiffies = jiffies_new();
	return flows;
}

void flows_free(struct flows *flows)
{
	if (!flows)
		return;
	g_ptr_array_unref(flows->walks);
	jiffies_free(flows->jiffies);
	g_free(flows);
}

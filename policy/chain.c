/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers and services have been numbered and divided into classes; a cell is the first rule that
 * means both a class of peers and a class of services. A class of peers exists while somebody
 * is of it, and its cells stand before anybody is said to be.
 */
#include "policy/chain.h"

#include <string.h>

#include "policy/service.h"

#define NO_RULE UINT32_MAX

struct class
{
	uint32_t number;
	guint refs;
	GArray *members;
};

struct chain {
	uint32_t number; /* POLICY_CHAIN() */
	uint32_t kind;
	uint32_t salt;
	GPtrArray *rules; /* const struct policy_rule, in order */
	GArray *services; /* guint, of each rule */
	GPtrArray *of;	  /* GArray of guint, for each peer: its rules in order */
	guint anybody;	  /* the peer of that kind, + 1 */
	struct policy_verdict otherwise;
	struct service_table *service;
	struct peer_table *peer;
	uint32_t *first;	/* scratch of floor_write: by class of services, NO_RULE */
	GArray *touched;	/* ... the classes that are not */
	GArray *floors;		/* guint: a floor knows the tiers from here on */
	GHashTable *classes;	/* number -> struct class */
	GHashTable *identities; /* identity -> class number */
	GHashTable *prefixes;	/* struct prefix -> class number */
};

static void class_free(gpointer data)
{
	struct class *class = data;

	g_array_unref(class->members);
	g_free(class);
}

static guint prefix_hash(gconstpointer data)
{
	const struct prefix *prefix = data;
	guint h = prefix->bits;

	for (int i = 0; i < 16; i++)
		h = h * 31 + prefix->ip.b[i];
	return h;
}

static gboolean prefix_same(gconstpointer left, gconstpointer right)
{
	return prefix_equal(*(const struct prefix *)left, *(const struct prefix *)right);
}

/* ------------------------------------------------------------ building */

/* The tiers that can pass, each of which opens a floor of those below it. */
static void floors_find(struct chain *chain)
{
	guint from = 0;

	g_array_append_val(chain->floors, from);
	for (guint i = 0; i < chain->rules->len; i++) {
		const struct policy_rule *rule = g_ptr_array_index(chain->rules, i);

		from = rule->tier + 1u;
		if (rule->action == POLICY_PASS &&
		    g_array_index(chain->floors, guint, chain->floors->len - 1) != from)
			g_array_append_val(chain->floors, from);
	}
}

static guint floor_find(const struct chain *chain, guint from)
{
	for (guint i = 1; i < chain->floors->len; i++)
		if (g_array_index(chain->floors, guint, i) == from)
			return i;
	return 0;
}

static struct policy_verdict chain_verdict(const struct chain *chain, uint32_t place)
{
	const struct policy_rule *rule = g_ptr_array_index(chain->rules, place);
	struct policy_verdict verdict = policy_rule_to_verdict(rule, place);

	if (rule->action == POLICY_PASS)
		verdict.next = (uint16_t)floor_find(chain, rule->tier + 1u);
	return verdict;
}

/*
 * A rule for everybody and everything is what happens otherwise, and nothing after it counts;
 * unless it stands where a pass may jump over it.
 */
static void chain_cut(struct chain *chain)
{
	guint last = g_array_index(chain->floors, guint, chain->floors->len - 1);

	for (guint i = 0; i < chain->rules->len; i++) {
		const struct policy_rule *rule = g_ptr_array_index(chain->rules, i);

		if (rule->action == POLICY_PASS || !policy_rule_is_total(rule) ||
		    rule->tier < last)
			continue;
		chain->otherwise = chain_verdict(chain, i);
		g_ptr_array_set_size(chain->rules, (gint)i);
		return;
	}
}

static void chain_number(struct chain *chain)
{
	guint count;

	for (guint i = 0; i < chain->rules->len; i++) {
		const struct policy_rule *rule = g_ptr_array_index(chain->rules, i);
		guint service =
			service_table_add(chain->service, rule->proto, rule->low, rule->high);
		guint peer = peer_table_add(chain->peer, rule);

		if (peer == chain->of->len)
			g_ptr_array_add(chain->of, g_array_new(FALSE, FALSE, sizeof(guint)));
		if (rule->peer == POLICY_ANYBODY)
			chain->anybody = peer + 1;
		g_array_append_val(chain->services, service);
		g_array_append_val(g_ptr_array_index(chain->of, peer), i);
	}
	service_table_divide(chain->service);
	count = service_table_count_classes(chain->service) + 1;
	chain->first = g_new(uint32_t, count);
	memset(chain->first, 0xff, count * sizeof(*chain->first));
}

struct chain *chain_new(uint32_t bank, uint32_t kind, uint32_t salt,
			const struct policy_rule *const *rules, gsize count)
{
	struct chain *chain = g_new0(struct chain, 1);

	chain->number = POLICY_CHAIN(bank, kind);
	chain->kind = kind;
	chain->salt = salt;
	chain->rules = g_ptr_array_sized_new((guint)count);
	for (gsize i = 0; i < count; i++)
		g_ptr_array_add(chain->rules, (gpointer)rules[i]);
	chain->services = g_array_new(FALSE, FALSE, sizeof(guint));
	chain->of = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	chain->floors = g_array_new(FALSE, FALSE, sizeof(guint));
	chain->touched = g_array_new(FALSE, FALSE, sizeof(guint));
	chain->service = service_table_new();
	chain->peer = peer_table_new();
	chain->classes = g_hash_table_new_full(NULL, NULL, NULL, class_free);
	chain->identities = g_hash_table_new(NULL, NULL);
	chain->prefixes = g_hash_table_new_full(prefix_hash, prefix_same, g_free, NULL);
	chain->otherwise = (struct policy_verdict){
		.order = NO_RULE,
		.action = POLICY_DENY,
	};
	floors_find(chain);
	chain_cut(chain);
	chain_number(chain);
	return chain;
}

void chain_free(struct chain *chain)
{
	if (!chain)
		return;
	g_ptr_array_unref(chain->rules);
	g_array_unref(chain->services);
	g_ptr_array_unref(chain->of);
	g_array_unref(chain->floors);
	g_array_unref(chain->touched);
	g_free(chain->first);
	service_table_free(chain->service);
	peer_table_free(chain->peer);
	g_hash_table_unref(chain->classes);
	g_hash_table_unref(chain->identities);
	g_hash_table_unref(chain->prefixes);
	g_free(chain);
}

struct policy_chain chain_to_value(const struct chain *chain)
{
	struct policy_chain value = {.otherwise = chain->otherwise};

	value.sources = peer_table_sources(chain->peer);
	if (service_table_is_one(chain->service))
		value.sources |= POLICY_ONE_SERVICE;
	return value;
}

/* --------------------------------------------------------------- cells */

/* For each class of services, the first rule of PEER from the tier FROM on. */
static void first_rules(const struct chain *chain, guint peer, guint from)
{
	const GArray *rules = g_ptr_array_index(chain->of, peer);

	for (guint i = 0; i < rules->len; i++) {
		guint place = g_array_index(rules, guint, i);
		const struct policy_rule *rule = g_ptr_array_index(chain->rules, place);
		const GArray *classes = service_table_classes(
			chain->service, g_array_index(chain->services, guint, place));

		for (guint c = 0; rule->tier >= from && c < classes->len; c++) {
			guint class = g_array_index(classes, guint, c);

			if (chain->first[class] == NO_RULE)
				g_array_append_val(chain->touched, class);
			chain->first[class] = MIN(chain->first[class], place);
		}
	}
}

static void floor_write(const struct chain *chain, const struct policy_sink *sink, bool put,
			uint32_t number, const GArray *members, guint floor)
{
	guint from = g_array_index(chain->floors, guint, floor);

	for (guint i = 0; i < members->len; i++)
		first_rules(chain, g_array_index(members, guint, i), from);
	for (guint i = 0; i < chain->touched->len; i++) {
		guint class = g_array_index(chain->touched, guint, i);
		struct cell_key key = {chain->number, number, class, floor};
		struct policy_verdict verdict = chain_verdict(chain, chain->first[class]);

		chain->first[class] = NO_RULE;
		if (put)
			sink->put(POLICY_MAP_CELL, &key, &verdict, sink->data);
		else
			sink->del(POLICY_MAP_CELL, &key, sink->data);
	}
	g_array_set_size(chain->touched, 0);
}

static void cells_write(const struct chain *chain, const struct policy_sink *sink, bool put,
			uint32_t number, const GArray *members)
{
	for (guint floor = 0; floor < chain->floors->len; floor++)
		floor_write(chain, sink, put, number, members, floor);
}

struct service_write {
	const struct chain *chain;
	const struct policy_sink *sink;
	bool put;
};

static void service_write(const struct service_key *key, uint32_t class, void *data)
{
	const struct service_write *write = data;
	struct service_key full = *key;

	full.chain = write->chain->number;
	if (write->put)
		write->sink->put(POLICY_MAP_SERVICE, &full, &class, write->sink->data);
	else
		write->sink->del(POLICY_MAP_SERVICE, &full, write->sink->data);
}

void chain_write_rules(struct chain *chain, const struct policy_sink *sink, bool put)
{
	struct service_write write = {chain, sink, put};
	g_autoptr(GArray) anybody = g_array_new(FALSE, FALSE, sizeof(guint));
	guint peer = chain->anybody - 1;

	if (chain->anybody) {
		g_array_append_val(anybody, peer);
		cells_write(chain, sink, put, POLICY_PEER_ANY, anybody);
	}
	if (!service_table_is_one(chain->service))
		service_table_foreach(chain->service, service_write, &write);
}

/* ------------------------------------------------------------- classes */

static bool members_same(const GArray *a, const GArray *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len * sizeof(guint)) == 0;
}

/* One more is of the class MEMBERS; 0 when its number is another's already. */
static uint32_t class_ref(struct chain *chain, const struct policy_sink *sink,
			  const GArray *members)
{
	uint32_t number = peer_class(members, chain->salt);
	struct class *class = g_hash_table_lookup(chain->classes, GUINT_TO_POINTER(number));

	if (class && !members_same(class->members, members))
		return 0;
	if (!class) {
		class = g_new0(struct class, 1);
		class->number = number;
		class->members = g_array_copy((GArray *)members);
		g_hash_table_insert(chain->classes, GUINT_TO_POINTER(number), class);
		cells_write(chain, sink, true, number, members);
	}
	class->refs++;
	return number;
}

static void class_unref(struct chain *chain, const struct policy_sink *sink, uint32_t number)
{
	struct class *class = g_hash_table_lookup(chain->classes, GUINT_TO_POINTER(number));

	if (!class || --class->refs)
		return;
	cells_write(chain, sink, false, number, class->members);
	g_hash_table_remove(chain->classes, GUINT_TO_POINTER(number));
}

bool chain_put_identity(struct chain *chain, const struct policy_sink *sink, uint32_t identity,
			const char *const *sets, gsize count)
{
	g_autoptr(GArray) members = peer_table_find_sets(chain->peer, sets, count);
	struct peer_identity_key key = {chain->number, identity};
	uint32_t old = GPOINTER_TO_UINT(
		g_hash_table_lookup(chain->identities, GUINT_TO_POINTER(identity)));
	uint32_t number;

	if (!members->len) {
		chain_del_identity(chain, sink, identity);
		return true;
	}
	number = class_ref(chain, sink, members);
	if (!number)
		return false;
	if (number != old)
		sink->put(POLICY_MAP_PEER_IDENTITY, &key, &number, sink->data);
	g_hash_table_insert(chain->identities, GUINT_TO_POINTER(identity),
			    GUINT_TO_POINTER(number));
	class_unref(chain, sink, old);
	return true;
}

void chain_del_identity(struct chain *chain, const struct policy_sink *sink, uint32_t identity)
{
	struct peer_identity_key key = {chain->number, identity};
	uint32_t old = GPOINTER_TO_UINT(
		g_hash_table_lookup(chain->identities, GUINT_TO_POINTER(identity)));

	if (!old)
		return;
	sink->del(POLICY_MAP_PEER_IDENTITY, &key, sink->data);
	g_hash_table_remove(chain->identities, GUINT_TO_POINTER(identity));
	class_unref(chain, sink, old);
}

/* ------------------------------------------------------------ prefixes */

static struct peer_prefix_key prefix_key(const struct chain *chain, struct prefix prefix)
{
	struct peer_prefix_key key = {.prefixlen = PEER_PREFIX_BASE + prefix.bits,
				      .chain = chain->number};

	memcpy(key.ip.b, prefix.ip.b, sizeof(key.ip.b));
	return key;
}

/* A prefix of nobody's (an exception) has class 0, and is remembered as UINT32_MAX. */
static bool prefix_put(struct chain *chain, const struct policy_sink *sink,
		       GHashTable *prefixes, const struct peer_node *node)
{
	struct peer_prefix_key key = prefix_key(chain, node->prefix);
	uint32_t old = GPOINTER_TO_UINT(g_hash_table_lookup(chain->prefixes, &node->prefix));
	uint32_t number = node->members->len ? class_ref(chain, sink, node->members) : 0;
	uint32_t kept = node->members->len ? number : UINT32_MAX;

	if (!kept)
		return false;
	if (kept != old)
		sink->put(POLICY_MAP_PEER_PREFIX, &key, &number, sink->data);
	g_hash_table_insert(prefixes, g_memdup2(&node->prefix, sizeof(node->prefix)),
			    GUINT_TO_POINTER(kept));
	return true;
}

/* Takes back the prefixes OLD that are not in NEW, and one reference for each. */
static void prefixes_drop(struct chain *chain, const struct policy_sink *sink, GHashTable *old,
			  GHashTable *new)
{
	GHashTableIter iter;
	gpointer prefix, number;

	g_hash_table_iter_init(&iter, old);
	while (g_hash_table_iter_next(&iter, &prefix, &number)) {
		struct peer_prefix_key key = prefix_key(chain, *(struct prefix *)prefix);

		if (!new || !g_hash_table_contains(new, prefix))
			sink->del(POLICY_MAP_PEER_PREFIX, &key, sink->data);
		class_unref(chain, sink, GPOINTER_TO_UINT(number));
	}
}

bool chain_put_addresses(struct chain *chain, const struct policy_sink *sink,
			 peer_addresses addresses, void *data)
{
	g_autoptr(GArray) nodes =
		peer_table_list_nodes(chain->peer, chain->kind & POLICY_V6, addresses, data);
	GHashTable *prefixes = g_hash_table_new_full(prefix_hash, prefix_same, g_free, NULL);

	for (guint i = 0; i < nodes->len; i++) {
		if (prefix_put(chain, sink, prefixes,
			       &g_array_index(nodes, struct peer_node, i)))
			continue;
		prefixes_drop(chain, sink, prefixes, chain->prefixes);
		g_hash_table_unref(prefixes);
		return false;
	}
	prefixes_drop(chain, sink, chain->prefixes, prefixes);
	g_hash_table_unref(chain->prefixes);
	chain->prefixes = prefixes;
	return true;
}

void chain_clear(struct chain *chain, const struct policy_sink *sink)
{
	g_autoptr(GList) identities = g_hash_table_get_keys(chain->identities);

	for (GList *at = identities; at; at = at->next)
		chain_del_identity(chain, sink, GPOINTER_TO_UINT(at->data));
	prefixes_drop(chain, sink, chain->prefixes, NULL);
	g_hash_table_remove_all(chain->prefixes);
	chain_write_rules(chain, sink, false);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ends are divided into classes as peers are (peer.h), both ports as services are (service.h). A
 * cell is the first rule that means a class of each. What a rule leaves open at an end stands in the
 * cells of nobody's class there, so a packet looks at four: the lowest order wins.
 */
#include "policy/firewall.h"

#include <string.h>

#include "policy/peer.h"
#include "policy/service.h"

#define CELLS_MAX (1ull << 40) /* more are not counted */
#define SALTS	  64

/* One of the two ends. */
struct end {
	struct peer_table *peer;
	GArray *of;	    /* guint: the peer of each rule */
	GPtrArray *classes; /* GArray of uint32_t, for each peer: the classes it is made of */
	GArray *nodes;	    /* struct peer_node */
	GHashTable
		*members; /* number of a class -> the members of the first node that is of it */
};

struct firewall_chain {
	uint32_t number; /* POLICY_CHAIN() */
	uint32_t kind;
	uint32_t salt;
	GPtrArray *rules; /* const struct policy_rule, in order */
	GArray *near;	  /* struct policy_rule: what each says of the near end, as of a peer */
	struct end ends[2];
	struct service_table *ports[2]; /* destination, source */
	GArray *services[2];		/* guint, of each rule */
	GHashTable *cells;		/* struct cell_key -> place of a rule */
	struct policy_verdict otherwise;
	bool too_big;
	bool mixed;
};

enum { FAR, NEAR };
enum { DESTINATION, SOURCE };

static guint cell_hash(gconstpointer data)
{
	const struct cell_key *key = data;

	return key->peer * 2654435761u ^ key->floor * 2246822519u ^ key->service;
}

static gboolean cell_same(gconstpointer left, gconstpointer right)
{
	return memcmp(left, right, sizeof(struct cell_key)) == 0;
}

static const struct prefix *no_addresses(const char *name, gsize *count, void *data)
{
	*count = 0;
	return NULL;
}

/* ---------------------------------------------------------------- ends */

static void end_init(struct end *end)
{
	end->peer = peer_table_new();
	end->of = g_array_new(FALSE, FALSE, sizeof(guint));
	end->classes = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	end->members = g_hash_table_new(NULL, NULL);
}

static void end_done(struct end *end)
{
	peer_table_free(end->peer);
	g_array_unref(end->of);
	g_ptr_array_unref(end->classes);
	g_hash_table_unref(end->members);
	if (end->nodes)
		g_array_unref(end->nodes);
}

static void end_add(struct end *end, const struct policy_rule *rule)
{
	guint peer = peer_table_add(end->peer, rule);
	uint32_t anybody = POLICY_PEER_ANY;

	g_array_append_val(end->of, peer);
	if (peer < end->classes->len)
		return;
	g_ptr_array_add(end->classes, g_array_new(FALSE, FALSE, sizeof(uint32_t)));
	if (rule->peer == POLICY_ANYBODY)
		g_array_append_val(g_ptr_array_index(end->classes, peer), anybody);
}

static bool members_same(const GArray *a, const GArray *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len * sizeof(guint)) == 0;
}

/* The classes that the prefixes make. False: two have one number. */
static bool end_divide(struct end *end, bool v6, uint32_t salt)
{
	end->nodes = peer_table_list_nodes(end->peer, v6, no_addresses, NULL);
	for (guint i = 0; i < end->nodes->len; i++) {
		const GArray *members = g_array_index(end->nodes, struct peer_node, i).members;
		uint32_t number = peer_class(members, salt);
		const GArray *old = g_hash_table_lookup(end->members, GUINT_TO_POINTER(number));

		if (old && !members_same(old, members))
			return false;
		if (old)
			continue;
		g_hash_table_insert(end->members, GUINT_TO_POINTER(number), (gpointer)members);
		for (guint n = 0; n < members->len; n++)
			g_array_append_val(g_ptr_array_index(end->classes,
							     g_array_index(members, guint, n)),
					   number);
	}
	return true;
}

static const GArray *end_classes(const struct end *end, guint place)
{
	return g_ptr_array_index(end->classes, g_array_index(end->of, guint, place));
}

/* ------------------------------------------------------------ building */

/* What RULE says of the near end, as the rules of a peer are: for a table of peers. */
static struct policy_rule near_of(const struct policy_rule *rule)
{
	return (struct policy_rule){
		.prefix = rule->near,
		.peer = rule->near.bits ? POLICY_PREFIX : POLICY_ANYBODY,
	};
}

/* A rule for everything is what happens otherwise, and nothing after it counts. */
static void chain_cut(struct firewall_chain *chain)
{
	for (guint i = 0; i < chain->rules->len; i++) {
		const struct policy_rule *rule = g_ptr_array_index(chain->rules, i);

		if (!policy_rule_is_total(rule))
			continue;
		chain->otherwise = policy_rule_to_verdict(rule, i);
		g_ptr_array_set_size(chain->rules, (gint)i);
		return;
	}
}

static void chain_number(struct firewall_chain *chain)
{
	for (guint i = 0; i < chain->rules->len; i++) {
		struct policy_rule near = near_of(g_ptr_array_index(chain->rules, i));

		g_array_append_val(chain->near, near);
	}
	for (guint i = 0; i < chain->rules->len; i++) {
		const struct policy_rule *rule = g_ptr_array_index(chain->rules, i);
		bool source = rule->has_source;
		guint services[] = {
			service_table_add(chain->ports[DESTINATION], rule->proto, rule->low,
					  rule->high),
			service_table_add(
				chain->ports[SOURCE], source ? rule->proto : POLICY_PROTO_ANY,
				rule->source_low, source ? rule->source_high : UINT16_MAX),
		};

		end_add(&chain->ends[FAR], rule);
		end_add(&chain->ends[NEAR], &g_array_index(chain->near, struct policy_rule, i));
		for (int p = 0; p < 2; p++)
			g_array_append_val(chain->services[p], services[p]);
	}
}

static bool chain_divide(struct firewall_chain *chain)
{
	for (int p = 0; p < 2; p++) {
		service_table_divide(chain->ports[p]);
		if (service_table_count_classes(chain->ports[p]) >= CELL_CLASSES)
			return false;
	}
	for (int e = 0; e < 2; e++)
		if (!end_divide(&chain->ends[e], chain->kind & POLICY_V6, chain->salt))
			chain->mixed = true;
	return !chain->mixed;
}

static void cell_add(struct firewall_chain *chain, const struct cell_key *key, guint place)
{
	if (!g_hash_table_contains(chain->cells, key))
		g_hash_table_insert(chain->cells, g_memdup2(key, sizeof(*key)),
				    GUINT_TO_POINTER(place));
}

/* The cells that the rule at PLACE means in class PEER of the far end and NEAR of the near one. */
static void cells_add(struct firewall_chain *chain, guint place, uint32_t peer, uint32_t near)
{
	static const guint nobody = 0;
	const GArray *classes[2];
	bool one = service_table_is_one(chain->ports[SOURCE]);

	for (int p = 0; p < 2; p++)
		classes[p] = service_table_classes(
			chain->ports[p], g_array_index(chain->services[p], guint, place));
	for (guint d = 0; d < classes[DESTINATION]->len; d++)
		for (guint s = 0; s < (one ? 1 : classes[SOURCE]->len); s++) {
			guint source = one ? nobody : g_array_index(classes[SOURCE], guint, s);
			struct cell_key key = {
				chain->number, peer,
				CELL_SERVICE(g_array_index(classes[DESTINATION], guint, d),
					     source),
				near};

			cell_add(chain, &key, place);
		}
}

/* How many cells the rule at PLACE means, CELLS_MAX at the most. */
static uint64_t cells_count(const struct firewall_chain *chain, guint place)
{
	const GArray *classes[] = {
		end_classes(&chain->ends[FAR], place),
		end_classes(&chain->ends[NEAR], place),
		service_table_classes(
			chain->ports[DESTINATION],
			g_array_index(chain->services[DESTINATION], guint, place)),
		service_table_classes(chain->ports[SOURCE],
				      g_array_index(chain->services[SOURCE], guint, place)),
	};
	uint64_t count = 1;

	for (gsize i = 0; i < G_N_ELEMENTS(classes); i++)
		count = MIN(count * classes[i]->len, CELLS_MAX);
	return count;
}

/* ... all rules; *WIDEST: the place of that which means most. */
static uint64_t chain_count(const struct firewall_chain *chain, guint *widest)
{
	uint64_t sum = 0, most = 0;

	*widest = 0;
	for (guint i = 0; i < chain->rules->len; i++) {
		uint64_t count = cells_count(chain, i);

		sum = MIN(sum + count, CELLS_MAX);
		if (count <= most)
			continue;
		most = count;
		*widest = i;
	}
	return sum;
}

/* What a tenant's rules may make us do is bounded before it is done. */
static bool chain_fits(const struct firewall_chain *chain)
{
	guint widest;

	return chain_count(chain, &widest) <= LIM_GROUP_CELLS;
}

static void chain_fill(struct firewall_chain *chain)
{
	for (guint i = 0; i < chain->rules->len; i++) {
		const GArray *far = end_classes(&chain->ends[FAR], i);
		const GArray *near = end_classes(&chain->ends[NEAR], i);

		for (guint f = 0; f < far->len; f++)
			for (guint n = 0; n < near->len; n++)
				cells_add(chain, i, g_array_index(far, uint32_t, f),
					  g_array_index(near, uint32_t, n));
	}
}

/* Rules and their ends and ports are numbered, and not yet divided. */
static struct firewall_chain *chain_begin(uint32_t bank, uint32_t kind, uint32_t salt,
					  const struct policy_rule *const *rules, gsize count)
{
	struct firewall_chain *chain = g_new0(struct firewall_chain, 1);

	chain->number = POLICY_CHAIN(bank, kind);
	chain->kind = kind;
	chain->salt = salt;
	chain->rules = g_ptr_array_sized_new((guint)count);
	for (gsize i = 0; i < count; i++)
		g_ptr_array_add(chain->rules, (gpointer)rules[i]);
	chain->near = g_array_new(FALSE, FALSE, sizeof(struct policy_rule));
	for (int i = 0; i < 2; i++) {
		end_init(&chain->ends[i]);
		chain->ports[i] = service_table_new();
		chain->services[i] = g_array_new(FALSE, FALSE, sizeof(guint));
	}
	chain->cells = g_hash_table_new_full(cell_hash, cell_same, g_free, NULL);
	chain->otherwise = (struct policy_verdict){
		.order = UINT32_MAX,
		.action = POLICY_DENY,
	};
	chain_cut(chain);
	chain_number(chain);
	return chain;
}

struct firewall_chain *firewall_chain_new(uint32_t bank, uint32_t kind, uint32_t salt,
					  const struct policy_rule *const *rules, gsize count)
{
	struct firewall_chain *chain = chain_begin(bank, kind, salt, rules, count);

	if (chain_divide(chain) && chain_fits(chain))
		chain_fill(chain);
	else
		chain->too_big = !chain->mixed;
	return chain;
}

uint64_t firewall_count_cells(uint32_t kind, const struct policy_rule *const *rules,
			      gsize count, guint *widest)
{
	uint64_t sum = CELLS_MAX;
	bool mixed = true;

	*widest = 0;
	for (uint32_t salt = 0; mixed && salt < SALTS; salt++) {
		struct firewall_chain *chain = chain_begin(1, kind, salt, rules, count);

		if (chain_divide(chain))
			sum = chain_count(chain, widest);
		mixed = chain->mixed;
		firewall_chain_free(chain);
	}
	return sum;
}

void firewall_chain_free(struct firewall_chain *chain)
{
	if (!chain)
		return;
	for (int i = 0; i < 2; i++) {
		end_done(&chain->ends[i]);
		service_table_free(chain->ports[i]);
		g_array_unref(chain->services[i]);
	}
	g_ptr_array_unref(chain->rules);
	g_array_unref(chain->near);
	g_hash_table_unref(chain->cells);
	g_free(chain);
}

bool firewall_chain_is_too_big(const struct firewall_chain *chain)
{
	return chain->too_big;
}

bool firewall_chain_is_mixed(const struct firewall_chain *chain)
{
	return chain->mixed;
}

struct policy_chain firewall_chain_to_value(const struct firewall_chain *chain)
{
	struct policy_chain value = {.otherwise = chain->otherwise};

	if (!g_hash_table_size(chain->cells))
		return value;
	value.sources = peer_table_sources(chain->ends[FAR].peer);
	if (peer_table_sources(chain->ends[NEAR].peer) & POLICY_BY_PREFIX)
		value.sources |= POLICY_BY_NEAR;
	if (service_table_is_one(chain->ports[DESTINATION]))
		value.sources |= POLICY_ONE_SERVICE;
	if (!service_table_is_one(chain->ports[SOURCE]))
		value.sources |= POLICY_BY_SPORT;
	return value;
}

/* ------------------------------------------------------------- entries */

struct write {
	const struct policy_sink *sink;
	uint32_t chain;
	bool put;
};

static void write_entry(const struct write *write, enum policy_map map, const void *key,
			const void *value)
{
	if (write->put)
		write->sink->put(map, key, value, write->sink->data);
	else
		write->sink->del(map, key, write->sink->data);
}

static void write_service(const struct service_key *key, uint32_t class, void *data)
{
	const struct write *write = data;
	struct service_key full = *key;

	full.chain = write->chain;
	write_entry(write, POLICY_MAP_SERVICE, &full, &class);
}

static void write_end(const struct write *write, const struct end *end, uint32_t salt)
{
	for (guint i = 0; i < end->nodes->len; i++) {
		const struct peer_node *node = &g_array_index(end->nodes, struct peer_node, i);
		uint32_t class = peer_class(node->members, salt);
		struct peer_prefix_key key = {.prefixlen = PEER_PREFIX_BASE + node->prefix.bits,
					      .chain = write->chain};

		memcpy(key.ip.b, node->prefix.ip.b, sizeof(key.ip.b));
		write_entry(write, POLICY_MAP_PEER_PREFIX, &key, &class);
	}
}

void firewall_chain_write(const struct firewall_chain *chain, const struct policy_sink *sink,
			  bool put)
{
	const struct write far = {sink, chain->number, put};
	const struct write near = {sink, chain->number | POLICY_NEAR, put};
	GHashTableIter iter;
	gpointer key, place;

	if (chain->too_big || chain->mixed)
		return;
	g_hash_table_iter_init(&iter, chain->cells);
	while (g_hash_table_iter_next(&iter, &key, &place)) {
		guint at = GPOINTER_TO_UINT(place);
		struct policy_verdict verdict =
			policy_rule_to_verdict(g_ptr_array_index(chain->rules, at), at);

		write_entry(&far, POLICY_MAP_CELL, key, &verdict);
	}
	if (!service_table_is_one(chain->ports[DESTINATION]))
		service_table_foreach(chain->ports[DESTINATION], write_service, (void *)&far);
	if (!service_table_is_one(chain->ports[SOURCE]))
		service_table_foreach(chain->ports[SOURCE], write_service, (void *)&near);
	write_end(&far, &chain->ends[FAR], chain->salt);
	write_end(&near, &chain->ends[NEAR], chain->salt);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/peer.h"

#include <string.h>

#include "abi/hash.h"

struct peer {
	const struct policy_rule *rule; /* the first that speaks of it */
};

struct peer_table {
	GArray *peers;
	GHashTable *numbers; /* struct policy_rule -> number + 1 */
	GHashTable *sets;    /* interned name -> number + 1 */
};

static guint rule_peer_hash(gconstpointer data)
{
	const struct policy_rule *rule = data;
	uint64_t h = rule->peer;
	uint32_t word;

	h = hash_mix(h, g_direct_hash(rule->name));
	for (int i = 0; i < 16; i += 4) {
		memcpy(&word, rule->prefix.ip.b + i, 4);
		h = hash_mix(h, word);
	}
	return hash_done(hash_mix(h, rule->prefix.bits));
}

static gboolean rule_peer_same(gconstpointer left, gconstpointer right)
{
	const struct policy_rule *a = left, *b = right;

	if (a->peer != b->peer || a->name != b->name || a->except_count != b->except_count)
		return FALSE;
	if (a->peer == POLICY_PREFIX && !prefix_equal(a->prefix, b->prefix))
		return FALSE;
	for (uint32_t i = 0; i < a->except_count; i++)
		if (!prefix_equal(a->except[i], b->except[i]))
			return FALSE;
	return TRUE;
}

struct peer_table *peer_table_new(void)
{
	struct peer_table *table = g_new0(struct peer_table, 1);

	table->peers = g_array_new(FALSE, FALSE, sizeof(struct peer));
	table->numbers = g_hash_table_new(rule_peer_hash, rule_peer_same);
	table->sets = g_hash_table_new(NULL, NULL);
	return table;
}

void peer_table_free(struct peer_table *table)
{
	if (!table)
		return;
	g_array_unref(table->peers);
	g_hash_table_unref(table->numbers);
	g_hash_table_unref(table->sets);
	g_free(table);
}

guint peer_table_add(struct peer_table *table, const struct policy_rule *rule)
{
	guint number = GPOINTER_TO_UINT(g_hash_table_lookup(table->numbers, rule));
	struct peer peer = {rule};

	if (number)
		return number - 1;
	g_array_append_val(table->peers, peer);
	number = table->peers->len;
	g_hash_table_insert(table->numbers, (gpointer)rule, GUINT_TO_POINTER(number));
	if (rule->peer == POLICY_SET)
		g_hash_table_insert(table->sets, (gpointer)rule->name,
				    GUINT_TO_POINTER(number));
	return number - 1;
}

gsize peer_table_count(const struct peer_table *table)
{
	return table->peers->len;
}

uint32_t peer_table_sources(const struct peer_table *table)
{
	static const uint32_t sources[] = {
		[POLICY_ANYBODY] = POLICY_BY_ANY,
		[POLICY_PREFIX] = POLICY_BY_PREFIX,
		[POLICY_SET] = POLICY_BY_IDENTITY,
		[POLICY_ADDRESSES] = POLICY_BY_PREFIX,
	};
	uint32_t out = 0;

	for (guint i = 0; i < table->peers->len; i++)
		out |= sources[g_array_index(table->peers, struct peer, i).rule->peer];
	return out;
}

static gint number_compare(gconstpointer left, gconstpointer right)
{
	guint a = *(const guint *)left, b = *(const guint *)right;

	return a < b ? -1 : a > b;
}

GArray *peer_table_find_sets(const struct peer_table *table, const char *const *sets,
			     gsize count)
{
	GArray *members = g_array_new(FALSE, FALSE, sizeof(guint));

	for (gsize i = 0; i < count; i++) {
		guint number = GPOINTER_TO_UINT(g_hash_table_lookup(table->sets, sets[i]));

		if (!number)
			continue;
		number--;
		g_array_append_val(members, number);
	}
	g_array_sort(members, number_compare);
	return members;
}

uint32_t peer_class(const GArray *members, uint32_t salt)
{
	uint64_t h = hash_mix(salt + 1ull, members->len);

	if (members->len == 1)
		return 1 + g_array_index(members, guint, 0);
	for (guint i = 0; i < members->len; i++)
		h = hash_mix(h, g_array_index(members, guint, i));
	return 0x80000000u | hash_done(h);
}

/* ------------------------------------------------------------ prefixes */

/* A prefix is said to be a peer's, or an exception from it. */
struct mark {
	struct prefix prefix;
	guint number;
	bool except;
};

/* Wider before narrower, so that what contains a prefix stands before it. */
static gint mark_compare(gconstpointer left, gconstpointer right)
{
	const struct mark *a = left, *b = right;
	int by = memcmp(a->prefix.ip.b, b->prefix.ip.b, sizeof(a->prefix.ip.b));

	return by ? by : a->prefix.bits - b->prefix.bits;
}

static void mark_add(GArray *marks, struct prefix prefix, guint number, bool except, bool v6)
{
	struct mark mark = {prefix, number, except};

	if (prefix_is_v4(prefix) != v6)
		g_array_append_val(marks, mark);
}

static GArray *marks_list(const struct peer_table *table, bool v6, peer_addresses addresses,
			  void *data)
{
	GArray *marks = g_array_new(FALSE, FALSE, sizeof(struct mark));

	for (guint i = 0; i < table->peers->len; i++) {
		const struct policy_rule *rule =
			g_array_index(table->peers, struct peer, i).rule;
		const struct prefix *list;
		gsize count = 0;

		if (rule->peer == POLICY_PREFIX) {
			mark_add(marks, rule->prefix, i, false, v6);
			for (uint32_t n = 0; n < rule->except_count; n++)
				mark_add(marks, rule->except[n], i, true, v6);
		} else if (rule->peer == POLICY_ADDRESSES) {
			list = addresses(rule->name, &count, data);
			for (gsize n = 0; n < count; n++)
				mark_add(marks, list[n], i, false, v6);
		}
	}
	g_array_sort(marks, mark_compare);
	return marks;
}

static void members_apply(GArray *members, const struct mark *mark)
{
	guint at = 0;
	bool there;

	while (at < members->len && g_array_index(members, guint, at) < mark->number)
		at++;
	there = at < members->len && g_array_index(members, guint, at) == mark->number;
	if (mark->except && there)
		g_array_remove_index(members, at);
	else if (!mark->except && !there)
		g_array_insert_val(members, at, mark->number);
}

static void node_done(gpointer data)
{
	g_array_unref(((struct peer_node *)data)->members);
}

/* The narrowest of NODES, which end with the last one begun, that PREFIX lies in. */
static const GArray *node_find_parent(const GArray *nodes, GArray *open, struct prefix prefix)
{
	while (open->len) {
		guint at = g_array_index(open, guint, open->len - 1);
		const struct peer_node *node = &g_array_index(nodes, struct peer_node, at);

		if (prefix_contains(node->prefix, prefix.ip))
			return node->members;
		g_array_set_size(open, open->len - 1);
	}
	return NULL;
}

GArray *peer_table_list_nodes(const struct peer_table *table, bool v6, peer_addresses addresses,
			      void *data)
{
	g_autoptr(GArray) marks = marks_list(table, v6, addresses, data);
	g_autoptr(GArray) open = g_array_new(FALSE, FALSE, sizeof(guint));
	GArray *nodes = g_array_new(FALSE, FALSE, sizeof(struct peer_node));

	g_array_set_clear_func(nodes, node_done);
	for (guint i = 0; i < marks->len;) {
		const struct mark *first = &g_array_index(marks, struct mark, i);
		struct peer_node node = {first->prefix,
					 g_array_new(FALSE, FALSE, sizeof(guint))};
		const GArray *parent = node_find_parent(nodes, open, first->prefix);
		guint number = nodes->len;

		if (parent)
			g_array_append_vals(node.members, parent->data, parent->len);
		for (; i < marks->len; i++) {
			const struct mark *mark = &g_array_index(marks, struct mark, i);

			if (!prefix_equal(mark->prefix, first->prefix))
				break;
			members_apply(node.members, mark);
		}
		g_array_append_val(nodes, node);
		g_array_append_val(open, number);
	}
	return nodes;
}

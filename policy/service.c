/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A protocol's ports are cut at every boundary of a service; in the intervals between, the same
 * services hold. Intervals become prefixes, as a trie knows nothing else.
 */
#include "policy/service.h"

#include <string.h>

#include "policy/rule.h"

#define PORTS 65536u

struct service {
	uint16_t proto;
	uint32_t low;
	uint32_t end;	 /* first port behind it */
	GArray *classes; /* guint */
};

struct entry {
	struct service_key key;
	uint32_t class;
};

struct service_table {
	GArray *services;
	GHashTable *numbers; /* struct service (proto, low, end) -> number + 1 */
	GHashTable *classes; /* GBytes of sorted numbers -> class */
	GArray *entries;
};

static guint service_hash(gconstpointer data)
{
	const struct service *service = data;

	return service->proto * 2654435761u ^ service->low * 40503u ^ service->end;
}

static gboolean service_same(gconstpointer left, gconstpointer right)
{
	const struct service *a = left, *b = right;

	return a->proto == b->proto && a->low == b->low && a->end == b->end;
}

struct service_table *service_table_new(void)
{
	struct service_table *table = g_new0(struct service_table, 1);

	table->services = g_array_new(FALSE, FALSE, sizeof(struct service));
	table->numbers = g_hash_table_new_full(service_hash, service_same, g_free, NULL);
	table->classes = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
					       (GDestroyNotify)g_bytes_unref, NULL);
	table->entries = g_array_new(FALSE, FALSE, sizeof(struct entry));
	return table;
}

void service_table_free(struct service_table *table)
{
	if (!table)
		return;
	for (guint i = 0; i < table->services->len; i++)
		g_array_unref(g_array_index(table->services, struct service, i).classes);
	g_array_unref(table->services);
	g_hash_table_unref(table->numbers);
	g_hash_table_unref(table->classes);
	g_array_unref(table->entries);
	g_free(table);
}

guint service_table_add(struct service_table *table, uint16_t proto, uint16_t low,
			uint16_t high)
{
	struct service service = {proto, low, (uint32_t)high + 1, NULL};
	guint number = GPOINTER_TO_UINT(g_hash_table_lookup(table->numbers, &service));

	if (number)
		return number - 1;
	g_hash_table_insert(table->numbers, g_memdup2(&service, sizeof(service)),
			    GUINT_TO_POINTER(table->services->len + 1));
	service.classes = g_array_new(FALSE, FALSE, sizeof(guint));
	g_array_append_val(table->services, service);
	return table->services->len - 1;
}

static gint number_compare(gconstpointer left, gconstpointer right)
{
	guint a = *(const guint *)left, b = *(const guint *)right;

	return a < b ? -1 : a > b;
}

/* The class of what the services MEMBERS mean (sorted numbers); 0 for none. */
static uint32_t class_get(struct service_table *table, const GArray *members)
{
	GBytes *name;
	guint class;

	if (!members->len)
		return 0;
	name = g_bytes_new(members->data, members->len * sizeof(guint));
	class = GPOINTER_TO_UINT(g_hash_table_lookup(table->classes, name));
	if (class) {
		g_bytes_unref(name);
		return class;
	}
	class = g_hash_table_size(table->classes) + 1;
	g_hash_table_insert(table->classes, name, GUINT_TO_POINTER(class));
	for (guint i = 0; i < members->len; i++) {
		guint number = g_array_index(members, guint, i);

		g_array_append_val(
			g_array_index(table->services, struct service, number).classes, class);
	}
	return class;
}

static void entry_add(struct service_table *table, uint16_t proto, uint32_t low, guint bits,
		      bool any, uint32_t class)
{
	struct entry entry = {.class = class};

	entry.key.prefixlen = any ? SERVICE_ANY : SERVICE_PROTO + bits;
	entry.key.proto = any ? 0 : (uint8_t)proto;
	entry.key.port[0] = (uint8_t)(low >> 8);
	entry.key.port[1] = (uint8_t)low;
	g_array_append_val(table->entries, entry);
}

/* [LOW, END) as prefixes, the longest first that fit. */
static void interval_add(struct service_table *table, uint16_t proto, uint32_t low,
			 uint32_t end, uint32_t class)
{
	while (low < end) {
		guint bits = 16;

		while (bits && !(low & ((1u << (17 - bits)) - 1)) &&
		       low + (1u << (17 - bits)) <= end)
			bits--;
		entry_add(table, proto, low, bits, false, class);
		low += 1u << (16 - bits);
	}
}

/* Where a service of the protocol at hand begins or ends. */
struct edge {
	uint32_t at;
	guint number;
	bool begins;
};

static gint edge_compare(gconstpointer left, gconstpointer right)
{
	const struct edge *a = left, *b = right;

	return a->at < b->at ? -1 : a->at > b->at;
}

static void member_toggle(GArray *members, guint number, bool in)
{
	guint at = 0;

	while (at < members->len && g_array_index(members, guint, at) < number)
		at++;
	if (in)
		g_array_insert_val(members, at, number);
	else
		g_array_remove_index(members, at);
}

/* Services of EDGES cut the ports; MEMBERS hold for all of them, BASE is their class. */
static void ports_divide(struct service_table *table, uint16_t proto, GArray *edges,
			 GArray *members, uint32_t base)
{
	uint32_t from = 0;

	g_array_sort(edges, edge_compare);
	for (guint i = 0; i < edges->len;) {
		uint32_t at = g_array_index(edges, struct edge, i).at;
		uint32_t class = at > from ? class_get(table, members) : base;

		if (class != base)
			interval_add(table, proto, from, at, class);
		for (; i < edges->len && g_array_index(edges, struct edge, i).at == at; i++) {
			struct edge edge = g_array_index(edges, struct edge, i);

			member_toggle(members, edge.number, edge.begins);
		}
		from = at;
	}
}

static bool is_whole(const struct service *service)
{
	return service->low == 0 && service->end == PORTS;
}

static void proto_divide(struct service_table *table, uint16_t proto)
{
	g_autoptr(GArray) members = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GArray) edges = g_array_new(FALSE, FALSE, sizeof(struct edge));
	uint32_t base;

	for (guint i = 0; i < table->services->len; i++) {
		struct service *s = &g_array_index(table->services, struct service, i);
		struct edge begin = {s->low, i, true}, end = {s->end, i, false};

		if (s->proto != proto && s->proto != POLICY_PROTO_ANY)
			continue;
		if (is_whole(s)) {
			g_array_append_val(members, i);
		} else if (s->proto == proto) {
			g_array_append_val(edges, begin);
			g_array_append_val(edges, end);
		}
	}
	base = class_get(table, members);
	if (base)
		entry_add(table, proto, 0, 0, proto == POLICY_PROTO_ANY, base);
	ports_divide(table, proto, edges, members, base);
}

void service_table_divide(struct service_table *table)
{
	g_autoptr(GArray) protos = g_array_new(FALSE, FALSE, sizeof(guint));

	for (guint i = 0; i < table->services->len; i++) {
		guint proto = g_array_index(table->services, struct service, i).proto;

		g_array_append_val(protos, proto);
	}
	g_array_sort(protos, number_compare);
	for (guint i = 0; i < protos->len; i++)
		if (!i ||
		    g_array_index(protos, guint, i) != g_array_index(protos, guint, i - 1))
			proto_divide(table, (uint16_t)g_array_index(protos, guint, i));
}

guint service_table_count_classes(const struct service_table *table)
{
	return g_hash_table_size(table->classes);
}

bool service_table_is_one(const struct service_table *table)
{
	const struct service *first;

	if (table->services->len != 1)
		return false;
	first = &g_array_index(table->services, struct service, 0);
	return first->proto == POLICY_PROTO_ANY && is_whole(first);
}

const GArray *service_table_classes(const struct service_table *table, guint number)
{
	return g_array_index(table->services, struct service, number).classes;
}

void service_table_foreach(const struct service_table *table, service_visit visit, void *data)
{
	for (guint i = 0; i < table->entries->len; i++) {
		const struct entry *entry = &g_array_index(table->entries, struct entry, i);

		visit(&entry->key, entry->class, data);
	}
}

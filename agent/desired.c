/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Map entries: claims upon them and what the kernel holds. One hash of all maps;
 * entries whose claims or contents changed wait in a list for apply.
 */
#include "agent/desired.h"

#include <string.h>

#include "abi/hash.h"

const struct desired_shape desired_shapes[DESIRED_MAP_COUNT] = {
#define X(id, name, array, key, value) {#name, sizeof(key), sizeof(value), array},
	DESIRED_MAPS(X)
#undef X
};

#define X(id, name, array, key, value)                                                         \
	_Static_assert(sizeof(key) <= DESIRED_KEY_MAX && sizeof(key) % 4 == 0, "key");         \
	_Static_assert(sizeof(value) <= DESIRED_VALUE_MAX, "value");
DESIRED_MAPS(X)
#undef X

struct claim {
	struct claim *next_of_entry;
	struct claim *next_of_owner;
	struct owner *owner;
	struct desired_entry *entry;
	uint16_t rank;
	bool fresh; /* claimed since the last settle */
	uint8_t value[] __attribute__((aligned(8)));
};

struct desired_entry {
	struct claim *claims;
	uint8_t map;
	bool held;  /* the kernel has it */
	bool dirty; /* in the list of changes */
	uint8_t pad;
	uint32_t hash;
	/* The key, then the value held; both aligned, for they are looked at in place. */
	uint8_t bytes[] __attribute__((aligned(8)));
};

/* What a look-up needs of an entry: its head, and room for any key. */
struct entry_probe {
	uint8_t bytes[sizeof(struct desired_entry) + DESIRED_KEY_MAX]
		__attribute__((aligned(8)));
};

struct desired {
	GHashTable *entries;
	GPtrArray *dirty;
	gsize held[DESIRED_MAP_COUNT];
};

static uint32_t key_hash(enum desired_map map, const void *key)
{
	const uint8_t *bytes = key;
	uint64_t h = map;
	uint32_t word;

	for (uint32_t i = 0; i < desired_shapes[map].key_size; i += 4) {
		memcpy(&word, bytes + i, 4);
		h = hash_mix(h, word);
	}
	return hash_done(h);
}

static guint entry_hash(gconstpointer entry)
{
	return ((const struct desired_entry *)entry)->hash;
}

static gboolean entry_same(gconstpointer left, gconstpointer right)
{
	const struct desired_entry *a = left, *b = right;

	return a->hash == b->hash && a->map == b->map &&
	       memcmp(a->bytes, b->bytes, desired_shapes[a->map].key_size) == 0;
}

static gsize value_offset(enum desired_map map)
{
	return (desired_shapes[map].key_size + 7u) & ~7u;
}

static uint8_t *entry_held(struct desired_entry *entry)
{
	return entry->bytes + value_offset(entry->map);
}

static void entry_free(gpointer data)
{
	struct desired_entry *entry = data;

	while (entry->claims) {
		struct claim *claim = entry->claims;

		entry->claims = claim->next_of_entry;
		g_free(claim);
	}
	g_free(entry);
}

struct desired *desired_new(void)
{
	struct desired *desired = g_new0(struct desired, 1);

	desired->entries = g_hash_table_new_full(entry_hash, entry_same, entry_free, NULL);
	desired->dirty = g_ptr_array_new();
	return desired;
}

void desired_free(struct desired *desired)
{
	if (!desired)
		return;
	g_ptr_array_unref(desired->dirty);
	g_hash_table_unref(desired->entries);
	g_free(desired);
}

static struct desired_entry *entry_find(struct desired *desired, enum desired_map map,
					const void *key)
{
	struct entry_probe probe;
	struct desired_entry *entry = (struct desired_entry *)probe.bytes;

	entry->map = (uint8_t)map;
	entry->hash = key_hash(map, key);
	memcpy(entry->bytes, key, desired_shapes[map].key_size);
	return g_hash_table_lookup(desired->entries, entry);
}

static struct desired_entry *entry_add(struct desired *desired, enum desired_map map,
				       const void *key)
{
	const struct desired_shape *shape = &desired_shapes[map];
	struct desired_entry *entry =
		g_malloc(sizeof(*entry) + value_offset(map) + shape->value_size);

	memset(entry, 0, sizeof(*entry));
	entry->map = (uint8_t)map;
	entry->hash = key_hash(map, key);
	memcpy(entry->bytes, key, shape->key_size);
	g_hash_table_add(desired->entries, entry);
	return entry;
}

static void entry_mark(struct desired *desired, struct desired_entry *entry)
{
	if (entry->dirty)
		return;
	entry->dirty = true;
	g_ptr_array_add(desired->dirty, entry);
}

void desired_load(struct desired *desired, enum desired_map map, const void *key,
		  const void *value)
{
	struct desired_entry *entry = entry_find(desired, map, key);

	if (!entry)
		entry = entry_add(desired, map, key);
	memcpy(entry_held(entry), value, desired_shapes[map].value_size);
	if (!entry->held)
		desired->held[map]++;
	entry->held = true;
	entry_mark(desired, entry);
}

static struct claim *claim_find(struct desired_entry *entry, const struct owner *owner)
{
	for (struct claim *claim = entry->claims; claim; claim = claim->next_of_entry)
		if (claim->owner == owner)
			return claim;
	return NULL;
}

static struct claim *claim_add(struct desired_entry *entry, struct owner *owner)
{
	struct claim *claim = g_malloc(sizeof(*claim) + desired_shapes[entry->map].value_size);

	claim->owner = owner;
	claim->entry = entry;
	claim->next_of_entry = entry->claims;
	entry->claims = claim;
	claim->next_of_owner = owner->claims;
	owner->claims = claim;
	return claim;
}

/* Within one owner the same order holds as between owners. */
static bool claim_wins(const struct claim *claim, uint16_t rank, const void *value, gsize size)
{
	return claim->rank != rank ? claim->rank < rank
				   : memcmp(claim->value, value, size) <= 0;
}

void desired_claim(struct desired *desired, struct owner *owner, enum desired_map map,
		   unsigned int rank, const void *key, const void *value)
{
	gsize size = desired_shapes[map].value_size;
	struct desired_entry *entry = entry_find(desired, map, key);
	struct claim *claim;

	if (!entry)
		entry = entry_add(desired, map, key);
	claim = claim_find(entry, owner);
	if (claim && claim->fresh && claim_wins(claim, (uint16_t)rank, value, size))
		return;
	if (claim && claim->rank == rank && memcmp(claim->value, value, size) == 0) {
		claim->fresh = true;
		return;
	}
	if (!claim)
		claim = claim_add(entry, owner);
	claim->rank = (uint16_t)rank;
	claim->fresh = true;
	memcpy(claim->value, value, size);
	entry_mark(desired, entry);
}

static void claim_unlink(struct claim *claim)
{
	struct claim **link = &claim->entry->claims;

	while (*link != claim)
		link = &(*link)->next_of_entry;
	*link = claim->next_of_entry;
}

void desired_settle(struct desired *desired, struct owner *owner)
{
	struct claim **link = &owner->claims;

	while (*link) {
		struct claim *claim = *link;

		if (claim->fresh) {
			claim->fresh = false;
			link = &claim->next_of_owner;
			continue;
		}
		*link = claim->next_of_owner;
		claim_unlink(claim);
		entry_mark(desired, claim->entry);
		g_free(claim);
	}
}

void desired_drop(struct desired *desired, struct owner *owner)
{
	for (struct claim *claim = owner->claims; claim; claim = claim->next_of_owner)
		claim->fresh = false;
	desired_settle(desired, owner);
}

bool desired_want(struct desired *desired, enum desired_map map, const void *key,
		  const void *value)
{
	gsize size = desired_shapes[map].value_size;
	struct desired_entry *entry = entry_find(desired, map, key);
	struct claim *claim;
	bool fresh;

	if (!entry)
		entry = entry_add(desired, map, key);
	claim = entry->claims;
	fresh = !claim;
	if (fresh) {
		claim = g_malloc0(sizeof(*claim) + size);
		claim->entry = entry;
		entry->claims = claim;
	}
	memcpy(claim->value, value, size);
	entry_mark(desired, entry);
	return fresh;
}

bool desired_unwant(struct desired *desired, enum desired_map map, const void *key)
{
	struct desired_entry *entry = entry_find(desired, map, key);
	struct claim *claim = entry ? entry->claims : NULL;

	if (!claim)
		return false;
	entry->claims = NULL;
	entry_mark(desired, entry);
	g_free(claim);
	return true;
}

static const void *entry_wanted(const struct desired_entry *entry)
{
	gsize size = desired_shapes[entry->map].value_size;
	const struct claim *best = entry->claims;

	for (const struct claim *claim = best; claim; claim = claim->next_of_entry)
		if (!claim_wins(best, claim->rank, claim->value, size))
			best = claim;
	return best ? best->value : NULL;
}

const void *desired_find(struct desired *desired, enum desired_map map, const void *key)
{
	const struct desired_entry *entry = entry_find(desired, map, key);

	return entry ? entry_wanted(entry) : NULL;
}

/* Takes ENTRY, which is in no list, away when nobody wants it and nobody has it. */
static void entry_end(struct desired *desired, struct desired_entry *entry)
{
	entry->dirty = false;
	if (!entry->claims && !entry->held)
		g_hash_table_remove(desired->entries, entry);
}

GArray *desired_list_changes(struct desired *desired)
{
	GArray *changes = g_array_sized_new(FALSE, FALSE, sizeof(struct desired_change),
					    desired->dirty->len);
	guint kept = 0;

	for (guint i = 0; i < desired->dirty->len; i++) {
		struct desired_entry *entry = g_ptr_array_index(desired->dirty, i);
		struct desired_change change = {entry, entry->map, entry->bytes,
						entry_wanted(entry),
						entry->held ? entry_held(entry) : NULL};
		bool equal = change.wanted && change.held
				     ? memcmp(change.wanted, change.held,
					      desired_shapes[entry->map].value_size) == 0
				     : change.wanted == change.held;

		if (equal) {
			entry_end(desired, entry);
			continue;
		}
		g_array_append_val(changes, change);
		desired->dirty->pdata[kept++] = entry;
	}
	g_ptr_array_set_size(desired->dirty, (gint)kept);
	return changes;
}

void desired_done(struct desired *desired, struct desired_entry *entry)
{
	const void *wanted = entry_wanted(entry);

	if (wanted)
		memcpy(entry_held(entry), wanted, desired_shapes[entry->map].value_size);
	if (entry->held != (wanted != NULL))
		desired->held[entry->map] += wanted ? 1 : (gsize)-1;
	entry->held = wanted != NULL;
}

gsize desired_count(const struct desired *desired, enum desired_map map)
{
	return desired->held[map];
}

void desired_foreach(struct desired *desired, desired_visit visit, void *data)
{
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, desired->entries);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const struct desired_entry *entry = key;
		const void *wanted = entry_wanted(entry);

		if (wanted)
			visit(entry->map, entry->bytes, wanted, data);
	}
}

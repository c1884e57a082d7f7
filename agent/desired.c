/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Map entries: claims upon them and what the kernel holds. One hash of all maps; entries whose
 * claims or contents changed wait in lists for apply, by map and by what is to be done.
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

/* What an entry waits for, in a list of its map's. */
enum wait {
	WAIT_NOTHING,
	WAIT_LOOK, /* something about it has changed: is it as wanted? */
	WAIT_DEL,
	WAIT_RETRY, /* it could not be written */
	WAIT_COUNT,
};

struct desired_entry {
	struct claim *claims;
	uint32_t hash;
	uint32_t at; /* in the list it waits in */
	uint8_t map;
	uint8_t wait; /* enum wait */
	bool held;    /* the kernel has it */
	bool own;     /* the claim in BYTES is one of CLAIMS */
	/*
	 * The key, the value held, and room for a claim, as nearly all have one. All aligned, for they
	 * are looked at in place.
	 */
	uint8_t bytes[] __attribute__((aligned(8)));
};

/* What a look-up needs of an entry: its head, and room for any key. */
struct entry_probe {
	uint8_t bytes[sizeof(struct desired_entry) + DESIRED_KEY_MAX]
		__attribute__((aligned(8)));
};

struct desired {
	GHashTable *entries;
	GPtrArray *waiting[WAIT_COUNT][DESIRED_MAP_COUNT];
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

static gsize aligned(gsize size)
{
	return (size + 7u) & ~(gsize)7u;
}

static gsize value_offset(enum desired_map map)
{
	return aligned(desired_shapes[map].key_size);
}

static gsize claim_offset(enum desired_map map)
{
	return value_offset(map) + aligned(desired_shapes[map].value_size);
}

static uint8_t *entry_held(struct desired_entry *entry)
{
	return entry->bytes + value_offset(entry->map);
}

static struct claim *entry_own(struct desired_entry *entry)
{
	return (struct claim *)(entry->bytes + claim_offset(entry->map));
}

/* A claim of ENTRY, in no list of its owner; all but entry and next_of_entry is the caller's. */
static struct claim *claim_new(struct desired_entry *entry)
{
	gsize size = sizeof(struct claim) + desired_shapes[entry->map].value_size;
	struct claim *claim = entry->own ? g_malloc(size) : entry_own(entry);

	entry->own = true;
	claim->entry = entry;
	claim->next_of_entry = entry->claims;
	entry->claims = claim;
	return claim;
}

/* Of no list any more. */
static void claim_free(struct claim *claim)
{
	if (claim == entry_own(claim->entry))
		claim->entry->own = false;
	else
		g_free(claim);
}

static void entry_free(gpointer data)
{
	struct desired_entry *entry = data;

	while (entry->claims) {
		struct claim *claim = entry->claims;

		entry->claims = claim->next_of_entry;
		claim_free(claim);
	}
	g_free(entry);
}

struct desired *desired_new(void)
{
	struct desired *desired = g_new0(struct desired, 1);

	desired->entries = g_hash_table_new_full(entry_hash, entry_same, entry_free, NULL);
	for (int wait = WAIT_NOTHING + 1; wait < WAIT_COUNT; wait++)
		for (int map = 0; map < DESIRED_MAP_COUNT; map++)
			desired->waiting[wait][map] = g_ptr_array_new();
	return desired;
}

void desired_free(struct desired *desired)
{
	if (!desired)
		return;
	for (int wait = WAIT_NOTHING + 1; wait < WAIT_COUNT; wait++)
		for (int map = 0; map < DESIRED_MAP_COUNT; map++)
			g_ptr_array_unref(desired->waiting[wait][map]);
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
	struct desired_entry *entry = g_malloc(sizeof(*entry) + claim_offset(map) +
					       sizeof(struct claim) + shape->value_size);

	memset(entry, 0, sizeof(*entry));
	entry->map = (uint8_t)map;
	entry->hash = key_hash(map, key);
	memcpy(entry->bytes, key, shape->key_size);
	g_hash_table_add(desired->entries, entry);
	return entry;
}

/* From the list it waits in to another; the last one takes its place. */
static void entry_wait(struct desired *desired, struct desired_entry *entry, enum wait wait)
{
	struct desired_entry *last;
	GPtrArray *list;

	if (entry->wait == wait)
		return;
	if (entry->wait != WAIT_NOTHING) {
		list = desired->waiting[entry->wait][entry->map];
		last = g_ptr_array_index(list, list->len - 1);
		last->at = entry->at;
		list->pdata[entry->at] = last;
		g_ptr_array_set_size(list, (gint)list->len - 1);
	}
	entry->wait = (uint8_t)wait;
	if (wait == WAIT_NOTHING)
		return;
	list = desired->waiting[wait][entry->map];
	entry->at = list->len;
	g_ptr_array_add(list, entry);
}

static void entry_mark(struct desired *desired, struct desired_entry *entry)
{
	entry_wait(desired, entry, WAIT_LOOK);
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
	struct claim *claim = claim_new(entry);

	claim->owner = owner;
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
		claim_free(claim);
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
		claim = claim_new(entry);
		claim->rank = 0;
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
	claim_free(claim);
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

const void *desired_find_held(struct desired *desired, enum desired_map map, const void *key)
{
	struct desired_entry *entry = entry_find(desired, map, key);

	return entry && entry->held ? entry_held(entry) : NULL;
}

/* ENTRY is as wanted, which may be that there is none. */
static void entry_rest(struct desired *desired, struct desired_entry *entry)
{
	entry_wait(desired, entry, WAIT_NOTHING);
	if (!entry->claims && !entry->held)
		g_hash_table_remove(desired->entries, entry);
}

static bool entry_is_done(struct desired_entry *entry, const void *wanted)
{
	if (!wanted || !entry->held)
		return !wanted && !entry->held;
	return memcmp(wanted, entry_held(entry), desired_shapes[entry->map].value_size) == 0;
}

bool desired_find_work(const struct desired *desired, enum desired_map *map, bool *put)
{
	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		if (desired->waiting[WAIT_LOOK][i]->len) {
			*map = i;
			return *put = true;
		}
	*put = false;
	for (int i = DESIRED_MAP_COUNT - 1; i >= 0; i--)
		if (desired->waiting[WAIT_DEL][i]->len) {
			*map = i;
			return true;
		}
	return false;
}

guint desired_list_changes(struct desired *desired, enum desired_map map, bool put, guint limit,
			   GArray *changes)
{
	GPtrArray *list = desired->waiting[put ? WAIT_LOOK : WAIT_DEL][map];
	guint at = list->len, end = at - MIN(at, limit), count = at - end;

	/* From the end, so that what takes the place of one that leaves has been looked at. */
	while (at > end) {
		struct desired_entry *entry = g_ptr_array_index(list, --at);
		struct desired_change change = {entry, map, entry->bytes, entry_wanted(entry),
						entry->held ? entry_held(entry) : NULL};

		if (entry_is_done(entry, change.wanted))
			entry_rest(desired, entry);
		else if (put && !change.wanted)
			entry_wait(desired, entry, WAIT_DEL);
		else
			g_array_append_val(changes, change);
	}
	return count;
}

void desired_done(struct desired *desired, struct desired_entry *entry)
{
	const void *wanted = entry_wanted(entry);

	if (wanted)
		memcpy(entry_held(entry), wanted, desired_shapes[entry->map].value_size);
	if (entry->held != (wanted != NULL))
		desired->held[entry->map] += wanted ? 1 : (gsize)-1;
	entry->held = wanted != NULL;
	entry_rest(desired, entry);
}

void desired_fail(struct desired *desired, struct desired_entry *entry)
{
	entry_wait(desired, entry, WAIT_RETRY);
}

void desired_retry(struct desired *desired)
{
	for (int map = 0; map < DESIRED_MAP_COUNT; map++) {
		GPtrArray *list = desired->waiting[WAIT_RETRY][map];

		while (list->len)
			entry_mark(desired, g_ptr_array_index(list, list->len - 1));
	}
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

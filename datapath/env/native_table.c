/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Arrays are one zeroed block. Hashes and tries are GHashTables from the key's
 * bytes to an owned value; a trie also counts its prefixes by length, and looks
 * up from the longest length that it has.
 */
#include "datapath/env/native_table.h"

#include <string.h>

#define KEY_MAX	   64  /* bytes of the largest hash key */
#define PREFIX_MAX 256 /* bits of the longest prefix + 1 */

struct native_table {
	enum bpf_map_type type;
	__u32 entries;
	__u32 key_size;
	__u32 value_size;
	__u8 *array;	  /* arrays */
	GHashTable *hash; /* struct key -> value */
	GQueue order;	  /* LRU hashes: keys borrowed from hash, oldest first */
	guint lengths[PREFIX_MAX];
};

struct key {
	__u32 size;
	__u8 bytes[KEY_MAX];
};

static guint key_hash(gconstpointer p)
{
	const struct key *key = p;
	guint h = 2166136261u;

	for (__u32 i = 0; i < key->size; i++)
		h = (h ^ key->bytes[i]) * 16777619u;
	return h;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	const struct key *x = a, *y = b;

	return x->size == y->size && memcmp(x->bytes, y->bytes, x->size) == 0;
}

static bool is_array(const struct native_table *table)
{
	return table->type == BPF_MAP_TYPE_ARRAY || table->type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

struct native_table *native_table_new(enum bpf_map_type type, __u32 entries, __u32 key_size,
				      __u32 value_size)
{
	struct native_table *table = g_new0(struct native_table, 1);

	g_assert(key_size <= KEY_MAX);
	table->type = type;
	table->entries = entries;
	table->key_size = key_size;
	table->value_size = value_size;
	if (is_array(table))
		table->array = g_malloc0_n(entries, value_size);
	else
		table->hash = g_hash_table_new_full(key_hash, key_equal, g_free, g_free);
	return table;
}

void native_table_free(struct native_table *table)
{
	if (!table)
		return;
	g_free(table->array);
	g_clear_pointer(&table->hash, g_hash_table_unref);
	g_queue_clear(&table->order);
	g_free(table);
}

static void key_set(struct key *key, const struct native_table *table, const void *bytes)
{
	key->size = table->key_size;
	memcpy(key->bytes, bytes, table->key_size);
}

/* Makes KEY a trie's key of BITS: the prefix length, then its bits and zeros. */
static void key_mask(struct key *key, __u32 bits)
{
	__u32 whole = bits / 8;

	memcpy(key->bytes, &bits, sizeof(bits));
	for (__u32 i = whole; i < key->size - 4; i++)
		key->bytes[4 + i] &= i == whole ? (__u8)(0xff00 >> (bits % 8)) : 0;
}

static void *trie_find(struct native_table *table, const void *bytes)
{
	__u32 bits;

	memcpy(&bits, bytes, sizeof(bits));
	for (__u32 n = MIN(bits, (table->key_size - 4) * 8) + 1; n-- > 0;) {
		struct key key;
		void *value;

		if (!table->lengths[n])
			continue;
		key_set(&key, table, bytes);
		key_mask(&key, n);
		value = g_hash_table_lookup(table->hash, &key);
		if (value)
			return value;
	}
	return NULL;
}

void *native_table_find(struct native_table *table, const void *bytes)
{
	struct key key;

	if (is_array(table)) {
		__u32 index;

		memcpy(&index, bytes, sizeof(index));
		return index < table->entries ? table->array + (gsize)index * table->value_size
					      : NULL;
	}
	if (table->type == BPF_MAP_TYPE_LPM_TRIE)
		return trie_find(table, bytes);
	key_set(&key, table, bytes);
	return g_hash_table_lookup(table->hash, &key);
}

/* The key as it is stored; false when it can be none. */
static bool key_stored(struct native_table *table, const void *bytes, struct key *key)
{
	__u32 bits;

	key_set(key, table, bytes);
	if (table->type != BPF_MAP_TYPE_LPM_TRIE)
		return true;
	memcpy(&bits, bytes, sizeof(bits));
	if (bits > (table->key_size - 4) * 8)
		return false;
	key_mask(key, bits);
	return true;
}

static bool make_room(struct native_table *table)
{
	if (g_hash_table_size(table->hash) < table->entries)
		return true;
	if (table->type != BPF_MAP_TYPE_LRU_HASH)
		return false;
	g_hash_table_remove(table->hash, g_queue_pop_head(&table->order));
	return true;
}

bool native_table_put(struct native_table *table, const void *bytes, const void *value)
{
	struct key key;
	void *old;

	if (is_array(table)) {
		old = native_table_find(table, bytes);
		if (old)
			memcpy(old, value, table->value_size);
		return old != NULL;
	}
	if (!key_stored(table, bytes, &key))
		return false;
	old = g_hash_table_lookup(table->hash, &key);
	if (old) {
		memcpy(old, value, table->value_size);
		return true;
	}
	if (!make_room(table))
		return false;
	struct key *owned = g_memdup2(&key, sizeof(key));

	g_hash_table_insert(table->hash, owned, g_memdup2(value, table->value_size));
	if (table->type == BPF_MAP_TYPE_LRU_HASH)
		g_queue_push_tail(&table->order, owned);
	if (table->type == BPF_MAP_TYPE_LPM_TRIE)
		table->lengths[*(__u32 *)(void *)key.bytes]++;
	return true;
}

void native_table_del(struct native_table *table, const void *bytes)
{
	gpointer owned;
	struct key key;

	if (is_array(table)) {
		void *value = native_table_find(table, bytes);

		if (value)
			memset(value, 0, table->value_size);
		return;
	}
	if (!key_stored(table, bytes, &key) ||
	    !g_hash_table_lookup_extended(table->hash, &key, &owned, NULL))
		return;
	g_queue_remove(&table->order, owned);
	g_hash_table_remove(table->hash, &key);
	if (table->type == BPF_MAP_TYPE_LPM_TRIE)
		table->lengths[*(__u32 *)(void *)key.bytes]--;
}

void native_table_clear(struct native_table *table)
{
	if (is_array(table)) {
		memset(table->array, 0, (gsize)table->entries * table->value_size);
		return;
	}
	g_queue_clear(&table->order);
	g_hash_table_remove_all(table->hash);
	memset(table->lengths, 0, sizeof(table->lengths));
}

void native_table_for_each(struct native_table *table,
			   void (*each)(const void *key, void *value, void *arg), void *arg)
{
	if (is_array(table)) {
		for (__u32 i = 0; i < table->entries; i++)
			each(&i, table->array + (gsize)i * table->value_size, arg);
		return;
	}
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, table->hash);
	while (g_hash_table_iter_next(&iter, &key, &value))
		each(((struct key *)key)->bytes, value, arg);
}

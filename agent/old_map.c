/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps carry the types they were made with (BTF), so nothing here knows any version of
 * abi/map.h: members go by their names. Where the kernel has no types, sizes must do.
 */
#include "agent/old_map.h"

#include <string.h>
#include <unistd.h>
#include <linux/capability.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "abi/drop.h"
#include "abi/map.h"
#include "agent/layout.h"
#include "agent/maps.h"
#include "lib/privilege.h"

struct old_map {
	char *name;
	int fd;
	struct bpf_map_info info;
	struct layout *key, *value; /* NULL: not known */
};

/* One walk through an old map. */
struct copy {
	const struct old_map *old;
	int to;
	uint32_t to_max;
	bool is_array, is_drops;
	bool newest;		    /* a `conn` that both have: the one seen last counts */
	guint lost;		    /* entries that the new one has no room for */
	struct layout *key, *value; /* of the new one; NULL: as the old one */
	uint32_t cpus;		    /* values of an entry */
	uint32_t from_stride, to_stride;
	uint8_t *new_key, *new_value;
};

/* The kernel lets nobody else take a thing by its number, not even by CAP_BPF. */
static struct btf *btf_read(uint32_t id)
{
	struct btf *btf;

	privilege_raise(CAP_SYS_ADMIN);
	btf = btf__load_from_kernel_by_id(id);
	privilege_lower(CAP_SYS_ADMIN);
	return btf;
}

static void layouts_read(struct old_map *old)
{
	struct btf *btf = old->info.btf_id ? btf_read(old->info.btf_id) : NULL;

	if (!btf)
		return;
	old->key = layout_new(btf, old->info.btf_key_type_id);
	old->value = layout_new(btf, old->info.btf_value_type_id);
	btf__free(btf);
}

struct old_map *old_map_open(const char *pin)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	int fd = bpf_obj_get(pin);
	struct old_map *old;

	if (fd < 0)
		return NULL;
	if (bpf_obj_get_info_by_fd(fd, &info, &size)) {
		close(fd);
		return NULL;
	}
	old = g_new0(struct old_map, 1);
	old->name = g_path_get_basename(pin);
	old->fd = fd;
	old->info = info;
	layouts_read(old);
	return old;
}

void old_map_free(struct old_map *old)
{
	if (!old)
		return;
	close(old->fd);
	layout_free(old->key);
	layout_free(old->value);
	g_free(old->name);
	g_free(old);
}

const char *old_map_name(const struct old_map *old)
{
	return old->name;
}

int old_map_fd(const struct old_map *old)
{
	return old->fd;
}

/* Where one is not known, their sizes were compared. */
static bool layout_fits(const struct layout *old, const struct btf *btf, uint32_t id)
{
	struct layout *wanted = old && id ? layout_new(btf, id) : NULL;
	bool fits = !wanted || layout_same(old, wanted);

	layout_free(wanted);
	return fits;
}

bool old_map_fits(const struct old_map *old, const struct bpf_map *map, const struct btf *btf)
{
	return old->info.type == bpf_map__type(map) &&
	       old->info.key_size == bpf_map__key_size(map) &&
	       old->info.value_size == bpf_map__value_size(map) &&
	       old->info.max_entries == bpf_map__max_entries(map) &&
	       old->info.map_flags == bpf_map__map_flags(map) &&
	       layout_fits(old->key, btf, bpf_map__btf_key_type_id(map)) &&
	       layout_fits(old->value, btf, bpf_map__btf_value_type_id(map));
}

/* --- copying ------------------------------------------------------------------------- */

static bool is_per_cpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool is_array(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* `drops` has an element for each reason of each slot, and reasons are added. */
static uint32_t drops_index(const struct copy *copy, uint32_t index)
{
	uint32_t reasons = copy->old->info.max_entries / LIM_HOST_PORTS;
	uint32_t reason = index % reasons;

	if (reason >= DP_DROP_COUNT)
		return UINT32_MAX;
	return index / reasons * DP_DROP_COUNT + reason;
}

static bool key_convert(struct copy *copy, const void *key)
{
	uint32_t index;

	if (copy->is_array) {
		memcpy(&index, key, sizeof(index));
		if (copy->is_drops)
			index = drops_index(copy, index);
		memcpy(copy->new_key, &index, sizeof(index));
		return index < copy->to_max;
	}
	if (copy->key)
		layout_convert(copy->old->key, key, copy->key, copy->new_key);
	else
		memcpy(copy->new_key, key, copy->old->info.key_size);
	return true;
}

static void value_convert(struct copy *copy, const uint8_t *value)
{
	for (uint32_t cpu = 0; cpu < copy->cpus; cpu++) {
		const uint8_t *from = value + cpu * copy->from_stride;
		uint8_t *to = copy->new_value + cpu * copy->to_stride;

		if (copy->value)
			layout_convert(copy->old->value, from, copy->value, to);
		else
			memcpy(to, from, copy->old->info.value_size);
	}
}

/* What the new programs have seen since is not set back. */
static bool conn_is_news(struct copy *copy)
{
	struct conn_value held;
	const struct conn_value *found = (const void *)copy->new_value;

	return bpf_map_lookup_elem(copy->to, copy->new_key, &held) != 0 ||
	       held.seen < found->seen;
}

/* A smaller table may be full. Reasons of drops that there are no more are not missed. */
static bool copy_entry(const void *key, const void *value, void *data)
{
	struct copy *copy = data;

	if (copy->is_array && is_zero(value, (size_t)copy->from_stride * copy->cpus))
		return true;
	if (!key_convert(copy, key)) {
		copy->lost += !copy->is_drops;
		return true;
	}
	value_convert(copy, value);
	if ((!copy->newest || conn_is_news(copy)) &&
	    bpf_map_update_elem(copy->to, copy->new_key, copy->new_value, BPF_ANY))
		copy->lost++;
	return true;
}

/* Both or none: layouts are known, or the sizes are the same. */
static bool layouts_pair(const struct layout *old, const struct btf *btf, uint32_t id,
			 uint32_t old_size, uint32_t new_size, struct layout **out)
{
	*out = old && id ? layout_new(btf, id) : NULL;
	return *out || old_size == new_size;
}

static bool copy_init(struct copy *copy, const struct old_map *old, const struct bpf_map *map,
		      const struct btf *btf)
{
	uint32_t type = old->info.type;
	int cpus = is_per_cpu(type) ? libbpf_num_possible_cpus() : 1;

	*copy = (struct copy){.old = old,
			      .to = bpf_map__fd(map),
			      .to_max = bpf_map__max_entries(map),
			      .is_array = is_array(type),
			      .is_drops = strcmp(bpf_map__name(map), "drops") == 0,
			      .cpus = cpus > 0 ? (uint32_t)cpus : 1,
			      .from_stride = old->info.value_size,
			      .to_stride = bpf_map__value_size(map)};
	if (type != bpf_map__type(map) ||
	    !layouts_pair(old->key, btf, bpf_map__btf_key_type_id(map), old->info.key_size,
			  bpf_map__key_size(map), &copy->key) ||
	    !layouts_pair(old->value, btf, bpf_map__btf_value_type_id(map),
			  old->info.value_size, bpf_map__value_size(map), &copy->value))
		return false;
	if (is_per_cpu(type)) {
		copy->from_stride = (copy->from_stride + 7) & ~7u;
		copy->to_stride = (copy->to_stride + 7) & ~7u;
	}
	copy->new_key = g_malloc0(bpf_map__key_size(map));
	copy->new_value = g_malloc0((size_t)copy->to_stride * copy->cpus);
	/* The length of a prefix counts the bits before the address, wherever they are. */
	return type != BPF_MAP_TYPE_LPM_TRIE || !copy->key || layout_same(old->key, copy->key);
}

static bool copy_run(const struct old_map *old, const struct bpf_map *map,
		     const struct btf *btf, bool newest, guint *lost)
{
	struct copy copy;
	bool ok = old->info.type == BPF_MAP_TYPE_RINGBUF; /* what is in it is a moment old */

	if (!ok && copy_init(&copy, old, map, btf)) {
		copy.newest = newest;
		ok = maps_foreach(old->fd, old->info.key_size, copy.from_stride * copy.cpus,
				  copy_entry, &copy);
		*lost = copy.lost;
	}
	if (old->info.type == BPF_MAP_TYPE_RINGBUF)
		return ok;
	layout_free(copy.key);
	layout_free(copy.value);
	g_free(copy.new_key);
	g_free(copy.new_value);
	return ok;
}

bool old_map_copy(const struct old_map *old, const struct bpf_map *map, const struct btf *btf,
		  guint *lost)
{
	*lost = 0;
	return copy_run(old, map, btf, false, lost);
}

void old_map_clear(const struct bpf_map *map)
{
	g_autofree uint8_t *key = g_malloc0(bpf_map__key_size(map));
	int fd = bpf_map__fd(map);

	while (bpf_map_get_next_key(fd, NULL, key) == 0 && bpf_map_delete_elem(fd, key) == 0)
		;
}

void old_map_copy_conns(const struct old_map *old, const struct bpf_map *map,
			const struct btf *btf)
{
	guint lost;

	copy_run(old, map, btf, true, &lost);
}

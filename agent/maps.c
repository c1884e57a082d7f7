/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches where the kernel has them for the map's type, one by one where not.
 */
#include "agent/maps.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "abi/drop.h"
#include "agent/programs.h"
#include "lib/error.h"

#define BATCH	    4096 /* elements read at once */
#define BATCH_BYTES (1u << 20)

struct maps {
	int fd[DESIRED_MAP_COUNT];
	int port_stats;
	int drops;
	int host_stats;
	unsigned int cpus;
	struct generation_value *generation;
};

static bool generation_map(struct maps *maps, int fd, GError **error)
{
	/* The kernel rounds the map up to whole pages. */
	void *memory = mmap(NULL, sizeof(struct generation_value), PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL,
			    "map generation: cannot be mapped: %s", g_strerror(errno));
		return false;
	}
	maps->generation = memory;
	return true;
}

struct maps *maps_new(const struct programs *programs, GError **error)
{
	struct maps *maps = g_new0(struct maps, 1);
	int cpus = libbpf_num_possible_cpus();

	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		maps->fd[i] = programs_find_map(programs, desired_shapes[i].name);
	maps->port_stats = programs_find_map(programs, "port_stats");
	maps->drops = programs_find_map(programs, "drops");
	maps->host_stats = programs_find_map(programs, "host_stats");
	maps->cpus = cpus > 0 ? (unsigned int)cpus : 1;
	if (!generation_map(maps, programs_find_map(programs, "generation"), error)) {
		g_free(maps);
		return NULL;
	}
	return maps;
}

void maps_free(struct maps *maps)
{
	if (!maps)
		return;
	munmap(maps->generation, sizeof(*maps->generation));
	g_free(maps);
}

bool maps_is_current(const struct maps *maps, const struct flow_value *record)
{
	const uint16_t cells[] = {0,
				  record->gen[0],
				  record->gen[1],
				  record->more[0],
				  record->more[1],
				  record->more[2]};
	uint32_t sum = 0;

	_Static_assert(FLOW_GENS == 5, "as many cells as a record names");
	for (gsize i = 0; i < G_N_ELEMENTS(cells); i++)
		sum += __atomic_load_n(&maps->generation->cell[cells[i] % LIM_GENERATIONS],
				       __ATOMIC_RELAXED);
	return sum == record->gen_sum;
}

/* -------------------------------------------------------------- reading */

static bool foreach_single(int fd, uint32_t key_size, uint32_t value_size, maps_visit visit,
			   void *data)
{
	g_autofree uint8_t *key = g_malloc(key_size), *next = g_malloc(key_size);
	g_autofree void *value = g_malloc(value_size);
	bool first = true;

	while (bpf_map_get_next_key(fd, first ? NULL : key, next) == 0) {
		memcpy(key, next, key_size);
		first = false;
		if (bpf_map_lookup_elem(fd, key, value) == 0 && !visit(key, value, data))
			return true;
	}
	return errno == ENOENT;
}

/* 1: done; 0: an error; -1: this type has no batches. */
static int foreach_batch(int fd, uint32_t key_size, uint32_t value_size, maps_visit visit,
			 void *data)
{
	const uint32_t batch = CLAMP(BATCH_BYTES / value_size, 16, BATCH);
	g_autofree uint8_t *keys = g_malloc_n(batch, key_size);
	g_autofree uint8_t *values = g_malloc_n(batch, value_size);
	uint8_t cursor[64], next[64];
	bool first = true;

	if (key_size > sizeof(cursor))
		return -1;
	for (;;) {
		uint32_t count = batch;
		int status = bpf_map_lookup_batch(fd, first ? NULL : cursor, next, keys, values,
						  &count, NULL);

		if (status && errno != ENOENT)
			return first ? -1 : 0;
		for (uint32_t i = 0; i < count; i++)
			if (!visit(keys + i * key_size, values + i * value_size, data))
				return 1;
		if (status)
			return 1;
		memcpy(cursor, next, sizeof(cursor));
		first = false;
	}
}

bool maps_foreach(int fd, uint32_t key_size, uint32_t value_size, maps_visit visit, void *data)
{
	int status = foreach_batch(fd, key_size, value_size, visit, data);

	if (status >= 0)
		return status;
	return foreach_single(fd, key_size, value_size, visit, data);
}

struct load {
	struct desired *desired;
	enum desired_map map;
};

static bool load_entry(const void *key, const void *value, void *data)
{
	static const uint8_t zeros[DESIRED_VALUE_MAX];
	const struct load *load = data;
	const struct desired_shape *shape = &desired_shapes[load->map];

	if (!shape->array || memcmp(value, zeros, shape->value_size) != 0)
		desired_load(load->desired, load->map, key, value);
	return true;
}

bool maps_load(struct maps *maps, struct desired *desired, GError **error)
{
	for (int i = 0; i < DESIRED_MAP_COUNT; i++) {
		const struct desired_shape *shape = &desired_shapes[i];
		struct load load = {desired, i};

		if (maps_foreach(maps->fd[i], shape->key_size, shape->value_size, load_entry,
				 &load))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL,
			    "map %s: cannot be read: %s", shape->name, g_strerror(errno));
		return false;
	}
	return true;
}

uint32_t maps_find_slot(const struct maps *maps, uint32_t ifindex)
{
	struct port_value port;
	uint32_t slot;

	if (bpf_map_lookup_elem(maps->fd[DESIRED_DEVICE], &ifindex, &slot) ||
	    bpf_map_lookup_elem(maps->fd[DESIRED_PORT], &slot, &port) ||
	    port.ifindex != ifindex)
		return 0;
	return slot;
}

/* -------------------------------------------------------------- writing */

static void write_fail(const struct desired_shape *shape, const uint8_t *key, GError **error)
{
	int number = errno;
	enum weft_error code = number == E2BIG || number == ENOSPC || number == ENOMEM
				       ? WEFT_ERROR_EXHAUSTED
				       : WEFT_ERROR_INTERNAL;
	g_autoptr(GString) shown = g_string_new(NULL);

	for (uint32_t i = 0; i < shape->key_size; i++)
		g_string_append_printf(shown, "%02x", key[i]);
	g_set_error(error, WEFT_ERROR, code, "entry %s: %s", shown->str,
		    number == E2BIG || number == ENOSPC ? "the map is full"
							: g_strerror(number));
}

static gsize put_single(int fd, const struct desired_shape *shape, const uint8_t *keys,
			const uint8_t *values, gsize count, GError **error)
{
	for (gsize i = 0; i < count; i++) {
		const uint8_t *key = keys + i * shape->key_size;

		if (bpf_map_update_elem(fd, key, values + i * shape->value_size, BPF_ANY) == 0)
			continue;
		write_fail(shape, key, error);
		return i;
	}
	return count;
}

static gsize map_put(void *data, enum desired_map map, const void *keys, const void *values,
		     gsize count, GError **error)
{
	const struct desired_shape *shape = &desired_shapes[map];
	struct maps *maps = data;
	uint32_t done = (uint32_t)count;

	/* A few by themselves are no slower, and name the one that fails. */
	if (count < 4)
		return put_single(maps->fd[map], shape, keys, values, count, error);
	if (bpf_map_update_batch(maps->fd[map], keys, values, &done, NULL) == 0)
		return count;
	/* An old kernel sets no count when it knows no batches; writing twice is harmless. */
	if (errno == EOPNOTSUPP || errno == ENOTSUP || errno == 524 || errno == EINVAL ||
	    done > count)
		done = 0;
	return done + put_single(maps->fd[map], shape,
				 (const uint8_t *)keys + done * shape->key_size,
				 (const uint8_t *)values + done * shape->value_size,
				 count - done, error);
}

/* Deleting what is not there is done; of an array it is writing zeros. */
static gsize map_del(void *data, enum desired_map map, const void *keys, gsize count,
		     GError **error)
{
	static const uint8_t zeros[DESIRED_VALUE_MAX];
	const struct desired_shape *shape = &desired_shapes[map];
	const uint8_t *key = keys;
	struct maps *maps = data;

	for (gsize i = 0; i < count; i++, key += shape->key_size) {
		int status = shape->array
				     ? bpf_map_update_elem(maps->fd[map], key, zeros, BPF_ANY)
				     : bpf_map_delete_elem(maps->fd[map], key);

		if (status && errno != ENOENT) {
			write_fail(shape, key, error);
			return i;
		}
	}
	return count;
}

/* The stores before must be seen by whoever sees this one; the programs only read it. */
static void map_bump(void *data, uint16_t cell)
{
	struct maps *maps = data;

	__atomic_fetch_add(&maps->generation->cell[cell], 1, __ATOMIC_SEQ_CST);
}

struct apply_writer maps_get_writer(struct maps *maps)
{
	return (struct apply_writer){map_put, map_del, map_bump, maps};
}

/* ------------------------------------------------------------- counters */

/* Elements of per-CPU maps are arrays of words; they are summed word by word. */
static bool sum_words(const struct maps *maps, int fd, uint32_t index, uint64_t *out,
		      gsize words)
{
	g_autofree uint64_t *values = g_new0(uint64_t, words * maps->cpus);

	if (bpf_map_lookup_elem(fd, &index, values))
		return false;
	memset(out, 0, words * sizeof(*out));
	for (unsigned int cpu = 0; cpu < maps->cpus; cpu++)
		for (gsize i = 0; i < words; i++)
			out[i] += values[cpu * words + i];
	return true;
}

bool maps_read_port_stats(const struct maps *maps, uint32_t slot, struct port_stats_value *out)
{
	return sum_words(maps, maps->port_stats, slot, (uint64_t *)out,
			 sizeof(*out) / sizeof(uint64_t));
}

bool maps_read_host_stats(const struct maps *maps, struct host_stats_value *out)
{
	return sum_words(maps, maps->host_stats, 0, (uint64_t *)out,
			 sizeof(*out) / sizeof(uint64_t));
}

/* All of a slot by one call: a host has thousands. False when the kernel cannot. */
static bool read_drops_batch(const struct maps *maps, uint32_t slot, uint64_t *out)
{
	g_autofree uint64_t *values = g_new(uint64_t, DP_DROP_COUNT * maps->cpus);
	uint32_t keys[DP_DROP_COUNT], before = slot * DP_DROP_COUNT - 1, next;
	uint32_t count = DP_DROP_COUNT;

	if ((bpf_map_lookup_batch(maps->drops, slot ? &before : NULL, &next, keys, values,
				  &count, NULL) &&
	     errno != ENOENT) ||
	    count != DP_DROP_COUNT || keys[0] != slot * DP_DROP_COUNT)
		return false;
	memset(out, 0, DP_DROP_COUNT * sizeof(*out));
	for (uint32_t reason = 0; reason < DP_DROP_COUNT; reason++)
		for (unsigned int cpu = 0; cpu < maps->cpus; cpu++)
			out[reason] += values[reason * maps->cpus + cpu];
	return true;
}

bool maps_read_drops(const struct maps *maps, uint32_t slot, uint64_t *out)
{
	if (read_drops_batch(maps, slot, out))
		return true;
	for (uint32_t reason = 0; reason < DP_DROP_COUNT; reason++)
		if (!sum_words(maps, maps->drops, slot * DP_DROP_COUNT + reason, &out[reason],
			       1))
			return false;
	return true;
}

void maps_clear_slot(const struct maps *maps, uint32_t slot)
{
	g_autofree uint64_t *zeros = g_new0(
		uint64_t, sizeof(struct port_stats_value) / sizeof(uint64_t) * maps->cpus);

	bpf_map_update_elem(maps->port_stats, &slot, zeros, BPF_ANY);
	for (uint32_t reason = 0; reason < DP_DROP_COUNT; reason++) {
		uint32_t index = slot * DP_DROP_COUNT + reason;

		bpf_map_update_elem(maps->drops, &index, zeros, BPF_ANY);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nanoseconds a location row costs in bulk, and where they go: the line read and checked, the row
 * taken, its entries written to maps of the kernel; the same rows once more, as a full transfer that
 * changes nothing; and what the kernel alone asks for these entries. apply_bench [ROWS]; not a test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "abi/drop.h"
#include "agent/maps.h"
#include "agent/programs.h"
#include "agent/state.h"
#include "sync/row.h"

#define HOSTS 100
#define PART  4096 /* as in agent.c */

/* In place of programs.c: maps alone. Those without a size are sized as --locations ROWS does. */
static struct {
	const char *name;
	enum bpf_map_type type;
	uint32_t key, value, entries, flags;
	int fd;
} maps[] = {
	{"vtep", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct vtep_value), LIM_HOSTS, 0, -1},
	{"peer", BPF_MAP_TYPE_HASH, 16, 4, LIM_HOSTS, BPF_F_NO_PREALLOC, -1},
	{"guard", BPF_MAP_TYPE_LPM_TRIE, 32, 4, LIM_GUARDS, BPF_F_NO_PREALLOC, -1},
	{"port", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct port_value), LIM_HOST_PORTS, 0, -1},
	{"mac", BPF_MAP_TYPE_HASH, 12, 8, 0, 0, -1},
	{"location", BPF_MAP_TYPE_HASH, 24, 8, 0, 0, -1},
	{"route", BPF_MAP_TYPE_LPM_TRIE, 24, sizeof(struct route_value), LIM_ROUTES,
	 BPF_F_NO_PREALLOC, -1},
	{"flood", BPF_MAP_TYPE_HASH, 8, sizeof(struct flood_value), LIM_NETWORKS,
	 BPF_F_NO_PREALLOC, -1},
	{"network", BPF_MAP_TYPE_HASH, 4, sizeof(struct network_value), LIM_NETWORKS,
	 BPF_F_NO_PREALLOC, -1},
	{"device", BPF_MAP_TYPE_HASH, 4, 4, LIM_HOST_PORTS, 0, -1},
	{"generation", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct generation_value), 1,
	 BPF_F_MMAPABLE, -1},
};

int programs_find_map(const struct programs *programs, const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(maps); i++)
		if (g_str_equal(maps[i].name, name))
			return maps[i].fd;
	return -1;
}

static void maps_create(guint rows)
{
	for (gsize i = 0; i < G_N_ELEMENTS(maps); i++) {
		DECLARE_LIBBPF_OPTS(bpf_map_create_opts, create, .map_flags = maps[i].flags);
		uint32_t entries = maps[i].entries;

		if (!entries) {
			entries = MAX(rows, DEF_LOCATIONS);
			create.map_flags = rows > DEF_LOCATIONS ? 0 : BPF_F_NO_PREALLOC;
		}
		if (maps[i].fd >= 0)
			close(maps[i].fd);
		maps[i].fd = bpf_map_create(maps[i].type, maps[i].name, maps[i].key,
					    maps[i].value, entries, &create);
		if (maps[i].fd < 0)
			g_error("map %s: %s", maps[i].name, g_strerror(errno));
	}
}

static void hop_watch(struct ip remote, struct next_hop *out, void *data)
{
	*out = (struct next_hop){0};
}

static void hop_unwatch(struct ip remote, void *data)
{
}

static void complain(const char *text, void *data)
{
	g_printerr("%s\n", text);
}

static void put(struct state *state, const char *table, const char *key, json_t *value)
{
	GError *error = NULL;

	if (!state_put(state, table, key, value, &error))
		g_error("%s", error->message);
}

static void put_hosts(struct state *state)
{
	for (int i = 0; i < HOSTS; i++) {
		g_autofree char *name = g_strdup_printf("h%d", i);
		g_autofree char *ip = g_strdup_printf("10.9.0.%d", i + 2);
		json_t *value = json_pack("{s:s}", "ip", ip);

		put(state, "host", name, value);
		json_decref(value);
	}
}

/* As the controller writes them. */
static GPtrArray *rows_make(int count)
{
	GPtrArray *rows = g_ptr_array_new_full((guint)count, g_free);

	for (int i = 0; i < count; i++)
		g_ptr_array_add(
			rows,
			g_strdup_printf(
				"{\"rev\":%d,\"table\":\"location\",\"op\":\"put\",\"key\":"
				"\"%d/02:00:00:%02x:%02x:%02x\",\"value\":{\"host\":\"h%d\","
				"\"identity\":7,\"ips\":[\"10.%d.%d.%d\"]}}",
				i, 100 + i % 16, i >> 16 & 255, i >> 8 & 255, i & 255,
				i % HOSTS, i >> 16 & 255, i >> 8 & 255, i & 255));
	return rows;
}

static double since(gint64 start, guint count)
{
	return (double)(g_get_monotonic_time() - start) * 1000 / count;
}

/* What the feed does with a line; STATE: and the agent with the row. */
static void line_take(struct state *state, const char *text)
{
	json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const char *table = json_string_value(json_object_get(line, "table"));
	const char *key = json_string_value(json_object_get(line, "key"));
	json_t *value = json_object_get(line, "value");
	GError *error = NULL;

	if (!row_check(table, key, value, &error))
		g_error("%s", error->message);
	if (state)
		put(state, table, key, value);
	json_decref(line);
}

static double lines_take(struct state *state, const GPtrArray *rows)
{
	gint64 start = g_get_monotonic_time();

	for (guint i = 0; i < rows->len; i++)
		line_take(state, g_ptr_array_index(rows, i));
	return since(start, rows->len);
}

/* As the agent does it; the longest part, in microseconds. */
static gint64 apply_all(struct apply *apply)
{
	gint64 longest = 0, start;
	bool done;

	do {
		start = g_get_monotonic_time();
		done = apply_part(apply, PART);
		longest = MAX(longest, g_get_monotonic_time() - start);
	} while (!done);
	return longest;
}

static void transfer(const char *name, struct state *state, struct apply *apply,
		     const GPtrArray *rows)
{
	struct apply_result result;
	GError *error = NULL;
	double read = lines_take(NULL, rows), taken;
	gint64 start, ended, longest;

	state_begin(state);
	put_hosts(state);
	taken = lines_take(state, rows) - read;
	start = g_get_monotonic_time();
	state_end(state, G_MAXUINT);
	state_flush(state);
	ended = g_get_monotonic_time() - start;
	start = g_get_monotonic_time();
	longest = apply_all(apply);
	if (!apply_end(apply, &result, &error))
		g_error("%s", error->message);
	state_applied(state);
	printf("%-6s %5.0f ns to read a line, %5.0f to take its row, %5.0f to apply it "
	       "(%zu puts); %.1f ms to end the transfer, the longest part of applying %.1f\n",
	       name, read, taken, since(start, rows->len), result.puts, (double)ended / 1000,
	       (double)longest / 1000);
}

static bool is_of_locations(enum desired_map map)
{
	return map == DESIRED_MAC || map == DESIRED_LOCATION;
}

static void entry_note(enum desired_map map, const void *key, const void *value, void *data)
{
	GByteArray **bytes = data;

	if (!is_of_locations(map))
		return;
	g_byte_array_append(bytes[2 * map], key, desired_shapes[map].key_size);
	g_byte_array_append(bytes[2 * map + 1], value, desired_shapes[map].value_size);
}

/* The same entries into empty maps of the same kind, by nothing but the system call. */
static void kernel_alone(struct desired *desired, guint count)
{
	GByteArray *bytes[2 * DESIRED_MAP_COUNT];
	gint64 start;

	for (gsize i = 0; i < G_N_ELEMENTS(bytes); i++)
		bytes[i] = g_byte_array_new();
	desired_foreach(desired, entry_note, bytes);
	maps_create(count);
	start = g_get_monotonic_time();
	for (int map = 0; map < DESIRED_MAP_COUNT; map++) {
		const struct desired_shape *shape = &desired_shapes[map];
		int fd = programs_find_map(NULL, shape->name);
		guint all = bytes[2 * map]->len / shape->key_size;

		for (guint at = 0; at < all; at += PART) {
			uint32_t part = MIN(PART, all - at);

			if (bpf_map_update_batch(
				    fd, bytes[2 * map]->data + at * shape->key_size,
				    bytes[2 * map + 1]->data + at * shape->value_size, &part,
				    NULL))
				g_error("map %s: %s", shape->name, g_strerror(errno));
		}
	}
	printf("kernel %5.0f ns for the entries of a row\n", since(start, count));
	for (gsize i = 0; i < G_N_ELEMENTS(bytes); i++)
		g_byte_array_unref(bytes[i]);
}

int main(int argc, char **argv)
{
	static const struct state_ops ops = {hop_watch, hop_unwatch, complain, NULL};
	struct desired *desired = desired_new();
	struct state *state = state_new("me", ip_none, desired, &ops, NULL);
	GPtrArray *rows = rows_make(argc > 1 ? atoi(argv[1]) : 100000);
	GError *error = NULL;
	struct apply_writer writer;
	struct apply *apply;
	struct maps *kernel;

	maps_create(rows->len);
	kernel = maps_new(NULL, &error);
	if (!kernel)
		g_error("%s", error->message);
	writer = maps_get_writer(kernel);
	apply = apply_new(desired, &writer);
	transfer("first", state, apply, rows);
	transfer("again", state, apply, rows);
	maps_free(kernel);
	kernel_alone(desired, rows->len);
	state_free(state);
	apply_free(apply);
	desired_free(desired);
	g_ptr_array_unref(rows);
	return 0;
}

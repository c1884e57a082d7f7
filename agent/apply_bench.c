/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nanoseconds a location row costs, in bulk: parsed, claimed, applied to maps of the kernel; and
 * the same rows once more. apply_bench [ROWS]; not a test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <bpf/bpf.h>

#include "abi/drop.h"
#include "agent/maps.h"
#include "agent/programs.h"
#include "agent/state.h"

#define HOSTS 100

/* In place of programs.c: maps alone, as large as is needed. */
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
	{"mac", BPF_MAP_TYPE_HASH, 12, 8, LIM_LOCATIONS, BPF_F_NO_PREALLOC, -1},
	{"location", BPF_MAP_TYPE_HASH, 24, 8, LIM_LOCATIONS, BPF_F_NO_PREALLOC, -1},
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

static void maps_create(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(maps); i++) {
		DECLARE_LIBBPF_OPTS(bpf_map_create_opts, create, .map_flags = maps[i].flags);

		maps[i].fd = bpf_map_create(maps[i].type, maps[i].name, maps[i].key,
					    maps[i].value, maps[i].entries, &create);
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

struct rows {
	char **keys;
	json_t **values;
	int count;
};

static void rows_init(struct rows *rows, int count)
{
	rows->keys = g_new0(char *, (gsize)count + 1);
	rows->values = g_new0(json_t *, (gsize)count);
	rows->count = count;
	for (int i = 0; i < count; i++) {
		g_autofree char *host = g_strdup_printf("h%d", i % HOSTS);
		g_autofree char *ip =
			g_strdup_printf("10.%d.%d.%d", i >> 16 & 255, i >> 8 & 255, i & 255);

		rows->keys[i] = g_strdup_printf("%d/02:00:00:%02x:%02x:%02x", 100 + i % 16,
						i >> 16 & 255, i >> 8 & 255, i & 255);
		rows->values[i] =
			json_pack("{s:s,s:i,s:[s]}", "host", host, "identity", 7, "ips", ip);
	}
}

static void rows_done(struct rows *rows)
{
	for (int i = 0; i < rows->count; i++)
		json_decref(rows->values[i]);
	g_strfreev(rows->keys);
	g_free(rows->values);
}

static double since(gint64 start, int count)
{
	return (double)(g_get_monotonic_time() - start) * 1000 / count;
}

static void round_trip(const char *name, struct state *state, struct desired *desired,
		       const struct apply_writer *writer, const struct rows *rows)
{
	struct apply_result result;
	GError *error = NULL;
	double parsed;
	gint64 start = g_get_monotonic_time();

	for (int i = 0; i < rows->count; i++)
		put(state, "location", rows->keys[i], rows->values[i]);
	state_flush(state);
	parsed = since(start, rows->count);
	start = g_get_monotonic_time();
	if (!apply_changes(desired, writer, &result, &error))
		g_error("%s", error->message);
	state_applied(state);
	printf("%-8s %7.0f ns to take a row, %7.0f ns to apply it (%zu puts)\n", name, parsed,
	       since(start, rows->count), result.puts);
}

int main(int argc, char **argv)
{
	static const struct state_ops ops = {hop_watch, hop_unwatch, complain, NULL};
	struct desired *desired = desired_new();
	struct state *state = state_new("me", ip_none, desired, &ops, NULL);
	GError *error = NULL;
	struct apply_writer writer;
	struct rows rows;
	struct maps *kernel;

	maps_create();
	kernel = maps_new(NULL, &error);
	if (!kernel)
		g_error("%s", error->message);
	writer = maps_get_writer(kernel);
	rows_init(&rows, argc > 1 ? atoi(argv[1]) : 100000);
	put_hosts(state);
	round_trip("first", state, desired, &writer, &rows);
	round_trip("again", state, desired, &writer, &rows);
	state_free(state);
	desired_free(desired);
	maps_free(kernel);
	rows_done(&rows);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A native host behind the face that rows know. */
#include "native_backend.h"

#include <string.h>

static const gsize value_sizes[] = {
#define X(map, kind, entries, flags, key, value) [NATIVE_MAP_##map] = sizeof(value),
	DP_MAP_TABLE(X)
#undef X
};

gsize native_backend_value_size(enum native_map map)
{
	return value_sizes[map];
}

struct native_host *native_backend_host(struct world_backend *backend)
{
	return backend->self;
}

static bool backend_put(void *self, enum native_map map, const void *key, const void *value)
{
	return native_put(self, map, key, value);
}

static void backend_del(void *self, enum native_map map, const void *key)
{
	native_del(self, map, key);
}

static bool backend_read(void *self, enum native_map map, const void *key, void *value)
{
	const void *found = native_find(self, map, key);

	if (found)
		memcpy(value, found, value_sizes[map]);
	return found != NULL;
}

static void backend_bump(void *self, __u16 cell)
{
	native_bump(self, cell);
}

static void backend_config(void *self, const char *name, __u64 value)
{
	struct native_host *host = self;

#define X(type, field, fallback)                                                               \
	if (!strcmp(name, #field)) {                                                           \
		host->config.field = (type)value;                                              \
		return;                                                                        \
	}
	DP_CONFIG_TABLE(X)
#undef X
	g_error("no such setting: %s", name);
}

static void backend_clear(void *self)
{
	for (guint i = 0; i < NATIVE_MAPS; i++)
		if (i != NATIVE_MAP_generation)
			native_clear(self, i);
	((struct native_host *)self)->full = 0;
	native_host_forget(self);
}

static const char *backend_fill(void *self, enum native_map map)
{
	((struct native_host *)self)->full = map;
	return NULL;
}

static const char *backend_pass_time(void *self, __u64 jiffies)
{
	((struct native_host *)self)->jiffies += jiffies;
	return NULL;
}

static const char *backend_run(void *self, enum world_program program, GBytes *frame,
			       const struct native_meta *meta, struct world_result *result)
{
	static int (*const runs[])(struct native_host * host, const void *frame, size_t size,
				   const struct native_meta *meta, GBytes **left) = {
		[WORLD_PORT] = native_run_port,
		[WORLD_UPLINK] = native_run_uplink,
		[WORLD_OUTSIDE] = native_run_outside,
		[WORLD_ASKS] = native_run_asks,
	};
	struct native_host *host = self;
	gsize size;
	const void *data = g_bytes_get_data(frame, &size);

	native_host_forget(host);
	result->verdict = runs[program](host, data, size, meta, &result->left);
	native_host_take(host, &result->outputs, &result->punts);
	result->knows_way = true;
	return NULL;
}

struct world_backend *native_backend_new(void)
{
	struct world_backend *backend = g_new0(struct world_backend, 1);

	*backend = (struct world_backend){.self = native_host_new(NATIVE_BACKEND_SETS),
					  .put = backend_put,
					  .del = backend_del,
					  .read = backend_read,
					  .bump = backend_bump,
					  .config = backend_config,
					  .clear = backend_clear,
					  .pass_time = backend_pass_time,
					  .run = backend_run,
					  .fill = backend_fill};
	return backend;
}

void native_backend_free(struct world_backend *backend)
{
	if (!backend)
		return;
	native_host_free(backend->self);
	g_free(backend);
}

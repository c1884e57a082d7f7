/* SPDX-License-Identifier: Apache-2.0 */
/* See share.h. The map is memory here, so that only the agent's own word is ever written. */
#include "agent/share.h"

#include <errno.h>
#include <sys/mman.h>

#include "abi/map.h"
#include "lib/error.h"

#define SIZE	(LIM_HOST_PORTS * sizeof(struct port_conns_value))
#define SOURCES (LIM_HOST_PORTS * sizeof(struct sources_value))
#define FLOODED 4   /* of the share a quarter opens and does not go on ... */
#define FEW	256 /* ... then each source may open so small a part of it a second */

struct share {
	struct port_conns_value *ports; /* mapped */
	struct sources_value *sources;	/* mapped */
	uint32_t limit;
	uint32_t opened[LIM_HOST_PORTS]; /* when the sweep under way began */
	uint32_t seen[LIM_HOST_PORTS];	 /* in it */
	uint32_t taken[LIM_HOST_PORTS];	 /* since it began, by the agent */
	uint32_t living[LIM_HOST_PORTS]; /* in the last one */
	uint32_t asking[LIM_HOST_PORTS]; /* in it, towards the port and without an answer */
};

/* Not 0, which the programs take for a port that was never given a share. */
static void allow(struct share *share, uint32_t slot, uint32_t allowed)
{
	__atomic_store_n(&share->ports[slot].allowed, allowed ? allowed : 1, __ATOMIC_RELAXED);
}

/* A flood leaves many that open and do not go on. */
static void allow_sources(struct share *share, uint32_t slot)
{
	bool flooded = share->asking[slot] > share->limit / FLOODED;

	__atomic_store_n(&share->sources[slot].most, flooded ? MAX(share->limit / FEW, 8) : 0,
			 __ATOMIC_RELAXED);
}

static uint32_t opened(const struct share *share, uint32_t slot)
{
	return __atomic_load_n(&share->ports[slot].opened, __ATOMIC_RELAXED);
}

static void *map_map(int map, gsize size, const char *name, GError **error)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);

	if (memory != MAP_FAILED)
		return memory;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "map %s: cannot be mapped: %s",
		    name, g_strerror(errno));
	return NULL;
}

struct share *share_new(int map, int sources, uint32_t limit, GError **error)
{
	struct share *share = g_new0(struct share, 1);

	share->ports = map_map(map, SIZE, "port_conns", error);
	if (share->ports)
		share->sources = map_map(sources, SOURCES, "sources", error);
	if (!share->sources) {
		share_free(share);
		return NULL;
	}
	share->limit = limit;
	/* slots have their share before they have a port; an earlier agent's word stands */
	for (uint32_t slot = 0; slot < LIM_HOST_PORTS; slot++)
		if (!share->ports[slot].allowed)
			allow(share, slot, opened(share, slot) + limit);
	return share;
}

void share_free(struct share *share)
{
	if (!share)
		return;
	if (share->sources)
		munmap(share->sources, SOURCES);
	if (share->ports)
		munmap(share->ports, SIZE);
	g_free(share);
}

void share_begin(struct share *share)
{
	for (uint32_t slot = 0; slot < LIM_HOST_PORTS; slot++) {
		share->opened[slot] = opened(share, slot);
		share->seen[slot] = 0;
		share->taken[slot] = 0;
		share->asking[slot] = 0;
	}
}

void share_see(struct share *share, uint32_t slot, bool asks)
{
	if (slot >= LIM_HOST_PORTS)
		return;
	share->seen[slot]++;
	share->asking[slot] += asks;
}

bool share_take(struct share *share, uint32_t slot)
{
	uint32_t allowed = share->ports[slot].allowed;

	if ((int32_t)(allowed - opened(share, slot)) <= 0)
		return false;
	allow(share, slot, allowed - 1);
	share->taken[slot]++;
	return true;
}

void share_end(struct share *share)
{
	for (uint32_t slot = 0; slot < LIM_HOST_PORTS; slot++) {
		uint32_t living = share->seen[slot], used = living + share->taken[slot];

		share->living[slot] = living;
		allow_sources(share, slot);
		/* what was opened during the sweep may count twice, never not at all */
		allow(share, slot,
		      share->opened[slot] + (used < share->limit ? share->limit - used : 0));
	}
}

bool share_is_flooded(const struct share *share, uint32_t slot)
{
	return slot < LIM_HOST_PORTS && share->sources[slot].most;
}

bool share_is_tight(const struct share *share, uint32_t slot)
{
	return slot < LIM_HOST_PORTS && share->living[slot] > share->limit / 2;
}

bool share_is_pressed(const struct share *share)
{
	for (uint32_t slot = 0; slot < LIM_HOST_PORTS; slot++) {
		uint32_t left = share->ports[slot].allowed - opened(share, slot);

		/* one that has so many alive gains nothing by another look */
		if ((int32_t)left <= (int32_t)(share->limit / 8) &&
		    share->living[slot] < share->limit - share->limit / 8)
			return true;
	}
	return false;
}

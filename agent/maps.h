/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's maps: read at start, written in batches, counters summed over CPUs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "abi/map.h"
#include "agent/apply.h"
#include "agent/desired.h"

struct programs;
struct maps;

/* Map descriptors are borrowed from PROGRAMS, which must outlive it. */
struct maps *maps_new(const struct programs *programs, GError **error);
void maps_free(struct maps *maps);

/* What the kernel holds, into DESIRED. */
bool maps_load(struct maps *maps, struct desired *desired, GError **error);
struct apply_writer maps_get_writer(struct maps *maps);

/* The slot that the kernel knows device IFINDEX by; 0: none. */
uint32_t maps_find_slot(const struct maps *maps, uint32_t ifindex);

/* Nothing has changed that RECORD, of map `flow`, depends on: the data plane would act by it. */
bool maps_is_current(const struct maps *maps, const struct flow_value *record);

/* Each element of a map; a copy of key and value. False ends the walk. */
typedef bool (*maps_visit)(const void *key, const void *value, void *data);
bool maps_foreach(int fd, uint32_t key_size, uint32_t value_size, maps_visit visit, void *data);

/* One element by index; false when it cannot be read. */
bool maps_read_port_stats(const struct maps *maps, uint32_t slot, struct port_stats_value *out);
bool maps_read_drops(const struct maps *maps, uint32_t slot, uint64_t *out); /* DP_DROP_COUNT */
bool maps_read_host_stats(const struct maps *maps, struct host_stats_value *out);
/* A slot gets a new owner. */
void maps_clear_slot(const struct maps *maps, uint32_t slot);

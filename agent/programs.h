/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF object: loaded with the maps that are pinned, so that a new agent carries on where
 * the old one stopped, whatever their layout was, and pinned for the next.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "lib/ip.h"

struct programs;

struct programs_config {
	const char *pins; /* folder on a bpffs */
	uint32_t locations;
	uint32_t policy_entries; /* of each kind */
	uint32_t flow_sets;	 /* of each CPU; a power of two */
	uint32_t connections;
	uint32_t share; /* connections of one port */
	bool gateways;	/* may be carried here: connections may be translated */
	struct ip local;
	uint32_t vxlan_ifindex; /* 0: none */
	uint32_t uplink_ifindex;
};

enum program {
	PROGRAM_PORT,
	PROGRAM_UPLINK,
	PROGRAM_OUTSIDE, /* of a physical device that gateways are behind ... */
	PROGRAM_ASKS,	 /* ... and where packets leave it */
	PROGRAM_IDLE,	 /* of the vxlan device: nothing passes */
};

struct programs *programs_load(const struct programs_config *config, GError **error);
void programs_free(struct programs *programs); /* pins stay */

/* Every map was found pinned, or is as full as the one that was: programs may be replaced before rows are applied. */
bool programs_is_warm(const struct programs *programs);
/* Maps of another layout or size, whose contents went into new ones. */
guint programs_count_carried(const struct programs *programs);
/* Connections that went with the old ones: `conn` is smaller now. */
guint programs_count_lost(const struct programs *programs);
/* What has happened to connections since they were carried over; for good when our programs have
 * TAKEN_OVER everywhere. */
void programs_settle(struct programs *programs, bool taken_over);
int programs_find_map(const struct programs *programs, const char *name); /* -1: none */
typedef void (*programs_visit)(const char *map, int fd, void *data);
void programs_foreach_map(const struct programs *programs, programs_visit visit, void *data);
int programs_get_fd(const struct programs *programs, enum program program);

/*
 * Loads the same programs once more, on the same maps, with `capture` set, and gives those out
 * from now on; or the usual ones again. Who has hooked them hooks them anew.
 */
bool programs_capture(struct programs *programs, bool on, GError **error);
bool programs_is_capturing(const struct programs *programs);

/* A bpffs at PATH: mounted if there is none yet. */
bool programs_mount(const char *path, GError **error);
/* Removes maps' pins and the mount. */
void programs_unpin(const char *path);

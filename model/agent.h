/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts as OpenStack's operators know them: agents, and the availability zones they are in.
 */
#pragma once

#include "model/attr.h"

/* Of struct host. */
extern const struct attr_table agent_table;

#define ZONE_DEFAULT "nova" /* of a host that names none; what Neutron calls it */
#define ZONE_MAX     255

/* A zone with what can be there; made when it is asked for. */
struct zone {
	char *name;
	char *resource; /* "network", "router" */
	char *state;	/* "available", "unavailable" */
};

extern const struct attr_table zone_table;
/* Of lists of zones' names (char *). */
extern const struct attr_table zone_name_table;

struct host;
/* Borrowed. */
const char *agent_get_zone(const struct host *host);
/* Names of the zones in which there is a host, sorted: what is on every host is in all of them. */
json_t *agent_print_zones(const void *object, const void *world);

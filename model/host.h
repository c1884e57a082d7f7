/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host: a machine that runs the agent. object.name is unique and is what
 * binding:host_id names.
 */
#pragma once

#include "lib/ip.h"
#include "model/object.h"

struct host {
	struct object object;
	struct ip tunnel_ip; /* its VTEP; unique */
	bool admin_state_up;
	char *zone;	     /* availability zone; NULL: ZONE_DEFAULT */
	struct vec physical; /* char *, sorted: "NAME" or "NAME:VLAN", physical networks that a
			      * device of its is on */
};

extern const struct attr_table host_table;

#define HOST_NAME_MAX_BYTES 253
#define HOST_PHYSICAL_MAX   64

/* As rows have it: letters, digits, '.', '-' and '_', the first a letter or digit. */
bool host_check_name(const char *name);
/* A name of an availability zone, without ':' and ',', or "" for none. */
bool host_check_zone(const char *zone);
/* NAME or NAME:VLAN, without ',', and "a:b" is no name. */
bool host_check_physical(const char *physical);
/* "NAME[:VLAN],..." (NULL: none) as host.physical has them. */
bool host_read_physical(const char *text, struct vec *out, GError **error);
bool host_physical_equal(const struct vec *a, const struct vec *b);
void host_free_physical(struct vec *physical);
/* A name that can stand in a path and a tunnel address that can be a VTEP's. */
bool host_validate(const struct host *host, GError **error);

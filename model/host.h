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
	char *zone; /* availability zone; NULL: ZONE_DEFAULT */
};

extern const struct attr_table host_table;

#define HOST_NAME_MAX_BYTES 253

/* As rows have it: letters, digits, '.', '-' and '_', the first a letter or digit. */
bool host_check_name(const char *name);
/* A name of an availability zone, without ':' and ',', or "" for none. */
bool host_check_zone(const char *zone);
/* A name that can stand in a path and a tunnel address that can be a VTEP's. */
bool host_validate(const struct host *host, GError **error);

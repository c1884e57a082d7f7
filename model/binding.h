/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binding: a port on a host. The one that is in force is in the port itself; further ones wait
 * until they are activated, as a virtual machine's do while it moves.
 */
#pragma once

#include "model/attr.h"

/* Whether the host took the port when it was bound. */
enum binding_state {
	BINDING_BOUND,
	BINDING_ABSENT,	 /* nobody knew the host, or it was lost: bound when it comes */
	BINDING_REFUSED, /* the host takes no new ports, or none of this kind */
};

struct binding {
	const char *host; /* interned; NULL: unbound */
	char *profile;	  /* JSON text */
	uint32_t vnic_type;
	uint32_t state; /* enum binding_state */
	bool active;	/* in replies only: it is the one in force */
};

/* As requests and replies have it; as a port keeps those that wait. */
extern const struct attr_table binding_table;
extern const struct attr_table binding_kept_table;

/* As Neutron names them; a host can wire only the first. Ends with NULL. */
extern const char *const vnic_types[];
extern const char *const binding_states[];
#define VNIC_NORMAL 0

struct cloud;

/* "unbound", "tap", "binding_failed". CLOUD may be NULL: it knows no host. */
const char *binding_get_vif_type(const char *host, uint32_t state, const struct cloud *cloud);
/* What the hypervisor must know of a device of VIF_TYPE; a new reference. */
json_t *binding_print_vif_details(const char *vif_type);

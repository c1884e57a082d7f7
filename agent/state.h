/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this host has been told (rows) and what it has found (wired devices, next hops), and
 * the map entries that follow from both. Pure: it reads and writes no kernel.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <jansson.h>

#include "agent/desired.h"
#include "agent/rows.h"
#include "lib/ip.h"
#include "lib/uuid.h"

struct state;
struct policies;

/* The way to another host on the underlay. */
struct next_hop {
	bool resolved;
	uint32_t ifindex;
	struct mac next;
	struct mac source;
	uint16_t mtu;
};

struct state_ops {
	/* A host has address REMOTE: fill *OUT with what is known now, tell changes by
	 * state_set_next_hop. */
	void (*watch)(struct ip remote, struct next_hop *out, void *data);
	void (*unwatch)(struct ip remote, void *data);
	/* A limit is reached: one line. */
	void (*complain)(const char *text, void *data);
	/* Ports or routers of network VNI have come, gone or changed; may be NULL. */
	void (*network)(uint32_t vni, void *data);
};

/* A device that is a port's; lives until state_unwire. */
struct wire {
	struct uuid id; /* of the port */
	uint32_t slot;
	uint32_t ifindex;
	bool veth;
	const struct row_port *port; /* NULL while its row is not here, and of a gateway */
	bool gateway;		     /* a router's: the device is the physical network's */
};

/* HOST: our name; LOCAL: our tunnel address. DESIRED must outlive it. */
struct state *state_new(const char *host, struct ip local, struct desired *desired,
			const struct state_ops *ops, void *data);
void state_free(struct state *state);
void state_limit_policies(struct state *state, gsize limit); /* see policies_limit */

/* Numbers found in the kernel, before any row: kept if their owner comes back. */
void state_recover_vtep(struct state *state, uint32_t index, struct ip remote);

/* False: a malformed row, which changes nothing. */
bool state_put(struct state *state, const char *table, const char *key, json_t *value,
	       GError **error);
bool state_del(struct state *state, const char *table, const char *key, GError **error);
/* Rows that are not put between the two are gone, LIMIT a call: false while there are more. */
void state_begin(struct state *state);
bool state_end(struct state *state, guint limit);
bool state_is_full(const struct state *state); /* there was an end, and no begin since */

void state_recover_gateway(struct state *state, uint32_t slot, uint32_t number, struct mac mac,
			   uint32_t ifindex);

/* The device that is on physical network NAME ("NAME:VLAN"); IFINDEX 0: it is gone. */
void state_set_physical(struct state *state, const char *name, uint32_t ifindex, struct mac mac,
			uint32_t mtu);
/* A gateway stands behind the device, or stood there in the kernel's maps. */
bool state_needs_physical(const struct state *state, uint32_t ifindex);
/* The gateways that this host carries; IS_NEW: they came here, and were not told before. */
typedef void (*state_visit_gateway)(const struct wire *wire, const struct row_gateway *gateway,
				    bool is_new, void *data);
void state_foreach_gateway(const struct state *state, state_visit_gateway visit, void *data);
void state_gateways_told(struct state *state); /* of all that are new */
gsize state_count_gateways(const struct state *state);
/* Gateways have given up slots since it was asked last: nothing may bear these when they are
 * given out again. */
bool state_gateways_left(struct state *state);

/*
 * The port's device. SLOT is what the kernel knows it by, 0 for a new one. NULL when no slot
 * is free (WEFT_ERROR_EXHAUSTED). Borrowed.
 */
const struct wire *state_wire(struct state *state, struct uuid id, uint32_t ifindex, bool veth,
			      uint32_t slot, GError **error);
void state_unwire(struct state *state, struct uuid id);
const struct wire *state_find_wire(const struct state *state, struct uuid id);
const struct wire *state_find_slot(const struct state *state, uint32_t slot);
const struct row_port *state_find_port(const struct state *state, struct uuid id);

typedef void (*state_visit)(const struct wire *wire, void *data);
void state_foreach_wire(const struct state *state, state_visit visit, void *data);
/* Those on network VNI. */
void state_foreach_wire_on(const struct state *state, uint32_t vni, state_visit visit,
			   void *data);
/* The routers that advertise themselves on network VNI, by the MAC of their interface. */
typedef void (*state_visit_router)(struct mac mac, const struct ra_config *config, void *data);
void state_foreach_router(const struct state *state, uint32_t vni, state_visit_router visit,
			  void *data);
/* Port rows, wired or not; owned array of borrowed struct row_port. */
GPtrArray *state_list_ports(const struct state *state);

void state_set_next_hop(struct state *state, struct ip remote, const struct next_hop *hop);

/* Slots whose ports' cells are to be bumped after each apply, until one has succeeded; borrowed
 * array of uint32_t. */
const GArray *state_stale(const struct state *state);
/* Borrowed; the rows of rules and identities, and the banks made of them. */
const struct policies *state_policies(const struct state *state);

/* Packets are walking: what they may still ask for stays until state_settle_policies. */
void state_be_patient(struct state *state);
void state_settle_policies(struct state *state);
/* Networks that a firewall has lately come to are treated so until the second call of
 * state_age_young; what follows is flushed with the rest. */
bool state_has_young(const struct state *state);
void state_age_young(struct state *state);

/* Brings what is derived from many rows up to date; before each apply. */
void state_flush(struct state *state);
/* Everything has been applied: indexes of hosts that are gone may be given out again. */
void state_applied(struct state *state);
/* Something has not been: what is written next may be what walks have missed. */
void state_failed(struct state *state);
/* Nothing in `conn` bears a slot released before now. */
void state_slots_swept(struct state *state);
bool state_slot_is_free(const struct state *state, uint32_t slot); /* no port has it */

gsize state_count(const struct state *state, enum row_table table);
gsize state_count_logged(const struct state *state); /* ports whose flows are logged */

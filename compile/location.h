/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locations: which port of a network a MAC leads to, and which addresses come with it.
 */
#pragma once

#include "compile/state.h"

/* Who claims a MAC of a network. The row is the best claim's. */
struct location {
	struct mac mac; /* first: the key */
	bool queued;
	struct net_unit *net;
	struct claim *claims;
	struct row *row;
};

struct claim {
	struct claim *next;
	struct location *location;
	struct port_unit *port;
	bool own; /* the port's own MAC, not a pair's */
};

/* Who has an address of a network. */
struct address {
	struct ip ip; /* first: the key */
	uint32_t fixed;
	GHashTable *namers; /* set of struct port_unit; NULL: none */
};

GHashTable *location_table_new(void);	  /* net_unit.locations */
GHashTable *location_addresses_new(void); /* net_unit.addresses */

/* Takes what PORT, of unit->net, has: its addresses, and its MACs if it is a workload. */
void location_add_addresses(struct compile *compile, struct port_unit *unit,
			    const struct port *port);
void location_add_claims(struct compile *compile, struct port_unit *unit,
			 const struct port *port);
/* Takes both back. */
void location_del_port(struct compile *compile, struct port_unit *unit);
/* ... when everything ends. */
void location_free_port(struct port_unit *unit);

/* LOCATION's row may have to change: look at it in this flush. */
void location_queue(struct compile *compile, struct location *location);
/* Brings a queued location's row up to date; frees the location nobody claims. */
void location_update(struct compile *compile, struct location *location);

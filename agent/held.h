/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The insides of struct state, shared by state.c (who is here) and derive.c (what follows).
 */
#pragma once

#include "agent/policies_look.h"
#include "agent/slots.h"
#include "agent/state.h"

/* A host by its name, from its row or because rows speak of it. */
struct peer {
	const char *name; /* interned */
	struct row *row;  /* NULL: its address is not known */
	uint32_t vtep;	  /* index, 0 without a row or when all are taken */
	struct row *locations;
	struct row *members;
	struct row *gateways; /* that it carries */
	struct next_hop hop;
};

struct net {
	uint32_t vni;
	struct row *row;    /* NULL: not known, or not any more */
	GPtrArray *members; /* struct row */
	GPtrArray *routers; /* struct row of their interfaces on it */
	GPtrArray *wires;   /* struct wire of ports on it */
	struct owner owner;
	bool dirty;
};

struct state {
	const char *host; /* interned */
	struct ip local;
	struct desired *desired;
	struct state_ops ops;
	void *data;
	GHashTable *rows;	/* struct row, by key */
	GHashTable *ports;	/* of them, those of ports */
	GHashTable *peers;	/* name -> struct peer */
	GHashTable *remotes;	/* struct ip -> GPtrArray of peers that have it in a row */
	GHashTable *nets;	/* VNI -> struct net */
	GHashTable *wires;	/* uuid -> struct wire */
	GHashTable *local_macs; /* struct mac_key -> GPtrArray of port rows that use it */
	GHashTable *recovered;	/* struct ip -> index */
	struct wire *by_slot[LIM_HOST_PORTS];
	struct policies *policies;
	GHashTable *holders; /* identity -> GPtrArray of port rows it filters */
	GArray *stale;	     /* uint32_t: slots whose policy says something else now */
	struct borders *borders;
	struct firewalls *firewalls;
	struct gateways *gateways;
	struct slots *slots;
	struct slots *vteps;
	GPtrArray *dirty_nets;
	gsize counts[ROW_TABLE_COUNT];
	gsize logged; /* port rows with logs */
	/* Rows that were told since the last full transfer began, and those before it. */
	struct row_ring told, untold;
	bool full;
};

struct peer *held_find_peer(const struct state *state, const char *name);
struct wire *held_find_wire(const struct state *state, struct uuid id);
/* The wired port of this host that a frame to MAC in VNI goes to, or NULL. */
struct wire *held_find_local(const struct state *state, uint32_t vni, struct mac mac);
/* Network VNI is derived anew at the end of the flush. */
void held_mark_net(struct state *state, uint32_t vni);
bool held_advertises(const struct row *interface);
struct mac_key held_mac_key(uint32_t vni, struct mac mac);

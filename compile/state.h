/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the incremental compiler remembers. Not for other rooms.
 *
 * Rows live in scopes: a network or a router. Scopes that are linked by router interfaces
 * form a component; a host that has a port in any network of a component sees every row of
 * it, and one row for each other host that does. So audience is kept once for a component,
 * not once for a row or a port.
 *
 * Changes only mark what is dirty, by id; a flush recomputes what is dirty from the cloud,
 * see compile.c for its steps.
 */
#pragma once

#include "compile/compile.h"
#include "compile/work.h"

struct address;
struct audience;
struct claim;
struct component;
struct host_unit;
struct identity;
struct member;
struct row;

struct scope {
	struct component *component;
	GPtrArray *rows;     /* struct row, owned */
	GHashTable *links;   /* struct scope at the other end -> struct link, owned */
	GHashTable *members; /* struct host_unit -> struct member, owned; NULL: a router */
	GPtrArray
		*firewalls; /* struct firewall_unit at a router's interfaces; NULL: a network */
	struct host_unit *carrier; /* of a router's gateway, as the component knows it */
	uint32_t part;		   /* component_split: which fragment */
};

/* A network and a router that have COUNT interfaces in common. */
struct link {
	struct scope *net;
	struct scope *router;
	uint32_t count;
	bool joined; /* the components know it */
	bool queued;
};

/* A host that has COUNT ports in a network. */
struct member {
	struct net_unit *net;
	struct host_unit *host;
	uint32_t count;
	bool joined; /* the component knows it */
	bool queued;
	struct row *row;
};

struct host_unit {
	const char *name;	/* interned */
	bool known;		/* the cloud has the object */
	struct row *row;	/* what its peers get; NULL: unknown */
	GPtrArray *rows;	/* its own: table PORT */
	GHashTable *components; /* set: where it is a member */
	GHashTable *audiences;	/* set: of which it is one */
};

struct net_unit {
	struct scope scope;
	struct uuid id;
	bool known;
	struct vni vni;
	int64_t mtu;
	char *dns_domain; /* of its ports, unless they have their own */
	char *physical;	  /* where gateways are joined to it; NULL: nowhere */
	struct row *row;
	GHashTable *locations; /* by MAC: struct location is its own key */
	GHashTable *addresses; /* by IP: struct address is its own key */
};

struct router_unit {
	struct scope scope;
	struct uuid id;
	bool known;
	struct host_unit *carrier; /* of its gateway, as the cloud has it; NULL: none */
	bool queued;		   /* the component is to be told of it */
	uint32_t pass;		   /* of the last recomputation */
	GHashTable *table;	   /* set: its rows by table and key */
};

/* What a port has contributed, so that it can be taken back. */
struct port_unit {
	struct uuid id;
	struct net_unit *net; /* NULL: contributes nothing */
	struct row *row;
	union {
		struct member *member;	     /* of a workload; NULL: it is none */
		struct link *link;	     /* of an interface */
		struct router_unit *gateway; /* of a gateway: whose */
	};
	struct identity *identity;  /* of a workload */
	struct host_unit *holder;   /* ... when it is filtered: where */
	struct claim *claims;	    /* array of claim_count */
	struct address **addresses; /* array: fixed, then named */
	struct address *address;    /* ... of most ports, which have one */
	uint16_t claim_count;
	uint16_t fixed_count;
	uint16_t named_count;
	bool is_interface; /* of a router: `link` counts, not `member` */
	bool is_gateway;   /* ... `gateway` does */
};

struct compile {
	struct cloud *cloud;
	compile_emit emit;
	void *data;
	uint64_t revision;
	bool muted;			    /* the first flush builds, nobody is told */
	GHashTable *hosts;		    /* interned name -> struct host_unit, owned */
	GHashTable *nets, *routers, *ports; /* id -> unit, owned */
	/* Sets of struct uuid, owned; hosts: of names; subnets: id -> id of the network. */
	GHashTable *dirty[KIND_COUNT];
	GHashTable *dirty_routers; /* set of struct router_unit: rows */
	GPtrArray *dirty_locations, *dirty_members, *dirty_links;
	GPtrArray *dirty_carriers; /* struct router_unit */
	GArray *changed;	   /* struct row_change */
	GHashTable *changes;	   /* set of struct change */
	GPtrArray *log;		   /* the same, in order, owned */
	/* policy.c: */
	GHashTable *sets;	/* name -> struct set, owned */
	GHashTable *rules;	/* id -> struct rule, owned */
	GHashTable *identities; /* number -> struct identity, owned */
	GPtrArray *idle_sets, *idle_identities, *gone_identities, *stale_identities;
	/* selectors.c: */
	GHashTable *policies;	     /* id -> struct policy_unit, owned */
	GHashTable *shelves;	     /* key -> struct shelf, owned */
	GHashTable *port_names;	     /* key -> struct name_unit, owned */
	struct acls *acls;	     /* acl.c's */
	struct firewalls *firewalls; /* firewall.c's */

	GArray *turns; /* audience.c: who has begun or ceased to ask */

	GHashTable *idle;   /* set of struct host_unit that may have become empty */
	GPtrArray *gone;    /* struct scope of networks and routers that are deleted */
	GRefString *empty;  /* value of every member row */
	GRefString *unkept; /* stands for a value that is printed again when it is asked for */
	GChecksum *checksum;
	struct compile_work work;
};

void compile_mark(struct compile *compile, enum kind kind, struct uuid id);
void compile_mark_ports(struct compile *compile, const GPtrArray *ports);

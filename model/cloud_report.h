/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cloud is made of, and what of it is no object. For cloud.c and cloud_report.c only.
 */
#pragma once

#include "model/cloud.h"

/* What is known of a host beside its object, by name. */
struct station {
	GPtrArray *ports;
	GHashTable *wired; /* struct uuid, owned */
	bool alive;
	int64_t since, seen_at;
	uint64_t revision;
	json_t *refused; /* [{"what": TEXT, "why": TEXT}, ...]; NULL: nothing */
};

struct ear {
	cloud_listener listener;
	void *data;
};

struct cloud {
	GHashTable *objects[KIND_COUNT]; /* struct uuid in the object -> object, owned */
	GPtrArray *lists[KIND_COUNT];
	GPtrArray **shelves[KIND_COUNT]; /* CLOUD_SHELVES of them; NULL: empty */
	GHashTable *counts[KIND_COUNT];	 /* project, interned -> how many */
	GHashTable *groups;		 /* struct uuid in struct group -> struct group */
	GHashTable *ipams;		 /* struct uuid in struct subnet -> struct ipam */
	struct child_index *interfaces;	 /* ports, of routers */
	struct child_index *gateways;	 /* ... one each */
	struct child_index *pool_subnets;
	struct child_index *acl_rules, *acl_subnets; /* by the network ACL that they name */
	GHashTable *stations;			     /* name, interned -> struct station */
	uint64_t host_turns;			     /* how often one came or was lost */
	GHashTable *refusing;			     /* set of struct station */
	GHashTable *hosts;			     /* name in the host -> struct host */
	GHashTable *tunnels;			     /* struct ip in the host -> struct host */
	GHashTable *zones;			     /* name, owned -> how many hosts */
	GHashTable *vnis;			     /* number -> struct network */
	GHashTable *numbers;			     /* number -> struct router */
	struct child_index *segments;		     /* of networks */
	GHashTable *places;	/* struct segment_place in the segment -> struct segment */
	const char *dns_domain; /* interned; NULL: none */
	struct security_index *security;
	struct selector_index *selectors;
	struct rbac_index *rbac;
	struct firewall_index *firewalls;
	GPtrArray *empty;
	GArray *ears;
};

/* By name; NULL. */
struct station *cloud_find_station(const struct cloud *cloud, const char *name);
struct station *cloud_get_station(struct cloud *cloud, const char *name);

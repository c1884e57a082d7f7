/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cloud as the store has it, in memory: every object by id, and the indexes
 * by which they are asked for. Changed only by what the store says was committed;
 * the API reads it, the compiler listens to it.
 */
#pragma once

#include "model/acl.h"
#include "model/agent.h"
#include "model/default_rule.h"
#include "model/firewall.h"
#include "model/flavor.h"
#include "model/host.h"
#include "model/log.h"
#include "model/network.h"
#include "model/port.h"
#include "model/rbac.h"
#include "model/router.h"
#include "model/security.h"
#include "model/segment_range.h"
#include "model/selector_policy.h"
#include "model/subnet.h"
#include "model/subnetpool.h"

struct cloud;
struct ipam;

struct cloud *cloud_new(void);
void cloud_free(struct cloud *cloud);

/* The table of each kind; what the API serves and the command line prints. */
const struct attr_table *cloud_table(enum kind kind);

/* Borrowed until the next change, or NULL. */
void *cloud_find(const struct cloud *cloud, enum kind kind, struct uuid id);
const struct network *cloud_find_network(const struct cloud *cloud, struct uuid id);
const struct subnet *cloud_find_subnet(const struct cloud *cloud, struct uuid id);
const struct port *cloud_find_port(const struct cloud *cloud, struct uuid id);
const struct port *cloud_find_port_by_mac(const struct cloud *cloud, struct uuid network_id,
					  struct mac mac);
const struct network *cloud_find_network_by_vni(const struct cloud *cloud, struct vni vni);
/* The segment in a place, and those of a network. */
const struct segment *cloud_find_segment(const struct cloud *cloud,
					 const struct segment_place *place);
const GPtrArray *cloud_list_segments(const struct cloud *cloud, struct uuid network_id);
const struct router *cloud_find_router_by_number(const struct cloud *cloud, uint32_t number);
const struct router *cloud_find_router(const struct cloud *cloud, struct uuid id);
const struct host *cloud_find_host(const struct cloud *cloud, const char *name);
const struct host *cloud_find_host_by_ip(const struct cloud *cloud, struct ip tunnel_ip);

/* How many objects of KIND are PROJECT's. */
unsigned int cloud_count(const struct cloud *cloud, enum kind kind, const char *project);
/* Borrowed arrays of borrowed objects; never NULL. No order. */
const GPtrArray *cloud_list(const struct cloud *cloud, enum kind kind);
/*
 * The objects of a kind once more, by the first bits of their ids: shelf 0 has the lowest ids.
 * Within a shelf there is no order.
 */
#define CLOUD_SHELVES 4096
const GPtrArray *cloud_list_shelf(const struct cloud *cloud, enum kind kind, guint shelf);
guint cloud_shelf_of(struct uuid id);
const GPtrArray *cloud_list_subnets(const struct cloud *cloud, struct uuid network_id);
const GPtrArray *cloud_list_ports(const struct cloud *cloud, struct uuid network_id);
const GPtrArray *cloud_list_host_ports(const struct cloud *cloud, const char *host);
const GPtrArray *cloud_list_interfaces(const struct cloud *cloud,
				       struct uuid router_id); /* ports */
/* The port that is a router's gateway; NULL: it has none. Not one of its interfaces. */
const struct port *cloud_find_gateway(const struct cloud *cloud, struct uuid router_id);

/* The domain of networks and ports that have none, as the operator says; NULL: none. */
void cloud_set_dns_domain(struct cloud *cloud, const char *domain);
const char *cloud_get_dns_domain(const struct cloud *cloud);
/* The availability zones in which there is a host; owned array of borrowed names. */
GPtrArray *cloud_list_zones(const struct cloud *cloud);
bool cloud_has_zone(const struct cloud *cloud, const char *name);

/* Rules of a security group, and rules that name it (or an address group) as remote. */
const GPtrArray *cloud_list_rules(const struct cloud *cloud, struct uuid group_id);
const GPtrArray *cloud_list_remote_rules(const struct cloud *cloud, struct uuid group_id);
gsize cloud_count_group_ports(const struct cloud *cloud, struct uuid group_id);
const struct security_group *cloud_find_group(const struct cloud *cloud, struct uuid id);
const struct address_group *cloud_find_address_group(const struct cloud *cloud, struct uuid id);
/* Policies of PROJECT, which must be interned, and how many of them name an address group. */
const GPtrArray *cloud_list_policies(const struct cloud *cloud, const char *project);
gsize cloud_count_address_users(const struct cloud *cloud, struct uuid address_group_id);
/* Rules of a network ACL, and subnets that name it. */
const GPtrArray *cloud_list_acl_rules(const struct cloud *cloud, struct uuid acl_id);
const GPtrArray *cloud_list_acl_subnets(const struct cloud *cloud, struct uuid acl_id);
/* Policies with a firewall rule, groups with a firewall policy, each once. */
const GPtrArray *cloud_list_rule_policies(const struct cloud *cloud, struct uuid rule_id);
const GPtrArray *cloud_list_policy_firewalls(const struct cloud *cloud, struct uuid policy_id);
/* The firewall group that stands at a port, and the default one of PROJECT, which must be
 * interned; or NULL. */
const struct firewall_group *cloud_find_port_firewall(const struct cloud *cloud,
						      struct uuid port_id);
const struct firewall_group *cloud_find_default_firewall(const struct cloud *cloud,
							 const char *project);
/* The default group of PROJECT, or NULL. */
const struct security_group *cloud_find_default_group(const struct cloud *cloud,
						      const char *project);

/* Subnets that were taken from a pool. */
const GPtrArray *cloud_list_pool_subnets(const struct cloud *cloud, struct uuid pool_id);
/* The address scope that SUBNET is in by its pool; none: it is in none. */
struct uuid cloud_get_scope(const struct cloud *cloud, const struct subnet *subnet);

/* RBAC policies of an object, and one by which PROJECT may do ACTION with it; NULL: none. */
const GPtrArray *cloud_list_grants(const struct cloud *cloud, struct uuid object_id);
const struct rbac_policy *cloud_find_grant(const struct cloud *cloud, struct uuid object_id,
					   enum rbac_action action, const char *project);

/* The addresses of a subnet in use; NULL when there is no such subnet. Lives with it. */
struct ipam *cloud_find_ipam(const struct cloud *cloud, struct uuid subnet_id);

/* One committed change. AFTER is taken over (NULL: deleted). The listeners are told with
 * both; BEFORE (NULL: created) lives until they return. */
void cloud_apply(struct cloud *cloud, enum kind kind, struct uuid id, void *after,
		 uint64_t store_revision);

typedef void (*cloud_listener)(enum kind kind, const void *before, const void *after,
			       uint64_t store_revision, void *data);
void cloud_listen(struct cloud *cloud, cloud_listener listener, void *data);

/*
 * What hosts report, which is not stored: a port is ACTIVE when its host is alive
 * and says it is wired. Kept here so that replies and filters can print it.
 */
void cloud_set_host_alive(struct cloud *cloud, const char *host, bool alive, int64_t now);
bool cloud_is_port_wired(const struct cloud *cloud, const char *host, struct uuid port);
void cloud_set_host_revision(struct cloud *cloud, const char *host, uint64_t revision);
/* When HOST was heard of last, and since when it is as it is: seconds since 1970, 0: never. */
void cloud_set_host_seen(struct cloud *cloud, const char *host, int64_t now);
int64_t cloud_get_host_seen(const struct cloud *cloud, const char *host);
int64_t cloud_get_host_since(const struct cloud *cloud, const char *host);
uint64_t cloud_get_host_revision(const struct cloud *cloud, const char *host);
/* Grows whenever a host is lost or comes. */
uint64_t cloud_count_host_turns(const struct cloud *cloud);
bool cloud_is_host_alive(const struct cloud *cloud, const char *host);
/* What HOST says that it could not do: [{"what": "fw:ID" ..., "why": TEXT}, ...]; taken. NULL or
 * empty: nothing. */
void cloud_set_host_refused(struct cloud *cloud, const char *host, json_t *list);
const json_t *cloud_get_host_refused(const struct cloud *cloud, const char *host);
/* Some host that is alive could not do WHAT. */
bool cloud_is_refused(const struct cloud *cloud, const char *what);
gsize cloud_count_refused(const struct cloud *cloud); /* things, of hosts that are alive */
void cloud_clear_wired(struct cloud *cloud, const char *host);
void cloud_set_port_wired(struct cloud *cloud, const char *host, struct uuid port, bool wired);
enum status cloud_get_port_status(const struct cloud *cloud, const struct port *port);

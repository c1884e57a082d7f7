/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of a subnet: what its pools and gateway may be, which addresses are in
 * use, and a free one at random. A request reserves what it picks until its
 * transaction has ended, so that requests under way do not collide.
 */
#pragma once

#include "model/port.h"
#include "model/subnet.h"

/* The first address after the network's; none when the range has no such. */
struct ip ipam_default_gateway(struct prefix cidr);
/* Everything usable but the gateway. */
void ipam_default_pools(const struct subnet *subnet, struct vec *pools);
/* Sorts the pools. Inside the range, disjoint, without the gateway. */
bool ipam_validate(struct subnet *subnet, GError **error);
/* IP can be somebody's address: in the range, not the network's nor the broadcast's. */
bool ipam_is_usable(const struct subnet *subnet, struct ip ip);
bool ipam_in_pools(const struct subnet *subnet, struct ip ip);
/* How many addresses its pools have; without pools, how many its range has. */
unsigned __int128 ipam_total(const struct subnet *subnet);

struct ipam;

struct ipam *ipam_new(const struct subnet *subnet);
void ipam_free(struct ipam *ipam);
/* The subnet has changed; what is in use has not. */
void ipam_set_subnet(struct ipam *ipam, const struct subnet *subnet);

void ipam_add(struct ipam *ipam, struct ip ip, const struct port *port);
void ipam_del(struct ipam *ipam, struct ip ip, const struct port *port);
/* Who uses IP, or NULL. */
const struct port *ipam_find(const struct ipam *ipam, struct ip ip);
unsigned int ipam_count(const struct ipam *ipam); /* ports' addresses, in the pools or not */

/* False when IP is used or reserved by another request. */
bool ipam_reserve(struct ipam *ipam, struct ip ip);
/* Reserves a free address of the pools; false when there is none. */
bool ipam_pick(struct ipam *ipam, struct ip *out);
void ipam_release(struct ipam *ipam, struct ip ip);

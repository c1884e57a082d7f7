/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of ports: what a workload is called, and in which domain.
 */
#pragma once

#include "lib/ip.h"
#include "model/attr.h"

#define DNS_NAME_MAX 255

struct cloud;
struct port;

/* ATTR's value NAME ("" and NULL: none) is labels of letters, digits and '-' (RFC 1123); a domain
 * ends with '.'. */
bool dns_check_name(const char *attr, const char *name, bool domain, GError **error);
/* PORT's name fits into its domain: one that ends with '.' is within it. */
bool dns_check_port(const struct cloud *cloud, const struct port *port, GError **error);

/* The port's domain, its network's, or the cloud's; ends with '.'; NULL: none. Borrowed. */
const char *dns_get_domain(const struct cloud *cloud, const struct port *port);
/* What PORT is called by its address IP, without domain: owned. */
char *dns_print_host(const struct cloud *cloud, const struct port *port, struct ip ip);
/* [{"hostname":H,"ip_address":A,"fqdn":F}], of struct port. */
json_t *dns_print_assignment(const void *object, const void *world);

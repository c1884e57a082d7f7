/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rows say of IPv6: `ra` of a router's interface and `dhcp6` of a port. The modes of a
 * subnet are Neutron's: ipv6_ra_mode is what Weft's router says, ipv6_address_mode is who gives
 * addresses; without either a subnet with DHCP has stateful DHCPv6 and no advertisements.
 */
#pragma once

#include <jansson.h>

#include "model/cloud.h"

/* NULL: the interface PORT of a router does not advertise. New reference. */
json_t *ipv6_print_ra(const struct cloud *cloud, const struct port *port);
/* NULL: DHCPv6 is not served to PORT. New reference. */
json_t *ipv6_print_dhcp(const struct cloud *cloud, const struct port *port);

/* SPDX-License-Identifier: Apache-2.0 */
/* DHCPv6 options: name servers, and those an operator named (extra_dhcp_opts, ip_version 6). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "agent/dhcp6.h"

/* RFC 8415 section 21 unless said. */
enum dhcp6_code {
	DHCP6_CLIENT_ID = 1,
	DHCP6_SERVER_ID = 2,
	DHCP6_IA_NA = 3,
	DHCP6_IA_TA = 4,
	DHCP6_ADDRESS = 5,
	DHCP6_WISHES = 6,
	DHCP6_PREFERENCE = 7,
	DHCP6_ELAPSED = 8,
	DHCP6_STATUS = 13,
	DHCP6_RAPID_COMMIT = 14,
	DHCP6_DNS = 23, /* RFC 3646 */
	DHCP6_IA_PD = 25,
	DHCP6_PREFIX = 26,
};

/* A message under way: options that do not fit MAX bytes are left out. */
struct dhcp6_message {
	GByteArray *bytes;
	gsize max;
};

void dhcp6_message_add(struct dhcp6_message *message, uint16_t code, const void *data,
		       gsize size);
/* What the operator named, and the name servers unless the operator named others. */
void dhcp6_message_add_service(struct dhcp6_message *message,
			       const struct dhcp6_service *service);

/* True when NAME is an option we can send and VALUE fits it; for the log, once at the row. */
bool dhcp6_option_check(const char *name, const char *value);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of claims.
 */
#include "api/claim.h"

#include <stdio.h>
#include <string.h>

#include "api/mirror.h"

static char *claim_print_number(const char *what, uint32_t number, char *text)
{
	snprintf(text, CLAIM_TEXT, CLAIM_PREFIX "%s/%u", what, number);
	return text;
}

char *claim_print_ip(struct uuid subnet, struct ip ip, char *text)
{
	char id[UUID_TEXT], address[IP_TEXT];

	snprintf(text, CLAIM_TEXT, CLAIM_PREFIX "ip/%s/%s", uuid_print(subnet, id),
		 ip_print(ip, address));
	return text;
}

char *claim_print_mac(struct uuid network, struct mac mac, char *text)
{
	char id[UUID_TEXT], address[MAC_TEXT];

	snprintf(text, CLAIM_TEXT, CLAIM_PREFIX "mac/%s/%s", uuid_print(network, id),
		 mac_print(mac, address));
	return text;
}

char *claim_print_place(const struct segment_place *place, char *text)
{
	if (place->type == SEGMENT_VXLAN)
		return claim_print_number("vni", place->number, text);
	snprintf(text, CLAIM_TEXT, CLAIM_PREFIX "%s/%u/%s", segment_types[place->type],
		 place->number, place->physical_network);
	return text;
}

char *claim_print_router(uint32_t number, char *text)
{
	return claim_print_number("router", number, text);
}

char *claim_print_hostname(const char *name, char *text)
{
	snprintf(text, CLAIM_TEXT, CLAIM_PREFIX "hostname/%s", name);
	return text;
}

char *claim_print_tunnel(struct ip ip, char *text)
{
	char address[IP_TEXT];

	snprintf(text, CLAIM_TEXT, CLAIM_PREFIX "tunnel/%s", ip_print(ip, address));
	return text;
}

char *claim_print_default_pool(int64_t ip_version, char *text)
{
	return claim_print_number("default-subnetpool", (uint32_t)ip_version, text);
}

char *claim_print_default_network(char *text)
{
	strcpy(text, CLAIM_PREFIX "default-external-network");
	return text;
}

char *claim_print_identity(uint32_t number, char *text)
{
	return claim_print_number("identity", number, text);
}

/* Labels may be longer than a key. */
char *claim_print_label(const char *label, char *text)
{
	g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, label, -1);

	snprintf(text, CLAIM_TEXT, KEY_LABEL "%s", digest);
	return text;
}

char *claim_print_default_group(const char *project, char *text)
{
	snprintf(text, CLAIM_TEXT, CLAIM_PREFIX "default-group/%s", project);
	return text;
}

char *claim_print_firewall_port(struct uuid port, char *text)
{
	char id[UUID_TEXT];

	snprintf(text, CLAIM_TEXT, CLAIM_PREFIX "firewall/%s", uuid_print(port, id));
	return text;
}

char *claim_print_default_firewall(const char *project, char *text)
{
	snprintf(text, CLAIM_TEXT, CLAIM_PREFIX "default-firewall/%s", project);
	return text;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows as they come from the controller, typed; errors name table, key, attribute and value.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <jansson.h>

#include "agent/desired.h"
#include "agent/ra.h"
#include "agent/row_gateway.h"
#include "agent/row_port.h"
#include "lib/ip.h"
#include "lib/uuid.h"
#include "policy/rule.h"

/* In the order in which they refer to each other. */
#define ROW_TABLES(X)                                                                          \
	X(HOST, "host")                                                                        \
	X(NETWORK, "network")                                                                  \
	X(INTERFACE, "interface")                                                              \
	X(ROUTE, "route")                                                                      \
	X(GATEWAY, "gateway")                                                                  \
	X(LOCATION, "location")                                                                \
	X(MEMBER, "member")                                                                    \
	X(RULE, "rule")                                                                        \
	X(ADDRESSES, "addresses")                                                              \
	X(IDENTITY, "identity")                                                                \
	X(BORDER, "border")                                                                    \
	X(PORT, "port")

enum row_table {
#define X(id, name) ROW_##id,
	ROW_TABLES(X)
#undef X
		ROW_TABLE_COUNT,
};

/* What names a row. Unused members are zero, so keys compare as bytes. */
struct row_key {
	uint8_t table; /* enum row_table */
	uint8_t bits;  /* of a prefix */
	uint8_t pad[2];
	uint32_t router;
	uint32_t vni;	  /* or an identity's number */
	uint8_t b[20];	  /* MAC, address, uuid, or a digest of a longer name */
	const char *name; /* interned */
};

struct row_network {
	struct uuid id;
	uint32_t mtu;
	bool up;
	bool flood;
};

/* An interface's address and the subnet it is in. */
struct row_address {
	struct ip ip;
	struct prefix subnet;
};

struct row_interface {
	struct row_address *addresses;
	gsize count;
	struct ra_config *ra; /* NULL: it does not advertise */
	char *firewall;	      /* the group there; NULL: none */
	char *project;	      /* whose group it is; NULL: nobody's */
	bool up;
};

struct row_route {
	struct ip via; /* ip_none: connected */
	uint32_t vni;
	struct mac mac;
	bool up;
	bool blackhole;
};

struct row_location {
	const char *host; /* interned */
	uint32_t identity;
	uint32_t count;
	struct ip *ips;
};

struct row_identity {
	char **sets; /* names, owned; ends with NULL */
	gsize count;
};

struct row_group_address {
	char *group;
	struct prefix prefix;
};

/* A place in a ring, or its head. */
struct row_ring {
	struct row_ring *next, *prev;
};

struct row {
	struct row_key key;
	struct row_ring told; /* state's: among those that a full transfer has named, or not */
	struct owner owner;   /* state's: the map entries it asks for */
	struct row *next;     /* state's: of the same host */
	struct row *prev;
	union {
		struct ip host;
		struct row_network network;
		struct row_interface interface;
		struct row_route route;
		struct row_gateway *gateway;
		struct row_location location;
		struct row_identity identity;
		struct row_group_address address;
		struct policy_rule *rule;
		char *acl; /* of a border: the network ACL's set */
		struct row_port *port;
	} u;
};

/* The key alone, as a deletion needs it; the row (owned), or NULL. VALUE is only read. */
bool row_key_parse(const char *table, const char *key, struct row_key *out, GError **error);
struct row *row_parse(const char *table, const char *key, json_t *value, GError **error);
void row_free(struct row *row);
/* Known to say the same: one may stand for the other. */
bool row_is_same(const struct row *a, const struct row *b);

guint row_key_hash(gconstpointer key);
gboolean row_key_same(gconstpointer a, gconstpointer b);
const char *row_table_name(enum row_table table);

struct mac row_key_mac(const struct row_key *key);
struct prefix row_key_prefix(const struct row_key *key);
struct uuid row_key_uuid(const struct row_key *key);

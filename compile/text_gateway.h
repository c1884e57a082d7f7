/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A router's gateway: how an address family goes out by it, and the text of its row.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "model/cloud.h"

struct text_gateway {
	const struct port *port;
	const struct network *network; /* the external one */
	bool up;
};

/* How what is in an address scope goes out to an external subnet. */
enum text_way {
	TEXT_WAY_NONE,	/* not at all: another scope */
	TEXT_WAY_PLAIN, /* as it is; what the outside sends to it comes in */
	TEXT_WAY_NAT,	/* by the gateway's address */
};

/* False: the router has none, or nobody knows its network (any more). */
bool text_find_gateway(const struct cloud *cloud, const struct router *router,
		       struct text_gateway *out);
enum text_way text_get_way(const struct cloud *cloud, const struct router *router,
			   const struct subnet *subnet, struct uuid scope);
/* The host that carries it; NULL: none. */
const char *text_get_carrier(const struct port *port);

/* What a row says beside the gateway itself, of one of the router's realms. */
struct text_gateway_row {
	bool snat;
	json_t *addresses; /* those that the realm has a way to */
	json_t *routes;	   /* prefixes that go out by it */
	json_t *inside;	   /* prefixes that come in by it as they are */
};

void text_gateway_row_init(struct text_gateway_row *row);
void text_gateway_row_done(struct text_gateway_row *row); /* one that is not printed */
void text_gateway_row_add_address(struct text_gateway_row *row, const struct fixed_ip *fixed,
				  const struct subnet *subnet);
/* The text of the row; ROW's lists go into it. Owned by the caller. */
char *text_print_gateway(const struct text_gateway *gateway, struct text_gateway_row *row);

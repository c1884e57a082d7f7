/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of rows: key and JSON value of one row from the objects it speaks of. Both
 * compilers print through this page, so a row's form stands in one place. Members of a
 * value come in a fixed order, so equal text is an equal row.
 */
#pragma once

#include <jansson.h>

#include "compile/compile.h"

/* A port whose locations and own row are compiled: bound, and no router's interface. */
bool text_is_workload(const struct port *port);
/* A pair that names one address, not a range. */
bool text_is_address(const struct address_pair *pair);
/* The MAC a pair stands for: its own, or the port's when it names none. */
struct mac text_pair_mac(const struct port *port, const struct address_pair *pair);
/* Appends to MACS (struct mac) those under which PORT is located: its own first, then those
 * of pairs that name one address; each once. */
void text_list_macs(const struct port *port, GArray *macs);

/* All are owned by the caller. */
char *text_key_vni(struct vni vni);
char *text_key_location(struct vni vni, struct mac mac);
char *text_key_member(struct vni vni, const char *host);
char *text_print_host(const struct host *host);
char *text_print_network(const struct network *network);
char *text_print_member(void);

/* Whether a pair's address IP may be answered for: no fixed ip of the network has it and
 * exactly one port names it. */
typedef bool (*text_lone)(struct ip ip, const void *data);
char *text_print_location(const struct port *port, struct mac mac, text_lone lone,
			  const void *data);

/* The domain, and the DHCP options that an operator named for IP_VERSION; those without a value are none.
 * New reference. */
json_t *text_list_options(const struct cloud *cloud, const struct port *port,
			  int64_t ip_version);
/* The row that only the port's own host gets. NETWORK is the port's. */
char *text_print_port(const struct cloud *cloud, const struct network *network,
		      const struct port *port);

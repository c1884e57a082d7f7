/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that say "this is somebody's, and nobody else's": put by the transaction that takes
 * it, with "must not exist"; deleted by the one that gives it back. Who makes a new kind of
 * claim tells audit.c, too.
 */
#pragma once

#include "lib/ip.h"
#include "lib/uuid.h"
#include "model/segment.h"

#define CLAIM_PREFIX "claim/"
#define CLAIM_TEXT   384

/* Into CLAIM_TEXT bytes; returned. Their values are the ids of those who have it. */
char *claim_print_ip(struct uuid subnet, struct ip ip, char *text);
char *claim_print_mac(struct uuid network, struct mac mac, char *text);
/* A VNI, a VLAN of a physical network, or that network itself. */
char *claim_print_place(const struct segment_place *place, char *text);
char *claim_print_router(uint32_t number, char *text);
char *claim_print_hostname(const char *name, char *text);
char *claim_print_tunnel(struct ip ip, char *text);
char *claim_print_default_group(const char *project, char *text);
/* The firewall group that stands at a port, and the default one of a project. */
char *claim_print_firewall_port(struct uuid port, char *text);
char *claim_print_default_firewall(const char *project, char *text);
/* The default subnet pool of an IP version. */
char *claim_print_default_pool(int64_t ip_version, char *text);
/* The external network of who names none. */
char *claim_print_default_network(char *text);
/* An identity's number, whose value is the key of what it stands for; and that, by its label,
 * whose value is the number and the label. */
char *claim_print_identity(uint32_t number, char *text);
char *claim_print_label(const char *label, char *text);

/* SPDX-License-Identifier: Apache-2.0 */
/* A port's row, typed: all that its host has to know of it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "agent/dhcp4.h"
#include "agent/dhcp6.h"
#include "lib/ip.h"
#include "lib/uuid.h"

struct row_pair {
	struct mac mac;
	struct prefix prefix;
};

/* Somebody has asked by the API that flows of the port be logged. */
struct row_log {
	struct uuid id;
	bool accept;
	bool drop;
	char *set; /* what is accepted by rules of this set alone; owned; NULL: by any */
};

struct row_port {
	struct uuid id;
	struct uuid network;
	uint32_t vni;
	struct mac mac;
	uint32_t identity;
	uint32_t mtu;
	bool up;
	bool guarded;
	bool filtered; /* its policy decides */
	char *name;
	char *project;
	struct row_pair *pairs;
	gsize pair_count;
	struct dhcp4_lease *leases;
	gsize lease_count;
	struct dhcp6_service *dhcp6; /* NULL: none */
	struct row_log *logs;
	gsize log_count;
};

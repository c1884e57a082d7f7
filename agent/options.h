/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of weft-agent; see weft-agent(8). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "agent/hooks.h"
#include "lib/ip.h"

/* A device that is on a physical network. */
struct options_physical {
	char *name; /* "NAME" or "NAME:VLAN" */
	char *device;
};

struct options {
	char **controllers; /* NULL-terminated base URLs */
	char *host;
	char *tunnel_text;
	char *zone;	     /* availability zone; NULL: the controller knows */
	GArray *physicals;   /* struct options_physical */
	char *physical_text; /* their names, as the controller is told; NULL: none */
	struct ip tunnel_ip;
	char *uplink; /* NULL: found by the tunnel address */
	char *run;
	char *token;		     /* NULL: none */
	char *ca, *cert, *key, *crl; /* files for https; NULL: none */
	char *log;
	uint32_t flow_sets;
	uint32_t connections;
	uint32_t port_connections;
	uint32_t locations;
	uint32_t policy_entries;
	enum hooks_mode attach;
	bool cleanup;
	bool version;
	bool print_metrics; /* the manual's list of them, and end */
	char *metrics;	    /* where to serve them to everybody; NULL: nowhere */
};

/* Defaults, then ARGV. On failure nothing is to be freed. */
bool options_parse(struct options *options, int argc, char **argv, GError **error);
void options_done(struct options *options);

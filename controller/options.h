/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What weftd is told: by the command line, and below it by a file.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "api/identity.h"
#include "api/limit.h"

struct options {
	struct identity_config identity; /* url NULL: no Keystone; its texts are owned */
	struct limits limits;
	char **listen;	/* NULL-terminated */
	char **origins; /* whose scripts may ask; NULL: nobody's */
	char *store;
	char *store_ca, *store_cert, *store_key; /* for one across a network; NULL: none */
	char *tokens;				 /* NULL: no authentication */
	char *dns_domain;			 /* ends with '.'; NULL: none */
	char *nova, *nova_ca;			 /* NULL: it is not told of ports */
	char *policy;				 /* NULL: the defaults */
	char *log;
	char *tls_cert, *tls_key, *tls_ca, *tls_crl; /* NULL: none */
	char *metrics; /* where to serve them to everybody; NULL: nowhere */
	char *user;    /* whom to become; NULL: nobody else */
	uint32_t vni_min, vni_max;
	int64_t mtu;
	uint32_t page_max;	       /* 0: no limit */
	bool underlay_v6;	       /* hosts have IPv6 tunnel addresses */
	char *export_to, *import_from; /* a cloud as a file, and end; NULL: no */
	bool audit;		       /* look at the store, and end */
	bool version;		       /* print it and end */
	bool print_metrics;	       /* the manual's list of them, and end */
	bool print_policy;	       /* the default rules, and end */
	bool print_openapi;	       /* the API as an OpenAPI document, and end */
	bool print_reference;	       /* ... as a manual page, and end */
};

/* From the program's arguments; --help prints and exits. */
bool options_read(struct options *out, int *argc, char ***argv, GError **error);
void options_done(struct options *options);

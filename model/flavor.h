/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flavors: what an administrator offers under a name. A flavor has service profiles, each of which
 * names the driver of a provider; what is made with a flavor is made by that provider.
 */
#pragma once

#include "model/object.h"

enum service_type {
	SERVICE_ROUTER,
	SERVICE_FLAVORS, /* nothing is made with these */
};

/* The driver of Weft's own provider, and the name of that provider. */
#define PROVIDER_DRIVER "weft"
#define PROVIDER_NAME	"weft"

struct service_profile {
	struct object object;
	char *driver; /* "": none */
	char *metainfo;
	bool enabled;
};

struct flavor {
	struct object object;
	uint32_t service_type; /* enum service_type */
	bool enabled;
	struct vec profiles; /* struct uuid */
};

extern const struct attr_table service_profile_table;
extern const struct attr_table flavor_table;

#define FLAVOR_PROFILE_MAX 16

extern const char *const service_type_names[];

/* FLAVOR has PROFILE, AT this place. */
bool flavor_has(const struct flavor *flavor, struct uuid profile, uint32_t *at);

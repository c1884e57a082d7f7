/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Heat calls things and what the API calls them: one table of properties for
 * each resource type.
 */
#pragma once

#include <stdbool.h>
#include "model/cloud.h"

enum member {
	MEMBER_OBJECT,	  /* an object of `kind` */
	MEMBER_INTERFACE, /* a router's port; made by add_router_interface */
	MEMBER_ROUTES,	  /* routes of a router */
	MEMBER_GATEWAY,	  /* its way out, when that is not the router's own property */
};

enum property_flag {
	PROPERTY_REQUIRED = 1 << 0,
	PROPERTY_REFERENCE = 1 << 1,   /* an id or a name of `kind` */
	PROPERTY_SPECS = 1 << 2,       /* a mapping of attributes of the API */
	PROPERTY_EMPTY_NULL = 1 << 3,  /* "" is null */
	PROPERTY_KEPT = 1 << 4,	       /* when it leaves the template its value stays */
	PROPERTY_UNSUPPORTED = 1 << 5, /* Heat has it, the API does not */
	PROPERTY_NOTHING = 1 << 6,     /* accepted, means nothing */
	PROPERTY_NO_ADDRESS = 1 << 7,  /* true: no fixed_ips */
	PROPERTY_REFERENCES = 1 << 8,  /* a list of ids or names of `kind` */
	PROPERTY_RULES = 1 << 9,       /* rules of a security group: rules.h */
};

struct property {
	const char *name;
	const char *attribute; /* of the API; NULL: the same name */
	enum kind kind;	       /* PROPERTY_REFERENCE */
	unsigned int flags;    /* enum property_flag */
	const struct property
		*items; /* of a mapping, or of those in a list; ends with name NULL */
};

struct resource_type {
	const char *name; /* "OS::Neutron::Net" */
	enum member member;
	enum kind kind;
	const struct property *properties;
};

/* NULL: none of ours. */
const struct resource_type *property_find_type(const char *name);
/* The table's end is a type without a name. */
const struct resource_type *property_types(void);

/* What several resources of a template say of one router of it, beside that. */
bool property_is_part(enum member member);

const struct property *property_find(const struct property *properties, const char *name);
const char *property_attribute(const struct property *property);

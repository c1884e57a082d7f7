/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is code about a resource, beside its table. One file for each family.
 */
#pragma once

#include "api/job.h"

struct resource;

/* A PUT on a member: /routers/ID/add_router_interface. */
struct resource_action {
	const char *name;
	/* Checks BODY and changes, as job_ops.build does. May run again. REPLY: the body of
	 * the answer; left empty, it is the resource as after a PUT. */
	bool (*build)(struct job *job, struct uuid id, json_t *body, GString *reply,
		      GError **error);
};

struct resource {
	enum kind kind;
	/* Objects of KIND under a second path, as another table has them; NULL: as their own. */
	const struct attr_table *view;
	/*
	 * OBJECT, new or changed, is made whole and checked: defaults, allocations, claims,
	 * guards, neighbours. BEFORE is what it was, NULL for a new one, whose id is set.
	 * GIVEN: the attributes of the request.
	 */
	bool (*put)(struct job *job, const void *before, void *object, uint64_t given,
		    GError **error);
	/* OBJECT may go; its claims and guards go with it. job_del is the engine's. */
	bool (*del)(struct job *job, const void *object, GError **error);
	/* Who may see and change it says the policy, by its name: get_port, update_port ... */
	const char *parent; /* "policy": attribute policy_id names its owner (ext_parent) */
	bool late; /* shows its children: a reply is printed again when they are in the cloud */
	bool admin_only; /* a list is refused, not empty, for who sees none of them */
	/* Who sees another project's and may not change it is told that there is none: of
	 * these the reference knows what is shared in its answers only. */
	bool deny_as_missing;
	/*
	 * Something has to be made before CALLER reads: PREPARE makes it. Both or none.
	 */
	bool (*need)(const struct cloud *cloud, const struct caller *caller);
	bool (*prepare)(struct job *job, GError **error);
	const struct resource_action *actions; /* ends with name NULL; NULL: none */
};

/* By its path, "networks", "security-groups"; NULL. */
const struct resource *resource_find(const char *path);
/* "log", of "log/logs": collections have it before their names. */
bool resource_is_family(const char *name);
/* By "network" or "networks". */
bool resource_find_kind(const char *name, enum kind *kind);
const struct resource *resource_get(enum kind kind);
/* Below RESOURCE_COUNT: of each resource another. */
#define RESOURCE_VIEWS 1
#define RESOURCE_COUNT (KIND_COUNT + RESOURCE_VIEWS)
unsigned int resource_number(const struct resource *resource);
const struct resource *resource_by_number(unsigned int number);
const struct attr_table *resource_table(const struct resource *resource);

/* "NetworkNotFound: Network X could not be found." False, for a return. */
bool resource_not_found(const struct resource *resource, struct uuid id, GError **error);

/* "(rule:create_port and rule:create_port:mac_address) is disallowed by policy"; ATTR may be
 * NULL. False. */
bool resource_denied(const char *verb, const struct resource *resource, const char *attr,
		     GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RBAC policies: who, beside the project that owns it, may use an object, and the index by
 * which that is asked for each object of each list.
 */
#pragma once

#include "model/object.h"

enum rbac_type {
	RBAC_NETWORK,
	RBAC_SECURITY_GROUP,
	RBAC_ADDRESS_GROUP,
	RBAC_ADDRESS_SCOPE,
	RBAC_SUBNETPOOL,
	RBAC_TYPE_COUNT,
};

enum rbac_action {
	RBAC_SHARED,   /* it is seen and used like one's own */
	RBAC_EXTERNAL, /* a network, as a way out */
};

#define RBAC_EVERYBODY "*" /* a target: each project */

struct rbac_policy {
	struct object object;
	uint32_t type; /* enum rbac_type */
	struct uuid object_id;
	uint32_t action; /* enum rbac_action */
	char *target;	 /* a project, or everybody */
};

extern const struct attr_table rbac_policy_table;
extern const char *const rbac_actions[]; /* names, by enum rbac_action */

enum kind rbac_get_kind(enum rbac_type type);
/* False: policies cannot be about this kind. */
bool rbac_find_type(enum kind kind, enum rbac_type *type);
/* The policy lets PROJECT do what it is about. */
bool rbac_policy_is_for(const struct rbac_policy *policy, const char *project);

/* "shared" of what no request sets it for: attr.print_for. */
json_t *rbac_print_shared(const void *object, const void *world, const char *project);

struct rbac_index;

struct rbac_index *rbac_index_new(void);
void rbac_index_free(struct rbac_index *index);
void rbac_index_link(struct rbac_index *index, const struct rbac_policy *policy);
void rbac_index_unlink(struct rbac_index *index, const struct rbac_policy *policy);
/* Of one object; borrowed; NULL: none. */
const GPtrArray *rbac_index_list(const struct rbac_index *index, struct uuid object);
/* One that lets PROJECT (NULL: nobody in particular) do ACTION with the object; NULL: none. */
const struct rbac_policy *rbac_index_find(const struct rbac_index *index, struct uuid object,
					  enum rbac_action action, const char *project);

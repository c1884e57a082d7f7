/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy and objects: which rule is asked for which verb, attribute and action. The rules of
 * every resource are looked up once, when the policy is read.
 */
#pragma once

#include "api/caller.h"
#include "api/resource.h"
#include "rights/policy.h"

struct access;

enum verb {
	VERB_CREATE,
	VERB_GET,
	VERB_UPDATE,
	VERB_DELETE,
	VERB_COUNT,
};

struct access *access_new(const struct policy *policy, const struct cloud *cloud);
void access_free(struct access *access);
/* After the policy was read again. */
void access_reload(struct access *access);

/* What a caller may see of one resource: what does not depend on the object is settled here. */
struct sight {
	const struct access *access;
	const struct resource *resource;
	const struct caller *caller;
	enum answer get;
	uint64_t hidden;  /* attributes, of any object */
	uint64_t depends; /* ... of some objects */
};

void sight_init(struct sight *sight, const struct access *access,
		const struct resource *resource, const struct caller *caller);
bool sight_sees(const struct sight *sight, const void *object);
uint64_t sight_hides(const struct sight *sight, const void *object);
/* The caller sees no object of this resource, whatever it be. */
bool sight_is_blind(const struct sight *sight);

/* The caller may get OBJECT. */
bool access_sees(const struct access *access, const struct caller *caller,
		 const struct resource *resource, const void *object);
/* RULE of OBJECT, for what is made from it: "get_network_ip_availability" of a network. */
bool access_sees_by(const struct access *access, const struct caller *caller, const char *rule,
		    const struct resource *resource, const void *object);
/* Attributes of OBJECT that CALLER is not shown. */
uint64_t access_hides(const struct access *access, const struct caller *caller,
		      const struct resource *resource, const void *object);

/*
 * VERB on OBJECT, as it is to be, with the attributes GIVEN. The error is the one that clients
 * know: PolicyNotAuthorized with the rules in question, or NetworkNotFound when what a new object is
 * to be put on is not seen.
 */
bool access_check(struct job *job, enum verb verb, const struct resource *resource,
		  const void *object, uint64_t given, GError **error);
/* An action that has a rule of its own ("add_router_interface"); otherwise it is an update. */
bool access_check_action(struct job *job, const char *action, const struct resource *resource,
			 const void *object, GError **error);
/* Tags have requests and rules of their own: "delete_router:tags". */
bool access_check_tags(struct job *job, enum verb verb, const struct resource *resource,
		       const void *object, GError **error);
/* A rule that is not of one object: "get_quota". */
bool access_check_rule(const struct access *access, const struct caller *caller,
		       const char *rule, GError **error);
/* Whether giving attribute ATTR is refused to CALLER on any object. */
bool access_refuses(const struct access *access, const struct caller *caller, enum verb verb,
		    const struct resource *resource, const struct attr *attr);

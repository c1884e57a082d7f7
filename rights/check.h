/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check language of oslo.policy: "role:admin or (role:member and
 * project_id:%(project_id)s)", read once into a tree and asked often.
 *
 *   @ !                      always, never; "" is always
 *   role:NAME                the caller has the role, in any case of letters
 *   rule:NAME                another rule
 *   KEY:%(ATTR)s             the caller's KEY equals the target's attribute
 *   KEY:TEXT                 ... or a text; 'TEXT':%(ATTR)s, True:%(ATTR)s the other way round
 *   field:RESOURCE:ATTR=TEXT the target's attribute is TEXT, or matches when it is ~REGEX
 *   not, and, or, ( )        `not` binds closest, then `and`
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

/* Who asks. All strings are interned or outlive the question; NULL: has none. */
struct creds {
	const char *user_id;
	const char *project_id;
	const char *domain_id;	  /* of the token's scope */
	const char *system_scope; /* "all" */
	const char *user_domain_id;
	const char *project_domain_id;
	const char *const *roles; /* interned, lower case; ends with NULL; may be NULL */
	const char *const *service_roles;
	bool is_admin_project;
};

/* What is asked about. */
struct target {
	/*
	 * Attribute NAME ("tenant_id", "network:tenant_id"), of the target or, with RESOURCE
	 * ("networks"), of what it belongs to. Both are interned. NULL: it has none. Borrowed
	 * until the next call.
	 */
	const char *(*find)(const struct target *target, const char *resource,
			    const char *name);
};

enum answer {
	ANSWER_NO,
	ANSWER_YES,
	ANSWER_UNKNOWN, /* without a target: it depends on that */
};

struct check;

/* What "rule:NAME" stands for at the time of the question; NULL: there is none. */
struct check_names {
	const struct check *(*find)(const struct check_names *names, const char *name);
};

/* The error says what is wrong and where. */
struct check *check_parse(const char *text, GError **error);
void check_free(struct check *check);

/* TARGET may be NULL. NAMES knows the other rules. */
enum answer check_ask(const struct check *check, const struct check_names *names,
		      const struct creds *creds, const struct target *target);

/* Calls VISIT for each rule that CHECK names. */
void check_visit_rules(const struct check *check, void (*visit)(const char *name, void *data),
		       void *data);
/* Back as text, with all parentheses. */
void check_print(const struct check *check, GString *out);

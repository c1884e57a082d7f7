/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks: from a token file, or, where only this machine can ask, whoever says so.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

#include "lib/http_server.h"
#include "rights/policy.h"

struct caller {
	struct creds creds;	/* what the policy is told */
	const char *project_id; /* interned; "": none */
	bool admin;		/* by the rule context_is_admin */
	const char *host;	/* may speak for this host; "*": any; NULL: none. Interned */
};

struct guestlist;
struct identity;

/*
 * PATH: lines "TOKEN PROJECT_ID ROLE[,ROLE...] [NAME]", '#' begins a comment. What a role may
 * do says POLICY, which is borrowed; admin is member, too, and member reader; the role agent speaks for the host that stands in the place of the
 * project ("*": any). NULL: no authentication; the project is what X-Project-Id says
 * ("default"), the roles what X-Roles says ("admin").
 */
struct guestlist *guestlist_new(const char *path, const struct policy *policy, GError **error);
void guestlist_free(struct guestlist *list);
/* Reads the file again; keeps what it had when that fails. */
bool guestlist_reload(struct guestlist *list, GError **error);

/* Tokens that are not in the file are IDENTITY's, which is borrowed. NULL: nobody's. */
void guestlist_set_identity(struct guestlist *list, struct identity *identity);

/*
 * Who asks REQUEST, at once or when Keystone has answered. Without a token, who shows a certificate
 * is whom that names: a member of a project, or an administrator. ERROR (borrowed, as CALLER
 * is) is WEFT_ERROR_UNAUTHENTICATED when there is neither, or the token is not known, and
 * WEFT_ERROR_UNAVAILABLE when nobody can say.
 */
typedef void (*guest_known)(struct http_request *request, const struct caller *caller,
			    const GError *error, void *data);
void guestlist_ask(const struct guestlist *list, struct http_request *request,
		   guest_known known, void *data);
/* The reply of such an error, with where to get a token. */
void guestlist_refuse(const struct guestlist *list, struct http_request *request,
		      const GError *error);

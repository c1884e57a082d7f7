/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token file.
 */
#include "api/caller.h"

#include <string.h>

#include "api/identity.h"
#include "api/reply.h"
#include "api/roles.h"
#include "lib/error.h"
#include "lib/pki_id.h"

struct guestlist {
	char *path;
	const struct policy *policy;
	struct identity *identity; /* NULL: none */
	GHashTable *guests;	   /* token -> struct caller, both owned */
};

static void caller_set(struct caller *caller, const char *project, char *const *roles)
{
	caller->project_id = g_intern_string(project);
	caller->creds.project_id = caller->project_id;
	caller->creds.roles = roles_intern(roles, true);
	if (roles_have(caller->creds.roles, "agent"))
		caller->host = caller->project_id;
}

/* What the roles mean is the policy's, which may have changed. */
static void caller_finish(struct caller *caller, const struct policy *policy)
{
	const struct rule *admin = policy_find(policy, "context_is_admin");

	caller->admin = admin && rule_ask(admin, &caller->creds, NULL) == ANSWER_YES;
	if (caller->admin)
		caller->host = g_intern_static_string("*");
}

static bool guests_add_line(GHashTable *guests, char *line, unsigned int number, GError **error)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_auto(GStrv) roles = NULL;
	struct caller *caller;
	char *save = NULL;

	for (char *word = strtok_r(line, " \t\r", &save); word && *word != '#';
	     word = strtok_r(NULL, " \t\r", &save))
		g_ptr_array_add(words, word);
	if (words->len == 0)
		return true;
	if (words->len < 3 || g_hash_table_contains(guests, words->pdata[0])) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "line %u: %s", number,
			    words->len < 3 ? "expected TOKEN PROJECT_ID ROLES [NAME]"
					   : "the token is there twice");
		return false;
	}
	caller = g_new0(struct caller, 1);
	roles = g_strsplit(words->pdata[2], ",", -1);
	caller_set(caller, words->pdata[1], roles);
	if (words->len > 3)
		caller->creds.user_id = g_intern_string(words->pdata[3]);
	g_hash_table_insert(guests, g_strdup(words->pdata[0]), caller);
	return true;
}

bool guestlist_reload(struct guestlist *list, GError **error)
{
	g_autoptr(GHashTable) guests =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!list->path)
		return true;
	if (!g_file_get_contents(list->path, &text, NULL, error))
		return false;
	lines = g_strsplit(text, "\n", -1);
	for (unsigned int i = 0; lines[i]; i++) {
		if (!guests_add_line(guests, lines[i], i + 1, error)) {
			g_prefix_error(error, "%s: ", list->path);
			return false;
		}
	}
	g_clear_pointer(&list->guests, g_hash_table_unref);
	list->guests = g_steal_pointer(&guests);
	return true;
}

struct guestlist *guestlist_new(const char *path, const struct policy *policy, GError **error)
{
	struct guestlist *list = g_new0(struct guestlist, 1);

	list->path = g_strdup(path);
	list->policy = policy;
	if (!guestlist_reload(list, error))
		g_clear_pointer(&list, guestlist_free);
	return list;
}

void guestlist_free(struct guestlist *list)
{
	if (!list)
		return;
	g_clear_pointer(&list->guests, g_hash_table_unref);
	g_free(list->path);
	g_free(list);
}

static void caller_trust(struct http_request *request, struct caller *out)
{
	const char *project = http_request_find_header(request, "X-Project-Id");
	const char *roles = http_request_find_header(request, "X-Roles");
	g_auto(GStrv) names = g_strsplit(roles ? roles : "admin", ",", -1);
	struct caller caller = {0};

	if (!project || !*project || strlen(project) > 255 ||
	    !g_utf8_validate(project, -1, NULL))
		project = "default";
	caller_set(&caller, project, names);
	caller.host = g_intern_static_string("*");
	*out = caller;
}

/* A certificate for people stands for a token. */
static bool caller_from_peer(struct http_request *request, struct caller *out)
{
	static char *const admin[] = {(char *)"admin", NULL}, *const member[] = {
								      (char *)"member", NULL};
	const struct pki_id *peer = http_request_get_question(request)->peer;

	if (!peer || (peer->kind != PKI_USER && peer->kind != PKI_ADMIN))
		return false;
	*out = (struct caller){0};
	caller_set(out, peer->name, peer->kind == PKI_ADMIN ? admin : member);
	return true;
}

/* As OpenStack's clients send it, or as everybody else's. */
static const char *request_find_token(struct http_request *request)
{
	static const char bearer[] = "Bearer ";
	const char *token = http_request_find_header(request, "X-Auth-Token");
	const char *header = http_request_find_header(request, "Authorization");

	if (!token && header && g_ascii_strncasecmp(header, bearer, strlen(bearer)) == 0)
		token = header + strlen(bearer);
	return token;
}

/* One request whose token Keystone knows. */
struct knock {
	const struct guestlist *list;
	struct http_request *request;
	guest_known known;
	void *data;
};

static void knock_answered(const struct caller *caller, const GError *error, void *data)
{
	g_autofree struct knock *knock = data;
	struct caller whole;

	if (!caller) {
		knock->known(knock->request, NULL, error, knock->data);
		return;
	}
	whole = *caller;
	caller_finish(&whole, knock->list->policy);
	knock->known(knock->request, &whole, NULL, knock->data);
}

static void knock_ask(const struct guestlist *list, struct http_request *request,
		      const char *token, guest_known known, void *data)
{
	struct knock *knock = g_new0(struct knock, 1);

	*knock = (struct knock){list, request, known, data};
	identity_ask(list->identity, token,
		     http_request_find_header(request, "X-Service-Token"), knock_answered,
		     knock);
}

/* What needs no Keystone. */
static bool guest_find(const struct guestlist *list, struct http_request *request,
		       const char *token, struct caller *out, GError **error)
{
	const struct caller *caller;

	if (!token && caller_from_peer(request, out))
		return true;
	if (!list->path && !list->identity) {
		caller_trust(request, out);
		return true;
	}
	caller = token && list->guests ? g_hash_table_lookup(list->guests, token) : NULL;
	if (caller)
		*out = *caller;
	else if (!token || !list->identity)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAUTHENTICATED,
			    token ? "the token is not known" : "no token");
	return caller;
}

void guestlist_ask(const struct guestlist *list, struct http_request *request,
		   guest_known known, void *data)
{
	const char *token = request_find_token(request);
	g_autoptr(GError) error = NULL;
	struct caller caller;

	if (guest_find(list, request, token, &caller, &error)) {
		caller_finish(&caller, list->policy);
		known(request, &caller, NULL, data);
	} else if (error) {
		known(request, NULL, error, data);
	} else {
		knock_ask(list, request, token, known, data);
	}
}

void guestlist_set_identity(struct guestlist *list, struct identity *identity)
{
	list->identity = identity;
}

void guestlist_refuse(const struct guestlist *list, struct http_request *request,
		      const GError *error)
{
	reply_refusal(request, error, list->identity ? identity_get_url(list->identity) : NULL);
}

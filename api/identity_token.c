/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keystone's bodies.
 */
#include "api/identity_token.h"

#include <jansson.h>

#include "api/roles.h"
#include "lib/error.h"

#define ROLES_MAX 256

/* token.project.domain.id, interned; NULL. */
static const char *member_find(json_t *object, const char *a, const char *b, const char *c)
{
	json_t *value = json_object_get(object, a);

	value = b ? json_object_get(value, b) : value;
	value = c ? json_object_get(value, c) : value;
	return json_is_string(value) ? g_intern_string(json_string_value(value)) : NULL;
}

static const char *const *roles_read(json_t *token)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	json_t *list = json_object_get(token, "roles"), *role;
	size_t i;

	json_array_foreach (list, i, role) {
		const char *name = json_string_value(json_object_get(role, "name"));

		if (name && i < ROLES_MAX)
			g_ptr_array_add(names, (void *)name);
	}
	g_ptr_array_add(names, NULL);
	/* Keystone names what a role implies, too. */
	return roles_intern((char *const *)names->pdata, false);
}

static bool time_read(json_t *token, gint64 *out)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	const char *text = json_string_value(json_object_get(token, "expires_at"));
	g_autoptr(GDateTime) time = text ? g_date_time_new_from_iso8601(text, utc) : NULL;

	if (time)
		*out = g_date_time_to_unix(time);
	return time;
}

bool identity_token_parse(const char *body, gsize size, struct caller *out, gint64 *expires_at,
			  GError **error)
{
	json_t *whole = json_loadb(body, size, 0, NULL);
	json_t *token = json_object_get(whole, "token");
	struct caller caller = {0};
	const char *user = member_find(token, "user", "id", NULL);
	bool good = user && time_read(token, expires_at);

	if (good) {
		caller.creds = (struct creds){
			.user_id = user,
			.project_id = member_find(token, "project", "id", NULL),
			.domain_id = member_find(token, "domain", "id", NULL),
			.user_domain_id = member_find(token, "user", "domain", "id"),
			.project_domain_id = member_find(token, "project", "domain", "id"),
			.system_scope = json_object_get(token, "system") ? "all" : NULL,
			.is_admin_project =
				json_is_true(json_object_get(token, "is_admin_project")),
			.roles = roles_read(token),
		};
		caller.project_id = caller.creds.project_id ? caller.creds.project_id
							    : g_intern_static_string("");
		*out = caller;
	} else {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
			    "answers with what is no token");
	}
	json_decref(whole);
	return good;
}

static json_t *password_make(const struct identity_config *config)
{
	return json_pack("{s:{s:{s:[s],s:{s:{s:s,s:s,s:{s:s}}}},s:{s:{s:s,s:{s:s}}}}}", "auth",
			 "identity", "methods", "password", "password", "user", "name",
			 config->username, "password", config->password, "domain", "name",
			 config->user_domain, "scope", "project", "name", config->project,
			 "domain", "name", config->project_domain);
}

static json_t *credential_make(const struct identity_config *config)
{
	return json_pack("{s:{s:{s:[s],s:{s:s,s:s}}}}", "auth", "identity", "methods",
			 "application_credential", "application_credential", "id",
			 config->credential_id, "secret", config->credential_secret);
}

char *identity_login_print(const struct identity_config *config)
{
	json_t *body = config->credential_id ? credential_make(config) : password_make(config);
	char *text = json_dumps(body, JSON_COMPACT);

	json_decref(body);
	return text;
}

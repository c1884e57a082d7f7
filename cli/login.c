/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keystone's client, as far as a command line needs it.
 */
#include "cli/login.h"

#include <jansson.h>
#include <string.h>

#include "cli/stack/yaml.h"
#include "lib/error.h"
#include "lib/http_client.h"

#define TIMEOUT_MS 30000

/* What is set: a cloud of clouds.yaml, and below it the variables. */
struct settings {
	json_t *cloud; /* owned; NULL: none named */
};

/* "username" is auth.username or username of the cloud, or OS_USERNAME. */
static const char *settings_find(const struct settings *settings, const char *name)
{
	g_autofree char *upper = g_ascii_strup(name, -1);
	g_autofree char *variable = g_strconcat("OS_", upper, NULL);
	json_t *auth = json_object_get(settings->cloud, "auth");
	const char *text = json_string_value(json_object_get(auth, name));

	if (!text)
		text = json_string_value(json_object_get(settings->cloud, name));
	if (!text)
		text = g_getenv(variable);
	return text && *text ? text : NULL;
}

static const char *settings_get(const struct settings *settings, const char *name,
				GError **error)
{
	const char *text = settings_find(settings, name);

	if (!text)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "%s is neither in clouds.yaml nor in the environment (OS_...)",
			    name);
	return text;
}

/* clouds.yaml */

static char *file_find(void)
{
	const char *named = g_getenv("OS_CLIENT_CONFIG_FILE");
	g_autofree char *home =
		g_build_filename(g_get_user_config_dir(), "openstack", "clouds.yaml", NULL);
	const char *const places[] = {named, "clouds.yaml", home, "/etc/openstack/clouds.yaml"};

	for (gsize i = 0; i < G_N_ELEMENTS(places); i++)
		if (places[i] && g_file_test(places[i], G_FILE_TEST_IS_REGULAR))
			return g_strdup(places[i]);
	return NULL;
}

static bool settings_read_cloud(struct settings *settings, GError **error)
{
	const char *name = g_getenv("OS_CLOUD");
	g_autofree char *path = NULL;
	json_auto_t *root = NULL;

	if (!name || !*name)
		return true;
	path = file_find();
	if (!path) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    "OS_CLOUD %s: there is no clouds.yaml", name);
		return false;
	}
	root = yaml_load_file(path, error);
	if (!root)
		return false;
	settings->cloud = json_incref(json_object_get(json_object_get(root, "clouds"), name));
	if (json_is_object(settings->cloud))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND, "%s: there is no cloud %s", path,
		    name);
	return false;
}

/* The request for a token */

/* {"name": N, "domain": {...}} or {"id": I} of "user" or "project". */
static json_t *party_make(const struct settings *settings, const char *what, const char *name)
{
	g_autofree char *id_key = g_strconcat(what, "_id", NULL);
	g_autofree char *domain_key = g_strconcat(what, "_domain_id", NULL);
	g_autofree char *domain_name_key = g_strconcat(what, "_domain_name", NULL);
	const char *id = settings_find(settings, id_key);
	const char *domain = settings_find(settings, domain_key);
	const char *domain_name = settings_find(settings, domain_name_key);

	if (id)
		return json_pack("{s:s}", "id", id);
	if (!name)
		return NULL;
	if (!domain && !domain_name)
		domain = "default";
	return json_pack("{s:s,s:{s:s}}", "name", name, "domain", domain ? "id" : "name",
			 domain ? domain : domain_name);
}

static json_t *scope_make(const struct settings *settings)
{
	const char *domain = settings_find(settings, "domain_id");
	const char *name = settings_find(settings, "domain_name");
	json_t *project =
		party_make(settings, "project", settings_find(settings, "project_name"));

	if (project)
		return json_pack("{s:o}", "project", project);
	if (settings_find(settings, "system_scope"))
		return json_pack("{s:{s:b}}", "system", "all", 1);
	if (domain || name)
		return json_pack("{s:{s:s}}", "domain", domain ? "id" : "name",
				 domain ? domain : name);
	return NULL;
}

static json_t *identity_make(const struct settings *settings, const char *type, GError **error)
{
	const char *secret, *id;
	json_t *user;

	if (strcmp(type, "v3applicationcredential") == 0) {
		id = settings_get(settings, "application_credential_id", error);
		secret = id ? settings_get(settings, "application_credential_secret", error)
			    : NULL;
		return secret ? json_pack("{s:[s],s:{s:s,s:s}}", "methods",
					  "application_credential", "application_credential",
					  "id", id, "secret", secret)
			      : NULL;
	}
	if (strcmp(type, "token") == 0 || strcmp(type, "v3token") == 0) {
		secret = settings_get(settings, "token", error);
		return secret ? json_pack("{s:[s],s:{s:s}}", "methods", "token", "token", "id",
					  secret)
			      : NULL;
	}
	if (strcmp(type, "password") != 0 && strcmp(type, "v3password") != 0) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "auth_type %s: none of password, v3password, v3token, "
			    "v3applicationcredential, admin_token, none",
			    type);
		return NULL;
	}
	secret = settings_get(settings, "password", error);
	user = secret ? party_make(settings, "user", settings_find(settings, "username"))
		      : NULL;
	if (secret && !user)
		settings_get(settings, "username", error);
	if (!user)
		return NULL;
	json_object_set_new(user, "password", json_string(secret));
	return json_pack("{s:[s],s:{s:o}}", "methods", "password", "password", "user", user);
}

/* Asking */

struct answer {
	bool done;
	unsigned int status;
	char *token;
	char *body;
	GError *error;
};

static void on_answer(const struct http_answer *answer, const GError *error, void *data)
{
	struct answer *out = data;

	out->done = true;
	if (error) {
		out->error = g_error_copy(error);
		return;
	}
	out->status = answer->status;
	out->body = g_strdup(answer->body);
	out->token = g_strdup(http_answer_find_header(answer, "X-Subject-Token"));
}

static bool answer_get(const char *url, const char *ca, json_t *body, struct answer *out,
		       GError **error)
{
	const struct http_tls tls = {.ca = ca};
	g_autofree char *text = json_dumps(body, JSON_COMPACT);
	const struct http_ask ask = {.method = "POST",
				     .url = url,
				     .body = text,
				     .body_size = strlen(text),
				     .timeout_ms = TIMEOUT_MS,
				     .tls = ca ? &tls : NULL};
	struct http_client *client = http_client_new();

	http_client_call(client, &ask, on_answer, out);
	while (!out->done)
		g_main_context_iteration(NULL, TRUE);
	http_client_free(client);
	if (!out->error && out->status == 201 && out->token)
		return true;
	if (out->error)
		g_propagate_prefixed_error(error, g_steal_pointer(&out->error), "%s: ", url);
	else
		g_set_error(error, WEFT_ERROR, weft_error_from_status(out->status),
			    "%s: no token, status %u", url, out->status);
	return false;
}

/* The catalog */

static const char *endpoints_find(const struct settings *settings, json_t *endpoints)
{
	const char *region = settings_find(settings, "region_name");
	const char *interface = settings_find(settings, "interface");
	json_t *endpoint;
	size_t i;

	json_array_foreach (endpoints, i, endpoint) {
		const char *in = json_string_value(json_object_get(endpoint, "region_id"));
		const char *is = json_string_value(json_object_get(endpoint, "interface"));

		if (g_strcmp0(is, interface ? interface : "public") == 0 &&
		    (!region || g_strcmp0(in, region) == 0))
			return json_string_value(json_object_get(endpoint, "url"));
	}
	return NULL;
}

static char *url_trim(const char *url)
{
	g_autofree char *text = g_strdup(url);
	gsize length = strlen(text);

	while (length && text[length - 1] == '/')
		text[--length] = '\0';
	if (g_str_has_suffix(text, "/v2.0"))
		text[length - strlen("/v2.0")] = '\0';
	return g_steal_pointer(&text);
}

static char *catalog_find(const struct settings *settings, const char *body, GError **error)
{
	json_auto_t *root = json_loads(body, 0, NULL);
	json_t *catalog = json_object_get(json_object_get(root, "token"), "catalog"), *service;
	const char *url = settings_find(settings, "endpoint_override");
	size_t i;

	if (!url)
		url = settings_find(settings, "network_endpoint_override");
	json_array_foreach (catalog, i, service) {
		const char *type = json_string_value(json_object_get(service, "type"));

		if (!url && g_strcmp0(type, "network") == 0)
			url = endpoints_find(settings, json_object_get(service, "endpoints"));
	}
	if (url)
		return url_trim(url);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
		    "the catalog has no endpoint of the network service");
	return NULL;
}

static char *tokens_url(const char *base)
{
	g_autofree char *trimmed = g_strdup(base);
	gsize length = strlen(trimmed);

	while (length && trimmed[length - 1] == '/')
		trimmed[--length] = '\0';
	return g_strconcat(trimmed, g_str_has_suffix(trimmed, "/v3") ? "" : "/v3",
			   "/auth/tokens", NULL);
}

static bool login_ask(const struct settings *settings, const char *type, struct login *out,
		      GError **error)
{
	const char *base = settings_get(settings, "auth_url", error);
	g_autofree char *url = base ? tokens_url(base) : NULL;
	json_t *identity = base ? identity_make(settings, type, error) : NULL;
	bool scoped = strcmp(type, "v3applicationcredential") != 0;
	json_t *scope = identity && scoped ? scope_make(settings) : NULL;
	json_auto_t *body = NULL;
	struct answer answer = {0};
	bool good;

	if (!identity)
		return false;
	body = json_pack("{s:{s:o,s:o*}}", "auth", "identity", identity, "scope", scope);
	good = answer_get(url, out->ca, body, &answer, error);
	if (good) {
		out->url = catalog_find(settings, answer.body, error);
		out->token = g_steal_pointer(&answer.token);
		good = out->url;
	}
	g_free(answer.body);
	g_free(answer.token);
	return good;
}

/* Without Keystone: the endpoint is named, the token as well or not needed. */
static bool login_direct(const struct settings *settings, const char *type, struct login *out,
			 GError **error)
{
	bool none = strcmp(type, "none") == 0;
	const char *url = settings_find(settings, "endpoint");
	const char *token = none ? NULL : settings_get(settings, "token", error);

	if (!none && !token)
		return false;
	if (!url)
		url = settings_find(settings, "endpoint_override");
	if (!url)
		url = settings_find(settings, "url");
	if (!url && !settings_get(settings, "endpoint", error))
		return false;
	out->url = url_trim(url);
	out->token = g_strdup(token);
	return true;
}

bool login_read(struct login *out, GError **error)
{
	struct settings settings = {0};
	struct login login = {0};
	const char *type;
	bool good;

	if (!g_getenv("OS_CLOUD") && !g_getenv("OS_AUTH_URL") && !g_getenv("OS_AUTH_TYPE"))
		return false;
	good = settings_read_cloud(&settings, error);
	if (good) {
		type = settings_find(&settings, "auth_type");
		type = type ? type : "password";
		login.ca = g_strdup(settings_find(&settings, "cacert"));
		good = strcmp(type, "none") == 0 || strcmp(type, "admin_token") == 0 ||
				       strcmp(type, "token_endpoint") == 0
			       ? login_direct(&settings, type, &login, error)
			       : login_ask(&settings, type, &login, error);
	}
	json_decref(settings.cloud);
	if (good)
		*out = login;
	else
		login_done(&login);
	return good;
}

void login_done(struct login *login)
{
	g_free(login->url);
	g_free(login->token);
	g_free(login->ca);
	*login = (struct login){0};
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options. A key of the file's group [weftd] is a long option without its dashes.
 */
#include "controller/options.h"

#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "lib/http_server.h"
#include "model/dns.h"

#define VNI_LIMIT ((1u << 24) - 1)

/* Options that are a text, by the command line or the file; what becomes of them is said below.
 * One line each: name, the placeholder, the help. */
enum text {
	TEXT_STORE,
	TEXT_STORE_CA,
	TEXT_STORE_CERT,
	TEXT_STORE_KEY,
	TEXT_AUTH,
	TEXT_TOKENS,
	TEXT_KEYSTONE,
	TEXT_KEYSTONE_CA,
	TEXT_KEYSTONE_USER,
	TEXT_KEYSTONE_PASSWORD,
	TEXT_KEYSTONE_PROJECT,
	TEXT_KEYSTONE_CREDENTIAL,
	TEXT_KEYSTONE_CACHE,
	TEXT_KEYSTONE_TIMEOUT,
	TEXT_DNS_DOMAIN,
	TEXT_NOVA,
	TEXT_NOVA_CA,
	TEXT_POLICY,
	TEXT_LOG,
	TEXT_VNI_RANGE,
	TEXT_MTU,
	TEXT_UNDERLAY,
	TEXT_PAGE_MAX,
	TEXT_TLS_CERT,
	TEXT_TLS_KEY,
	TEXT_TLS_CA,
	TEXT_TLS_CRL,
	TEXT_USER,
	TEXT_METRICS,
	TEXT_COUNT,
};

static const struct {
	const char *name, *argument, *help;
	char letter;
} texts[TEXT_COUNT] = {
	[TEXT_STORE] = {"store", "URL",
			"Where the cloud is kept (sqlite:/var/lib/weft/weft.db), or "
			"etcd:https://H1:2379,https://H2:2379",
			's'},
	[TEXT_STORE_CA] = {"store-ca", "FILE", "Who signs the certificates of etcd"},
	[TEXT_STORE_CERT] = {"store-cert", "FILE", "Certificate to show to etcd"},
	[TEXT_STORE_KEY] = {"store-key", "FILE", "Its key"},
	[TEXT_AUTH] = {"auth", "none|tokens|keystone",
		       "Who may ask: tokens, keystone, or none, for this machine only (none)"},
	[TEXT_TOKENS] = {"tokens", "FILE",
			 "Lines of TOKEN PROJECT_ID ROLES [NAME]; implies --auth tokens"},
	[TEXT_KEYSTONE] = {"keystone", "URL",
			   "Where tokens are validated; implies --auth keystone"},
	[TEXT_KEYSTONE_CA] = {"keystone-ca", "FILE",
			      "Who signs its certificate (the system's)"},
	[TEXT_KEYSTONE_USER] = {"keystone-user", "NAME[@DOMAIN]",
				"Who weftd is there (weft@Default)"},
	[TEXT_KEYSTONE_PASSWORD] = {"keystone-password", "FILE", "Where its password is"},
	[TEXT_KEYSTONE_PROJECT] = {"keystone-project", "NAME[@DOMAIN]",
				   "Its project (service@Default)"},
	[TEXT_KEYSTONE_CREDENTIAL] = {"keystone-credential", "FILE",
				      "Instead of a user: where the id and the secret of an "
				      "application credential are"},
	[TEXT_KEYSTONE_CACHE] = {"keystone-cache", "SECONDS",
				 "How long a token is believed (300)"},
	[TEXT_KEYSTONE_TIMEOUT] = {"keystone-timeout", "SECONDS",
				   "How long an answer is waited for (10)"},
	[TEXT_DNS_DOMAIN] = {"dns-domain", "DOMAIN",
			     "Domain of ports whose network has none (none)"},
	[TEXT_NOVA] = {"nova", "URL",
		       "Where Nova is told of its servers' ports, as weftd's user in Keystone "
		       "(nobody is)"},
	[TEXT_NOVA_CA] = {"nova-ca", "FILE", "Who signs its certificate (the system's)"},
	[TEXT_POLICY] = {"policy", "FILE", "Rules instead of the defaults, as oslo.policy's"},
	[TEXT_LOG] = {"log", "LEVEL[,MODULE=LEVEL...]",
		      "What to log: error, warn, info, debug, or by module (info)"},
	[TEXT_VNI_RANGE] = {"vni-range", "FIRST-LAST",
			    "VNIs of networks that name none (1-16777215)"},
	[TEXT_MTU] = {"mtu", "BYTES", "MTU of the underlay, in bytes (1500)"},
	[TEXT_UNDERLAY] = {"underlay-version", "4|6",
			   "IP version of the hosts' tunnel addresses (4)"},
	[TEXT_PAGE_MAX] = {"pagination-max-limit", "NUMBER",
			   "Objects of a list in one reply, at most (as many as asked for)"},
	[TEXT_TLS_CERT] = {"tls-cert", "FILE",
			   "Certificate to show; addresses then serve https"},
	[TEXT_TLS_KEY] = {"tls-key", "FILE", "Its key"},
	[TEXT_TLS_CA] = {"tls-ca", "FILE", "Who signs the certificates of hosts and users"},
	[TEXT_TLS_CRL] = {"tls-crl", "FILE", "Which of them are revoked"},
	[TEXT_USER] = {"user", "NAME", "Become this user at once (stay who it is)", 'u'},
	[TEXT_METRICS] = {"metrics", "ADDRESS:PORT",
			  "Where to serve metrics to everybody who asks (nowhere)"},
};

/* As given; NULL: not given. */
struct raw {
	char **listen;
	char **origins;
	char **quotas;
	char *config, *export_to, *import_from;
	char *texts[TEXT_COUNT];
	gboolean audit, version, print_metrics, print_policy, print_openapi, print_reference;
};

static void raw_done(struct raw *raw)
{
	g_strfreev(raw->listen);
	g_strfreev(raw->origins);
	g_strfreev(raw->quotas);
	g_free(raw->config);
	g_free(raw->export_to);
	g_free(raw->import_from);
	for (unsigned int i = 0; i < TEXT_COUNT; i++)
		g_free(raw->texts[i]);
}

static void raw_add_texts(struct raw *raw, GOptionGroup *group)
{
	for (unsigned int i = 0; i < TEXT_COUNT; i++) {
		const GOptionEntry entries[] = {
			{texts[i].name, texts[i].letter, 0, G_OPTION_ARG_FILENAME,
			 &raw->texts[i], texts[i].help, texts[i].argument},
			G_OPTION_ENTRY_NULL,
		};

		g_option_group_add_entries(group, entries);
	}
}

static bool raw_parse(struct raw *raw, int *argc, char ***argv, GError **error)
{
	const GOptionEntry first[] = {
		{"listen", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &raw->listen,
		 "Where to serve; may be repeated (127.0.0.1:9696)",
		 "[http[s]://]ADDRESS:PORT|unix:PATH"},
		G_OPTION_ENTRY_NULL,
	};
	const GOptionEntry last[] = {
		{"config", 'c', 0, G_OPTION_ARG_FILENAME, &raw->config,
		 "Options of a file's group [weftd]", "FILE"},
		{"cors-origin", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->origins,
		 "Whose scripts may ask (CORS), as https://dashboard.example, or *; may be "
		 "repeated (nobody's)",
		 "ORIGIN"},
		{"quota", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->quotas,
		 "What a project may have unless it is said of it; may be repeated; -1: no limit "
		 "(as OpenStack's; without authentication, all=-1)",
		 "RESOURCE|all=NUMBER"},
		{"print-metrics", 0, 0, G_OPTION_ARG_NONE, &raw->print_metrics,
		 "Print the metrics as in weftd(8) and end", NULL},
		{"export", 0, 0, G_OPTION_ARG_FILENAME, &raw->export_to,
		 "Write the store's cloud to a file, and end", "FILE"},
		{"import", 0, 0, G_OPTION_ARG_FILENAME, &raw->import_from,
		 "Put the cloud of such a file into an empty store, and end", "FILE"},
		{"audit", 0, 0, G_OPTION_ARG_NONE, &raw->audit,
		 "Look whether the store is whole, print what is not, and end", NULL},
		{"print-policy", 0, 0, G_OPTION_ARG_NONE, &raw->print_policy,
		 "Print the default rules as a file for --policy and end", NULL},
		{"print-openapi", 0, 0, G_OPTION_ARG_NONE, &raw->print_openapi,
		 "Print the API as an OpenAPI document and end", NULL},
		{"print-reference", 0, 0, G_OPTION_ARG_NONE, &raw->print_reference,
		 "Print the API as the manual page weft-api(7) and end", NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &raw->version, "Print the version and end",
		 NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- the controller of Weft");
	GOptionGroup *group;

	g_option_context_add_main_entries(context, first, NULL);
	group = g_option_context_get_main_group(context);
	raw_add_texts(raw, group);
	g_option_group_add_entries(group, last);
	if (!g_option_context_parse(context, argc, argv, error))
		return false;
	if (*argc == 1)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is not an option", (*argv)[1]);
	return false;
}

/* The option KEY when it may be repeated, or NULL. */
static char ***raw_find_list(struct raw *raw, const char *key)
{
	const struct {
		const char *key;
		char ***list;
	} lists[] = {
		{"listen", &raw->listen},
		{"cors-origin", &raw->origins},
		{"quota", &raw->quotas},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
		if (strcmp(key, lists[i].key) == 0)
			return lists[i].list;
	return NULL;
}

/* The command line wins. */
static bool raw_read_file(struct raw *raw, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_auto(GStrv) keys = NULL;

	if (!raw->config)
		return true;
	if (!g_key_file_load_from_file(file, raw->config, G_KEY_FILE_NONE, error))
		return false;
	keys = g_key_file_get_keys(file, "weftd", NULL, error);
	for (char **key = keys; key && *key; key++) {
		char ***list = raw_find_list(raw, *key);
		bool known = list;

		if (known && !*list)
			*list = g_key_file_get_string_list(file, "weftd", *key, NULL, NULL);
		for (unsigned int i = 0; i < TEXT_COUNT; i++) {
			if (strcmp(*key, texts[i].name) != 0)
				continue;
			known = true;
			if (!raw->texts[i])
				raw->texts[i] =
					g_key_file_get_string(file, "weftd", *key, NULL);
		}
		if (known)
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is not an option",
			    *key);
		return false;
	}
	return keys;
}

static bool options_bad(GError **error, const char *option, const char *value,
			const char *reason)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "--%s %s: %s", option, value,
		    reason);
	return false;
}

static bool options_set_vnis(struct options *options, const char *text, GError **error)
{
	guint64 first, last;
	char *end;

	if (!text)
		text = "1-16777215";
	first = g_ascii_strtoull(text, &end, 10);
	last = *end == '-' ? g_ascii_strtoull(end + 1, &end, 10) : 0;
	if (*end || first < 1 || last > VNI_LIMIT || first > last)
		return options_bad(error, "vni-range", text, "not FIRST-LAST in 1-16777215");
	options->vni_min = (uint32_t)first;
	options->vni_max = (uint32_t)last;
	return true;
}

static bool options_set_mtu(struct options *options, const char *text, GError **error)
{
	char *end;

	options->mtu = g_ascii_strtoll(text ? text : "1500", &end, 10);
	if (*end || options->mtu < 1350 || options->mtu > 65535)
		return options_bad(error, "mtu", text, "not a number from 1350 to 65535");
	return true;
}

static bool options_set_underlay(struct options *options, const char *text, GError **error)
{
	options->underlay_v6 = g_strcmp0(text, "6") == 0;
	if (text && !options->underlay_v6 && strcmp(text, "4") != 0)
		return options_bad(error, "underlay-version", text, "neither 4 nor 6");
	return true;
}

static bool options_set_page_max(struct options *options, const char *text, GError **error)
{
	guint64 value = 0;

	if (text && !g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT32, &value, NULL))
		return options_bad(error, "pagination-max-limit", text,
				   "not a number of objects from 1");
	options->page_max = (uint32_t)value;
	return true;
}

/* What a browser says of itself: scheme and host, no path. */
static bool options_check_origins(const struct options *options, GError **error)
{
	for (char **origin = options->origins; origin && *origin; origin++) {
		const char *host = strstr(*origin, "://");

		if (strcmp(*origin, "*") != 0 && (!host || !host[3] || strchr(host + 3, '/')))
			return options_bad(error, "cors-origin", *origin,
					   "neither SCHEME://HOST[:PORT] nor *");
	}
	return true;
}

/* "NAME@DOMAIN"; takes TEXT. */
static void party_split(char *text, const char **name, const char **domain)
{
	char *at = strrchr(text, '@');

	if (at)
		*at = '\0';
	*name = text;
	*domain = g_strdup(at ? at + 1 : "Default");
}

static char *secret_read(const char *option, const char *path, GError **error)
{
	char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, error)) {
		g_prefix_error(error, "--%s: ", option);
		return NULL;
	}
	return g_strstrip(text);
}

static bool seconds_set(unsigned int *out, enum text option, char **given, const char *initial,
			GError **error)
{
	const char *text = given[option] ? given[option] : initial;
	char *end;
	guint64 value = g_ascii_strtoull(text, &end, 10);

	if (*end || end == text || value < 1 || value > 86400)
		return options_bad(error, texts[option].name, text,
				   "not a number of seconds from 1 to 86400");
	*out = (unsigned int)value;
	return true;
}

static bool credential_set(struct identity_config *identity, const char *path, GError **error)
{
	g_autofree char *text = secret_read("keystone-credential", path, error);
	g_auto(GStrv) words = text ? g_strsplit_set(text, " \t\n", 2) : NULL;

	if (!text)
		return false;
	if (!words[0] || !words[1])
		return options_bad(error, "keystone-credential", path, "expected ID SECRET");
	identity->credential_id = g_strdup(words[0]);
	identity->credential_secret = g_strdup(g_strstrip(words[1]));
	return true;
}

static bool options_set_identity(struct options *options, char **given, GError **error)
{
	struct identity_config *identity = &options->identity;

	identity->url = g_steal_pointer(&given[TEXT_KEYSTONE]);
	identity->ca = g_steal_pointer(&given[TEXT_KEYSTONE_CA]);
	if (!identity->url)
		return true;
	if (!seconds_set(&identity->cache_s, TEXT_KEYSTONE_CACHE, given, "300", error) ||
	    !seconds_set(&identity->timeout_ms, TEXT_KEYSTONE_TIMEOUT, given, "10", error))
		return false;
	identity->timeout_ms *= 1000;
	if (given[TEXT_KEYSTONE_CREDENTIAL])
		return credential_set(identity, given[TEXT_KEYSTONE_CREDENTIAL], error);
	if (!given[TEXT_KEYSTONE_PASSWORD])
		return options_bad(
			error, "keystone", identity->url,
			"needs --keystone-password FILE or --keystone-credential FILE");
	party_split(given[TEXT_KEYSTONE_USER] ? g_steal_pointer(&given[TEXT_KEYSTONE_USER])
					      : g_strdup("weft"),
		    &identity->username, &identity->user_domain);
	party_split(given[TEXT_KEYSTONE_PROJECT]
			    ? g_steal_pointer(&given[TEXT_KEYSTONE_PROJECT])
			    : g_strdup("service"),
		    &identity->project, &identity->project_domain);
	identity->password =
		secret_read("keystone-password", given[TEXT_KEYSTONE_PASSWORD], error);
	return identity->password;
}

static bool options_set_domain(struct options *options, const char *text, GError **error)
{
	g_autoptr(GError) why = NULL;

	if (!text || !*text)
		return true;
	options->dns_domain = g_strconcat(text, g_str_has_suffix(text, ".") ? "" : ".", NULL);
	return dns_check_name("dns-domain", options->dns_domain, true, &why) ||
	       options_bad(error, "dns-domain", text, why->message);
}

static bool options_set_nova(struct options *options, char **given, GError **error)
{
	options->nova = g_steal_pointer(&given[TEXT_NOVA]);
	options->nova_ca = g_steal_pointer(&given[TEXT_NOVA_CA]);
	if (options->nova && !options->identity.url)
		return options_bad(error, "nova", options->nova, "needs --keystone URL");
	return true;
}

static bool options_set_quotas(struct options *options, char **quotas, bool none,
			       GError **error)
{
	limits_set_defaults(&options->limits, none);
	for (; quotas && *quotas; quotas++) {
		if (limits_parse_option(&options->limits, *quotas, error))
			continue;
		g_prefix_error(error, "--quota: ");
		return false;
	}
	return true;
}

static bool options_set_auth(struct options *options, const char *auth, GError **error)
{
	bool none = auth && strcmp(auth, "none") == 0;
	bool tokens = auth && strcmp(auth, "tokens") == 0;
	bool keystone = auth && strcmp(auth, "keystone") == 0;

	if (auth && !none && !tokens && !keystone)
		return options_bad(error, "auth", auth, "none of none, tokens and keystone");
	if (tokens && !options->tokens)
		return options_bad(error, "auth", "tokens", "needs --tokens FILE");
	if (keystone && !options->identity.url)
		return options_bad(error, "auth", "keystone", "needs --keystone URL");
	if (none) {
		g_clear_pointer(&options->tokens, g_free);
		g_clear_pointer((char **)&options->identity.url, g_free);
	}
	if (options->tokens || options->identity.url)
		return true;
	for (char **where = options->listen; *where; where++)
		if (!http_is_local(*where))
			return options_bad(
				error, "listen", *where,
				"can be reached from elsewhere: needs --tokens FILE or --keystone URL");
	return true;
}

static bool options_check_pair(const char *given, const char *option, const char *needed,
			       const char *other, GError **error)
{
	g_autofree char *reason = g_strdup_printf("needs --%s FILE", other);

	return !given || needed || options_bad(error, option, given, reason);
}

static bool options_check_tls(const struct options *options, GError **error)
{
	if (!options_check_pair(options->tls_cert, "tls-cert", options->tls_key, "tls-key",
				error) ||
	    !options_check_pair(options->tls_key, "tls-key", options->tls_cert, "tls-cert",
				error) ||
	    !options_check_pair(options->tls_ca, "tls-ca", options->tls_cert, "tls-cert",
				error) ||
	    !options_check_pair(options->tls_crl, "tls-crl", options->tls_ca, "tls-ca", error))
		return false;
	if (!options_check_pair(options->store_cert, "store-cert", options->store_key,
				"store-key", error) ||
	    !options_check_pair(options->store_key, "store-key", options->store_cert,
				"store-cert", error))
		return false;
	for (char **where = options->listen; *where; where++)
		if (g_str_has_prefix(*where, "https://") && !options->tls_cert)
			return options_bad(error, "listen", *where, "needs --tls-cert FILE");
	return true;
}

static bool options_from_raw(struct options *out, struct raw *raw, GError **error)
{
	char **given = raw->texts;

	out->audit = raw->audit;
	out->export_to = g_steal_pointer(&raw->export_to);
	out->import_from = g_steal_pointer(&raw->import_from);
	out->version = raw->version;
	out->print_metrics = raw->print_metrics;
	out->print_policy = raw->print_policy;
	out->print_openapi = raw->print_openapi;
	out->print_reference = raw->print_reference;
	out->listen = g_steal_pointer(&raw->listen);
	out->origins = g_steal_pointer(&raw->origins);
	out->store = g_steal_pointer(&given[TEXT_STORE]);
	out->store_ca = g_steal_pointer(&given[TEXT_STORE_CA]);
	out->store_cert = g_steal_pointer(&given[TEXT_STORE_CERT]);
	out->store_key = g_steal_pointer(&given[TEXT_STORE_KEY]);
	out->tokens = g_steal_pointer(&given[TEXT_TOKENS]);
	out->policy = g_steal_pointer(&given[TEXT_POLICY]);
	out->log = g_steal_pointer(&given[TEXT_LOG]);
	out->tls_cert = g_steal_pointer(&given[TEXT_TLS_CERT]);
	out->tls_key = g_steal_pointer(&given[TEXT_TLS_KEY]);
	out->tls_ca = g_steal_pointer(&given[TEXT_TLS_CA]);
	out->tls_crl = g_steal_pointer(&given[TEXT_TLS_CRL]);
	out->user = g_steal_pointer(&given[TEXT_USER]);
	out->metrics = g_steal_pointer(&given[TEXT_METRICS]);
	if (!out->listen)
		out->listen = g_strsplit("127.0.0.1:9696", ",", -1);
	if (!out->store)
		out->store = g_strdup("sqlite:/var/lib/weft/weft.db");
	return options_check_tls(out, error) && options_set_identity(out, given, error) &&
	       options_set_nova(out, given, error) &&
	       options_set_domain(out, given[TEXT_DNS_DOMAIN], error) &&
	       options_set_auth(out, given[TEXT_AUTH], error) &&
	       options_set_vnis(out, given[TEXT_VNI_RANGE], error) &&
	       options_set_underlay(out, given[TEXT_UNDERLAY], error) &&
	       options_set_mtu(out, given[TEXT_MTU], error) &&
	       options_set_page_max(out, given[TEXT_PAGE_MAX], error) &&
	       options_check_origins(out, error) &&
	       options_set_quotas(out, raw->quotas, !out->tokens && !out->identity.url, error);
}

bool options_read(struct options *out, int *argc, char ***argv, GError **error)
{
	struct options options = {0};
	struct raw raw = {0};
	bool good = raw_parse(&raw, argc, argv, error);

	if (good && !raw_read_file(&raw, error)) {
		g_prefix_error(error, "%s: ", raw.config);
		good = false;
	}
	good = good && options_from_raw(&options, &raw, error);
	raw_done(&raw);
	if (good)
		*out = options;
	else
		options_done(&options);
	return good;
}

static void identity_config_done(struct identity_config *config)
{
	const char **owned[] = {&config->url,
				&config->ca,
				&config->username,
				&config->password,
				&config->user_domain,
				&config->project,
				&config->project_domain,
				&config->credential_id,
				&config->credential_secret};

	for (gsize i = 0; i < G_N_ELEMENTS(owned); i++)
		g_clear_pointer((char **)owned[i], g_free);
}

void options_done(struct options *options)
{
	g_strfreev(options->listen);
	g_strfreev(options->origins);
	g_free(options->store);
	g_free(options->export_to);
	g_free(options->import_from);
	g_free(options->store_ca);
	g_free(options->store_cert);
	g_free(options->store_key);
	g_free(options->tokens);
	g_free(options->dns_domain);
	g_free(options->nova);
	g_free(options->nova_ca);
	g_free(options->policy);
	g_free(options->log);
	g_free(options->tls_cert);
	g_free(options->tls_key);
	g_free(options->tls_ca);
	g_free(options->tls_crl);
	g_free(options->user);
	g_free(options->metrics);
	identity_config_done(&options->identity);
	*options = (struct options){0};
}

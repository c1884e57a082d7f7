/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options. A key of the file's group [weftd] is a long option without its dashes.
 */
#include "controller/options.h"

#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "lib/http_server.h"

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
	TEXT_POLICY,
	TEXT_LOG,
	TEXT_VNI_RANGE,
	TEXT_MTU,
	TEXT_UNDERLAY,
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
	[TEXT_AUTH] = {"auth", "none|tokens",
		       "Who may ask: tokens, or none, for this machine only (none)"},
	[TEXT_TOKENS] = {"tokens", "FILE",
			 "Lines of TOKEN PROJECT_ID ROLES [NAME]; implies --auth tokens"},
	[TEXT_POLICY] = {"policy", "FILE", "Rules instead of the defaults, as oslo.policy's"},
	[TEXT_LOG] = {"log", "LEVEL[,MODULE=LEVEL...]",
		      "What to log: error, warn, info, debug, or by module (info)"},
	[TEXT_VNI_RANGE] = {"vni-range", "FIRST-LAST",
			    "VNIs of networks that name none (1-16777215)"},
	[TEXT_MTU] = {"mtu", "BYTES", "MTU of the underlay, in bytes (1500)"},
	[TEXT_UNDERLAY] = {"underlay-version", "4|6",
			   "IP version of the hosts' tunnel addresses (4)"},
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
	char *config, *export_to, *import_from;
	char *texts[TEXT_COUNT];
	gboolean audit, version, print_metrics, print_policy;
};

static void raw_done(struct raw *raw)
{
	g_strfreev(raw->listen);
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
		bool known = strcmp(*key, "listen") == 0;

		if (known && !raw->listen)
			raw->listen =
				g_key_file_get_string_list(file, "weftd", *key, NULL, NULL);
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

static bool options_set_auth(struct options *options, const char *auth, GError **error)
{
	bool tokens = options->tokens && !auth;

	if (auth && strcmp(auth, "tokens") == 0)
		tokens = true;
	else if (auth && strcmp(auth, "none") != 0)
		return options_bad(error, "auth", auth, "neither none nor tokens");
	if (tokens && !options->tokens)
		return options_bad(error, "auth", "tokens", "needs --tokens FILE");
	if (tokens)
		return true;
	g_clear_pointer(&options->tokens, g_free);
	for (char **where = options->listen; *where; where++)
		if (!http_is_local(*where))
			return options_bad(
				error, "listen", *where,
				"can be reached from elsewhere: needs --tokens FILE");
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
	out->listen = g_steal_pointer(&raw->listen);
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
	return options_check_tls(out, error) &&
	       options_set_auth(out, given[TEXT_AUTH], error) &&
	       options_set_vnis(out, given[TEXT_VNI_RANGE], error) &&
	       options_set_underlay(out, given[TEXT_UNDERLAY], error) &&
	       options_set_mtu(out, given[TEXT_MTU], error);
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

void options_done(struct options *options)
{
	g_strfreev(options->listen);
	g_free(options->store);
	g_free(options->export_to);
	g_free(options->import_from);
	g_free(options->store_ca);
	g_free(options->store_cert);
	g_free(options->store_key);
	g_free(options->tokens);
	g_free(options->policy);
	g_free(options->log);
	g_free(options->tls_cert);
	g_free(options->tls_key);
	g_free(options->tls_ca);
	g_free(options->tls_crl);
	g_free(options->user);
	g_free(options->metrics);
	*options = (struct options){0};
}

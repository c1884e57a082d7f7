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

/* As given; NULL and -1: not given. */
struct raw {
	char **listen;
	char *store, *auth, *tokens, *config, *log, *vni_range, *mtu, *underlay, *metrics;
	char *tls_cert, *tls_key, *tls_ca, *tls_crl, *user;
	char *store_ca, *store_cert, *store_key;
	char *export_to, *import_from;
	gboolean audit, version, print_metrics;
};

static void raw_done(struct raw *raw)
{
	g_strfreev(raw->listen);
	g_free(raw->store);
	g_free(raw->store_ca);
	g_free(raw->store_cert);
	g_free(raw->store_key);
	g_free(raw->export_to);
	g_free(raw->import_from);
	g_free(raw->auth);
	g_free(raw->tokens);
	g_free(raw->config);
	g_free(raw->log);
	g_free(raw->metrics);
	g_free(raw->vni_range);
	g_free(raw->mtu);
	g_free(raw->underlay);
	g_free(raw->tls_cert);
	g_free(raw->tls_key);
	g_free(raw->tls_ca);
	g_free(raw->tls_crl);
	g_free(raw->user);
}

static bool raw_parse(struct raw *raw, int *argc, char ***argv, GError **error)
{
	const GOptionEntry entries[] = {
		{"listen", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &raw->listen,
		 "Where to serve; may be repeated (127.0.0.1:9696)",
		 "[http[s]://]ADDRESS:PORT|unix:PATH"},
		{"store", 's', 0, G_OPTION_ARG_STRING, &raw->store,
		 "Where the cloud is kept (sqlite:/var/lib/weft/weft.db), or "
		 "etcd:https://H1:2379,https://H2:2379",
		 "URL"},
		{"store-ca", 0, 0, G_OPTION_ARG_FILENAME, &raw->store_ca,
		 "Who signs the certificates of etcd", "FILE"},
		{"store-cert", 0, 0, G_OPTION_ARG_FILENAME, &raw->store_cert,
		 "Certificate to show to etcd", "FILE"},
		{"store-key", 0, 0, G_OPTION_ARG_FILENAME, &raw->store_key, "Its key", "FILE"},
		{"auth", 0, 0, G_OPTION_ARG_STRING, &raw->auth,
		 "Who may ask: tokens, or none, for this machine only (none)", "none|tokens"},
		{"tokens", 0, 0, G_OPTION_ARG_FILENAME, &raw->tokens,
		 "Lines of TOKEN PROJECT_ID ROLES [NAME]; implies --auth tokens", "FILE"},
		{"config", 'c', 0, G_OPTION_ARG_FILENAME, &raw->config,
		 "Options of a file's group [weftd]", "FILE"},
		{"log", 0, 0, G_OPTION_ARG_STRING, &raw->log,
		 "What to log: error, warn, info, debug, or by module (info)",
		 "LEVEL[,MODULE=LEVEL...]"},
		{"vni-range", 0, 0, G_OPTION_ARG_STRING, &raw->vni_range,
		 "VNIs of networks that name none (1-16777215)", "FIRST-LAST"},
		{"mtu", 0, 0, G_OPTION_ARG_STRING, &raw->mtu,
		 "MTU of the underlay, in bytes (1500)", "BYTES"},
		{"underlay-version", 0, 0, G_OPTION_ARG_STRING, &raw->underlay,
		 "IP version of the hosts' tunnel addresses (4)", "4|6"},
		{"tls-cert", 0, 0, G_OPTION_ARG_FILENAME, &raw->tls_cert,
		 "Certificate to show; addresses then serve https", "FILE"},
		{"tls-key", 0, 0, G_OPTION_ARG_FILENAME, &raw->tls_key, "Its key", "FILE"},
		{"tls-ca", 0, 0, G_OPTION_ARG_FILENAME, &raw->tls_ca,
		 "Who signs the certificates of hosts and users", "FILE"},
		{"tls-crl", 0, 0, G_OPTION_ARG_FILENAME, &raw->tls_crl,
		 "Which of them are revoked", "FILE"},
		{"user", 'u', 0, G_OPTION_ARG_STRING, &raw->user,
		 "Become this user at once (stay who it is)", "NAME"},
		{"metrics", 0, 0, G_OPTION_ARG_STRING, &raw->metrics,
		 "Where to serve metrics to everybody who asks (nowhere)", "ADDRESS:PORT"},
		{"print-metrics", 0, 0, G_OPTION_ARG_NONE, &raw->print_metrics,
		 "Print the metrics as in weftd(8) and end", NULL},
		{"export", 0, 0, G_OPTION_ARG_FILENAME, &raw->export_to,
		 "Write the store's cloud to a file, and end", "FILE"},
		{"import", 0, 0, G_OPTION_ARG_FILENAME, &raw->import_from,
		 "Put the cloud of such a file into an empty store, and end", "FILE"},
		{"audit", 0, 0, G_OPTION_ARG_NONE, &raw->audit,
		 "Look whether the store is whole, print what is not, and end", NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &raw->version, "Print the version and end",
		 NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- the controller of Weft");

	g_option_context_add_main_entries(context, entries, NULL);
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
	const struct {
		const char *name;
		char **value;
	} texts[] = {
		{"store", &raw->store},		{"auth", &raw->auth},
		{"tokens", &raw->tokens},	{"log", &raw->log},
		{"vni-range", &raw->vni_range}, {"mtu", &raw->mtu},
		{"tls-cert", &raw->tls_cert},	{"tls-key", &raw->tls_key},
		{"tls-ca", &raw->tls_ca},	{"tls-crl", &raw->tls_crl},
		{"metrics", &raw->metrics},	{"user", &raw->user},
		{"store-ca", &raw->store_ca},	{"store-cert", &raw->store_cert},
		{"store-key", &raw->store_key}, {"underlay-version", &raw->underlay},
	};
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
		for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
			if (strcmp(*key, texts[i].name) != 0)
				continue;
			known = true;
			if (!*texts[i].value)
				*texts[i].value =
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

static bool options_set_auth(struct options *options, struct raw *raw, GError **error)
{
	bool tokens = raw->tokens && !raw->auth;

	if (raw->auth && strcmp(raw->auth, "tokens") == 0)
		tokens = true;
	else if (raw->auth && strcmp(raw->auth, "none") != 0)
		return options_bad(error, "auth", raw->auth, "neither none nor tokens");
	if (tokens && !raw->tokens)
		return options_bad(error, "auth", "tokens", "needs --tokens FILE");
	if (tokens) {
		options->tokens = g_steal_pointer(&raw->tokens);
		return true;
	}
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
	out->audit = raw->audit;
	out->export_to = g_steal_pointer(&raw->export_to);
	out->import_from = g_steal_pointer(&raw->import_from);
	out->version = raw->version;
	out->listen = g_steal_pointer(&raw->listen);
	out->store = g_steal_pointer(&raw->store);
	out->store_ca = g_steal_pointer(&raw->store_ca);
	out->store_cert = g_steal_pointer(&raw->store_cert);
	out->store_key = g_steal_pointer(&raw->store_key);
	out->log = g_steal_pointer(&raw->log);
	out->tls_cert = g_steal_pointer(&raw->tls_cert);
	out->tls_key = g_steal_pointer(&raw->tls_key);
	out->tls_ca = g_steal_pointer(&raw->tls_ca);
	out->tls_crl = g_steal_pointer(&raw->tls_crl);
	out->user = g_steal_pointer(&raw->user);
	out->metrics = g_steal_pointer(&raw->metrics);
	out->print_metrics = raw->print_metrics;
	if (!out->listen)
		out->listen = g_strsplit("127.0.0.1:9696", ",", -1);
	if (!out->store)
		out->store = g_strdup("sqlite:/var/lib/weft/weft.db");
	return options_check_tls(out, error) && options_set_auth(out, raw, error) &&
	       options_set_vnis(out, raw->vni_range, error) &&
	       options_set_underlay(out, raw->underlay, error) &&
	       options_set_mtu(out, raw->mtu, error);
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
	g_free(options->log);
	g_free(options->tls_cert);
	g_free(options->tls_key);
	g_free(options->tls_ca);
	g_free(options->tls_crl);
	g_free(options->user);
	g_free(options->metrics);
	*options = (struct options){0};
}

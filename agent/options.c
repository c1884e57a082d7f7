/* SPDX-License-Identifier: Apache-2.0 */
/* GOption reads, we check. */
#include "agent/options.h"

#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "abi/limits.h"
#include "abi/map.h"
#include "lib/error.h"
#include "lib/tls.h"

struct raw {
	char *controllers, *host, *tunnel_ip, *zone, *uplink, *run, *token, *token_file, *log,
		*attach;
	char *ca, *cert, *key, *crl;
	int flows, connections, port_connections, locations, policy_entries;
	gboolean cleanup, version, print_metrics;
	char *metrics;
	char **physicals;
};

static bool refuse(GError **error, const char *option, const char *value, const char *why)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "--%s %s: %s", option,
		    value ? value : "", why);
	return false;
}

static bool read_line(struct raw *raw, int argc, char **argv, GError **error)
{
	const GOptionEntry entries[] = {
		{"controller", 0, 0, G_OPTION_ARG_STRING, &raw->controllers,
		 "Controllers, separated by commas", "URL[,URL]"},
		{"host", 0, 0, G_OPTION_ARG_STRING, &raw->host,
		 "Name of this host (default: the machine's)", "NAME"},
		{"tunnel-ip", 0, 0, G_OPTION_ARG_STRING, &raw->tunnel_ip,
		 "Underlay address of this host", "IP"},
		{"zone", 0, 0, G_OPTION_ARG_STRING, &raw->zone,
		 "Availability zone of this host (default: what the controller knows)", "NAME"},
		{"physical", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->physicals,
		 "Device that is on a physical network, for routers' gateways; may be given "
		 "several times",
		 "NAME[:VLAN]=DEVICE"},
		{"uplink", 0, 0, G_OPTION_ARG_STRING, &raw->uplink,
		 "Underlay device (default: the one with the tunnel address)", "DEVICE"},
		{"run", 0, 0, G_OPTION_ARG_STRING, &raw->run,
		 "Folder of socket and pins (default: /run/weft)", "FOLDER"},
		{"token", 0, 0, G_OPTION_ARG_STRING, &raw->token,
		 "What to show the controller (default: $WEFT_TOKEN)", "TOKEN"},
		{"token-file", 0, 0, G_OPTION_ARG_STRING, &raw->token_file,
		 "File that holds the token", "FILE"},
		{"ca", 0, 0, G_OPTION_ARG_FILENAME, &raw->ca,
		 "Who may have signed the controllers' certificates", "FILE"},
		{"cert", 0, 0, G_OPTION_ARG_FILENAME, &raw->cert,
		 "Certificate of this host, instead of a token", "FILE"},
		{"key", 0, 0, G_OPTION_ARG_FILENAME, &raw->key, "Its key", "FILE"},
		{"crl", 0, 0, G_OPTION_ARG_FILENAME, &raw->crl,
		 "Which of the controllers' certificates are revoked", "FILE"},
		{"flows", 0, 0, G_OPTION_ARG_INT, &raw->flows,
		 "Cached flows for each CPU (default: 131072, or fewer)", "N"},
		{"connections", 0, 0, G_OPTION_ARG_INT, &raw->connections,
		 "Connections of all ports (default: 131072)", "N"},
		{"port-connections", 0, 0, G_OPTION_ARG_INT, &raw->port_connections,
		 "Connections of one port (default: an eighth of those of all)", "N"},
		{"locations", 0, 0, G_OPTION_ARG_INT, &raw->locations,
		 "Addresses of other ports (default: 131072)", "N"},
		{"policy-entries", 0, 0, G_OPTION_ARG_INT, &raw->policy_entries,
		 "Entries of compiled policies, of each kind (default: 131072)", "N"},
		{"attach", 0, 0, G_OPTION_ARG_STRING, &raw->attach,
		 "How programs are hooked: auto, tcx or clsact", "MODE"},
		{"log", 0, 0, G_OPTION_ARG_STRING, &raw->log,
		 "Levels: LEVEL[,MODULE=LEVEL...] (default: info)", "LEVELS"},
		{"metrics", 0, 0, G_OPTION_ARG_STRING, &raw->metrics,
		 "Where to serve metrics to everybody who asks (default: nowhere)",
		 "ADDRESS:PORT"},
		{"print-metrics", 0, 0, G_OPTION_ARG_NONE, &raw->print_metrics,
		 "Print the metrics as in weft-agent(8) and end", NULL},
		{"cleanup", 0, 0, G_OPTION_ARG_NONE, &raw->cleanup,
		 "Remove everything of --host from this machine and end", NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &raw->version, "Print the version", NULL},
		{0},
	};
	GOptionContext *context = g_option_context_new(NULL);
	GError *failure = NULL;
	bool ok;

	g_option_context_set_summary(context, "The agent of Weft on a host.");
	g_option_context_add_main_entries(context, entries, NULL);
	ok = g_option_context_parse(context, &argc, &argv, &failure);
	g_option_context_free(context);
	if (!ok) {
		g_set_error_literal(error, WEFT_ERROR, WEFT_ERROR_INVALID, failure->message);
		g_error_free(failure);
	} else if (argc > 1) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "argument %s: not expected",
			    argv[1]);
		ok = false;
	}
	return ok;
}

static void raw_done(struct raw *raw)
{
	char *list[] = {raw->controllers, raw->host,  raw->tunnel_ip,  raw->uplink,
			raw->run,	  raw->token, raw->token_file, raw->log,
			raw->attach,	  raw->ca,    raw->cert,       raw->key,
			raw->crl,	  raw->zone};

	for (gsize i = 0; i < G_N_ELEMENTS(list); i++)
		g_free(list[i]);
	g_free(raw->metrics);
	g_strfreev(raw->physicals);
}

static bool attach_read(struct options *options, const char *text, GError **error)
{
	static const char *const modes[] = {"auto", "tcx", "clsact"};

	for (gsize i = 0; i < G_N_ELEMENTS(modes); i++)
		if (!text || strcmp(text, modes[i]) == 0) {
			options->attach = (enum hooks_mode)i;
			return true;
		}
	return refuse(error, "attach", text, "not auto, tcx or clsact");
}

static bool size_read(const char *option, int given, uint32_t standard, uint32_t max,
		      uint32_t *out, GError **error)
{
	g_autofree char *text = g_strdup_printf("%d", given);

	if (given == 0) {
		*out = standard;
		return true;
	}
	if (given < 256 || (uint32_t)given > max)
		return refuse(error, option, text, "out of range");
	*out = (uint32_t)given;
	return true;
}

/* 16 MB for each of a few CPUs, 128 MB for all of many. */
static uint32_t flow_sets_default(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	return cpus * DEF_FLOW_SETS <= DEF_FLOW_HOST ? DEF_FLOW_SETS
						     : (uint32_t)(DEF_FLOW_HOST / cpus);
}

static bool sizes_read(struct options *options, const struct raw *raw, GError **error)
{
	uint32_t flows;

	if (!size_read("flows", raw->flows, flow_sets_default() * FLOW_WAYS, FLOW_WAYS << 20,
		       &flows, error) ||
	    !size_read("connections", raw->connections, DEF_CONNS, 1 << 24,
		       &options->connections, error) ||
	    !size_read("port-connections", raw->port_connections, options->connections / 8,
		       1 << 24, &options->port_connections, error) ||
	    !size_read("locations", raw->locations, DEF_LOCATIONS, LIM_LOCATIONS,
		       &options->locations, error) ||
	    !size_read("policy-entries", raw->policy_entries, DEF_POLICY, LIM_CELLS,
		       &options->policy_entries, error))
		return false;
	for (options->flow_sets = 1; options->flow_sets * FLOW_WAYS < flows;)
		options->flow_sets *= 2;
	return true;
}

static bool host_read(struct options *options, const char *text, GError **error)
{
	char name[256] = "";

	if (!text && gethostname(name, sizeof(name) - 1) == 0)
		text = name;
	/* It is a folder's name, and a part of a path of the controller. */
	if (!text || !*text || strlen(text) > 255 || strchr(text, '/') || text[0] == '.')
		return refuse(error, "host", text, "not a name");
	options->host = g_strdup(text);
	return true;
}

static bool token_read(struct options *options, const struct raw *raw, GError **error)
{
	const char *text = raw->token ? raw->token : g_getenv("WEFT_TOKEN");
	g_autofree char *content = NULL;
	GError *failure = NULL;

	if (raw->token_file &&
	    !g_file_get_contents(raw->token_file, &content, NULL, &failure)) {
		refuse(error, "token-file", raw->token_file, failure->message);
		g_error_free(failure);
		return false;
	}
	text = content ? g_strstrip(content) : text;
	options->token = text && *text ? g_strdup(text) : NULL;
	return true;
}

/* Read by libcurl when it connects; what is wrong with them is said now. */
static bool certificates_read(struct options *options, const struct raw *raw, GError **error)
{
	const struct tls_files files = {raw->cert, raw->key, raw->ca, raw->crl};
	struct tls *tls = tls_new(&files, error);

	if (!tls)
		return false;
	tls_free(tls);
	options->ca = g_strdup(raw->ca);
	options->cert = g_strdup(raw->cert);
	options->key = g_strdup(raw->key);
	options->crl = g_strdup(raw->crl);
	return true;
}

#define PHYSICAL_MAX 64 /* characters of a name */
#define VLAN_MAX     4094

/* As networks name it: a colon ends the name, a comma would end it for the controller. */
static bool physical_name_check(const char *name)
{
	const char *colon = strchr(name, ':');
	glong length = g_utf8_strlen(name, colon ? colon - name : -1);
	guint64 vlan;

	for (const char *c = name; *c; c++)
		if (g_ascii_iscntrl(*c) || *c == ',')
			return false;
	return length > 0 && length <= PHYSICAL_MAX && g_utf8_validate(name, -1, NULL) &&
	       (!colon ||
		(colon[1] != '0' &&
		 g_ascii_string_to_unsigned(colon + 1, 10, 1, VLAN_MAX, &vlan, NULL)));
}

static bool device_check(const char *device)
{
	gsize length = strlen(device);

	return length > 0 && length < IF_NAMESIZE && !strpbrk(device, "/ \t\n");
}

/* What is wrong with it; NULL: nothing, and it has been added. */
static const char *physical_add(struct options *options, const char *text)
{
	const char *equals = strchr(text, '=');
	struct options_physical one = {0};
	const char *why = NULL;

	if (!equals)
		return "not NAME[:VLAN]=DEVICE";
	one.name = g_strndup(text, (gsize)(equals - text));
	one.device = g_strdup(equals + 1);
	if (!physical_name_check(one.name))
		why = "not a name of a physical network, with a VLAN of 1 to 4094 or without";
	else if (!device_check(one.device))
		why = "not a device's name";
	for (guint i = 0; !why && i < options->physicals->len; i++) {
		const struct options_physical *other =
			&g_array_index(options->physicals, struct options_physical, i);

		if (strcmp(other->name, one.name) == 0)
			why = "the network has a device already";
		else if (strcmp(other->device, one.device) == 0)
			why = "the device is on another network already";
	}
	if (!why) {
		g_array_append_val(options->physicals, one);
		return NULL;
	}
	g_free(one.name);
	g_free(one.device);
	return why;
}

static bool physicals_read(struct options *options, char **given, GError **error)
{
	g_autoptr(GString) names = g_string_new(NULL);

	options->physicals = g_array_new(FALSE, FALSE, sizeof(struct options_physical));
	for (char **text = given; text && *text; text++) {
		const char *why = physical_add(options, *text);

		if (why)
			return refuse(error, "physical", *text, why);
	}
	for (guint i = 0; i < options->physicals->len; i++)
		g_string_append_printf(
			names, "%s%s", i ? "," : "",
			g_array_index(options->physicals, struct options_physical, i).name);
	options->physical_text = names->len ? g_strdup(names->str) : NULL;
	return true;
}

static bool connection_read(struct options *options, const struct raw *raw, GError **error)
{
	if (!raw->controllers)
		return refuse(error, "controller", NULL, "is needed");
	options->controllers = g_strsplit(raw->controllers, ",", -1);
	for (char **url = options->controllers; *url; url++)
		if (!g_str_has_prefix(*url, "http://") && !g_str_has_prefix(*url, "https://") &&
		    !g_str_has_prefix(*url, "unix:"))
			return refuse(error, "controller", *url,
				      "not an http, https or unix URL");
	if (!raw->tunnel_ip || !ip_parse(raw->tunnel_ip, &options->tunnel_ip) ||
	    ip_is_none(options->tunnel_ip) || ip_is_multicast(options->tunnel_ip))
		return refuse(error, "tunnel-ip", raw->tunnel_ip, "not an address");
	options->tunnel_text = g_strdup(raw->tunnel_ip);
	options->zone = g_strdup(raw->zone);
	options->uplink = g_strdup(raw->uplink);
	return physicals_read(options, raw->physicals, error) &&
	       certificates_read(options, raw, error) && token_read(options, raw, error);
}

bool options_parse(struct options *options, int argc, char **argv, GError **error)
{
	struct raw raw = {0};
	bool ok;

	memset(options, 0, sizeof(*options));
	ok = read_line(&raw, argc, argv, error);
	options->cleanup = raw.cleanup;
	options->version = raw.version;
	options->print_metrics = raw.print_metrics;
	options->metrics = g_strdup(raw.metrics);
	if (ok && !raw.version && !raw.print_metrics)
		ok = host_read(options, raw.host, error) &&
		     attach_read(options, raw.attach, error) &&
		     sizes_read(options, &raw, error) &&
		     (raw.cleanup || connection_read(options, &raw, error));
	options->run = g_strdup(raw.run ? raw.run : "/run/weft");
	options->log = g_strdup(raw.log ? raw.log : "info");
	raw_done(&raw);
	if (!ok)
		options_done(options);
	return ok;
}

void options_done(struct options *options)
{
	g_strfreev(options->controllers);
	g_free(options->host);
	g_free(options->tunnel_text);
	g_free(options->zone);
	for (guint i = 0; options->physicals && i < options->physicals->len; i++) {
		struct options_physical *one =
			&g_array_index(options->physicals, struct options_physical, i);

		g_free(one->name);
		g_free(one->device);
	}
	if (options->physicals)
		g_array_unref(options->physicals);
	g_free(options->physical_text);
	g_free(options->uplink);
	g_free(options->run);
	g_free(options->token);
	g_free(options->ca);
	g_free(options->cert);
	g_free(options->key);
	g_free(options->crl);
	g_free(options->log);
	g_free(options->metrics);
	memset(options, 0, sizeof(*options));
}

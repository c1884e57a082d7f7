/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of commands. Those that every kind has are written once and repeated
 * for each.
 */
#include "cli/command.h"

#include <string.h>
#include "cli/attr_option.h"
#include "cli/cmd.h"
#include "cli/output.h"

#define MANY G_MAXUINT

static const struct command kind_commands[] = {
	{NULL, "create", "NAME", 1, 1, "make one", NULL, ATTR_POST, false, true, 0, cmd_create},
	{NULL, "list", "", 0, 0, "list those that match", cmd_list_options, ATTR_FILTER, false,
	 true, 0, cmd_list},
	{NULL, "show", "NAME", 1, 1, "show one", NULL, 0, false, true, 0, cmd_show},
	{NULL, "set", "NAME", 1, 1, "change one; lists are added to", NULL, ATTR_PUT, false,
	 false, 0, cmd_set},
	{NULL, "unset", "NAME", 1, 1, "take values away", NULL, ATTR_PUT, true, false, 0,
	 cmd_unset},
	{NULL, "delete", "NAME...", 1, MANY, "delete", NULL, 0, false, false, 0, cmd_delete},
};

static const struct command other_commands[] = {
	{"router", "add-interface", "ROUTER SUBNET|port=PORT", 2, 2,
	 "join a subnet to a router", NULL, 0, false, true, KIND_ROUTER, cmd_interface_add},
	{"router", "remove-interface", "ROUTER SUBNET|port=PORT", 2, 2,
	 "part a subnet from a router", NULL, 0, false, false, KIND_ROUTER,
	 cmd_interface_remove},
	{"firewall policy", "add-rule", "POLICY RULE", 2, 2, "put a rule into a policy",
	 cmd_firewall_add_options, 0, false, false, KIND_FIREWALL_POLICY, cmd_firewall_add},
	{"firewall policy", "remove-rule", "POLICY RULE", 2, 2, "take a rule out of a policy",
	 NULL, 0, false, false, KIND_FIREWALL_POLICY, cmd_firewall_remove},
	{"port", "attach", "PORT", 1, 1, "wire a port into a namespace or to a tap, here",
	 cmd_attach_options, 0, false, false, KIND_PORT, cmd_attach},
	{"port", "detach", "PORT", 1, 1, "unwire a port, here", NULL, 0, false, false,
	 KIND_PORT, cmd_detach},
	{"port", "stats", "PORT", 1, 1, "counters of a port wired here", NULL, 0, false, true,
	 KIND_PORT, cmd_stats},
	{"port binding", "list", "PORT", 1, 1, "hosts a port is or may be bound to", NULL, 0,
	 false, true, KIND_PORT, cmd_binding_list},
	{"port binding", "create", "PORT HOST", 2, 2, "bind a port to a further host", NULL, 0,
	 false, true, KIND_PORT, cmd_binding_create},
	{"port binding", "activate", "PORT HOST", 2, 2, "move a port to one of them", NULL, 0,
	 false, true, KIND_PORT, cmd_binding_activate},
	{"port binding", "delete", "PORT HOST", 2, 2, "unbind a port from a host", NULL, 0,
	 false, false, KIND_PORT, cmd_binding_delete},
	{"drops", NULL, "", 0, 0, "what this host dropped, and why", cmd_drops_options, 0,
	 false, true, 0, cmd_drops},
	{"capture", NULL, "PORT [FILTER]", 1, MANY, "packets of a port wired here",
	 cmd_capture_options, 0, false, true, 0, cmd_capture},
	{"flows", NULL, "[PORT]", 0, 1, "connections this host knows", cmd_flows_options, 0,
	 false, true, KIND_PORT, cmd_flows},
	{"status", NULL, "", 0, 0, "how this host's agent is", NULL, 0, false, true, 0,
	 cmd_status},
	{"trace", NULL, "PORT PACKET", 2, MANY, "where a packet of a port goes, and why", NULL,
	 0, false, true, KIND_PORT, cmd_trace},
	{"policy", "check", "PORT PORT SERVICE", 3, 3,
	 "may one port speak to another, and by which rules", NULL, 0, false, true, KIND_PORT,
	 cmd_policy_check},
	{"policy", "reach", "", 0, 0, "whom the ports of a group can reach, and by which rules",
	 cmd_reach_options, 0, false, true, KIND_PORT, cmd_policy_reach},
	{"wait", NULL, "PORT...", 1, MANY, "return when the ports are ACTIVE", cmd_wait_options,
	 0, false, false, KIND_PORT, cmd_wait},
	{"stack", "create", "NAME FILE", 2, 2, "make what a template describes",
	 cmd_stack_options, 0, false, true, 0, cmd_stack_create},
	{"stack", "update", "NAME FILE", 2, 2, "make a stack what a template describes",
	 cmd_stack_options, 0, false, true, 0, cmd_stack_update},
	{"stack", "show", "NAME", 1, 1, "members of a stack; with its template, outputs",
	 cmd_stack_show_options, 0, false, true, 0, cmd_stack_show},
	{"stack", "list", "", 0, 0, "stacks, and how many members they have", NULL, 0, false,
	 true, 0, cmd_stack_list},
	{"stack", "delete", "NAME...", 1, MANY, "delete stacks with all members", NULL, 0,
	 false, false, 0, cmd_stack_delete},
	{"pki", "init", "DIR", 1, 1, "make an authority for certificates in a folder",
	 cmd_pki_init_options, 0, false, false, 0, cmd_pki_init},
	{"pki", "server", "DIR NAME", 2, 2, "a certificate for weftd", cmd_pki_server_options,
	 0, false, false, 0, cmd_pki_server},
	{"pki", "host", "DIR NAME", 2, 2, "a certificate for the agent of a host",
	 cmd_pki_server_options, 0, false, false, 0, cmd_pki_host},
	{"pki", "user", "DIR PROJECT", 2, 2, "a certificate that speaks for a project",
	 cmd_pki_client_options, 0, false, false, 0, cmd_pki_user},
	{"pki", "admin", "DIR NAME", 2, 2, "a certificate of an administrator",
	 cmd_pki_client_options, 0, false, false, 0, cmd_pki_admin},
	{"pki", "revoke", "DIR NAME|SERIAL", 2, 2, "make certificates invalid", NULL, 0, false,
	 false, 0, cmd_pki_revoke},
	{"pki", "list", "DIR", 1, 1, "certificates, and which are revoked", NULL, 0, false,
	 true, 0, cmd_pki_list},
	{"completion", NULL, "bash|zsh", 1, 1, "print completion for a shell", NULL, 0, false,
	 false, 0, cmd_completion},
};

#define KIND_COMMANDS  G_N_ELEMENTS(kind_commands)
#define OTHER_COMMANDS G_N_ELEMENTS(other_commands)

/* Objects without a name: made for another one (%s), by its name, and told by ids. */
static const struct {
	const char *verb, *words;
	unsigned int min, max;
} nameless[] = {
	{"create", "%s", 1, 1}, {"list", "[%s]", 0, 1},	      {"show", "ID", 1, 1},
	{"set", "ID", 1, 1},	{"delete", "ID...", 1, MANY},
};

static const char *words_for(const char *words, enum kind kind)
{
	g_autoptr(GString) text = g_string_new(words);

	g_string_replace(text, "%s", attr_option_word_name(kind), 1);
	return g_intern_string(text->str);
}

/* False: not for objects without a name. */
static bool make_nameless(struct command *command)
{
	for (guint i = 0; i < G_N_ELEMENTS(nameless); i++)
		if (!strcmp(nameless[i].verb, command->verb)) {
			command->words = words_for(nameless[i].words, command->kind);
			command->min_words = nameless[i].min;
			command->max_words = nameless[i].max;
			return true;
		}
	return false;
}

/* Returns how many. */
static guint add_kind(struct command *to, enum kind kind)
{
	guint n = 0;

	for (guint i = 0; i < KIND_COMMANDS; i++) {
		struct command command = kind_commands[i];

		command.kind = kind;
		command.object = client_kind_name(kind);
		if (attr_find(cloud_table(kind), "name") || make_nameless(&command))
			to[n++] = command;
	}
	return n;
}

const struct command *command_all(guint *count)
{
	static const enum kind kinds[] = {KIND_NETWORK,
					  KIND_SUBNET,
					  KIND_ROUTER,
					  KIND_PORT,
					  KIND_SECURITY_GROUP,
					  KIND_SECURITY_RULE,
					  KIND_DEFAULT_RULE,
					  KIND_ADDRESS_GROUP,
					  KIND_POLICY,
					  KIND_NETWORK_ACL,
					  KIND_NETWORK_ACL_RULE,
					  KIND_FIREWALL_GROUP,
					  KIND_FIREWALL_POLICY,
					  KIND_FIREWALL_RULE,
					  KIND_LOG,
					  KIND_FLAVOR,
					  KIND_SERVICE_PROFILE,
					  KIND_RBAC_POLICY,
					  KIND_SUBNETPOOL,
					  KIND_ADDRESS_SCOPE,
					  KIND_SEGMENT,
					  KIND_SEGMENT_RANGE,
					  KIND_HOST};
	static guint count_all;
	static struct command all[G_N_ELEMENTS(kinds) * KIND_COMMANDS + OTHER_COMMANDS];
	guint n = 0;

	*count = count_all;
	if (all[0].verb)
		return all;
	for (guint k = 0; k < G_N_ELEMENTS(kinds); k++)
		n += add_kind(&all[n], kinds[k]);
	memcpy(&all[n], other_commands, sizeof(other_commands));
	count_all = n + OTHER_COMMANDS;
	*count = count_all;
	return all;
}

#define OBJECT_WORDS 4 /* "default security group rule" */

static bool has_object(const char *object)
{
	guint count;
	const struct command *all = command_all(&count);

	for (guint i = 0; i < count; i++)
		if (!strcmp(all[i].object, object))
			return true;
	return false;
}

guint command_count_words(char **words, int count, char **object)
{
	for (int n = MIN(count, OBJECT_WORDS); n > 0; n--) {
		g_auto(GStrv) part = g_new0(char *, (gsize)n + 1);
		g_autofree char *name = NULL;

		for (int i = 0; i < n; i++)
			part[i] = g_strdup(words[i]);
		name = g_strjoinv(" ", part);
		if (!has_object(name))
			continue;
		*object = g_steal_pointer(&name);
		return (guint)n;
	}
	return 0;
}

/* VERB may be NULL. "list" is what an object without verb does not do: it is NULL then. */
const struct command *command_find(const char *object, const char *verb)
{
	guint count;
	const struct command *all = command_all(&count);

	for (guint i = 0; i < count; i++)
		if (!strcmp(all[i].object, object) && !g_strcmp0(all[i].verb, verb))
			return &all[i];
	return NULL;
}

GArray *command_options(const struct command *command)
{
	static const struct option help = {"help", 'h', NULL, "this", false, NULL, NULL};
	GArray *options = g_array_new(FALSE, FALSE, sizeof(struct option));

	for (const struct option *option = command->options; option && option->name; option++)
		g_array_append_val(options, *option);
	if (command->attributes)
		attr_option_add(options, command->kind, command->attributes, command->unset);
	if (command->output)
		output_add_options(options);
	g_array_append_val(options, help);
	return options;
}

struct client *command_client(struct context *context)
{
	if (!context->client) {
		context->client = client_new(context->url, context->token, context->project);
		client_set_tls(context->client, &context->tls);
	}
	return context->client;
}

const struct attr_table *command_table(const struct context *context)
{
	return cloud_table(context->command->kind);
}

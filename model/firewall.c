/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of firewall rules, policies and groups, and what can be said of a rule alone.
 */
#include "model/firewall.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "model/cloud.h"
#include "model/security.h"

#define PROTOCOL_MAX 40 /* characters */
#define PORTS_MAX    11 /* "65535:65535" */

static const char *const actions[] = {"allow", "deny", "reject", NULL};

static const struct attr_table id_table = {
	.singular = "id",
	.size = sizeof(struct uuid),
	.attrs = (const struct attr[]){{.type = ATTR_UUID}},
};

/* ---------------------------------------------------------------- rules */

static int id_compare(const void *a, const void *b)
{
	return memcmp(*(const struct uuid *const *)a, *(const struct uuid *const *)b,
		      sizeof(struct uuid));
}

/* A rule may be in several policies; in none it says null, as the reference does. */
static json_t *rule_print_policies(const void *object, const void *world)
{
	const struct firewall_rule *rule = object;
	const GPtrArray *policies =
		world ? cloud_list_rule_policies(world, rule->object.id) : NULL;
	g_autofree void **sorted = NULL;
	json_t *list;

	if (!policies || !policies->len)
		return NULL;
	list = json_array();
	sorted = g_memdup2(policies->pdata, policies->len * sizeof(void *));
	qsort(sorted, policies->len, sizeof(void *), id_compare); /* an object begins with it */
	for (guint i = 0; i < policies->len; i++) {
		char id[UUID_TEXT];

		json_array_append_new(
			list, json_string(uuid_print(((struct object *)sorted[i])->id, id)));
	}
	return list;
}

/* Members of another group as peers: the reference knows them and its routers do not serve them. */
static json_t *print_null(const void *object, const void *world)
{
	return NULL;
}

static const struct attr rule_attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "enabled",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_COLUMN,
	 .offset = offsetof(struct firewall_rule, enabled),
	 .initial = "true",
	 .help = "false: as if it were in no policy"},
	{.name = "action",
	 .type = ATTR_ENUM,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_COLUMN,
	 .offset = offsetof(struct firewall_rule, action),
	 .names = actions,
	 .initial = "deny",
	 .help = "allow, deny, or reject: who is refused is told"},
	{.name = "ip_version",
	 .type = ATTR_INT,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_COLUMN,
	 .offset = offsetof(struct firewall_rule, ip_version),
	 .min = 4,
	 .max = 6,
	 .initial = "4",
	 .help = "4 or 6"},
	{.name = "protocol",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN | ATTR_NUMBER_IN,
	 .offset = offsetof(struct firewall_rule, protocol),
	 .max = PROTOCOL_MAX,
	 .help = "a name or a number; default: any"},
	{.name = "source_ip_address",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct firewall_rule, source_ip_address),
	 .max = PREFIX_TEXT,
	 .help = "an address or a prefix; default: any"},
	{.name = "source_port",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN | ATTR_NUMBER_IN,
	 .offset = offsetof(struct firewall_rule, source_port),
	 .max = PORTS_MAX,
	 .help = "a port of TCP or UDP, or FIRST:LAST; default: any"},
	{.name = "destination_ip_address",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct firewall_rule, destination_ip_address),
	 .max = PREFIX_TEXT,
	 .help = "an address or a prefix; default: any"},
	{.name = "destination_port",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN | ATTR_NUMBER_IN,
	 .offset = offsetof(struct firewall_rule, destination_port),
	 .max = PORTS_MAX,
	 .help = "a port of TCP or UDP, or FIRST:LAST; default: any"},
	{.name = "shared",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_ADMIN_SET,
	 .offset = offsetof(struct firewall_rule, shared),
	 .initial = "false",
	 .help = "policies of every project may have it"},
	{.name = "source_firewall_group_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_BOTH | ATTR_NULLABLE | ATTR_COMPUTED,
	 .offset = offsetof(struct firewall_rule, source_group_id),
	 .print = print_null,
	 .help = "null: routers do not know who is a group's member"},
	{.name = "destination_firewall_group_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_BOTH | ATTR_NULLABLE | ATTR_COMPUTED,
	 .offset = offsetof(struct firewall_rule, destination_group_id),
	 .print = print_null,
	 .help = "null: routers do not know who is a group's member"},
	{.name = "firewall_policy_id",
	 .type = ATTR_LIST,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_FILTER | ATTR_NULLABLE,
	 .item = &id_table,
	 .print = rule_print_policies,
	 .help = "the policies that it is in; null: none"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table firewall_rule_table = {
	.singular = "firewall_rule",
	.plural = "firewall_rules",
	.path = "fwaas/firewall_rules",
	.title = "FirewallRule",
	.size = sizeof(struct firewall_rule),
	.attrs = rule_attrs,
	.help = "Says what becomes of the connections that it describes.",
};

/* ---------------------------------------------------- policies and groups */

static const struct attr policy_attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "firewall_rules",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH | ATTR_FILTER | ATTR_UNIQUE | ATTR_ORDERED | ATTR_COLUMN,
	 .offset = offsetof(struct firewall_policy, rules),
	 .item = &id_table,
	 .max = FIREWALL_RULE_MAX,
	 .help = "its rules, in the order in which they are asked: the first that means a "
		 "connection decides"},
	{.name = "audited",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND,
	 .offset = offsetof(struct firewall_policy, audited),
	 .initial = "false",
	 .help = "somebody has looked at it; false again with each change of it or its rules"},
	{.name = "shared",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_ADMIN_SET,
	 .offset = offsetof(struct firewall_policy, shared),
	 .initial = "false",
	 .help = "groups of every project may name it"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table firewall_policy_table = {
	.singular = "firewall_policy",
	.plural = "firewall_policies",
	.path = "fwaas/firewall_policies",
	.title = "FirewallPolicy",
	.size = sizeof(struct firewall_policy),
	.attrs = policy_attrs,
	.help = "Rules in their order; what none of them means is denied.",
};

/* It stands at its ports from when it is committed: there is nothing to wait for. */
static json_t *group_print_status(const void *object, const void *world)
{
	const struct firewall_group *group = object;

	g_autofree char *name = NULL;
	char id[UUID_TEXT];

	if (!group->ports.count)
		return json_string("INACTIVE");
	name = g_strconcat("fw:", uuid_print(group->object.id, id), NULL);
	if (world && cloud_is_refused(world, name))
		return json_string("ERROR");
	return json_string(group->admin_state_up ? "ACTIVE" : "DOWN");
}

static const struct attr group_attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "ingress_firewall_policy_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct firewall_group, ingress_policy_id),
	 .help = "for what the router sends out of its ports; null: all of it is denied"},
	{.name = "egress_firewall_policy_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct firewall_group, egress_policy_id),
	 .help = "for what enters the router by its ports; null: all of it is denied"},
	{.name = "ports",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH | ATTR_FILTER | ATTR_UNIQUE,
	 .offset = offsetof(struct firewall_group, ports),
	 .item = &id_table,
	 .max = FIREWALL_PORT_MAX,
	 .help = "interfaces of routers at which it stands; each is in one group at most"},
	{.name = "admin_state_up",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_COLUMN,
	 .offset = offsetof(struct firewall_group, admin_state_up),
	 .initial = "true",
	 .help = "false: everything is denied at its ports"},
	{.name = "status",
	 .type = ATTR_STRING,
	 .flags = ATTR_VISIBLE | ATTR_FIND | ATTR_COLUMN | ATTR_COMPUTED,
	 .print = group_print_status,
	 .help = "ACTIVE, DOWN when it is not up, INACTIVE when it has no ports, ERROR when a host "
		 "could not make its rules: nothing passes there"},
	{.name = "shared",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_ADMIN_SET,
	 .offset = offsetof(struct firewall_group, shared),
	 .initial = "false",
	 .help = "every project may see it"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table firewall_group_table = {
	.singular = "firewall_group",
	.plural = "firewall_groups",
	.path = "fwaas/firewall_groups",
	.title = "FirewallGroup",
	.size = sizeof(struct firewall_group),
	.attrs = group_attrs,
	.help = "Sets policies before the interfaces of routers.",
};

static bool has(const struct vec *ids, struct uuid id)
{
	for (uint32_t i = 0; i < ids->count; i++)
		if (uuid_equal(*vec_at(struct uuid, ids, i), id))
			return true;
	return false;
}

bool firewall_group_has_port(const struct firewall_group *group, struct uuid port_id)
{
	return has(&group->ports, port_id);
}

bool firewall_policy_has_rule(const struct firewall_policy *policy, struct uuid rule_id)
{
	return has(&policy->rules, rule_id);
}

/* ----------------------------------------------- what a rule says of itself */

int firewall_rule_get_protocol(const struct firewall_rule *rule)
{
	int number = rule->protocol ? security_protocol_parse(rule->protocol)
				    : SECURITY_PROTOCOL_ANY;

	return number == IPPROTO_ICMP && rule->ip_version == 6 ? IPPROTO_ICMPV6 : number;
}

bool firewall_rule_get_source(const struct firewall_rule *rule, struct prefix *out)
{
	return rule->source_ip_address && prefix_parse(rule->source_ip_address, true, out);
}

bool firewall_rule_get_destination(const struct firewall_rule *rule, struct prefix *out)
{
	return rule->destination_ip_address &&
	       prefix_parse(rule->destination_ip_address, true, out);
}

static bool port_parse(const char *text, uint16_t *out)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(text, 10, 0, UINT16_MAX, &number, NULL))
		return false;
	*out = (uint16_t)number;
	return true;
}

bool firewall_ports_parse(const char *text, uint16_t *low, uint16_t *high)
{
	const char *colon = text ? strchr(text, ':') : NULL;
	g_autofree char *first = NULL;
	uint16_t a, b;

	if (!text)
		return false;
	first = colon ? g_strndup(text, (gsize)(colon - text)) : g_strdup(text);
	if (!port_parse(first, &a) || !port_parse(colon ? colon + 1 : text, &b))
		return false;
	*low = a;
	*high = b;
	return true;
}

static bool wrong(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool wrong(GError **error, const char *format, ...)
{
	va_list args;
	g_autofree char *text = NULL;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, WEFT_ERROR, WEFT_ERROR_INVALID, text);
	return false;
}

static bool address_check(const struct firewall_rule *rule, const char *name, const char *text,
			  GError **error)
{
	struct prefix prefix;
	char clean[PREFIX_TEXT];

	if (!text)
		return true;
	if (!prefix_parse(text, false, &prefix))
		return wrong(
			error,
			"Invalid input for %s. Reason: '%s' is neither a valid IP address, "
			"nor is it a valid IP subnet.",
			name, text);
	if (!prefix_parse(text, true, &prefix))
		return wrong(error,
			     "Invalid input for %s. Reason: '%s' has host bits, '%s' is "
			     "recommended.",
			     name, text, prefix_print(prefix, clean));
	return prefix_is_v4(prefix) == (rule->ip_version == 4) ||
	       wrong(error,
		     "FirewallIpAddressConflict: Invalid input - IP addresses do not agree with "
		     "IP Version: %s '%s', ip_version %" G_GINT64_FORMAT ".",
		     name, text, rule->ip_version);
}

static bool ports_check(const struct firewall_rule *rule, const char *name, const char *text,
			GError **error)
{
	int protocol = firewall_rule_get_protocol(rule);
	uint16_t low, high;

	if (!text)
		return true;
	if (!firewall_ports_parse(text, &low, &high))
		return wrong(error,
			     "Invalid input for %s. Reason: '%s' is neither a port from 0 to "
			     "65535 nor two with a colon between.",
			     name, text);
	if (low > high)
		return wrong(error,
			     "FirewallRuleInvalidPortValue: Invalid value for port '%s' of %s.",
			     text, name);
	if (protocol == SECURITY_PROTOCOL_ANY)
		return wrong(error,
			     "FirewallRuleWithPortWithoutProtocolInvalid: Source/destination "
			     "port requires a protocol: %s '%s'.",
			     name, text);
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ||
	       wrong(error,
		     "FirewallRuleInvalidICMPParameter: %s '%s' is not allowed when protocol "
		     "is '%s'.",
		     name, text, rule->protocol);
}

static bool group_check(const char *name, struct uuid wish, GError **error)
{
	char id[UUID_TEXT];

	return uuid_is_none(wish) ||
	       wrong(error,
		     "Invalid input for %s. Reason: '%s' is not null, and firewalls of routers "
		     "do not know who is a group's member.",
		     name, uuid_print(wish, id));
}

bool firewall_rule_validate(const struct firewall_rule *rule, GError **error)
{
	if (rule->protocol && security_protocol_parse(rule->protocol) < 0)
		return wrong(error,
			     "Invalid input for protocol. Reason: '%s' is neither a protocol's "
			     "name nor a number from 0 to 255.",
			     rule->protocol);
	if (rule->ip_version != 4 && rule->ip_version != 6)
		return wrong(error,
			     "Invalid input for ip_version. Reason: '%" G_GINT64_FORMAT
			     "' is not in [4, 6].",
			     rule->ip_version);
	return group_check("source_firewall_group_id", rule->source_group_id, error) &&
	       group_check("destination_firewall_group_id", rule->destination_group_id,
			   error) &&
	       address_check(rule, "source_ip_address", rule->source_ip_address, error) &&
	       address_check(rule, "destination_ip_address", rule->destination_ip_address,
			     error) &&
	       ports_check(rule, "source_port", rule->source_port, error) &&
	       ports_check(rule, "destination_port", rule->destination_port, error);
}

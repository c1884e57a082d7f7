/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of network ACLs and of their rules.
 */
#include "model/acl.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "lib/error.h"
#include "model/attr_json.h"
#include "model/cloud.h"

#define PROTOCOL_MAX 40 /* characters */

static const char *const directions[] = {"ingress", "egress", NULL};
static const char *const actions[] = {"allow", "deny", NULL};
static const char *const ethertypes[] = {"", "IPv4", "IPv6", NULL};

static int rule_compare(const void *a, const void *b)
{
	const struct network_acl_rule *const *x = a, *const *y = b;

	if ((*x)->direction != (*y)->direction)
		return (*x)->direction < (*y)->direction ? -1 : 1;
	return (*x)->number < (*y)->number ? -1 : (*x)->number > (*y)->number;
}

/* Rules within their ACL, in the order in which they are asked. */
static json_t *acl_print_rules(const void *object, const void *world)
{
	const struct network_acl *acl = object;
	const GPtrArray *rules = world ? cloud_list_acl_rules(world, acl->object.id) : NULL;
	struct attr_view view = attr_view_all;
	json_t *list = json_array();
	g_autofree void **sorted = NULL;

	if (!rules || !rules->len)
		return list;
	view.hidden = 0;
	view.world = world;
	sorted = g_memdup2(rules->pdata, rules->len * sizeof(void *));
	qsort(sorted, rules->len, sizeof(void *), rule_compare);
	for (guint i = 0; i < rules->len; i++) {
		g_autoptr(GString) text = g_string_new(NULL);

		attr_encode(&network_acl_rule_table, sorted[i], &view, text);
		json_array_append_new(list, json_loadb(text->str, text->len, 0, NULL));
	}
	return list;
}

static int id_compare(const void *a, const void *b)
{
	return memcmp(*(const struct uuid *const *)a, *(const struct uuid *const *)b,
		      sizeof(struct uuid));
}

static json_t *acl_print_subnets(const void *object, const void *world)
{
	const struct network_acl *acl = object;
	const GPtrArray *subnets = world ? cloud_list_acl_subnets(world, acl->object.id) : NULL;
	g_autofree void **sorted = NULL;
	json_t *list = json_array();

	if (!subnets || !subnets->len)
		return list;
	sorted = g_memdup2(subnets->pdata, subnets->len * sizeof(void *));
	qsort(sorted, subnets->len, sizeof(void *), id_compare); /* an object begins with it */
	for (guint i = 0; i < subnets->len; i++) {
		char id[UUID_TEXT];

		json_array_append_new(
			list, json_string(uuid_print(((struct object *)sorted[i])->id, id)));
	}
	return list;
}

static const struct attr acl_attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "network_acl_rules",
	 .type = ATTR_LIST,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED,
	 .print = acl_print_rules,
	 .help = "its rules, in the order in which they are asked"},
	{.name = "subnets",
	 .type = ATTR_LIST,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_COLUMN,
	 .print = acl_print_subnets,
	 .help = "subnets at whose borders it stands: those that name it"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table network_acl_table = {
	.singular = "network_acl",
	.plural = "network_acls",
	.path = "network-acls",
	.title = "NetworkAcl",
	.size = sizeof(struct network_acl),
	.attrs = acl_attrs,
	.help = "Numbered rules for what comes into a subnet or leaves it.",
};

static const struct attr rule_attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "network_acl_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct network_acl_rule, network_acl_id),
	 .help = "the ACL it is of"},
	{.name = "number",
	 .type = ATTR_INT,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct network_acl_rule, number),
	 .min = 1,
	 .max = ACL_NUMBER_MAX,
	 .help = "its place: the first that means a packet decides"},
	{.name = "direction",
	 .type = ATTR_ENUM,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct network_acl_rule, direction),
	 .names = directions,
	 .help = "ingress: into the subnet; egress: out of it"},
	{.name = "action",
	 .type = ATTR_ENUM,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct network_acl_rule, action),
	 .names = actions,
	 .help = "allow or deny"},
	{.name = "ethertype",
	 .type = ATTR_ENUM,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct network_acl_rule, ethertype),
	 .names = ethertypes,
	 .help = "IPv4 or IPv6; default: what the rest is about, or both"},
	{.name = "protocol",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN | ATTR_NUMBER_IN,
	 .offset = offsetof(struct network_acl_rule, protocol),
	 .max = PROTOCOL_MAX,
	 .help = "a name or a number; default: any"},
	{.name = "port_range_min",
	 .type = ATTR_INT,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct network_acl_rule, port_range_min),
	 .help = "first destination port, or ICMP type; default: any"},
	{.name = "port_range_max",
	 .type = ATTR_INT,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct network_acl_rule, port_range_max),
	 .help = "last destination port, or ICMP code; default: any"},
	{.name = "remote_ip_prefix",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct network_acl_rule, remote_ip_prefix),
	 .max = PREFIX_TEXT,
	 .help = "addresses outside the subnet; default: any"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table network_acl_rule_table = {
	.singular = "network_acl_rule",
	.plural = "network_acl_rules",
	.path = "network-acl-rules",
	.title = "NetworkAclRule",
	.size = sizeof(struct network_acl_rule),
	.attrs = rule_attrs,
	.help = "Allows or denies what it describes.",
};

/* ---------------------------------------------------------------- rules */

static bool is_icmp(int protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

bool network_acl_rule_get_prefix(const struct network_acl_rule *rule, struct prefix *out)
{
	return rule->remote_ip_prefix && prefix_parse(rule->remote_ip_prefix, false, out);
}

int network_acl_rule_get_protocol(const struct network_acl_rule *rule)
{
	int number = rule->protocol ? security_protocol_parse(rule->protocol)
				    : SECURITY_PROTOCOL_ANY;

	/* "icmp" has long been said for both */
	return number == IPPROTO_ICMP && rule->ethertype == ETHERTYPE_IPV6 + 1 ? IPPROTO_ICMPV6
									       : number;
}

void network_acl_rule_complete(struct network_acl_rule *rule)
{
	int protocol;
	struct prefix prefix;
	char text[PREFIX_TEXT];

	for (char *c = rule->protocol; c && *c; c++)
		*c = g_ascii_tolower(*c);
	protocol = network_acl_rule_get_protocol(rule);
	if (network_acl_rule_get_prefix(rule, &prefix)) {
		g_free(rule->remote_ip_prefix);
		rule->remote_ip_prefix = g_strdup(prefix_print(prefix, text));
		if (!rule->ethertype)
			rule->ethertype =
				(prefix_is_v4(prefix) ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6) + 1u;
	} else if (!rule->ethertype && is_icmp(protocol)) {
		rule->ethertype =
			(protocol == IPPROTO_ICMP ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6) + 1u;
	}
	if (rule->port_range_max == ATTR_INT_NONE && !is_icmp(protocol))
		rule->port_range_max = rule->port_range_min;
}

static bool wrong(GError **error, const char *attribute, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static bool wrong(GError **error, const char *attribute, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "Invalid input for %s. Reason: %s",
		    attribute, text);
	return false;
}

/* Both within [LOW, HIGH], if they are given. */
static bool numbers_check(const struct network_acl_rule *rule, int64_t low, int64_t high,
			  const char *what, GError **error)
{
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = {{"port_range_min", rule->port_range_min},
		       {"port_range_max", rule->port_range_max}};

	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
		if (numbers[i].value != ATTR_INT_NONE &&
		    (numbers[i].value < low || numbers[i].value > high))
			return wrong(error, numbers[i].name,
				     "'%" G_GINT64_FORMAT "' is no %s from %" G_GINT64_FORMAT
				     " to %" G_GINT64_FORMAT ".",
				     numbers[i].value, what, low, high);
	if (rule->port_range_min == ATTR_INT_NONE && rule->port_range_max != ATTR_INT_NONE)
		return wrong(error, "port_range_min",
			     "it is missing beside port_range_max %" G_GINT64_FORMAT ".",
			     rule->port_range_max);
	return true;
}

static bool ports_validate(const struct network_acl_rule *rule, int protocol, GError **error)
{
	if (rule->port_range_min == ATTR_INT_NONE && rule->port_range_max == ATTR_INT_NONE)
		return true;
	if (is_icmp(protocol))
		return numbers_check(rule, 0, 255, "ICMP type or code", error);
	if (!security_protocol_has_ports(protocol))
		return wrong(error, "protocol", "'%s' has no ports.",
			     rule->protocol ? rule->protocol : "any");
	if (!numbers_check(rule, 0, UINT16_MAX, "port", error))
		return false;
	return rule->port_range_min <= rule->port_range_max ||
	       wrong(error, "port_range_max",
		     "'%" G_GINT64_FORMAT "' is less than port_range_min %" G_GINT64_FORMAT ".",
		     rule->port_range_max, rule->port_range_min);
}

bool network_acl_rule_validate(const struct network_acl_rule *rule, GError **error)
{
	int protocol = network_acl_rule_get_protocol(rule);
	struct prefix prefix;

	if (rule->protocol && protocol < 0)
		return wrong(error, "protocol",
			     "'%s' is neither a protocol's name nor a number from 0 to 255.",
			     rule->protocol);
	if (is_icmp(protocol) &&
	    (protocol == IPPROTO_ICMP) != (rule->ethertype == ETHERTYPE_IPV4 + 1))
		return wrong(error, "ethertype", "'%s' is not that of protocol %s.",
			     ethertypes[rule->ethertype], rule->protocol);
	if (!ports_validate(rule, protocol, error))
		return false;
	if (!rule->remote_ip_prefix)
		return true;
	if (!network_acl_rule_get_prefix(rule, &prefix))
		return wrong(error, "remote_ip_prefix", "'%s' is not a valid IP subnet.",
			     rule->remote_ip_prefix);
	return prefix_is_v4(prefix) == (rule->ethertype == ETHERTYPE_IPV4 + 1) ||
	       wrong(error, "ethertype", "'%s' is not that of remote_ip_prefix %s.",
		     ethertypes[rule->ethertype], rule->remote_ip_prefix);
}

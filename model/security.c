/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of security groups, rules and address groups.
 */
#include "model/security.h"

#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>

#include "lib/error.h"
#include "model/attr_json.h"
#include "model/cloud.h"

#define PROTOCOL_MAX 40 /* characters */

static const char *const directions[] = {"ingress", "egress", NULL};
static const char *const ethertypes[] = {"IPv4", "IPv6", NULL};

static int id_compare(const void *a, const void *b)
{
	const struct object *const *x = a, *const *y = b;

	return memcmp(&(*x)->id, &(*y)->id, sizeof(struct uuid));
}

/* Rules within their group, as each is shown by itself. */
static json_t *group_print_rules(const void *object, const void *world)
{
	const struct security_group *group = object;
	const GPtrArray *rules = world ? cloud_list_rules(world, group->object.id) : NULL;
	struct attr_view view = attr_view_all;
	json_t *list = json_array();
	g_autofree void **sorted = NULL;

	if (!rules || !rules->len)
		return list;
	view.hidden = 0;
	view.world = world;
	sorted = g_memdup2(rules->pdata, rules->len * sizeof(void *));
	qsort(sorted, rules->len, sizeof(void *), id_compare);
	for (guint i = 0; i < rules->len; i++) {
		g_autoptr(GString) text = g_string_new(NULL);

		attr_encode(&security_rule_table, sorted[i], &view, text);
		json_array_append_new(list, json_loadb(text->str, text->len, 0, NULL));
	}
	return list;
}

static json_t *rule_print_cidr(const void *object, const void *world)
{
	struct prefix prefix;
	char text[PREFIX_TEXT];

	return security_rule_get_prefix(object, &prefix)
		       ? json_string(prefix_print(prefix, text))
		       : NULL;
}

static const struct attr group_attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "stateful",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND,
	 .offset = offsetof(struct security_group, stateful),
	 .initial = "true",
	 .help = "false: replies need rules of their own"},
	{.name = "shared",
	 .type = ATTR_BOOL,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_FILTER | ATTR_CALLER,
	 .print_for = rbac_print_shared,
	 .help = "an RBAC policy lets the caller's project use it"},
	{.name = "security_group_rules",
	 .type = ATTR_LIST,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED,
	 .print = group_print_rules,
	 .help = "its rules"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table security_group_table = {
	.singular = "security_group",
	.plural = "security_groups",
	.path = "security-groups",
	.title = "SecurityGroup",
	.size = sizeof(struct security_group),
	.attrs = group_attrs,
	.help = "Rules that say what its ports may send and receive.",
};

static const struct attr rule_attrs[] = {
	OBJECT_HEAD,
	{.name = "security_group_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct security_rule, security_group_id),
	 .missing = "SecurityGroup",
	 .help = "the group whose ports it is for"},
	{.name = "direction",
	 .type = ATTR_ENUM,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct security_rule, direction),
	 .names = directions,
	 .help = "ingress: to the port; egress: from it"},
	{.name = "ethertype",
	 .type = ATTR_ENUM,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_COLUMN,
	 .offset = offsetof(struct security_rule, ethertype),
	 .names = ethertypes,
	 .initial = "IPv4",
	 .help = "IPv4 or IPv6"},
	{.name = "protocol",
	 .type = ATTR_STRING,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN | ATTR_NUMBER_IN,
	 .offset = offsetof(struct security_rule, protocol),
	 .max = PROTOCOL_MAX,
	 .help = "a name or a number; default: any"},
	{.name = "port_range_min",
	 .type = ATTR_INT,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct security_rule, port_range_min),
	 .help = "first port, or ICMP type; default: any"},
	{.name = "port_range_max",
	 .type = ATTR_INT,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct security_rule, port_range_max),
	 .help = "last port, or ICMP code; default: any"},
	{.name = "remote_ip_prefix",
	 .type = ATTR_STRING,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct security_rule, remote_ip_prefix),
	 .max = PREFIX_TEXT,
	 .help = "addresses of the other side"},
	{.name = "remote_group_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct security_rule, remote_group_id),
	 .missing = "SecurityGroup",
	 .help = "the other side's ports are of this group"},
	{.name = "remote_address_group_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULLABLE,
	 .offset = offsetof(struct security_rule, remote_address_group_id),
	 .missing = "AddressGroup",
	 .help = "addresses of the other side, by their group"},
	{.name = "normalized_cidr",
	 .type = ATTR_PREFIX,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED,
	 .print = rule_print_cidr,
	 .help = "remote_ip_prefix without host bits"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table security_rule_table = {
	.singular = "security_group_rule",
	.plural = "security_group_rules",
	.path = "security-group-rules",
	.title = "SecurityGroupRule",
	.size = sizeof(struct security_rule),
	.attrs = rule_attrs,
	.help = "Lets pass what it describes.",
};

static const struct attr_table address_table = {
	.singular = "address",
	.size = sizeof(struct prefix),
	.attrs = (const struct attr[]){{.type = ATTR_PREFIX, .flags = ATTR_MEMBER}},
};

static const struct attr address_group_attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "addresses",
	 .type = ATTR_LIST,
	 .flags = ATTR_POST | ATTR_VISIBLE | ATTR_COLUMN,
	 .offset = offsetof(struct address_group, addresses),
	 .item = &address_table,
	 .max = ADDRESS_GROUP_MAX,
	 .help = "prefixes; changed by add_addresses and remove_addresses"},
	{.name = "shared",
	 .type = ATTR_BOOL,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_FILTER | ATTR_CALLER,
	 .print_for = rbac_print_shared,
	 .help = "an RBAC policy lets the caller's project use it"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table address_group_table = {
	.singular = "address_group",
	.plural = "address_groups",
	.path = "address-groups",
	.title = "AddressGroup",
	.size = sizeof(struct address_group),
	.attrs = address_group_attrs,
	.help = "Addresses that rules name together.",
};

/* ------------------------------------------------------------ protocols */

/* As Neutron knows them; the numbers are IANA's. */
static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{"icmp", 1},	    {"igmp", 2},       {"ipip", 4},	  {"tcp", 6},
	{"egp", 8},	    {"udp", 17},       {"dccp", 33},	  {"ipv6-encap", 41},
	{"ipv6-route", 43}, {"ipv6-frag", 44}, {"rsvp", 46},	  {"gre", 47},
	{"esp", 50},	    {"ah", 51},	       {"ipv6-icmp", 58}, {"icmpv6", 58},
	{"ipv6-nonxt", 59}, {"ipv6-opts", 60}, {"ospf", 89},	  {"pgm", 113},
	{"vrrp", 112},	    {"sctp", 132},     {"udplite", 136},  {"hopopt", 0},
};

int security_protocol_parse(const char *text)
{
	char *end;
	unsigned long number;

	for (gsize i = 0; i < G_N_ELEMENTS(protocols); i++)
		if (g_ascii_strcasecmp(text, protocols[i].name) == 0)
			return protocols[i].number;
	if (!g_ascii_isdigit(*text))
		return -1;
	number = strtoul(text, &end, 10);
	return *end || number > 255 ? -1 : (int)number;
}

int security_rule_get_protocol(const struct security_rule *rule)
{
	int number;

	if (!rule->protocol)
		return SECURITY_PROTOCOL_ANY;
	number = security_protocol_parse(rule->protocol);
	/* "icmp" has long been said for both. */
	if (number == IPPROTO_ICMP && rule->ethertype == ETHERTYPE_IPV6)
		return IPPROTO_ICMPV6;
	return number;
}

bool security_rule_get_prefix(const struct security_rule *rule, struct prefix *out)
{
	return rule->remote_ip_prefix && prefix_parse(rule->remote_ip_prefix, false, out);
}

static bool is_icmp(int protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* Those that the names begin with "ipv6" of. */
static bool is_v6(int protocol)
{
	return protocol == IPPROTO_IPV6 || protocol == IPPROTO_ROUTING ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_ICMPV6 ||
	       protocol == IPPROTO_NONE || protocol == IPPROTO_DSTOPTS;
}

bool security_protocol_has_ports(int protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == 33 ||
	       protocol == IPPROTO_SCTP || protocol == 136;
}

static bool wrong(GError **error, enum weft_error code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static bool wrong(GError **error, enum weft_error code, const char *format, ...)
{
	va_list args;
	g_autofree char *text = NULL;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, WEFT_ERROR, (gint)code, text);
	return false;
}

static bool icmp_validate(const struct security_rule *rule, GError **error)
{
	const struct {
		const char *name, *field;
		int64_t value;
	} numbers[] = {{"port_range_min", "type", rule->port_range_min},
		       {"port_range_max", "code", rule->port_range_max}};

	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
		if (numbers[i].value != ATTR_INT_NONE &&
		    (numbers[i].value < 0 || numbers[i].value > 255))
			return wrong(error, WEFT_ERROR_INVALID,
				     "SecurityGroupInvalidIcmpValue: Invalid value for ICMP %s "
				     "(%s) %" G_GINT64_FORMAT ". It must be 0 to 255.",
				     numbers[i].field, numbers[i].name, numbers[i].value);
	if (rule->port_range_min == ATTR_INT_NONE && rule->port_range_max != ATTR_INT_NONE)
		return wrong(
			error, WEFT_ERROR_INVALID,
			"SecurityGroupMissingIcmpType: ICMP code (port-range-max) %" G_GINT64_FORMAT
			" is provided but ICMP type (port-range-min) is missing.",
			rule->port_range_max);
	return true;
}

static bool ports_validate(const struct security_rule *rule, int protocol, GError **error)
{
	int64_t min = rule->port_range_min, max = rule->port_range_max;

	if (min == ATTR_INT_NONE && max == ATTR_INT_NONE)
		return true;
	if (protocol == SECURITY_PROTOCOL_ANY)
		return wrong(
			error, WEFT_ERROR_INVALID,
			"SecurityGroupProtocolRequiredWithPorts: Must also specify protocol "
			"if port range is given.");
	if (is_icmp(protocol))
		return icmp_validate(rule, error);
	if (!security_protocol_has_ports(protocol))
		return wrong(
			error, WEFT_ERROR_INVALID,
			"SecurityGroupInvalidProtocolForPort: Invalid protocol %s for port "
			"range, only supported for TCP, UDP, UDPLITE, SCTP and DCCP.",
			rule->protocol);
	for (int i = 0; i < 2; i++) {
		int64_t port = i ? max : min;

		if (port != ATTR_INT_NONE && (port < 1 || port > 65535))
			return wrong(error, WEFT_ERROR_INVALID,
				     "SecurityGroupInvalidPortValue: Invalid value for port "
				     "%" G_GINT64_FORMAT ".",
				     port);
	}
	if (min != ATTR_INT_NONE && max != ATTR_INT_NONE && min <= max)
		return true;
	return wrong(
		error, WEFT_ERROR_INVALID,
		"SecurityGroupInvalidPortRange: For TCP/UDP protocols, port_range_min must "
		"be <= port_range_max.");
}

static bool remote_validate(const struct security_rule *rule, GError **error)
{
	int remotes = !!rule->remote_ip_prefix + !uuid_is_none(rule->remote_group_id) +
		      !uuid_is_none(rule->remote_address_group_id);
	struct prefix prefix;

	if (remotes > 1)
		return wrong(
			error, WEFT_ERROR_INVALID,
			"SecurityGroupMultipleRemoteEntites: Only one of remote_ip_prefix, "
			"remote_group_id or remote_address_group_id may be provided.");
	if (!rule->remote_ip_prefix)
		return true;
	if (!security_rule_get_prefix(rule, &prefix))
		return wrong(
			error, WEFT_ERROR_INVALID,
			"Invalid input for remote_ip_prefix. Reason: '%s' is not a valid IP "
			"subnet.",
			rule->remote_ip_prefix);
	if (prefix_is_v4(prefix) == (rule->ethertype == ETHERTYPE_IPV4))
		return true;
	return wrong(
		error, WEFT_ERROR_INVALID,
		"SecurityGroupRuleParameterConflict: Conflicting value ethertype %s for CIDR "
		"%s.",
		ethertypes[rule->ethertype], rule->remote_ip_prefix);
}

void security_rule_normalize(struct security_rule *rule)
{
	for (char *c = rule->protocol; c && *c; c++)
		*c = g_ascii_tolower(*c);
	if (rule->port_range_min != 1 || rule->port_range_max != UINT16_MAX)
		return;
	rule->port_range_min = ATTR_INT_NONE;
	rule->port_range_max = ATTR_INT_NONE;
}

bool security_rule_validate(const struct security_rule *rule, GError **error)
{
	int protocol = SECURITY_PROTOCOL_ANY;

	if (rule->protocol) {
		protocol = security_rule_get_protocol(rule);
		if (protocol < 0)
			return wrong(
				error, WEFT_ERROR_INVALID,
				"SecurityGroupRuleInvalidProtocol: Security group rule "
				"protocol %s not supported. Only protocol names and integer "
				"representations [0 to 255] are supported.",
				rule->protocol);
		if (rule->ethertype == ETHERTYPE_IPV4 && is_v6(protocol))
			return wrong(error, WEFT_ERROR_INVALID,
				     "SecurityGroupEthertypeConflictWithProtocol: Invalid "
				     "ethertype IPv4 for protocol %s.",
				     rule->protocol);
	}
	return ports_validate(rule, protocol, error) && remote_validate(rule, error);
}

bool security_rule_same(const struct security_rule *a, const struct security_rule *b)
{
	struct prefix x = {.bits = 255}, y = {.bits = 255};

	security_rule_get_prefix(a, &x);
	security_rule_get_prefix(b, &y);
	return uuid_equal(a->security_group_id, b->security_group_id) &&
	       a->direction == b->direction && a->ethertype == b->ethertype &&
	       security_rule_get_protocol(a) == security_rule_get_protocol(b) &&
	       a->port_range_min == b->port_range_min &&
	       a->port_range_max == b->port_range_max && x.bits == y.bits &&
	       ip_equal(x.ip, y.ip) && uuid_equal(a->remote_group_id, b->remote_group_id) &&
	       uuid_equal(a->remote_address_group_id, b->remote_address_group_id);
}

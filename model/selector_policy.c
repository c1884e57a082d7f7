/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of policies, and what can be said of one without the cloud.
 */
#include "model/selector_policy.h"

#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>

#include "lib/error.h"

#define PROTOCOL_MAX	40 /* characters */
#define NAMED_PORT_TEXT 15 /* characters (RFC 6335) */

static const char *const directions[] = {"ingress", "egress", NULL};
static const char *const actions[] = {"accept", "deny", "reject", "pass", NULL};
static const char *const port_protocols[] = {"tcp", "udp", "sctp", NULL};

static const struct attr_table except_table = {
	.singular = "prefix",
	.size = sizeof(struct prefix),
	.attrs = (const struct attr[]){{.type = ATTR_PREFIX}},
};

static const struct attr_table direction_table = {
	.singular = "direction",
	.size = sizeof(uint32_t),
	.attrs = (const struct attr[]){{.type = ATTR_ENUM, .names = directions}},
};

static const struct attr peer_attrs[] = {
	{.name = "match_labels",
	 .type = ATTR_LIST,
	 .flags = ATTR_MAP,
	 .offset = offsetof(struct selector_peer, selector.match_labels),
	 .item = &label_table,
	 .max = LABEL_MAX},
	{.name = "match_expressions",
	 .type = ATTR_LIST,
	 .offset = offsetof(struct selector_peer, selector.match_expressions),
	 .item = &requirement_table,
	 .max = SELECTOR_EXPRESSION_MAX},
	{.name = "cidr",
	 .type = ATTR_STRING,
	 .flags = ATTR_NULLABLE,
	 .offset = offsetof(struct selector_peer, cidr),
	 .max = PREFIX_TEXT},
	{.name = "except",
	 .type = ATTR_LIST,
	 .offset = offsetof(struct selector_peer, except),
	 .item = &except_table,
	 .max = SELECTOR_EXCEPT_MAX},
	{.name = "address_group_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_NULLABLE,
	 .offset = offsetof(struct selector_peer, address_group_id)},
	{.name = NULL},
};

static const struct attr_table peer_table = {
	.singular = "peer",
	.size = sizeof(struct selector_peer),
	.attrs = peer_attrs,
};

static const struct attr service_attrs[] = {
	{.name = "protocol",
	 .type = ATTR_STRING,
	 .flags = ATTR_REQUIRED | ATTR_NUMBER_IN,
	 .offset = offsetof(struct selector_service, protocol),
	 .max = PROTOCOL_MAX},
	{.name = "port",
	 .type = ATTR_STRING,
	 .flags = ATTR_NULLABLE | ATTR_NUMBER_IN,
	 .offset = offsetof(struct selector_service, port),
	 .max = NAMED_PORT_TEXT},
	{.name = "end_port",
	 .type = ATTR_INT,
	 .flags = ATTR_NULLABLE,
	 .offset = offsetof(struct selector_service, end_port),
	 .min = 1,
	 .max = UINT16_MAX},
	{.name = "icmp_type",
	 .type = ATTR_INT,
	 .flags = ATTR_NULLABLE,
	 .offset = offsetof(struct selector_service, icmp_type),
	 .min = 0,
	 .max = UINT8_MAX},
	{.name = "icmp_code",
	 .type = ATTR_INT,
	 .flags = ATTR_NULLABLE,
	 .offset = offsetof(struct selector_service, icmp_code),
	 .min = 0,
	 .max = UINT8_MAX},
	{.name = NULL},
};

static const struct attr_table service_table = {
	.singular = "service",
	.size = sizeof(struct selector_service),
	.attrs = service_attrs,
};

static const struct attr rule_attrs[] = {
	{.name = "name",
	 .type = ATTR_STRING,
	 .offset = offsetof(struct selector_rule, name),
	 .max = SELECTOR_NAME_MAX},
	{.name = "direction",
	 .type = ATTR_ENUM,
	 .flags = ATTR_REQUIRED,
	 .offset = offsetof(struct selector_rule, direction),
	 .names = directions},
	{.name = "action",
	 .type = ATTR_ENUM,
	 .offset = offsetof(struct selector_rule, action),
	 .names = actions,
	 .initial = "accept"},
	{.name = "log",
	 .type = ATTR_BOOL,
	 .offset = offsetof(struct selector_rule, log),
	 .initial = "false"},
	{.name = "peers",
	 .type = ATTR_LIST,
	 .offset = offsetof(struct selector_rule, peers),
	 .item = &peer_table,
	 .max = SELECTOR_PEER_MAX},
	{.name = "services",
	 .type = ATTR_LIST,
	 .offset = offsetof(struct selector_rule, services),
	 .item = &service_table,
	 .max = SELECTOR_SERVICE_MAX},
	{.name = NULL},
};

static const struct attr_table rule_table = {
	.singular = "rule",
	.size = sizeof(struct selector_rule),
	.attrs = rule_attrs,
};

static const struct attr attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "tier",
	 .type = ATTR_INT,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_COLUMN,
	 .offset = offsetof(struct selector_policy, tier),
	 .min = 0,
	 .max = SELECTOR_TIERS - 1,
	 .initial = "1",
	 .help = "0, 1 or 2: lower ones are asked first, and decide"},
	{.name = "baseline",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_COLUMN,
	 .offset = offsetof(struct selector_policy, baseline),
	 .initial = "false",
	 .help = "true: asked last, after the security groups; its tier does not count"},
	{.name = "priority",
	 .type = ATTR_INT,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_COLUMN,
	 .offset = offsetof(struct selector_policy, priority),
	 .min = 0,
	 .max = SELECTOR_PRIORITY_MAX,
	 .initial = "1000",
	 .help = "within the tier lower ones are asked first; equal ones rule by rule"},
	{.name = "match_labels",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH | ATTR_FILTER | ATTR_COLUMN | ATTR_MAP,
	 .offset = offsetof(struct selector_policy, subject.match_labels),
	 .item = &label_table,
	 .max = LABEL_MAX,
	 .help = "labels that the ports have that it is for; none at all: every port"},
	{.name = "match_expressions",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH | ATTR_COLUMN,
	 .offset = offsetof(struct selector_policy, subject.match_expressions),
	 .item = &requirement_table,
	 .max = SELECTOR_EXPRESSION_MAX,
	 .help = "and what else holds of them: In, NotIn, Exists or DoesNotExist of a key"},
	{.name = "default_deny",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH,
	 .offset = offsetof(struct selector_policy, default_deny),
	 .item = &direction_table,
	 .max = 2,
	 .help = "directions in which what no rule of the tier accepts is denied; default: those "
		 "in which the policy accepts something"},
	{.name = "rules",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH | ATTR_ORDERED,
	 .offset = offsetof(struct selector_policy, rules),
	 .item = &rule_table,
	 .max = SELECTOR_RULE_MAX,
	 .help = "rules in their order: direction, action, peers, services, log"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table selector_policy_table = {
	.singular = "policy",
	.plural = "policies",
	.title = "Policy",
	.size = sizeof(struct selector_policy),
	.attrs = attrs,
	.help = "Rules for the ports of its project that have certain labels.",
};

/* ---------------------------------------------------------- named ports */

static const struct attr named_port_attrs[] = {
	{.name = "name",
	 .type = ATTR_STRING,
	 .flags = ATTR_REQUIRED,
	 .offset = offsetof(struct named_port, name),
	 .max = NAMED_PORT_TEXT},
	{.name = "protocol",
	 .type = ATTR_ENUM,
	 .offset = offsetof(struct named_port, protocol),
	 .names = port_protocols,
	 .initial = "tcp"},
	{.name = "port",
	 .type = ATTR_INT,
	 .flags = ATTR_REQUIRED,
	 .offset = offsetof(struct named_port, port),
	 .min = 1,
	 .max = UINT16_MAX},
	{.name = NULL},
};

const struct attr_table named_port_table = {
	.singular = "named_port",
	.size = sizeof(struct named_port),
	.attrs = named_port_attrs,
};

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

/* As RFC 6335, section 5.1, has names of services; lower case. */
static bool is_port_name(const char *text)
{
	bool letter = false;

	if (!*text || strlen(text) > NAMED_PORT_TEXT || *text == '-' || strstr(text, "--"))
		return false;
	for (const char *c = text; *c; c++) {
		letter = letter || g_ascii_islower(*c);
		if (!g_ascii_islower(*c) && !g_ascii_isdigit(*c) && *c != '-')
			return false;
	}
	return letter && text[strlen(text) - 1] != '-';
}

static const char *text_of(const char *text)
{
	return text ? text : "";
}

bool named_ports_validate(const struct vec *named, GError **error)
{
	for (uint32_t i = 0; i < named->count; i++) {
		const char *name = text_of(vec_at(struct named_port, named, i)->name);

		if (!is_port_name(name))
			return wrong(
				error,
				"'%s' is not a port's name: at most 15 of a-z, 0-9 and '-' "
				"inside, and one letter",
				name);
		for (uint32_t j = 0; j < i; j++)
			if (strcmp(vec_at(struct named_port, named, j)->name, name) == 0)
				return wrong(error, "'%s' stands twice", name);
	}
	return true;
}

int named_port_get_protocol(const struct named_port *named)
{
	static const int numbers[] = {
		[PORT_PROTOCOL_TCP] = IPPROTO_TCP,
		[PORT_PROTOCOL_UDP] = IPPROTO_UDP,
		[PORT_PROTOCOL_SCTP] = IPPROTO_SCTP,
	};

	return numbers[named->protocol];
}

/* -------------------------------------------------------------- looking */

int selector_service_get_protocol(const struct selector_service *service)
{
	return security_protocol_parse(text_of(service->protocol));
}

static bool port_number(const char *text, uint16_t *out)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(text, 10, 1, UINT16_MAX, &number, NULL))
		return false;
	*out = (uint16_t)number;
	return true;
}

bool selector_service_is_named(const struct selector_service *service)
{
	uint16_t number;

	return service->port && !port_number(service->port, &number);
}

static bool is_icmp(int protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

void selector_service_get_range(const struct selector_service *service, uint16_t *low,
				uint16_t *high)
{
	*low = 0;
	*high = service->port ? 0 : UINT16_MAX;
	if (is_icmp(selector_service_get_protocol(service))) {
		bool typed = service->icmp_type != ATTR_INT_NONE;
		bool coded = service->icmp_code != ATTR_INT_NONE;

		*low = typed ? (uint16_t)(service->icmp_type << 8 |
					  (coded ? service->icmp_code : 0))
			     : 0;
		*high = coded ? *low : typed ? *low | 255 : UINT16_MAX;
	} else if (service->port && port_number(service->port, low)) {
		*high = service->end_port == ATTR_INT_NONE ? *low : (uint16_t)service->end_port;
	}
}

bool selector_peer_is_ports(const struct selector_peer *peer)
{
	return !peer->cidr && uuid_is_none(peer->address_group_id);
}

bool selector_policy_denies(const struct selector_policy *policy, enum direction direction)
{
	for (uint32_t i = 0; i < policy->default_deny.count; i++)
		if (*vec_at(uint32_t, &policy->default_deny, i) == direction)
			return true;
	return false;
}

bool selector_policy_names_group(const struct selector_policy *policy, struct uuid group)
{
	for (uint32_t i = 0; i < policy->rules.count; i++) {
		const struct selector_rule *rule =
			vec_at(struct selector_rule, &policy->rules, i);

		for (uint32_t n = 0; n < rule->peers.count; n++)
			if (uuid_equal(vec_at(struct selector_peer, &rule->peers, n)
					       ->address_group_id,
				       group))
				return true;
	}
	return false;
}

/* ------------------------------------------------------------- checking */

static bool has_ports(int protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_DCCP ||
	       protocol == IPPROTO_SCTP || protocol == IPPROTO_UDPLITE;
}

static bool ports_check(const struct selector_service *service, GError **error)
{
	uint16_t first = 0;

	if (!service->port)
		return service->end_port == ATTR_INT_NONE ||
		       wrong(error, "end_port: there is no port");
	if (!has_ports(selector_service_get_protocol(service)))
		return wrong(error, "port: protocol '%s' has none", service->protocol);
	if (!port_number(service->port, &first) && !is_port_name(service->port))
		return wrong(error, "port: '%s' is neither a number from 1 to 65535 nor a name",
			     service->port);
	if (service->end_port == ATTR_INT_NONE)
		return true;
	if (selector_service_is_named(service))
		return wrong(error, "end_port: port '%s' is a name", service->port);
	return service->end_port >= first ||
	       wrong(error, "end_port: %" G_GINT64_FORMAT " is less than port %s",
		     service->end_port, service->port);
}

static bool service_check(const struct selector_service *service, GError **error)
{
	int protocol = selector_service_get_protocol(service);
	bool typed = service->icmp_type != ATTR_INT_NONE;
	bool coded = service->icmp_code != ATTR_INT_NONE;

	if (protocol < 0)
		return wrong(error,
			     "protocol: '%s' is neither a name nor a number from 0 to 255",
			     text_of(service->protocol));
	if ((typed || coded) && !is_icmp(protocol))
		return wrong(error, "icmp_%s: protocol '%s' has none", typed ? "type" : "code",
			     service->protocol);
	if (coded && !typed)
		return wrong(error, "icmp_code: there is no icmp_type");
	return ports_check(service, error);
}

static bool except_check(const struct selector_peer *peer, struct prefix prefix, GError **error)
{
	char text[PREFIX_TEXT];

	for (uint32_t i = 0; i < peer->except.count; i++) {
		struct prefix except = *vec_at(struct prefix, &peer->except, i);

		if (!prefix_contains(prefix, except.ip) || except.bits <= prefix.bits)
			return wrong(error, "except: '%s' is not inside '%s'",
				     prefix_print(except, text), peer->cidr);
	}
	return true;
}

static bool peer_check(const struct selector_peer *peer, GError **error)
{
	bool labels =
		peer->selector.match_labels.count || peer->selector.match_expressions.count;
	struct prefix prefix;

	if (labels + !!peer->cidr + !uuid_is_none(peer->address_group_id) > 1)
		return wrong(error, "more than one of labels, cidr and address_group_id");
	if (peer->except.count && !peer->cidr)
		return wrong(error, "except: there is no cidr");
	if (!peer->cidr)
		return selector_validate(&peer->selector, error);
	if (!prefix_parse(peer->cidr, true, &prefix))
		return wrong(error, "cidr: '%s' is not a valid IP subnet", peer->cidr);
	return except_check(peer, prefix, error);
}

/* Who sends to a name must know whose name it is. */
static bool names_check(const struct selector_rule *rule, const struct selector_peer *peer,
			GError **error)
{
	if (rule->direction != DIRECTION_EGRESS || selector_peer_is_ports(peer))
		return true;
	for (uint32_t i = 0; i < rule->services.count; i++) {
		const struct selector_service *service =
			vec_at(struct selector_service, &rule->services, i);

		if (selector_service_is_named(service))
			return wrong(error, "port: '%s' is a name, and addresses have none",
				     service->port);
	}
	return true;
}

static bool is_rule_name(const char *name)
{
	if (!*name)
		return false;
	for (const char *c = name; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr("-_.", *c))
			return false;
	return true;
}

static bool rule_check(const struct selector_rule *rule, GError **error)
{
	if (!is_rule_name(text_of(rule->name)))
		return wrong(error, "name: '%s' is not letters, digits, '-', '_' and '.'",
			     text_of(rule->name));
	for (uint32_t i = 0; i < rule->peers.count; i++) {
		const struct selector_peer *peer =
			vec_at(struct selector_peer, &rule->peers, i);

		if (peer_check(peer, error) && names_check(rule, peer, error))
			continue;
		g_prefix_error(error, "peers: ");
		return false;
	}
	for (uint32_t i = 0; i < rule->services.count; i++)
		if (!service_check(vec_at(struct selector_service, &rule->services, i),
				   error)) {
			g_prefix_error(error, "services: ");
			return false;
		}
	return true;
}

static bool rules_check(const struct selector_policy *policy, GError **error)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	guint pairs = 0;

	for (uint32_t i = 0; i < policy->rules.count; i++) {
		const struct selector_rule *rule =
			vec_at(struct selector_rule, &policy->rules, i);

		if (policy->baseline && rule->action == SELECTOR_PASS)
			return wrong(error, "rule %u: action: nothing comes after a baseline",
				     i + 1);
		pairs += MAX(rule->peers.count, 1) * MAX(rule->services.count, 1);
		if (!rule_check(rule, error)) {
			g_prefix_error(error, "rule %u: ", i + 1);
			return false;
		}
		if (!g_hash_table_add(names, rule->name))
			return wrong(error, "rule %u: name: '%s' stands twice", i + 1,
				     rule->name);
	}
	return pairs <= SELECTOR_PAIR_MAX ||
	       wrong(error, "%u pairs of a peer and a service exceed the maximum of %d", pairs,
		     SELECTOR_PAIR_MAX);
}

bool selector_policy_validate(const struct selector_policy *policy, GError **error)
{
	if (!selector_validate(&policy->subject, error)) {
		g_prefix_error(error, "Invalid input for policy. Reason: ");
		return false;
	}
	if (rules_check(policy, error))
		return true;
	g_prefix_error(error, "Invalid input for rules. Reason: ");
	return false;
}

void selector_policy_name_rules(struct selector_policy *policy)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	struct selector_rule *rules = policy->rules.items;
	guint number = 0;

	for (uint32_t i = 0; i < policy->rules.count; i++)
		if (rules[i].name)
			g_hash_table_add(names, rules[i].name);
	for (uint32_t i = 0; i < policy->rules.count; i++) {
		while (!rules[i].name) {
			g_autofree char *name = g_strdup_printf("%u", ++number);

			if (!g_hash_table_contains(names, name))
				rules[i].name = g_steal_pointer(&name);
		}
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of default rules. The four that there are at first, their descriptions too, are
 * those of the reference.
 */
#include "model/default_rule.h"

#include "lib/error.h"

static const char *const directions[] = {"ingress", "egress", NULL};
static const char *const ethertypes[] = {"IPv4", "IPv6", NULL};

#define SAID (ATTR_ONCE | ATTR_FIND)

static const struct attr attrs[] = {
	OBJECT_HEAD,
	{.name = "direction",
	 .type = ATTR_ENUM,
	 .flags = SAID | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct default_rule, rule.direction),
	 .names = directions,
	 .help = "ingress: to the port; egress: from it"},
	{.name = "ethertype",
	 .type = ATTR_ENUM,
	 .flags = SAID | ATTR_COLUMN,
	 .offset = offsetof(struct default_rule, rule.ethertype),
	 .names = ethertypes,
	 .initial = "IPv4",
	 .help = "IPv4 or IPv6"},
	{.name = "protocol",
	 .type = ATTR_STRING,
	 .flags = SAID | ATTR_NULLABLE | ATTR_COLUMN | ATTR_NUMBER_IN,
	 .offset = offsetof(struct default_rule, rule.protocol),
	 .max = 40,
	 .help = "a name or a number; default: any"},
	{.name = "port_range_min",
	 .type = ATTR_INT,
	 .flags = SAID | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct default_rule, rule.port_range_min),
	 .help = "first port, or ICMP type; default: any"},
	{.name = "port_range_max",
	 .type = ATTR_INT,
	 .flags = SAID | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct default_rule, rule.port_range_max),
	 .help = "last port, or ICMP code; default: any"},
	{.name = "remote_ip_prefix",
	 .type = ATTR_STRING,
	 .flags = SAID | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct default_rule, rule.remote_ip_prefix),
	 .max = PREFIX_TEXT,
	 .help = "addresses of the other side"},
	{.name = "remote_group_id",
	 .type = ATTR_STRING,
	 .flags = SAID | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct default_rule, remote_group_id),
	 .max = UUID_TEXT - 1,
	 .help = "the other side's ports are of this group; PARENT: of the new group itself"},
	{.name = "remote_address_group_id",
	 .type = ATTR_UUID,
	 .flags = SAID | ATTR_NULLABLE,
	 .offset = offsetof(struct default_rule, rule.remote_address_group_id),
	 .missing = "AddressGroup",
	 .help = "addresses of the other side, by their group"},
	{.name = "used_in_default_sg",
	 .type = ATTR_BOOL,
	 .flags = SAID | ATTR_COLUMN,
	 .offset = offsetof(struct default_rule, used_in_default_sg),
	 .initial = "false",
	 .help = "new projects' default groups have it"},
	{.name = "used_in_non_default_sg",
	 .type = ATTR_BOOL,
	 .flags = SAID | ATTR_COLUMN,
	 .offset = offsetof(struct default_rule, used_in_non_default_sg),
	 .initial = "true",
	 .help = "other new groups have it"},
	{.name = "description",
	 .type = ATTR_STRING,
	 .flags = ATTR_ONCE | ATTR_FILTER | ATTR_MULTILINE,
	 .offset = offsetof(struct object, description),
	 .max = 255,
	 .help = "free text"},
	{.name = "revision_number",
	 .type = ATTR_INT,
	 .flags = ATTR_VISIBLE | ATTR_FIND,
	 .offset = offsetof(struct object, revision_number),
	 .help = "always 1: it never changes"},
	{.name = "created_at",
	 .type = ATTR_TIME,
	 .flags = ATTR_VISIBLE | ATTR_FIND,
	 .offset = offsetof(struct object, created_at),
	 .help = "when it was made"},
	{.name = "updated_at",
	 .type = ATTR_TIME,
	 .flags = ATTR_VISIBLE | ATTR_FIND,
	 .offset = offsetof(struct object, updated_at),
	 .help = "the same"},
	OBJECT_END,
};

const struct attr_table default_rule_table = {
	.singular = "default_security_group_rule",
	.plural = "default_security_group_rules",
	.path = "default-security-group-rules",
	.title = "DefaultSecurityGroupRule",
	.size = sizeof(struct default_rule),
	.attrs = attrs,
	.help = "A rule that security groups begin with.",
};

struct default_rule *default_rule_new_initial(unsigned int number)
{
	struct default_rule *rule = attr_new(&default_rule_table);

	rule->rule.direction = number < 2 ? DIRECTION_EGRESS : DIRECTION_INGRESS;
	rule->rule.ethertype = number % 2 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
	rule->used_in_default_sg = true;
	rule->used_in_non_default_sg = number < 2;
	rule->remote_group_id = g_strdup(number < 2 ? NULL : DEFAULT_RULE_PARENT);
	rule->rule.object.description = g_strdup_printf("Legacy default SG rule for %s traffic",
							directions[rule->rule.direction]);
	return rule;
}

bool default_rule_is_for(const struct default_rule *rule, bool default_group)
{
	return default_group ? rule->used_in_default_sg : rule->used_in_non_default_sg;
}

bool default_rule_get_remote(const struct default_rule *rule, struct uuid *group)
{
	return rule->remote_group_id && uuid_parse(rule->remote_group_id, group);
}

struct security_rule *default_rule_make(const struct default_rule *rule, struct uuid group)
{
	struct security_rule *made = attr_copy(&security_rule_table, &rule->rule);

	g_clear_pointer(&made->object.description, g_free);
	made->security_group_id = group;
	if (g_strcmp0(rule->remote_group_id, DEFAULT_RULE_PARENT) == 0)
		made->remote_group_id = group;
	else
		default_rule_get_remote(rule, &made->remote_group_id);
	return made;
}

/* A group that nobody has: it stands for the one to come. */
static const struct uuid some_group = {{1}};

bool default_rule_validate(const struct default_rule *rule, GError **error)
{
	struct security_rule *made = default_rule_make(rule, some_group);
	bool good = security_rule_validate(made, error);

	if (good && rule->remote_group_id && uuid_is_none(made->remote_group_id)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for remote_group_id. Reason: '%s' is neither "
			    "'" DEFAULT_RULE_PARENT "' nor a valid UUID.",
			    rule->remote_group_id);
		good = false;
	}
	attr_free(&security_rule_table, made);
	return good;
}

bool default_rule_same(const struct default_rule *a, const struct default_rule *b)
{
	struct security_rule *x = default_rule_make(a, some_group);
	struct security_rule *y = default_rule_make(b, some_group);
	bool same = security_rule_same(x, y) &&
		    ((a->used_in_default_sg && b->used_in_default_sg) ||
		     (a->used_in_non_default_sg && b->used_in_non_default_sg));

	attr_free(&security_rule_table, x);
	attr_free(&security_rule_table, y);
	return same;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rows_policy.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "agent/row_field.h"
#include "lib/error.h"

#define EXCEPT_MAX 256
#define SETS_MAX   1024 /* of one identity */

/* ---------------------------------------------------------------- keys */

/* Where the last part of a two-part key begins; NULL when there are no two. */
static const char *key_split(const char *text, bool first, gsize *length)
{
	const char *slash = first ? strchr(text, '/') : strrchr(text, '/');

	if (!slash || slash == text || !slash[1] || slash - text > ROW_SET_MAX)
		return NULL;
	*length = (gsize)(slash - text);
	return slash + 1;
}

/* Names are long, and come and go: rows are told apart by a digest of theirs. */
static void key_digest(const char *text, struct row_key *out)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
	gsize size = sizeof(out->b);

	g_checksum_update(sum, (const guchar *)text, -1);
	g_checksum_get_digest(sum, out->b, &size);
}

bool rows_policy_key_identity(const char *text, struct row_key *out)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(text, 10, 1, ROW_IDENTITY_MAX, &number, NULL) ||
	    *text == '0' || *text == '+')
		return false;
	out->vni = (uint32_t)number;
	return true;
}

bool rows_policy_key_rule(const char *text, struct row_key *out)
{
	gsize length;
	const char *id = key_split(text, false, &length);

	if (!id || strlen(id) > ROW_SET_MAX || !g_utf8_validate(text, -1, NULL))
		return false;
	key_digest(text, out);
	return true;
}

bool rows_policy_key_addresses(const char *text, struct row_key *out)
{
	struct prefix prefix;
	gsize length;
	const char *rest = key_split(text, true, &length);

	if (!rest || !prefix_parse(rest, true, &prefix) || !g_utf8_validate(text, -1, NULL))
		return false;
	key_digest(text, out);
	return true;
}

/* ------------------------------------------------------------- readers */

/* What a rule's row says, before it is looked at as a whole. Numbers: one more, 0 is absent. */
struct rule_words {
	struct policy_rule rule;
	uint32_t protocol;
	uint32_t min;
	uint32_t max;
	uint32_t code;
	uint32_t source_min;
	uint32_t source_max;
	struct prefix prefix;
	struct prefix near;
	bool has_prefix;
	bool has_near;
	char *set;
	char *addresses;
};

static bool refuse(json_t *value, const char *wanted, GError **error)
{
	g_autofree char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%.80s is not %s",
		    shown ? shown : "it", wanted);
	return false;
}

static bool number_read(json_t *value, json_int_t max, const char *wanted, uint32_t *out,
			GError **error)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > max)
		return refuse(value, wanted, error);
	*out = (uint32_t)json_integer_value(value);
	return true;
}

static bool read_tier(json_t *value, void *out, GError **error)
{
	uint32_t tier;

	if (!number_read(value, POLICY_TIER_COUNT - 1, "a tier (0 to 6)", &tier, error))
		return false;
	*(uint8_t *)out = (uint8_t)tier;
	return true;
}

static bool read_order(json_t *value, void *out, GError **error)
{
	return number_read(value, INT32_MAX, "an order (0 to 2147483647)", out, error);
}

static bool read_protocol(json_t *value, void *out, GError **error)
{
	if (!number_read(value, 255, "a protocol (0 to 255)", out, error))
		return false;
	++*(uint32_t *)out;
	return true;
}

static bool read_port(json_t *value, void *out, GError **error)
{
	if (!number_read(value, 65535, "a port or type (0 to 65535)", out, error))
		return false;
	++*(uint32_t *)out;
	return true;
}

struct word {
	const char *name;
	uint8_t value;
};

static bool word_read(const struct word *words, json_t *value, const char *wanted, uint8_t *out,
		      GError **error)
{
	for (; words->name; words++) {
		if (g_strcmp0(json_string_value(value), words->name) != 0)
			continue;
		*out = words->value;
		return true;
	}
	return refuse(value, wanted, error);
}

static bool read_direction(json_t *value, void *out, GError **error)
{
	static const struct word words[] = {{"egress", false}, {"ingress", true}, {0}};
	uint8_t ingress;

	if (!word_read(words, value, "ingress or egress", &ingress, error))
		return false;
	*(bool *)out = ingress;
	return true;
}

static bool read_action(json_t *value, void *out, GError **error)
{
	static const struct word words[] = {{"accept", POLICY_ACCEPT},
					    {"deny", POLICY_DENY},
					    {"reject", POLICY_REJECT},
					    {"pass", POLICY_PASS},
					    {0}};

	return word_read(words, value, "accept, deny, reject or pass", out, error);
}

static bool read_ethertype(json_t *value, void *out, GError **error)
{
	static const struct word words[] = {
		{"IPv4", POLICY_FAMILY_V4}, {"IPv6", POLICY_FAMILY_V6}, {0}};

	return word_read(words, value, "IPv4 or IPv6", out, error);
}

static bool read_prefix(json_t *value, void *out, GError **error)
{
	struct rule_words *words = out;

	words->has_prefix = true;
	return row_read_prefix(value, &words->prefix, error);
}

static bool read_near(json_t *value, void *out, GError **error)
{
	struct rule_words *words = out;

	words->has_near = true;
	return row_read_prefix(value, &words->near, error);
}

static bool read_except(json_t *value, void *out, GError **error)
{
	struct rule_words *words = out;
	gsize count = json_array_size(value);

	if (!json_is_array(value) || count > EXCEPT_MAX)
		return refuse(value, "a list of at most 256 prefixes", error);
	words->rule.except = g_new0(struct prefix, count);
	words->rule.except_count = (uint32_t)count;
	for (gsize i = 0; i < count; i++)
		if (!row_read_prefix(json_array_get(value, i), &words->rule.except[i], error))
			return false;
	return true;
}

static bool read_set(json_t *value, void *out, GError **error)
{
	const char *text = json_string_value(value);

	if (!text || !*text || strlen(text) > ROW_SET_MAX)
		return refuse(value, "a set's name", error);
	*(char **)out = g_ref_string_new_intern(text);
	return true;
}

#define FIELD(name, read, need, member)                                                        \
	{                                                                                      \
		name, read, need, offsetof(struct rule_words, member)                          \
	}

static const struct row_field rule_fields[] = {
	FIELD("tier", read_tier, true, rule.tier),
	FIELD("order", read_order, true, rule.order),
	FIELD("direction", read_direction, true, rule.ingress),
	FIELD("action", read_action, true, rule.action),
	FIELD("ethertype", read_ethertype, false, rule.family),
	FIELD("protocol", read_protocol, false, protocol),
	FIELD("min", read_port, false, min),
	FIELD("max", read_port, false, max),
	FIELD("code", read_port, false, code),
	FIELD("prefix", read_prefix, false, rule),
	FIELD("except", read_except, false, rule),
	FIELD("near", read_near, false, rule),
	FIELD("source_min", read_port, false, source_min),
	FIELD("source_max", read_port, false, source_max),
	FIELD("set", read_set, false, set),
	FIELD("addresses", read_set, false, addresses),
	FIELD("stateless", row_read_bool, false, rule.stateless),
	FIELD("log", row_read_bool, false, rule.log),
	{0},
};

_Static_assert(offsetof(struct rule_words, rule) == 0,
	       "readers of several words get the whole");

/* --------------------------------------------------------------- rules */

static bool wrong(const char *what, GError **error)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s", what);
	return false;
}

static bool is_icmp(uint32_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static bool rule_service(struct rule_words *words, GError **error)
{
	struct policy_rule *rule = &words->rule;

	rule->proto = words->protocol ? (uint16_t)(words->protocol - 1) : POLICY_PROTO_ANY;
	rule->high = UINT16_MAX;
	if (!words->min)
		return words->max || words->code ? wrong("attribute min: missing", error)
						 : true;
	if (!words->protocol)
		return wrong("attribute protocol: missing, but there are ports", error);
	if (is_icmp(rule->proto)) {
		if (words->min > 256 || words->code > 256)
			return wrong("attributes min and code: not an ICMP type and code",
				     error);
		rule->low =
			(uint16_t)((words->min - 1) << 8 | (words->code ? words->code - 1 : 0));
		rule->high = words->code ? rule->low : rule->low | 255;
		return true;
	}
	rule->low = (uint16_t)(words->min - 1);
	rule->high = words->max ? (uint16_t)(words->max - 1) : rule->low;
	return rule->low <= rule->high ? true : wrong("attribute max: less than min", error);
}

/* What only a firewall group's rules say, and what they do not. */
static bool rule_near(struct rule_words *words, GError **error)
{
	struct policy_rule *rule = &words->rule;
	uint8_t family = prefix_is_v4(words->near) ? POLICY_FAMILY_V4 : POLICY_FAMILY_V6;

	if (rule->tier != POLICY_TIER_FIREWALL)
		return words->has_near || words->source_min || words->source_max
			       ? wrong("attribute tier: does not speak of the near end", error)
			       : true;
	if (rule->peer > POLICY_PREFIX || rule->except_count || rule->stateless ||
	    rule->action == POLICY_PASS)
		return wrong("attribute tier: speaks of prefixes alone, with state", error);
	if (words->has_near && !(rule->family &= family))
		return wrong("attribute near: not of the ethertype", error);
	if (words->has_near && prefix_length(words->near))
		rule->near = words->near;
	if (!words->source_min)
		return words->source_max ? wrong("attribute source_min: missing", error) : true;
	if (!words->protocol || is_icmp(rule->proto))
		return wrong("attribute protocol: without ports, but there are some", error);
	rule->has_source = true;
	rule->source_low = (uint16_t)(words->source_min - 1);
	rule->source_high =
		words->source_max ? (uint16_t)(words->source_max - 1) : rule->source_low;
	return rule->source_low <= rule->source_high
		       ? true
		       : wrong("attribute source_max: less than source_min", error);
}

static bool rule_peer(struct rule_words *words, GError **error)
{
	struct policy_rule *rule = &words->rule;
	int kinds = words->has_prefix + !!words->set + !!words->addresses;

	if (kinds > 1)
		return wrong("attributes prefix, set and addresses: more than one", error);
	if (rule->except_count && !words->has_prefix)
		return wrong("attribute except: there is no prefix", error);
	for (uint32_t i = 0; i < rule->except_count; i++)
		if (!prefix_contains(words->prefix, rule->except[i].ip) ||
		    rule->except[i].bits <= words->prefix.bits)
			return wrong("attribute except: not inside the prefix", error);
	if (!rule->family)
		rule->family = POLICY_FAMILY_BOTH;
	if (words->has_prefix) {
		rule->family &=
			prefix_is_v4(words->prefix) ? POLICY_FAMILY_V4 : POLICY_FAMILY_V6;
		if (!rule->family)
			return wrong("attribute prefix: not of the ethertype", error);
		/* all addresses of a family are anybody: what the chain is about */
		if (prefix_length(words->prefix) || rule->except_count) {
			rule->peer = POLICY_PREFIX;
			rule->prefix = words->prefix;
		}
	}
	if (words->set || words->addresses) {
		rule->peer = words->set ? POLICY_SET : POLICY_ADDRESSES;
		rule->name = words->set ? g_steal_pointer(&words->set)
					: g_steal_pointer(&words->addresses);
	}
	return true;
}

static char *part(const char *text, gsize length)
{
	g_autofree char *copy = g_strndup(text, length);

	return g_ref_string_new_intern(copy);
}

bool rows_policy_read_rule(struct row *row, const char *key, json_t *value, GError **error)
{
	struct rule_words words = {0};
	gsize length = 0;
	const char *id = key_split(key, false, &length);
	bool good = row_fields_read(rule_fields, value, &words, error) &&
		    rule_service(&words, error) && rule_peer(&words, error) &&
		    rule_near(&words, error);

	words.rule.set = part(key, length);
	words.rule.id = g_ref_string_new_intern(id);
	if (good)
		row->u.rule = g_memdup2(&words.rule, sizeof(words.rule));
	else
		policy_rule_done(&words.rule);
	if (words.set)
		g_ref_string_release(words.set);
	if (words.addresses)
		g_ref_string_release(words.addresses);
	return good;
}

/* ----------------------------------------------- identities, addresses */

static bool read_sets(json_t *value, void *out, GError **error)
{
	struct row_identity *identity = out;
	gsize count = json_array_size(value);

	if (!json_is_array(value) || count > SETS_MAX)
		return refuse(value, "a list of at most 1024 sets", error);
	identity->sets = g_new0(char *, count + 1);
	for (gsize i = 0; i < count; i++) {
		json_t *name = json_array_get(value, i);
		const char *text = json_string_value(name);

		if (!text || !*text || strlen(text) > ROW_SET_MAX)
			return refuse(name, "a set's name", error);
		identity->sets[i] = g_strdup(text);
		identity->count = i + 1;
	}
	return true;
}

bool rows_policy_read_identity(struct row *row, const char *key, json_t *value, GError **error)
{
	static const struct row_field fields[] = {
		{"sets", read_sets, true, offsetof(struct row, u.identity)},
		{0},
	};

	return row_fields_read(fields, value, row, error);
}

bool rows_policy_read_addresses(struct row *row, const char *key, json_t *value, GError **error)
{
	static const struct row_field fields[] = {{0}};
	gsize length = 0;
	const char *rest = key_split(key, true, &length);

	if (!row_fields_read(fields, value, row, error) ||
	    !prefix_parse(rest, true, &row->u.address.prefix))
		return false;
	row->u.address.group = g_strndup(key, length);
	return true;
}

void rows_policy_done(struct row *row)
{
	switch (row->key.table) {
	case ROW_RULE:
		policy_rule_free(row->u.rule);
		break;
	case ROW_IDENTITY:
		g_strfreev(row->u.identity.sets);
		break;
	case ROW_ADDRESSES:
		g_free(row->u.address.group);
		break;
	default:
		break;
	}
}

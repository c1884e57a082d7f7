/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules are made as a host makes them of their rows, and counted by the same code. Whether a policy
 * stands at ingress or at egress only swaps the two ends, which count alike.
 */
#include "compile/fit.h"

#include "abi/limits.h"
#include "lib/error.h"
#include "policy/firewall.h"

static void rule_make(const struct firewall_rule *rule, uint32_t order, struct policy_rule *out)
{
	int proto = firewall_rule_get_protocol(rule);
	struct prefix prefix;

	*out = (struct policy_rule){
		.set = "", /* nobody asks which rule decided */
		.id = "",
		.order = order,
		.proto = proto < 0 ? POLICY_PROTO_ANY : (uint16_t)proto,
		.high = UINT16_MAX,
		.tier = POLICY_TIER_FIREWALL,
		.family = rule->ip_version == 6 ? POLICY_FAMILY_V6 : POLICY_FAMILY_V4,
	};
	firewall_ports_parse(rule->destination_port, &out->low, &out->high);
	out->has_source =
		firewall_ports_parse(rule->source_port, &out->source_low, &out->source_high);
	if (firewall_rule_get_source(rule, &prefix) && prefix_length(prefix)) {
		out->peer = POLICY_PREFIX;
		out->prefix = prefix;
	}
	if (firewall_rule_get_destination(rule, &prefix) && prefix_length(prefix))
		out->near = prefix;
}

/* The rules of one family. */
static bool family_fits(const struct firewall_rule *const *rules, guint count, int64_t version,
			GError **error)
{
	g_autofree struct policy_rule *made = g_new(struct policy_rule, count);
	g_autofree const struct policy_rule **list = g_new(const struct policy_rule *, count);
	g_autofree guint *places = g_new(guint, count);
	char id[UUID_TEXT];
	uint64_t cells;
	guint n = 0, widest;

	for (guint i = 0; i < count; i++) {
		if (!rules[i]->enabled || rules[i]->ip_version != version)
			continue;
		rule_make(rules[i], i, &made[n]);
		list[n] = &made[n];
		places[n++] = i;
	}
	cells = firewall_count_cells(version == 6 ? POLICY_V6 : 0, list, n, &widest);
	if (cells <= LIM_GROUP_CELLS)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "its rules for IPv%d overlap so much, firewall rule %s most of all, that a "
		    "host would have to tell %" G_GUINT64_FORMAT
		    " combinations of addresses and ports apart; the limit is %d",
		    (int)version, n ? uuid_print(rules[places[widest]]->object.id, id) : "",
		    cells, LIM_GROUP_CELLS);
	return false;
}

bool fit_firewall(const struct firewall_rule *const *rules, guint count, GError **error)
{
	return family_fits(rules, count, 4, error) && family_fits(rules, count, 6, error);
}

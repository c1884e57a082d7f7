/* SPDX-License-Identifier: Apache-2.0 */
/* See policy.h. The packet of the last walk still says how each side held it. */
#include "trace/policy.h"

#include "agent/policies_look.h"
#include "trace/host_data.h"
#include "trace/stage.h"

#define SHARE 0x10000000

/* How the packet passed, by enum dp_hold. */
static const char *const holds[] = {
	[DP_HOLD_NOTHING] = "no policy",
	[DP_HOLD_CONN] = "a packet of a connection, which %s lets be opened",
	[DP_HOLD_OPEN] = "%s lets it open a connection",
	[DP_HOLD_FREE] = "%s lets it pass, without a connection",
};

static const char *const verbs[] = {
	[POLICY_DENY] = "denies",
	[POLICY_ACCEPT] = "accepts",
	[POLICY_REJECT] = "rejects",
	[POLICY_PASS] = "passes",
};

/* By its set and id, which the API knows; by its number where no row has it. */
static char *print_rule(const struct trace_host *host, uint32_t number)
{
	const struct policy_rule *rule =
		number ? policies_find_rule(state_policies(host->state), number) : NULL;

	if (!number)
		return g_strdup("the default");
	return rule ? g_strdup_printf("rule %s/%s", rule->set, rule->id)
		    : g_strdup_printf("rule %u", number);
}

static const char *print_chain(uint32_t chain)
{
	static const char *const names[] = {
		"egress IPv4",	   "ingress IPv4",     "egress IPv6",	  "ingress IPv6",
		"ACL egress IPv4", "ACL ingress IPv4", "ACL egress IPv6", "ACL ingress IPv6"};

	return names[chain % POLICY_CHAINS];
}

/* The side that said no: what the packet asked last, and was told. */
static char *print_denial(const struct trace_host *host, const struct dp_pkt *p)
{
	const struct policy_verdict *verdict = &p->ask.verdict;
	g_autofree char *rule = print_rule(host, verdict->rule);

	if (!verdict->order && !verdict->rule) /* not even a default has spoken */
		return g_strdup_printf("its %s is not in place",
				       p->ask.chain & POLICY_STATELESS ? "subnet's network ACL"
								       : "policy");
	if (verdict->action == POLICY_ACCEPT)
		return g_strdup_printf("%s: %s accepts a first packet, and this is none", //
				       print_chain(p->ask.chain), rule);
	return g_strdup_printf("%s: %s %s it", print_chain(p->ask.chain), rule,
			       verbs[verdict->action % G_N_ELEMENTS(verbs)]);
}

static char *print_crossing(const struct trace_host *host, const struct dp_pkt *p,
			    const struct dp_crossing *crossing, bool denied)
{
	g_autofree char *rule = print_rule(host, crossing->rule);
	const char *way = crossing->ingress ? "out of the router" : "into the router";

	if (denied && !crossing->rule)
		return g_strdup_printf("%s: the firewall group is not in place", way);
	if (denied && p->ask.verdict.action == POLICY_ACCEPT)
		return g_strdup_printf("%s: %s accepts a first packet, and this is none", way,
				       rule);
	return g_strdup_printf(
		"%s: %s %s it%s", way, rule,
		denied ? verbs[p->ask.verdict.action % G_N_ELEMENTS(verbs)] : "accepts",
		p->judged.sport == p->head.key.sport && p->judged.dport == p->head.key.dport
			? ""
			: ", for what opened its connection");
}

static char *print_pass(const struct trace_host *host, const struct dp_side *side)
{
	g_autofree char *rule = print_rule(host, side->rule);
	g_auto(GStrv) parts = g_strsplit(holds[side->hold % G_N_ELEMENTS(holds)], "%s", 2);

	return g_strjoinv(rule, parts);
}

/* Appends what SIDE's port was told; RULE 0: by a default. */
static void say(const struct trace_host *host, const struct dp_side *side, const char *stage,
		const char *who, const char *how, uint32_t bank, uint32_t rule, json_t *list)
{
	const struct wire *wire = state_find_slot(host->state, side->slot);
	g_autofree char *name = wire && wire->port ? trace_stage_name_port(wire->port) : NULL;
	g_autofree char *says = g_strdup_printf("%s %s: %s", who, name ? name : "?", how);
	json_t *out = json_pack("{s:s,s:s,s:I}", "stage", stage, "says", says, "bank",
				(json_int_t)bank);
	char id[UUID_TEXT];

	if (wire) {
		g_autofree char *row = g_strdup_printf("port %s", uuid_print(wire->id, id));

		json_object_set_new(out, "row", json_string(row));
	}
	if (rule)
		json_object_set_new(out, "rule", json_integer(rule));
	json_array_append_new(list, out);
}

static void say_acl(const struct trace_host *host, const struct dp_pkt *p,
		    const struct dp_side *side, const char *who, bool denied, json_t *list)
{
	g_autofree char *rule = print_rule(host, side->acl_rule);
	g_autofree char *how =
		denied ? print_denial(host, p)
		       : g_strdup_printf("ACL %s: %s accepts it",
					 p->side == side ? "egress" : "ingress", rule);

	say(host, side, "acl", who, how, side->acl, side->acl_rule, list);
}

static void say_side(const struct trace_host *host, const struct dp_pkt *p,
		     const struct dp_side *side, const char *who, bool denied, json_t *list)
{
	g_autofree char *how = denied ? print_denial(host, p) : print_pass(host, side);

	say(host, side, "policy", who, how, side->bank,
	    denied ? p->ask.verdict.rule : side->rule, list);
}

/* Was it a router's firewall that P was denied by? It was asked last. */
static bool is_by_firewall(const struct dp_pkt *p)
{
	for (guint i = 0; p->account && i < MIN(p->crossings, DP_CROSSINGS); i++)
		if (p->crossing[i].bank == p->ask.chain / POLICY_CHAINS)
			return true;
	return false;
}

/* Each router's port with a group that P went through, up to the one that denied it. */
static void list_crossings(const struct trace_host *host, const struct dp_pkt *p, json_t *list)
{
	guint count = MIN(p->crossings, DP_CROSSINGS), last = count;

	for (guint i = 0; is_by_firewall(p) && i < count; i++)
		if (p->crossing[i].rule || !i)
			last = i;
	for (guint i = 0; i < count && i <= last; i++) {
		const struct dp_crossing *crossing = &p->crossing[i];
		g_autofree char *how =
			print_crossing(host, p, crossing, i == last && last < count);

		if (crossing->rule || i == last)
			say(host, &p->side[0], "firewall", "sender", how, crossing->bank,
			    crossing->rule, list);
	}
}

void trace_policy_list(const struct trace_host *host, json_t *list)
{
	uint32_t zero = 0;
	const struct dp_pkt *p = native_find(host->native, NATIVE_MAP_scratch, &zero);
	bool by_firewall = is_by_firewall(p);

	for (int i = 0; i < 2; i++) {
		const struct dp_side *side = &p->side[i];
		const char *who = i ? "receiver" : "sender";
		bool dropped = p->account && p->account == side->slot && !by_firewall;
		bool by_acl = dropped && p->ask.chain & POLICY_STATELESS;
		bool denied = dropped && !by_acl && side->hold != DP_HOLD_CONN;

		if (by_acl || side->acl_rule)
			say_acl(host, p, side, who, by_acl, list);
		if (side->filtered && (denied || side->hold != DP_HOLD_NOTHING))
			say_side(host, p, side, who, denied, list);
	}
	list_crossings(host, p, list);
}

void trace_policy_share(struct trace_host *host)
{
	const struct port_conns_value share = {.allowed = SHARE};

	for (uint32_t slot = 0; slot < LIM_HOST_PORTS; slot++)
		native_put(host->native, NATIVE_MAP_port_conns, &slot, &share);
}

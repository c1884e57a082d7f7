/* SPDX-License-Identifier: Apache-2.0 */
/* See verdict.h. What rules mean is policy/twin.h; here is only who is asked, and about whom. */
#include "trace/verdict.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "agent/borders.h"
#include "agent/firewalls.h"
#include "agent/policies_look.h"
#include "lib/error.h"
#include "policy/twin.h"
#include "trace/crossing.h"
#include "trace/host_data.h"
#include "trace/route.h"

#define ECHO_V4 8
#define ECHO_V6 128

#define SOURCE_PORT 49152 /* an ephemeral one (RFC 6335 6) */

/* -------------------------------------------------------------- service */

static const struct {
	const char *name;
	uint8_t proto;
	bool ports;
	bool icmp;
} protocols[] = {
	{"tcp", IPPROTO_TCP, true, false},   {"udp", IPPROTO_UDP, true, false},
	{"sctp", IPPROTO_SCTP, true, false}, {"udplite", IPPROTO_UDPLITE, true, false},
	{"icmp", IPPROTO_ICMP, false, true},
};

static bool number_read(const char *text, guint64 max, guint64 *out)
{
	return text && g_ascii_string_to_unsigned(text, 10, 0, max, out, NULL);
}

/* PARTS: the name, and up to two numbers. */
static bool service_read(char *const *parts, struct trace_service *out)
{
	guint count = g_strv_length((char **)parts);
	guint64 first = 0, second = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(protocols); i++) {
		if (!count || strcmp(parts[0], protocols[i].name) != 0)
			continue;
		*out = (struct trace_service){.proto = protocols[i].proto,
					      .icmp = protocols[i].icmp};
		if (protocols[i].ports) {
			if (count != 2 || !number_read(parts[1], UINT16_MAX, &first))
				return false;
			out->port = (uint16_t)first;
			return true;
		}
		out->typed = count > 1;
		out->port = 0;
		if (count > 3 || (count > 1 && !number_read(parts[1], 255, &first)) ||
		    (count > 2 && !number_read(parts[2], 255, &second)))
			return false;
		out->port = (uint16_t)(first << 8 | second);
		return true;
	}
	if (count != 1 || !number_read(parts[0], 255, &first))
		return false;
	*out = (struct trace_service){.proto = (uint8_t)first};
	return true;
}

bool trace_service_parse(const char *text, struct trace_service *out, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, "/", 4);

	if (service_read(parts, out))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "service '%.64s': is not PROTOCOL/PORT, icmp[/TYPE[/CODE]] or a number",
		    text);
	return false;
}

/* --------------------------------------------------------------- asking */

/* One side of the question. */
struct side {
	const struct state *state; /* of the host whose rules are asked */
	const struct policies *policies;
	const struct row_port *port;
	bool ingress;
	struct ip address;
	struct ip peer;
	GPtrArray *sets; /* of the peer */
};

struct answer {
	const char *verdict;
	const char *says;
	const struct policy_rule *rule; /* NULL: a default */
};

static const char *const tiers[] = {
	[POLICY_TIER_ACL] = "acl",
	[POLICY_TIER_POLICY] = "policy 0",
	[POLICY_TIER_POLICY + 1] = "policy 1",
	[POLICY_TIER_POLICY_LAST] = "policy 2",
	[POLICY_TIER_GROUP] = "group",
	[POLICY_TIER_BASELINE] = "baseline",
	[POLICY_TIER_FIREWALL] = "firewall",
};

static struct policy_packet packet_of(const struct side *side,
				      const struct trace_service *service, uint32_t kind)
{
	bool v4 = ip_is_v4(side->peer);
	struct policy_packet packet = {.kind = kind,
				       .proto = service->proto,
				       .port = service->port,
				       .peer = side->peer,
				       .sets = (const char *const *)side->sets->pdata,
				       .set_count = side->sets->len};

	if (!service->icmp)
		return packet;
	packet.proto = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	if (!service->typed)
		packet.port = (uint16_t)((v4 ? ECHO_V4 : ECHO_V6) << 8);
	return packet;
}

static const struct policy_rule *find(const struct side *side, const GPtrArray *rules,
				      const struct trace_service *service, uint32_t kind)
{
	struct policy_packet packet = packet_of(side, service, kind);

	return policy_twin_find((const struct policy_rule *const *)rules->pdata, rules->len,
				&packet, policies_find_addresses, (void *)side->policies);
}

static struct answer answer_of(const struct policy_rule *rule)
{
	if (!rule)
		return (struct answer){"denied", "no rule accepts it", NULL};
	if (rule->action == POLICY_REJECT)
		return (struct answer){"rejected", "a rule says so, and the sender is told",
				       rule};
	if (rule->action != POLICY_ACCEPT)
		return (struct answer){"denied", "a rule says so", rule};
	return (struct answer){"allowed",
			       rule->stateless
				       ? "a stateless rule says so: replies need one, too"
				       : "a rule says so",
			       rule};
}

static struct answer ask(const struct side *side, const struct trace_service *service)
{
	const GPtrArray *rules = policies_find_rules(side->policies, side->port->identity);
	uint32_t kind =
		(side->ingress ? POLICY_INGRESS : 0) | (ip_is_v4(side->peer) ? 0 : POLICY_V6);

	if (!side->port->filtered)
		return (struct answer){"allowed", "the port has no policy", NULL};
	if (!rules)
		return (struct answer){"denied", "the port's policy is not known yet", NULL};
	return answer_of(find(side, rules, service, kind));
}

/* The network ACL's word; false: there is no border on the way. */
static bool ask_acl(const struct side *side, const struct trace_service *service,
		    struct answer *answer)
{
	uint32_t kind = POLICY_STATELESS | (side->ingress ? POLICY_INGRESS : 0) |
			(ip_is_v4(side->peer) ? 0 : POLICY_V6);
	uint32_t number;
	const GPtrArray *rules;

	if (!borders_find_acl(side->state, side->port, side->address, side->peer, &number))
		return false;
	rules = policies_find_rules(side->policies, number);
	*answer = rules ? answer_of(find(side, rules, service, kind))
			: (struct answer){"denied", "the subnet's network ACL is not known yet",
					  NULL};
	if (!strcmp(answer->verdict, "allowed"))
		answer->says = "a rule of the network ACL says so: replies need one, too";
	return true;
}

/* The word of the firewall group at a router's port, between SOURCE and TARGET. */
static struct answer ask_firewall(const struct side *source,
				  const struct trace_crossing *crossing,
				  const struct trace_service *service)
{
	const GPtrArray *rules = firewalls_find_rules(source->state, crossing->bank);
	uint32_t kind = (crossing->ingress ? POLICY_INGRESS : 0) |
			(ip_is_v4(source->peer) ? 0 : POLICY_V6);
	struct policy_packet packet = packet_of(source, service, kind);

	if (!rules)
		return (struct answer){"denied", "the firewall group is not in place", NULL};
	packet.source = SOURCE_PORT;
	packet.peer = crossing->ingress ? source->address : source->peer;
	packet.near = crossing->ingress ? source->peer : source->address;
	return answer_of(policy_twin_find((const struct policy_rule *const *)rules->pdata,
					  rules->len, &packet, policies_find_addresses,
					  (void *)source->policies));
}

/* ----------------------------------------------------------- the answer */

static json_t *show(const struct side *side, const struct answer *answer)
{
	char port[UUID_TEXT], address[IP_TEXT], peer[IP_TEXT];
	const struct policy_rule *rule = answer->rule;
	g_autofree char *name = rule ? g_strconcat(rule->set, "/", rule->id, NULL) : NULL;

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s?,s:s?,s:s}", "direction",
			 side->ingress ? "ingress" : "egress", "port",
			 uuid_print(side->port->id, port), "name", side->port->name, "address",
			 ip_print(side->address, address), "peer", ip_print(side->peer, peer),
			 "verdict", answer->verdict, "tier", rule ? tiers[rule->tier] : NULL,
			 "rule", name, "says", answer->says);
}

/* A router says so, of what goes from SOURCE to its peer. */
static json_t *show_firewall(const struct side *source, const struct trace_crossing *crossing,
			     const struct answer *answer)
{
	struct ip near = crossing->ingress ? source->peer : source->address;
	struct ip far = crossing->ingress ? source->address : source->peer;
	char address[IP_TEXT], peer[IP_TEXT];
	const struct policy_rule *rule = answer->rule;
	g_autofree char *rule_name = rule ? g_strconcat(rule->set, "/", rule->id, NULL) : NULL;
	g_autofree char *name = g_strdup_printf("router %u", crossing->router);

	return json_pack("{s:s,s:n,s:s,s:s,s:s,s:s,s:s,s:s?,s:s}", "direction",
			 crossing->ingress ? "ingress" : "egress", "port", "name", name,
			 "address", ip_print(near, address), "peer", ip_print(far, peer),
			 "verdict", answer->verdict, "tier", tiers[POLICY_TIER_FIREWALL],
			 "rule", rule_name, "says", answer->says);
}

static bool find_address(const struct row_port *port, bool v4, struct ip *out)
{
	static const struct prefix link_local = {{{0xfe, 0x80}}, 10};

	for (gsize i = 0; i < port->pair_count; i++) {
		const struct row_pair *pair = &port->pairs[i];

		if (pair->prefix.bits != 128 || !mac_equal(pair->mac, port->mac) ||
		    ip_is_v4(pair->prefix.ip) != v4 ||
		    prefix_contains(link_local, pair->prefix.ip))
			continue;
		*out = pair->prefix.ip;
		return true;
	}
	return false;
}

static GPtrArray *list_sets(const struct trace_party *party, const struct row_port *port)
{
	GPtrArray *sets =
		policies_list_sets(state_policies(party->host->state), port->identity);

	return sets ? sets : g_ptr_array_new();
}

static const struct row_port *find_port(const struct trace_party *party, GError **error)
{
	const struct row_port *port = state_find_port(party->host->state, party->port);
	char text[UUID_TEXT];

	if (!port)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "port %s: host '%s' does not have it",
			    uuid_print(party->port, text), party->host->name);
	return port;
}

/* What SIDE says, and the network ACL before it, into CHECKS; false: no. */
static bool check_side(const struct side *side, const struct trace_service *service,
		       json_t *checks)
{
	struct answer answer;
	bool allowed = true;

	if (ask_acl(side, service, &answer)) {
		allowed = !strcmp(answer.verdict, "allowed");
		json_array_append_new(checks, show(side, &answer));
	}
	answer = ask(side, service);
	json_array_append_new(checks, show(side, &answer));
	return allowed && !strcmp(answer.verdict, "allowed");
}

/* What routers on the way from SOURCE say. */
static bool check_routers(struct trace_host *host, const struct side *source,
			  const struct trace_service *service, json_t *checks)
{
	g_autoptr(GArray) crossings =
		trace_crossing_list(host, source->port, source->address, source->peer);
	bool allowed = true;

	for (guint i = 0; i < crossings->len; i++) {
		const struct trace_crossing *crossing =
			&g_array_index(crossings, struct trace_crossing, i);
		struct answer answer = ask_firewall(source, crossing, service);

		allowed = allowed && !strcmp(answer.verdict, "allowed");
		json_array_append_new(checks, show_firewall(source, crossing, &answer));
	}
	return allowed;
}

/* What there is to know of the two hosts, each once: what they do may differ from what they have been told. */
static json_t *list_notes(const struct trace_host *one, const struct trace_host *other)
{
	json_t *notes = json_array();

	if (one->note)
		json_array_append_new(notes, json_sprintf("host %s: %s", one->name, one->note));
	if (other != one && other->note)
		json_array_append_new(notes,
				      json_sprintf("host %s: %s", other->name, other->note));
	return notes;
}

json_t *trace_verdict(const struct trace_party *from, const struct trace_party *to,
		      const struct trace_service *service, GError **error)
{
	const struct row_port *source = find_port(from, error);
	const struct row_port *target = source ? find_port(to, error) : NULL;
	g_autoptr(GPtrArray) ours = NULL, theirs = NULL;
	json_t *checks;
	bool allowed = true;

	if (!target)
		return NULL;
	checks = json_array();
	ours = list_sets(from, source);
	theirs = list_sets(to, target);
	for (int v6 = 0; v6 <= 1; v6++) {
		struct side out = {from->host->state, state_policies(from->host->state), source,
				   false};
		struct side in = {to->host->state, state_policies(to->host->state), target,
				  true};
		if (!find_address(target, !v6, &in.address) ||
		    !find_address(source, !v6, &out.address))
			continue;
		out.address = in.peer = trace_route_source(source, in.address);
		out.peer = in.address;
		out.sets = theirs;
		in.sets = ours;
		allowed &= check_side(&out, service, checks);
		allowed &= check_routers(from->host, &out, service, checks);
		allowed &= check_side(&in, service, checks);
	}
	if (json_array_size(checks))
		return json_pack("{s:b,s:o,s:o}", "allowed", allowed, "checks", checks, "notes",
				 list_notes(from->host, to->host));
	json_decref(checks);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "port '%s' and port '%s': have no addresses of the same family",
		    source->name, target->name);
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a policy: who decided, by which rule, and why a reply is let in. */
#include "trace/policy.h"

#include <string.h>
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "trace/host_data.h"

#define DEVICE 11
#define BANK   3

static const struct abi_mac mac_a = {{2, 0, 0, 0, 0, 1}}, mac_b = {{2, 0, 0, 0, 0, 2}};

/* Slot 1 with MAC a, filtered by BANK, and slot 2 with MAC b, in network 100. */
static struct trace_host *host_new(void)
{
	struct trace_host *host = trace_host_new("h1", (struct ip){{0}});
	struct network_value network = {.flags = NETWORK_UP, .mtu = 1450};
	uint32_t vni = 100;

	native_put(host->native, NATIVE_MAP_network, &vni, &network);
	for (uint32_t slot = 1; slot <= 2; slot++) {
		uint32_t ifindex = DEVICE + slot;
		struct port_value port = {.ifindex = ifindex,
					  .vni = vni,
					  .identity = slot,
					  .flags = PORT_UP | PORT_PEER | PORT_UNGUARDED |
						   (slot == 1 ? PORT_FILTERED : 0),
					  .mac = slot == 1 ? mac_a : mac_b,
					  .mtu = 1450,
					  .policy = BANK};
		struct mac_key key = {.vni = vni, .mac = port.mac};
		struct mac_value value = {.place = PLACE(PLACE_PORT, slot), .identity = slot};

		native_put(host->native, NATIVE_MAP_port, &slot, &port);
		native_put(host->native, NATIVE_MAP_device, &ifindex, &slot);
		native_put(host->native, NATIVE_MAP_mac, &key, &value);
	}
	trace_policy_share(host);
	return host;
}

/* All of a chain follows RULE. */
static void put_rule(struct trace_host *host, uint32_t kind, uint32_t rule,
		     enum policy_action action)
{
	struct policy_value fresh = {0};
	uint32_t bank = BANK;
	struct policy_value *policy = native_find(host->native, NATIVE_MAP_policy, &bank);

	if (!policy) {
		native_put(host->native, NATIVE_MAP_policy, &bank, &fresh);
		policy = native_find(host->native, NATIVE_MAP_policy, &bank);
	}
	policy->chain[kind].otherwise =
		(struct policy_verdict){.order = UINT32_MAX, .rule = rule, .action = action};
}

/* Port 1 alone is in its subnet, whose ACL is bank ACL. */
static void put_border(struct trace_host *host, uint32_t acl)
{
	struct border_key key = {BORDER_PREFIX_BASE + 128,
				 1,
				 GUINT16_TO_BE(0x0800),
				 {{{[10] = 0xff, [11] = 0xff, 10, 0, 0, 1}}}};
	struct border_value value = {.acl = acl, .subnet = key.ip};
	uint32_t slot = 1;
	struct port_value *port = native_find(host->native, NATIVE_MAP_port, &slot);

	memset(&value.mask, 0xff, sizeof(value.mask));
	port->flags |= PORT_BORDER;
	native_put(host->native, NATIVE_MAP_border, &key, &value);
}

/* UDP between the two: from SLOT, from port SPORT to DPORT. What is told of it. */
static char *tell(struct trace_host *host, uint32_t slot, uint8_t sport, uint8_t dport)
{
	uint8_t from = (uint8_t)slot, to = (uint8_t)(3 - slot);
	const uint8_t frame[] = {2,  0, 0,  0,	0, to,	  2, 0,	    0,	0, 0, from, 8, 0, 0x45,
				 0,  0, 28, 0,	0, 0,	  0, 64,    17, 0, 0, 10,   0, 0, from,
				 10, 0, 0,  to, 0, sport, 0, dport, 0,	8, 0, 0};
	struct native_meta meta = {.ifindex = DEVICE + slot};
	json_auto_t *list = json_array();

	native_run_port(host->native, frame, sizeof(frame), &meta, NULL);
	native_host_forget(host->native);
	trace_policy_list(host, list);
	g_assert_cmpuint(json_array_size(list), <=, 1);
	if (!json_array_size(list))
		return g_strdup("");
	return g_strdup_printf(
		"%s [%lld]",
		json_string_value(json_object_get(json_array_get(list, 0), "says")),
		(long long)json_integer_value(
			json_object_get(json_array_get(list, 0), "rule")));
}

static void expect(struct trace_host *host, uint32_t slot, uint8_t sport, uint8_t dport,
		   const char *says)
{
	g_autofree char *got = tell(host, slot, sport, dport);

	g_assert_cmpstr(got, ==, says);
}

static void test_decisions(void)
{
	struct trace_host *host = host_new();
	uint32_t slot = 1;
	struct port_value *port;

	put_rule(host, 0, 5, POLICY_ACCEPT);
	put_rule(host, POLICY_INGRESS, 0, POLICY_DENY);
	expect(host, 1, 1, 2, "sender ?: rule 5 lets it open a connection [5]");
	expect(host, 2, 2, 1,
	       "receiver ?: a packet of a connection, which rule 5 lets be opened [5]");
	expect(host, 2, 3, 1, "receiver ?: ingress IPv4: the default denies it [0]");
	put_rule(host, POLICY_INGRESS, 8, POLICY_REJECT);
	expect(host, 2, 4, 1, "receiver ?: ingress IPv4: rule 8 rejects it [8]");
	port = native_find(host->native, NATIVE_MAP_port, &slot);
	port->policy = 0;
	expect(host, 1, 8, 2, "sender ?: its policy is not in place [0]");
	port->flags &= ~(uint32_t)PORT_FILTERED;
	expect(host, 1, 9, 2, "");
	put_border(host, 1);
	expect(host, 1, 10, 2, "sender ?: its subnet's network ACL is not in place [0]");
	put_rule(host, POLICY_STATELESS, 9, POLICY_DENY);
	put_border(host, BANK);
	expect(host, 1, 11, 2, "sender ?: ACL egress IPv4: rule 9 denies it [9]");
	put_rule(host, POLICY_STATELESS, 9, POLICY_ACCEPT);
	put_rule(host, POLICY_STATELESS | POLICY_INGRESS, 7, POLICY_ACCEPT);
	expect(host, 1, 12, 2, "sender ?: ACL egress: rule 9 accepts it [9]");
	expect(host, 2, 12, 1, "receiver ?: ACL ingress: rule 7 accepts it [7]");
	trace_host_free(host);
}

/* Router 1 passes on what is sent to its port on network 100, which has the group of BANK. */
static void put_router(struct trace_host *host)
{
	const struct abi_mac gate = {{2, 0, 0, 0, 0, 9}};
	struct network_value network = {.flags = NETWORK_UP | NETWORK_FIREWALL, .mtu = 1450};
	struct mac_key mac = {.vni = 100, .mac = gate};
	struct mac_value place = {.place = PLACE(PLACE_ROUTER, 1)};
	struct location_key at = {.vni = 100,
				  .ip = {{{[10] = 0xff, [11] = 0xff, 10, 0, 0, 2}}}};
	struct location_value owner = {.mac = mac_b};
	struct route_key key = {ROUTE_PREFIX_BASE + 96,
				1,
				GUINT16_TO_BE(0x0800),
				ROUTE_TO,
				{{{[10] = 0xff, [11] = 0xff}}}};
	struct route_value route = {.flags = ROUTE_UP, .vni = 100, .mac = gate};
	uint32_t vni = 100, bank = BANK;

	native_put(host->native, NATIVE_MAP_network, &vni, &network);
	native_put(host->native, NATIVE_MAP_mac, &mac, &place);
	native_put(host->native, NATIVE_MAP_location, &at, &owner);
	native_put(host->native, NATIVE_MAP_route, &key, &route);
	native_put(host->native, NATIVE_MAP_firewall, &mac, &bank);
}

/* UDP from port 1 through the router to port DPORT of the other: all that is told of it. */
static char *tell_routed(struct trace_host *host, uint8_t dport)
{
	const uint8_t frame[] = {2,    0, 0,  0,  0, 9, 2, 0, 0,  0,	 0, 1, 8,  0,
				 0x45, 0, 0,  28, 0, 0, 0, 0, 64, 17,	 0, 0, 10, 0,
				 0,    1, 10, 0,  0, 2, 0, 7, 0,  dport, 0, 8, 0,  0};
	struct native_meta meta = {.ifindex = DEVICE + 1};
	json_auto_t *list = json_array();
	GString *out = g_string_new(NULL);
	json_t *stage;
	size_t i;

	native_run_port(host->native, frame, sizeof(frame), &meta, NULL);
	native_host_forget(host->native);
	trace_policy_list(host, list);
	json_array_foreach (list, i, stage)
		g_string_append_printf(out, "%s%s", i ? "; " : "",
				       json_string_value(json_object_get(stage, "says")));
	return g_string_free(out, FALSE);
}

static void test_firewall(void)
{
	struct trace_host *host = host_new();
	g_autofree char *both = NULL, *denied = NULL, *missing = NULL;
	uint32_t slot = 1, bank = BANK;
	struct port_value *port = native_find(host->native, NATIVE_MAP_port, &slot);

	port->flags &= ~(uint32_t)PORT_FILTERED;
	put_router(host);
	put_rule(host, 0, 5, POLICY_ACCEPT);
	put_rule(host, POLICY_INGRESS, 6, POLICY_ACCEPT);
	both = tell_routed(host, 1);
	g_assert_cmpstr(both, ==,
			"sender ?: into the router: rule 5 accepts it; "
			"sender ?: out of the router: rule 6 accepts it");
	put_rule(host, POLICY_INGRESS, 6, POLICY_REJECT);
	denied = tell_routed(host, 2);
	g_assert_cmpstr(denied, ==,
			"sender ?: into the router: rule 5 accepts it; "
			"sender ?: out of the router: rule 6 rejects it");
	native_del(host->native, NATIVE_MAP_policy, &bank);
	missing = tell_routed(host, 3);
	g_assert_cmpstr(missing, ==,
			"sender ?: into the router: the firewall group is not in place");
	trace_host_free(host);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/who decided, and by which rule", test_decisions);
	g_test_add_func("/policy/routers' firewalls", test_firewall);
	return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flow_show.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "agent/age.h"
#include "agent/jiffies.h"
#include "agent/policies_look.h"
#include "agent/reason.h"

static void set_text(json_t *out, const char *name, const char *text)
{
	json_object_set_new(out, name, text ? json_string(text) : json_null());
}

static void set_count(json_t *out, const char *name, uint64_t count)
{
	json_object_set_new(out, name, json_integer((json_int_t)count));
}

static void set_end(json_t *out, const char *name, const char *port,
		    const struct abi_ip *address, __be16 number)
{
	char text[IP_TEXT];
	struct ip ip;

	memcpy(ip.b, address->b, sizeof(ip.b));
	set_text(out, name, ip_print(ip, text));
	set_count(out, port, ntohs(number));
}

const char *flow_proto_name(uint32_t proto, char text[FLOW_PROTO_TEXT])
{
	static const struct {
		uint32_t proto;
		const char *name;
	} names[] = {{IPPROTO_TCP, "tcp"},
		     {IPPROTO_UDP, "udp"},
		     {IPPROTO_ICMP, "icmp"},
		     {IPPROTO_ICMPV6, "icmpv6"},
		     {IPPROTO_SCTP, "sctp"}};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (names[i].proto == proto)
			return names[i].name;
	g_snprintf(text, FLOW_PROTO_TEXT, "%u", proto);
	return text;
}

json_t *flow_show_ends(const struct wire *wire, const struct conn_key *key)
{
	const struct row_port *port = wire->port;
	char id[UUID_TEXT], proto[FLOW_PROTO_TEXT];
	json_t *out = json_object();

	set_text(out, "port", uuid_print(wire->id, id));
	set_text(out, "name", port ? port->name : "");
	set_text(out, "project", port ? port->project : "");
	set_text(out, "protocol", flow_proto_name(key->proto, proto));
	set_end(out, "local", "local_port", &key->local, key->lport);
	set_end(out, "remote", "remote_port", &key->remote, key->rport);
	return out;
}

void flow_show_nat(json_t *out, const struct nat_value *seen)
{
	set_end(out, "nat", "nat_port", &seen->addr, seen->port);
}

static uint64_t seconds_since(uint64_t now, uint64_t jiffies)
{
	return now > jiffies ? (now - jiffies) / jiffies_hz() : 0;
}

void flow_show_counts(json_t *out, const struct conn_value *value, uint64_t now)
{
	set_text(out, "state", age_state_name(value->state));
	set_text(out, "opened_by", value->origin ? "remote" : "local");
	set_count(out, "age_seconds", seconds_since(now, value->created));
	set_count(out, "idle_seconds", seconds_since(now, value->seen));
	set_count(out, "tx_packets", value->packets[0]);
	set_count(out, "tx_bytes", value->bytes[0]);
	set_count(out, "rx_packets", value->packets[1]);
	set_count(out, "rx_bytes", value->bytes[1]);
}

void flow_show_peer(json_t *out, const struct state *state, uint32_t identity)
{
	g_autoptr(GPtrArray) sets = policies_list_sets(state_policies(state), identity);
	json_t *names = json_array();

	for (guint i = 0; sets && i < sets->len; i++)
		json_array_append_new(names, json_string(g_ptr_array_index(sets, i)));
	set_count(out, "remote_identity", identity);
	json_object_set_new(out, "remote_sets", names);
}

void flow_show_rule(json_t *out, const char *rule)
{
	set_text(out, "rule", rule);
}

void flow_show_denial(json_t *out, bool received, uint8_t number)
{
	const struct reason *reason = reason_find(number);

	set_text(out, "verdict", "denied");
	set_text(out, "opened_by", received ? "remote" : "local");
	set_text(out, "reason", reason ? reason->name : "");
	set_text(out, "sentence", reason ? reason->sentence : "");
}

char *flow_find_rule(const struct state *state, uint32_t number)
{
	const struct policy_rule *rule =
		number ? policies_find_rule(state_policies(state), number) : NULL;

	if (rule)
		return g_strconcat(rule->set, "/", rule->id, NULL);
	return number ? g_strdup("") : NULL;
}

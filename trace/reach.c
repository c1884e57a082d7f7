/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules divide services into stretches within which all are treated alike: one of each is asked
 * about (verdict.h), and neighbours with the same answer are told as one.
 */
#include "trace/reach.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "agent/policies_look.h"
#include "trace/host_data.h"

#define PROTO_OTHER 253 /* for experiments (RFC 3692): stands for those no rule names */

/* A stretch of one protocol's services, of one family. */
struct stretch {
	uint8_t proto;
	bool other; /* ... and of all protocols that no rule names */
	bool v6;
	uint16_t low, high;
	char *egress, *ingress; /* the rules; "-": a default */
};

static void stretch_done(gpointer data)
{
	struct stretch *stretch = data;

	g_free(stretch->egress);
	g_free(stretch->ingress);
}

/* ---------------------------------------------------------------- services */

static const GPtrArray *rules_of(const struct trace_party *party)
{
	uint32_t identity = trace_identity(party);

	return identity ? policies_find_rules(state_policies(party->host->state), identity)
			: NULL;
}

static gint number_compare(gconstpointer a, gconstpointer b)
{
	return (gint)(*(const guint *)a) - (gint)(*(const guint *)b);
}

static void number_add(GArray *numbers, guint number)
{
	for (guint i = 0; i < numbers->len; i++)
		if (g_array_index(numbers, guint, i) == number)
			return;
	g_array_append_val(numbers, number);
}

/* Where the rules for PROTO begin and end, from 0 on. */
static void bounds_add(GArray *bounds, const GPtrArray *rules, guint proto)
{
	for (guint i = 0; rules && i < rules->len; i++) {
		const struct policy_rule *rule = g_ptr_array_index(rules, i);

		if (rule->proto != proto)
			continue;
		number_add(bounds, rule->low);
		if (rule->high < UINT16_MAX)
			number_add(bounds, rule->high + 1u);
	}
}

static void protos_add(GArray *protos, const GPtrArray *rules)
{
	for (guint i = 0; rules && i < rules->len; i++) {
		const struct policy_rule *rule = g_ptr_array_index(rules, i);

		if (rule->proto != POLICY_PROTO_ANY)
			number_add(protos, rule->proto);
	}
}

/* ------------------------------------------------------------------ asking */

static const char *text_at(const json_t *check, const char *name)
{
	const char *text = json_string_value(json_object_get(check, name));

	return text ? text : "-";
}

static bool is_allowed(const json_t *check)
{
	return !strcmp(text_at(check, "verdict"), "allowed");
}

static bool joins(const struct stretch *last, const struct stretch *next)
{
	return last->proto == next->proto && last->v6 == next->v6 &&
	       last->high + 1u == next->low && !strcmp(last->egress, next->egress) &&
	       !strcmp(last->ingress, next->ingress);
}

/* The last of STRETCHES that is of NEXT's family. */
static struct stretch *last_of(GArray *stretches, bool v6)
{
	for (guint i = stretches->len; i > 0; i--) {
		struct stretch *last = &g_array_index(stretches, struct stretch, i - 1);

		if (last->v6 == v6)
			return last;
	}
	return NULL;
}

static void stretch_add(GArray *stretches, struct stretch next, const json_t *out,
			const json_t *in)
{
	struct stretch *last = last_of(stretches, next.v6);

	next.egress = g_strdup(text_at(out, "rule"));
	next.ingress = g_strdup(text_at(in, "rule"));
	if (last && joins(last, &next)) {
		last->high = next.high;
		stretch_done(&next);
		return;
	}
	g_array_append_val(stretches, next);
}

/* ICMP of the other family is nobody's. */
static bool is_of(uint8_t proto, bool v6)
{
	return proto != (v6 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/*
 * The word of either port itself for one family: network ACLs, whose word comes before it, and
 * routers' firewalls go by addresses, which who asks here does not have.
 */
static bool find_words(const json_t *checks, bool v6, const json_t **out, const json_t **in)
{
	const json_t *check;
	size_t i;

	json_array_foreach ((json_t *)checks, i, check) {
		bool is_v6 = strchr(text_at(check, "address"), ':');

		if (is_v6 == v6 && json_is_string(json_object_get(check, "port")))
			*(strcmp(text_at(check, "direction"), "egress") ? in : out) = check;
	}
	return *out && *in;
}

static bool ask(const struct trace_party *from, const struct trace_party *to,
		struct stretch stretch, GArray *stretches, GError **error)
{
	struct trace_service service = {.proto = stretch.proto, .port = stretch.low};
	json_t *answer = trace_verdict(from, to, &service, error);
	const json_t *checks = json_object_get(answer, "checks");

	for (int v6 = 0; v6 < 2; v6++) {
		const json_t *out = NULL, *in = NULL;

		stretch.v6 = v6;
		if (is_of(stretch.proto, v6) && find_words(checks, v6, &out, &in) &&
		    is_allowed(out) && is_allowed(in))
			stretch_add(stretches, stretch, out, in);
	}
	json_decref(answer);
	return answer;
}

static bool ask_protocol(const struct trace_party *from, const struct trace_party *to,
			 guint proto, bool other, GArray *stretches, GError **error)
{
	g_autoptr(GArray) bounds = g_array_new(FALSE, FALSE, sizeof(guint));

	number_add(bounds, 0);
	bounds_add(bounds, rules_of(from), proto);
	bounds_add(bounds, rules_of(to), proto);
	g_array_sort(bounds, number_compare);
	for (guint i = 0; i < bounds->len; i++) {
		guint low = g_array_index(bounds, guint, i);
		guint high = i + 1 < bounds->len ? g_array_index(bounds, guint, i + 1) - 1
						 : UINT16_MAX;
		struct stretch stretch = {.proto = (uint8_t)proto,
					  .other = other,
					  .low = (uint16_t)low,
					  .high = (uint16_t)high};

		if (!ask(from, to, stretch, stretches, error))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------ telling */

static const struct {
	uint8_t proto;
	const char *name;
} names[] = {
	{IPPROTO_TCP, "tcp"},	      {IPPROTO_UDP, "udp"},   {IPPROTO_SCTP, "sctp"},
	{IPPROTO_UDPLITE, "udplite"}, {IPPROTO_ICMP, "icmp"}, {IPPROTO_ICMPV6, "icmpv6"},
	{IPPROTO_GRE, "gre"},
};

static char *service_print(const struct stretch *stretch)
{
	g_autofree char *number = g_strdup_printf("%u", stretch->proto);
	const char *name = stretch->other ? "others" : number;
	bool icmp = stretch->proto == IPPROTO_ICMP || stretch->proto == IPPROTO_ICMPV6;
	guint low = stretch->low, high = stretch->high;

	for (gsize i = 0; !stretch->other && i < G_N_ELEMENTS(names); i++)
		if (names[i].proto == stretch->proto)
			name = names[i].name;
	if (low == 0 && high == UINT16_MAX)
		return g_strdup(name);
	if (icmp && low >> 8 == high >> 8)
		return low == high ? g_strdup_printf("%s/%u/%u", name, low >> 8, low & 255)
				   : g_strdup_printf("%s/%u", name, low >> 8);
	if (icmp)
		return g_strdup_printf("%s/%u-%u", name, low >> 8, high >> 8);
	return low == high ? g_strdup_printf("%s/%u", name, low)
			   : g_strdup_printf("%s/%u-%u", name, low, high);
}

static bool same_rules(const struct stretch *a, const struct stretch *b)
{
	return !strcmp(a->egress, b->egress) && !strcmp(a->ingress, b->ingress);
}

/* Every protocol as a whole, all by the same rules: that is anything. */
static bool is_any(const GArray *stretches, bool v6, guint protos)
{
	const struct stretch *first = NULL;
	guint count = 0;

	for (guint i = 0; i < stretches->len; i++) {
		const struct stretch *one = &g_array_index(stretches, struct stretch, i);

		if (one->v6 != v6)
			continue;
		first = first ? first : one;
		if (one->low || one->high != UINT16_MAX || !same_rules(first, one))
			return false;
		count++;
	}
	return count && count == protos;
}

static void tell(json_t *out, const GArray *stretches, bool v6, guint protos)
{
	bool any = is_any(stretches, v6, protos);

	for (guint i = 0; i < stretches->len; i++) {
		const struct stretch *one = &g_array_index(stretches, struct stretch, i);
		g_autofree char *service = any ? g_strdup("any") : service_print(one);

		if (one->v6 != v6)
			continue;
		json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:s}", "service", service,
						     "family", v6 ? "IPv6" : "IPv4", "egress",
						     one->egress, "ingress", one->ingress));
		if (any)
			return;
	}
}

uint32_t trace_identity(const struct trace_party *party)
{
	const struct row_port *port = state_find_port(party->host->state, party->port);

	return port ? port->identity : 0;
}

json_t *trace_reach(const struct trace_party *from, const struct trace_party *to,
		    GError **error)
{
	g_autoptr(GArray) protos = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GArray) stretches = g_array_new(FALSE, FALSE, sizeof(struct stretch));
	json_t *out;

	g_array_set_clear_func(stretches, stretch_done);
	protos_add(protos, rules_of(from));
	protos_add(protos, rules_of(to));
	g_array_sort(protos, number_compare);
	for (guint i = 0; i < protos->len; i++)
		if (!ask_protocol(from, to, g_array_index(protos, guint, i), false, stretches,
				  error))
			return NULL;
	if (!ask_protocol(from, to, PROTO_OTHER, true, stretches, error))
		return NULL;
	out = json_array();
	for (int v6 = 0; v6 < 2; v6++) {
		guint count = 1;

		for (guint i = 0; i < protos->len; i++)
			count += is_of((uint8_t)g_array_index(protos, guint, i), v6);
		tell(out, stretches, v6, count);
	}
	return out;
}

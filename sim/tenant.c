/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of changes with their weights. Where there are many of a kind, one is deleted
 * instead of another made.
 */
#include "sim/tenant.h"

#include <jansson.h>
#include <string.h>

#include "lib/error.h"
#include "lib/http_client.h"

enum noun {
	NETWORK,
	SUBNET,
	ROUTER,
	PORT,
	HOST,
	POLICY,
	ACL,
	ACL_RULE,
	FIREWALL_RULE,
	FIREWALL_POLICY,
	FIREWALL_GROUP,
	NOUN_COUNT,
};

static const struct {
	const char *singular, *plural, *path;
	guint many; /* for each host of the simulation: / 4 */
} nouns[NOUN_COUNT] = {
	[NETWORK] = {"network", "networks", "networks", 5},
	[SUBNET] = {"subnet", "subnets", "subnets", 7},
	[ROUTER] = {"router", "routers", "routers", 2},
	[PORT] = {"port", "ports", "ports", 80},
	[HOST] = {"host", "hosts", "hosts", 0},
	[POLICY] = {"policy", "policies", "policies", 5},
	[ACL] = {"network_acl", "network_acls", "network-acls", 1},
	[ACL_RULE] = {"network_acl_rule", "network_acl_rules", "network-acl-rules", 4},
	[FIREWALL_RULE] = {"firewall_rule", "firewall_rules", "fwaas/firewall_rules", 6},
	[FIREWALL_POLICY] = {"firewall_policy", "firewall_policies", "fwaas/firewall_policies",
			     3},
	[FIREWALL_GROUP] = {"firewall_group", "firewall_groups", "fwaas/firewall_groups", 3},
};

struct tenant {
	struct http_client *client;
	const char *url;
	unsigned int hosts;
	GRand *random;
	GPtrArray *ids[NOUN_COUNT]; /* char *, owned */
	GPtrArray *legs;	    /* char *, owned: ids of routers' ports, there or gone */
	unsigned int waiting;
	struct tenant_counters counters;
	char *complaint;
};

/* A question under way. */
struct errand {
	struct tenant *tenant;
	enum noun noun;
	char *deletes; /* the id that is gone when it is done; NULL: none */
	bool makes;
};

static guint dice(struct tenant *t, guint end)
{
	return (guint)g_rand_int_range(t->random, 0, (gint32)end);
}

static const char *pick(struct tenant *t, enum noun noun)
{
	return t->ids[noun]->len ? t->ids[noun]->pdata[dice(t, t->ids[noun]->len)] : NULL;
}

static void forget(struct tenant *t, enum noun noun, const char *id)
{
	for (guint i = 0; i < t->ids[noun]->len; i++)
		if (strcmp(t->ids[noun]->pdata[i], id) == 0) {
			g_ptr_array_remove_index_fast(t->ids[noun], i);
			return;
		}
}

static void complain(struct tenant *t, const char *what, const char *text)
{
	if (!t->complaint)
		t->complaint = g_strdup_printf("%s: %.500s", what, text);
}

static void note_made(struct tenant *t, enum noun noun, const char *body)
{
	json_t *root = json_loads(body, 0, NULL);
	json_t *one = json_object_get(root, nouns[noun].singular), *many, *item;
	const char *leg;
	size_t i;

	many = json_object_get(root, nouns[noun].plural);
	leg = json_string_value(json_object_get(root, "port_id"));
	if (leg)
		g_ptr_array_add(t->legs, g_strdup(leg));
	if (one)
		g_ptr_array_add(t->ids[noun],
				g_strdup(json_string_value(json_object_get(one, "id"))));
	json_array_foreach (many, i, item)
		g_ptr_array_add(t->ids[noun],
				g_strdup(json_string_value(json_object_get(item, "id"))));
	if (!one && !many && !leg)
		complain(t, "an answer cannot be read", body);
	json_decref(root);
}

static void errand_answered(const struct http_answer *answer, const GError *error, void *data)
{
	struct errand *errand = data;
	struct tenant *t = errand->tenant;

	t->waiting--;
	if (!answer)
		t->counters.lost++;
	else if (answer->status >= 400) {
		t->counters.refused++;
		if (answer->status >= 500)
			complain(t, "an answer that should not be", answer->body);
	} else {
		t->counters.done++;
		if (errand->makes)
			note_made(t, errand->noun, answer->body);
		if (errand->deletes)
			forget(t, errand->noun, errand->deletes);
	}
	g_free(errand->deletes);
	g_free(errand);
}

static void ask(struct tenant *t, enum noun noun, const char *method, const char *tail,
		const char *body, bool makes, const char *deletes)
{
	g_autofree char *url = g_strdup_printf("%s/v2.0/%s%s", t->url, nouns[noun].path, tail);
	const struct http_ask question = {.method = method,
					  .url = url,
					  .body = body,
					  .body_size = body ? strlen(body) : 0,
					  .timeout_ms = 60000};
	struct errand *errand = g_new0(struct errand, 1);

	errand->tenant = t;
	errand->noun = noun;
	errand->makes = makes;
	errand->deletes = g_strdup(deletes);
	t->waiting++;
	t->counters.asked++;
	http_client_call(t->client, &question, errand_answered, errand);
}

static void make(struct tenant *t, enum noun noun, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void change(struct tenant *t, enum noun noun, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static char *wrap(enum noun noun, const char *format, va_list arguments) G_GNUC_PRINTF(2, 0);

static char *wrap(enum noun noun, const char *format, va_list arguments)
{
	g_autofree char *inner = g_strdup_vprintf(format, arguments);

	return g_strdup_printf("{\"%s\":{%s}}", nouns[noun].singular, inner);
}

static void make(struct tenant *t, enum noun noun, const char *format, ...)
{
	g_autofree char *body = NULL;
	va_list arguments;

	va_start(arguments, format);
	body = wrap(noun, format, arguments);
	va_end(arguments);
	ask(t, noun, "POST", "", body, true, NULL);
}

static void change(struct tenant *t, enum noun noun, const char *format, ...)
{
	const char *id = pick(t, noun);
	g_autofree char *body = NULL, *tail = g_strconcat("/", id, NULL);
	va_list arguments;

	if (!id)
		return;
	va_start(arguments, format);
	body = wrap(noun, format, arguments);
	va_end(arguments);
	ask(t, noun, "PUT", tail, body, false, NULL);
}

static void drop(struct tenant *t, enum noun noun)
{
	const char *id = pick(t, noun);
	g_autofree char *tail = g_strconcat("/", id, NULL);

	if (id)
		ask(t, noun, "DELETE", tail, NULL, false, id);
}

static const char *truth(struct tenant *t)
{
	return dice(t, 4) ? "true" : "false";
}

/* --- changes ------------------------------------------------------------------------- */

static void network_make(struct tenant *t)
{
	make(t, NETWORK, "\"name\":\"n\",\"flood\":%s", truth(t));
}

static void network_change(struct tenant *t)
{
	static const int mtus[] = {1450, 1400, 1300};

	if (dice(t, 2))
		change(t, NETWORK, "\"admin_state_up\":%s", truth(t));
	else
		change(t, NETWORK, "\"mtu\":%d,\"flood\":%s", mtus[dice(t, 3)], truth(t));
}

static void subnet_make(struct tenant *t)
{
	const char *network = pick(t, NETWORK);

	if (!network)
		return;
	if (dice(t, 4))
		make(t, SUBNET,
		     "\"network_id\":\"%s\",\"ip_version\":4,\"cidr\":\"10.%u.%u.0/24\"",
		     network, dice(t, 4), dice(t, 250));
	else
		make(t, SUBNET,
		     "\"network_id\":\"%s\",\"ip_version\":6,\"cidr\":\"fd00:%x::/64\"%s",
		     network, dice(t, 250),
		     dice(t, 2) ? ",\"ipv6_address_mode\":\"slaac\",\"ipv6_ra_mode\":\"slaac\""
				: "");
}

static void subnet_change(struct tenant *t)
{
	const char *acl = pick(t, ACL);

	if (dice(t, 2) && acl)
		change(t, SUBNET, "\"network_acl_id\":\"%s\"", acl);
	else if (dice(t, 4) == 0)
		change(t, SUBNET, "\"network_acl_id\":null");
	else if (dice(t, 2))
		change(t, SUBNET, "\"enable_dhcp\":%s", truth(t));
	else
		change(t, SUBNET,
		       "\"dns_nameservers\":[\"10.9.9.%u\"],\"host_routes\":"
		       "[{\"destination\":\"10.%u.0.0/16\",\"nexthop\":\"10.0.%u.9\"}]",
		       dice(t, 200) + 1, dice(t, 50) + 100, dice(t, 200));
}

static void router_make(struct tenant *t)
{
	make(t, ROUTER, "\"name\":\"r\"");
}

static void router_change(struct tenant *t)
{
	if (dice(t, 2))
		change(t, ROUTER, "\"admin_state_up\":%s", truth(t));
	else
		change(t, ROUTER,
		       "\"routes\":[{\"destination\":\"10.%u.0.0/16\",\"nexthop\":\"10.%u.%u.9\"}]",
		       dice(t, 50) + 150, dice(t, 4), dice(t, 250));
}

static void router_leg(struct tenant *t)
{
	const char *router = pick(t, ROUTER), *subnet = pick(t, SUBNET);
	bool adds = dice(t, 3);
	g_autofree char *tail =
		g_strdup_printf("/%s/%s_router_interface", router, adds ? "add" : "remove");
	g_autofree char *body = g_strdup_printf("{\"subnet_id\":\"%s\"}", subnet);

	if (router && subnet)
		ask(t, ROUTER, "PUT", tail, body, adds, NULL);
}

static void port_make(struct tenant *t)
{
	const char *network = pick(t, NETWORK);

	if (!network)
		return;
	if (dice(t, 20) == 0)
		tenant_make_ports(t, network, dice(t, t->hosts), 4);
	else if (dice(t, 7))
		make(t, PORT, "\"network_id\":\"%s\",\"binding:host_id\":\"h%u\"", network,
		     dice(t, t->hosts) + 1);
	else
		make(t, PORT,
		     "\"network_id\":\"%s\",\"allowed_address_pairs\":[{\"ip_address\":\"10.7.%u.0/24\"}]",
		     network, dice(t, 20));
}

/* Members of a body: what ports are labelled with, and policies ask for. */
static char *labels(struct tenant *t, const char *name)
{
	static const char *const apps[] = {"web", "db", "idle"};

	return dice(t, 3) ? g_strdup_printf("\"%s\":{\"app\":\"%s\"}", name, apps[dice(t, 3)])
			  : g_strdup_printf("\"%s\":{}", name);
}

static void port_label(struct tenant *t)
{
	g_autofree char *members = labels(t, "labels");

	change(t, PORT, "%s,\"named_ports\":[{\"name\":\"http\",\"port\":%u}]", members,
	       dice(t, 2) ? 80 : 8080);
}

/* Who it is for, and two rules, one by a port's name. */
static char *policy_body(struct tenant *t)
{
	static const char *const actions[] = {"accept", "deny", "reject", "pass"};
	g_autofree char *subject = labels(t, "match_labels");
	g_autofree char *peer = labels(t, "match_labels");

	return g_strdup_printf(
		"%s,\"tier\":%u,\"priority\":%u,\"rules\":[{\"direction\":\"%s\","
		"\"action\":\"%s\",\"peers\":[{%s}],\"services\":[{\"protocol\":\"tcp\","
		"\"port\":\"http\"}]},{\"direction\":\"ingress\",\"peers\":[{\"cidr\":"
		"\"10.%u.0.0/16\"}]}]",
		subject, dice(t, 3), dice(t, 100), dice(t, 2) ? "ingress" : "egress",
		actions[dice(t, 4)], peer, dice(t, 4));
}

static void policy_make(struct tenant *t)
{
	g_autofree char *body = policy_body(t);

	make(t, POLICY, "%s", body);
}

static void policy_change(struct tenant *t)
{
	g_autofree char *body = policy_body(t);

	change(t, POLICY, "%s", body);
}

static void port_change(struct tenant *t)
{
	const char *subnet = pick(t, SUBNET);

	switch (dice(t, 8)) {
	case 0:
		change(t, PORT, "\"admin_state_up\":%s", truth(t));
		break;
	case 1:
		change(t, PORT, "\"binding:host_id\":\"\"");
		break;
	case 2:
		if (subnet)
			change(t, PORT, "\"fixed_ips\":[{\"subnet_id\":\"%s\"}]", subnet);
		break;
	case 3:
		change(t, PORT, "\"port_security_enabled\":%s", truth(t));
		break;
	case 4:
	case 5:
		port_label(t);
		break;
	default:
		change(t, PORT, "\"binding:host_id\":\"h%u\"", dice(t, t->hosts) + 1);
	}
}

static void host_change(struct tenant *t)
{
	change(t, HOST, "\"admin_state_up\":%s", truth(t));
}

static void acl_make(struct tenant *t)
{
	make(t, ACL, "\"name\":\"a\"");
}

static void acl_rule_make(struct tenant *t)
{
	const char *acl = pick(t, ACL);

	if (acl)
		make(t, ACL_RULE,
		     "\"network_acl_id\":\"%s\",\"number\":%u,\"direction\":\"%s\","
		     "\"action\":\"%s\",\"remote_ip_prefix\":\"10.%u.0.0/16\"",
		     acl, dice(t, 20) + 1, dice(t, 2) ? "ingress" : "egress",
		     dice(t, 2) ? "allow" : "deny", dice(t, 4));
}

static void acl_rule_change(struct tenant *t)
{
	if (dice(t, 2))
		change(t, ACL_RULE, "\"number\":%u", dice(t, 20) + 1);
	else
		change(t, ACL_RULE, "\"protocol\":\"tcp\",\"port_range_min\":%u",
		       dice(t, 3) + 1);
}

static void firewall_rule_make(struct tenant *t)
{
	make(t, FIREWALL_RULE,
	     "\"action\":\"%s\",\"protocol\":\"tcp\",\"destination_port\":\"%u\","
	     "\"source_ip_address\":\"10.%u.0.0/16\"",
	     dice(t, 2) ? "allow" : "reject", dice(t, 20) + 1, dice(t, 4));
}

static void firewall_rule_change(struct tenant *t)
{
	if (dice(t, 2))
		change(t, FIREWALL_RULE, "\"enabled\":%s", truth(t));
	else
		change(t, FIREWALL_RULE, "\"source_port\":\"%u\"", dice(t, 3));
}

/* One or two rules, in any order. */
static char *firewall_rules(struct tenant *t)
{
	const char *a = pick(t, FIREWALL_RULE), *b = pick(t, FIREWALL_RULE);

	if (!a)
		return g_strdup("\"firewall_rules\":[]");
	if (a == b)
		return g_strdup_printf("\"firewall_rules\":[\"%s\"]", a);
	return g_strdup_printf("\"firewall_rules\":[\"%s\",\"%s\"]", a, b);
}

static void firewall_policy_make(struct tenant *t)
{
	g_autofree char *rules = firewall_rules(t);

	make(t, FIREWALL_POLICY, "%s", rules);
}

static void firewall_policy_change(struct tenant *t)
{
	g_autofree char *rules = firewall_rules(t);

	change(t, FIREWALL_POLICY, "%s", rules);
}

static void firewall_group_make(struct tenant *t)
{
	make(t, FIREWALL_GROUP, "\"name\":\"g\"");
}

static void firewall_group_change(struct tenant *t)
{
	const char *policy = pick(t, FIREWALL_POLICY);
	const char *leg = t->legs->len ? t->legs->pdata[dice(t, t->legs->len)] : NULL;

	if (policy && dice(t, 3) == 0)
		change(t, FIREWALL_GROUP, "\"%s_firewall_policy_id\":\"%s\"",
		       dice(t, 2) ? "ingress" : "egress", policy);
	else if (leg && dice(t, 4))
		change(t, FIREWALL_GROUP, "\"ports\":[\"%s\"]", leg);
	else
		change(t, FIREWALL_GROUP, "\"admin_state_up\":%s", truth(t));
}

static const struct {
	guint weight;
	enum noun noun;
	void (*change)(struct tenant *t);
	bool makes;
} changes[] = {
	{4, NETWORK, network_make, true},
	{3, NETWORK, network_change, false},
	{6, SUBNET, subnet_make, true},
	{3, SUBNET, subnet_change, false},
	{2, ROUTER, router_make, true},
	{3, ROUTER, router_change, false},
	{8, ROUTER, router_leg, false},
	{40, PORT, port_make, true},
	{25, PORT, port_change, false},
	{1, HOST, host_change, false},
	{2, ACL, acl_make, true},
	{4, ACL_RULE, acl_rule_make, true},
	{3, ACL_RULE, acl_rule_change, false},
	{6, POLICY, policy_make, true},
	{4, POLICY, policy_change, false},
	{3, FIREWALL_RULE, firewall_rule_make, true},
	{2, FIREWALL_RULE, firewall_rule_change, false},
	{2, FIREWALL_POLICY, firewall_policy_make, true},
	{3, FIREWALL_POLICY, firewall_policy_change, false},
	{2, FIREWALL_GROUP, firewall_group_make, true},
	{8, FIREWALL_GROUP, firewall_group_change, false},
};

/* There are enough: one goes. There are some: sometimes. */
static bool is_crowded(struct tenant *t, enum noun noun)
{
	guint many = nouns[noun].many * t->hosts / 4 + 1;

	return t->ids[noun]->len >= many || dice(t, 4) == 0;
}

void tenant_change(struct tenant *t)
{
	guint all = 0, number;

	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++)
		all += changes[i].weight;
	number = dice(t, all);
	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
		if (number >= changes[i].weight) {
			number -= changes[i].weight;
			continue;
		}
		if (changes[i].makes && is_crowded(t, changes[i].noun))
			drop(t, changes[i].noun);
		else
			changes[i].change(t);
		return;
	}
}

void tenant_make_ports(struct tenant *t, const char *network, unsigned int first,
		       unsigned int count)
{
	g_autoptr(GString) body = g_string_new("{\"ports\":[");

	for (unsigned int i = 0; i < count; i++)
		g_string_append_printf(body,
				       "%s{\"network_id\":\"%s\",\"binding:host_id\":\"h%u\"}",
				       i ? "," : "", network, (first + i) % t->hosts + 1);
	g_string_append(body, "]}");
	ask(t, PORT, "POST", "", body->str, true, NULL);
}

/* --- the tenant ---------------------------------------------------------------------- */

struct tenant *tenant_new(const char *url, unsigned int hosts, uint32_t seed)
{
	struct tenant *t = g_new0(struct tenant, 1);

	t->client = http_client_new();
	t->url = url;
	t->hosts = hosts;
	t->random = g_rand_new_with_seed(seed);
	for (int i = 0; i < NOUN_COUNT; i++)
		t->ids[i] = g_ptr_array_new_with_free_func(g_free);
	t->legs = g_ptr_array_new_with_free_func(g_free);
	return t;
}

void tenant_free(struct tenant *t)
{
	if (!t)
		return;
	http_client_free(t->client);
	for (int i = 0; i < NOUN_COUNT; i++)
		g_ptr_array_unref(t->ids[i]);
	g_ptr_array_unref(t->legs);
	g_rand_free(t->random);
	g_free(t->complaint);
	g_free(t);
}

unsigned int tenant_count_waiting(const struct tenant *t)
{
	return t->waiting;
}

bool tenant_refresh(struct tenant *t, GError **error)
{
	for (int i = 0; i < NOUN_COUNT; i++) {
		g_autofree char *url =
			g_strdup_printf("%s/v2.0/%s?fields=id", t->url, nouns[i].path);
		g_autofree char *body = NULL;
		unsigned int status;

		if (!http_fetch(&(struct http_ask){.url = url, .timeout_ms = 60000}, &status,
				&body, error))
			return false;
		g_ptr_array_set_size(t->ids[i], 0);
		note_made(t, i, body);
	}
	return true;
}

struct tenant_counters tenant_get_counters(const struct tenant *t)
{
	return t->counters;
}

const char *tenant_complaint(const struct tenant *t)
{
	return t->complaint;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The law of cost, in counts, not in time: what a change touches depends on the change and
 * its audience, not on how many ports a network has. A network of 50 000 ports on three
 * hosts; its router joins 200 other networks. Each test leaves the cloud as it was.
 */
#include "compile/compile.h"

#include <string.h>

#include "compile/state.h"
#include "compile/world_fixture.h"

#define PORTS 50000

struct counted {
	struct world world;
	struct compile *compile;
	struct uuid network, subnet, router;
	guint rows[COMPILE_TABLE_COUNT]; /* emitted since the last flush began */
	guint total;
	struct compile_work before;
};

static void count(const char *host, enum compile_table table, const char *key,
		  GRefString *value, uint64_t revision, void *data)
{
	struct counted *counted = data;

	counted->rows[table]++;
	counted->total++;
}

static void flush(struct counted *counted)
{
	memset(counted->rows, 0, sizeof(counted->rows));
	counted->total = 0;
	counted->before = counted->compile->work;
	compile_flush(counted->compile, counted->world.revision);
}

static struct uuid add_port(struct counted *counted, uint32_t n, const char *host)
{
	struct port *port = world_port(&counted->world, counted->network, world_mac_n(n), host);
	struct uuid id = port->object.id;

	world_add_ip(port, counted->subnet, ip_add(world_ip("10.0.0.10"), n));
	world_apply(&counted->world, KIND_PORT, port);
	return id;
}

static struct uuid add_interface(struct counted *counted, struct uuid network, uint32_t n)
{
	struct port *port = world_interface(&counted->world, counted->router, network,
					    world_mac_n(0xf00000 + n));
	struct uuid id = port->object.id;

	world_apply(&counted->world, KIND_PORT, port);
	return id;
}

static struct uuid add_network(struct counted *counted, uint32_t vni)
{
	struct network *network = world_network(&counted->world, vni);
	struct uuid id = network->object.id;

	world_apply(&counted->world, KIND_NETWORK, network);
	return id;
}

static void counted_init(struct counted *counted)
{
	static const char *const hosts[] = {"h0", "h1", "h2", "h3"};
	struct world *world = &counted->world;
	struct subnet *subnet;
	struct router *router;

	world_init(world);
	for (int i = 0; i < 4; i++) {
		g_autofree char *ip = g_strdup_printf("10.99.0.%d", i + 1);

		world_apply(world, KIND_HOST, world_host(world, hosts[i], ip));
	}
	counted->network = add_network(counted, 1);
	subnet = world_subnet(world, counted->network, "10.0.0.0/8", "10.0.0.1");
	counted->subnet = subnet->object.id;
	world_apply(world, KIND_SUBNET, subnet);
	router = world_router(world, 1);
	counted->router = router->object.id;
	world_apply(world, KIND_ROUTER, router);
	add_interface(counted, counted->network, 1);
	for (uint32_t vni = 2; vni <= 201; vni++)
		add_interface(counted, add_network(counted, vni), vni);
	for (uint32_t n = 0; n < PORTS; n++)
		add_port(counted, n + 1, hosts[n % 3]);
	counted->compile = compile_new(world->cloud, count, counted);
	flush(counted);
	g_assert_cmpuint(counted->total, ==, 0); /* what it started from is nobody's news */
}

static void counted_done(struct counted *counted)
{
	compile_free(counted->compile);
	world_done(&counted->world);
}

#define DONE(counted, what) ((counted)->compile->work.what - (counted)->before.what)

/* Nothing but the one port was looked at. */
static void assert_one_port(const struct counted *counted)
{
	g_assert_cmpuint(DONE(counted, ports), ==, 1);
	g_assert_cmpuint(DONE(counted, locations), ==, 1);
	g_assert_cmpuint(DONE(counted, routers), ==, 0);
	g_assert_cmpuint(DONE(counted, scopes), ==, 0);
}

static void test_port(gconstpointer data)
{
	struct counted *counted = (struct counted *)data;
	struct uuid id;

	id = add_port(counted, 0x100000, "h1");
	flush(counted);
	g_assert_cmpuint(counted->rows[COMPILE_LOCATION], ==, 3);
	g_assert_cmpuint(counted->rows[COMPILE_PORT], ==, 1);
	g_assert_cmpuint(counted->total, ==, 4);
	g_assert_cmpuint(DONE(counted, changes), ==, 4);
	assert_one_port(counted);

	world_delete(&counted->world, KIND_PORT, id);
	flush(counted);
	g_assert_cmpuint(counted->rows[COMPILE_LOCATION], ==, 3);
	g_assert_cmpuint(counted->rows[COMPILE_PORT], ==, 1);
	g_assert_cmpuint(counted->total, ==, 4);
	g_assert_cmpuint(DONE(counted, ports), ==, 1);
	g_assert_cmpuint(DONE(counted, changes), ==, 4);
}

static void test_move(gconstpointer data)
{
	struct counted *counted = (struct counted *)data;
	struct port *port;
	struct uuid id;

	id = add_port(counted, 0x100000, "h1");
	flush(counted);
	port = world_edit(&counted->world, KIND_PORT, id);
	port->host_id = g_intern_string("h2");
	world_apply(&counted->world, KIND_PORT, port);
	flush(counted);
	g_assert_cmpuint(counted->rows[COMPILE_LOCATION], ==, 3);
	g_assert_cmpuint(counted->rows[COMPILE_PORT], ==, 2); /* gone from one, new on one */
	g_assert_cmpuint(counted->total, ==, 5);
	assert_one_port(counted);
	world_delete(&counted->world, KIND_PORT, id);
	flush(counted);
}

/* A flush in which all comes to nothing says nothing. */
static void test_nothing(gconstpointer data)
{
	struct counted *counted = (struct counted *)data;
	struct uuid id;

	id = add_port(counted, 0x100000, "h1");
	world_delete(&counted->world, KIND_PORT, id);
	flush(counted);
	g_assert_cmpuint(counted->total, ==, 0);
	flush(counted);
	g_assert_cmpuint(DONE(counted, ports), ==, 0);
}

static void set_up(struct counted *counted, struct uuid id, bool up)
{
	struct port *port = world_edit(&counted->world, KIND_PORT, id);

	port->admin_state_up = up;
	world_apply(&counted->world, KIND_PORT, port);
}

/* What is taken back before the flush is no news, but to who was told of it meanwhile. */
static void test_taken_back(gconstpointer data)
{
	struct counted *counted = (struct counted *)data;
	struct uuid id = add_port(counted, 0x100000, "h1");

	flush(counted);
	for (int told = 0; told < 2; told++) {
		set_up(counted, id, false);
		if (told)
			compile_host(counted->compile, "h1", count, counted);
		set_up(counted, id, true);
		flush(counted);
		g_assert_cmpuint(counted->rows[COMPILE_PORT] > 0, ==, told);
	}
	flush(counted);
	g_assert_cmpuint(counted->total, ==, 0);
	world_delete(&counted->world, KIND_PORT, id);
	flush(counted);
}

/* The first port on a host brings it everything; the others get its location, the member
 * and the host. */
static void test_first_on_host(gconstpointer data)
{
	struct counted *counted = (struct counted *)data;
	struct uuid id;

	id = add_port(counted, 0x100000, "h3");
	flush(counted);
	g_assert_cmpuint(counted->rows[COMPILE_LOCATION], ==, PORTS + 1 + 3);
	g_assert_cmpuint(counted->rows[COMPILE_MEMBER], ==, 3 + 3);
	g_assert_cmpuint(counted->rows[COMPILE_HOST], ==, 3 + 3);
	g_assert_cmpuint(counted->rows[COMPILE_NETWORK], ==, 201);
	g_assert_cmpuint(counted->rows[COMPILE_INTERFACE], ==, 201);
	g_assert_cmpuint(counted->rows[COMPILE_PORT], ==, 1);
	assert_one_port(counted);
	world_delete(&counted->world, KIND_PORT, id);
	flush(counted);
	g_assert_cmpuint(counted->rows[COMPILE_LOCATION], ==, PORTS + 1 + 3);
	g_assert_cmpuint(counted->rows[COMPILE_HOST], ==, 3 + 3);
}

/* One more network on the router: one network and one interface row for each host, and not
 * one port is looked at. To take it off walks the scopes that hung together, no ports. */
static void test_interface(gconstpointer data)
{
	struct counted *counted = (struct counted *)data;
	struct uuid network, id;

	network = add_network(counted, 1000);
	id = add_interface(counted, network, 1000);
	flush(counted);
	g_assert_cmpuint(counted->total, ==, 3 + 3);
	g_assert_cmpuint(DONE(counted, ports), ==, 1);
	g_assert_cmpuint(DONE(counted, routers), ==, 1);
	g_assert_cmpuint(DONE(counted, locations), ==, 0);
	g_assert_cmpuint(DONE(counted, changes), ==, 6);

	world_delete(&counted->world, KIND_PORT, id);
	flush(counted);
	g_assert_cmpuint(counted->total, ==, 3 + 3);
	g_assert_cmpuint(DONE(counted, locations), ==, 0);
	g_assert_cmpuint(DONE(counted, changes), ==, 6);
	g_assert_cmpuint(DONE(counted, scopes), ==, 203);
}

/* A host's new address is told to its peers, once each. */
static void test_readdress(gconstpointer data)
{
	struct counted *counted = (struct counted *)data;
	struct host *host;

	host = world_edit(&counted->world, KIND_HOST,
			  cloud_find_host(counted->world.cloud, "h0")->object.id);
	host->tunnel_ip = world_ip("10.99.1.1");
	world_apply(&counted->world, KIND_HOST, host);
	flush(counted);
	g_assert_cmpuint(counted->rows[COMPILE_HOST], ==, 2);
	g_assert_cmpuint(counted->total, ==, 2);
	g_assert_cmpuint(DONE(counted, ports), ==, 0);
}

static const struct uuid group_a = {{0xaa, 1}}, group_b = {{0xaa, 2}};

/* Two groups: identity 300 is in the first, 301 in both. */
static struct uuid add_member(struct counted *counted, uint32_t n, const char *host,
			      uint32_t identity)
{
	struct uuid id = add_port(counted, n, host);
	struct port *port = world_edit(&counted->world, KIND_PORT, id);

	*(struct uuid *)vec_add(&port->security_groups, sizeof(struct uuid)) = group_a;
	if (identity == 301)
		*(struct uuid *)vec_add(&port->security_groups, sizeof(struct uuid)) = group_b;
	port->identity = identity;
	world_apply(&counted->world, KIND_PORT, port);
	return id;
}

static void assert_policy(struct counted *counted, guint rules, guint identities)
{
	flush(counted);
	g_assert_cmpuint(counted->rows[COMPILE_RULE], ==, rules);
	g_assert_cmpuint(counted->rows[COMPILE_IDENTITY], ==, identities);
}

/*
 * A group that lets itself in. Whoever joins with an identity that is known costs no row of
 * policy; a new combination of groups is one row for each host that has the group; the rules go
 * to a host with its first member.
 */
static void test_member(gconstpointer data)
{
	struct counted *counted = (struct counted *)data;
	struct security_rule *rule = attr_new(&security_rule_table);
	struct uuid ids[4], rule_id = world_id(&counted->world);

	rule->object.id = rule_id;
	rule->security_group_id = rule->remote_group_id = group_a;
	world_apply(&counted->world, KIND_SECURITY_RULE, rule);
	assert_policy(counted, 0, 0); /* nobody is in it */
	ids[0] = add_member(counted, 0x200000, "h1", 300);
	assert_policy(counted, 1, 1);
	ids[1] = add_member(counted, 0x200001, "h1", 300);
	assert_policy(counted, 0, 0);
	g_assert_cmpuint(counted->total, ==, 3 + 1); /* its location, and its own row */
	ids[2] = add_member(counted, 0x200002, "h2", 300);
	assert_policy(counted, 1, 1);
	ids[3] = add_member(counted, 0x200003, "h0", 301);
	assert_policy(counted, 1, 2 + 2); /* to h1 and h2; and both to h0 */
	for (int i = 0; i < 4; i++)
		world_delete(&counted->world, KIND_PORT, ids[i]);
	world_delete(&counted->world, KIND_SECURITY_RULE, rule_id);
	assert_policy(counted, 3, 6);
}

static void give_label(struct vec *labels, const char *key, const char *value)
{
	struct label *label = vec_add(labels, sizeof(*label));

	label->key = g_strdup(key);
	label->value = g_strdup(value);
}

/* One that is APP; with ZONE, another identity than those without. */
static struct uuid add_labelled(struct counted *counted, uint32_t n, const char *host,
				uint32_t identity, const char *app, const char *zone)
{
	struct uuid id = add_port(counted, n, host);
	struct port *port = world_edit(&counted->world, KIND_PORT, id);

	give_label(&port->labels, "app", app);
	if (zone)
		give_label(&port->labels, "zone", zone);
	port->identity = identity;
	world_apply(&counted->world, KIND_PORT, port);
	return id;
}

/* For ports with app=TO, from ports with app=FROM. */
static struct uuid add_policy(struct counted *counted, const char *to, const char *from)
{
	struct selector_policy *policy = attr_new(&selector_policy_table);
	struct selector_rule *rule = vec_add(&policy->rules, sizeof(*rule));
	struct selector_peer *peer = vec_add(&rule->peers, sizeof(*peer));

	policy->object.id = world_id(&counted->world);
	policy->object.project_id = g_intern_string("acme");
	give_label(&policy->subject.match_labels, "app", to);
	rule->name = g_strdup("1");
	give_label(&peer->selector.match_labels, "app", from);
	world_apply(&counted->world, KIND_POLICY, policy);
	return policy->object.id;
}

#define POLICIES 1000 /* of others */

/*
 * Selectors cost what they select: whoever comes with labels that are known sends no row of policy
 * and asks no selector; other labels are one row for each host that must know, and ask only
 * the selectors that ask for one of them, however many there are.
 */
static void test_selector(gconstpointer data)
{
	struct counted *counted = (struct counted *)data;
	struct uuid ids[5], policies[POLICIES + 1];

	for (int i = 0; i < POLICIES; i++) {
		g_autofree char *app = g_strdup_printf("other-%d", i);

		policies[i] = add_policy(counted, app, app);
	}
	policies[POLICIES] = add_policy(counted, "db", "web");
	assert_policy(counted, 0, 0); /* nobody is selected */
	g_assert_cmpuint(DONE(counted, matches), ==, 0);
	ids[0] = add_labelled(counted, 0x300000, "h1", 400, "db", NULL);
	assert_policy(counted, 1, 1);
	ids[1] = add_labelled(counted, 0x300001, "h2", 401, "web", NULL);
	assert_policy(counted, 0, 2); /* its own host's, and db's */
	g_assert_cmpuint(DONE(counted, matches), ==, 1);
	ids[2] = add_labelled(counted, 0x300002, "h2", 401, "web", NULL);
	assert_policy(counted, 0, 0);
	g_assert_cmpuint(DONE(counted, matches), ==, 0);
	ids[3] = add_labelled(counted, 0x300003, "h2", 402, "web", "a");
	assert_policy(counted, 0, 2);
	g_assert_cmpuint(DONE(counted, matches), ==, 1);
	ids[4] = add_labelled(counted, 0x300004, "h0", 403, "idle", NULL);
	assert_policy(counted, 0, 1); /* its own host's: nobody asks for it */
	g_assert_cmpuint(DONE(counted, matches), ==, 0);
	for (int i = 0; i < 5; i++)
		world_delete(&counted->world, KIND_PORT, ids[i]);
	assert_policy(counted, 1, 1 + 2 + 2 + 1);
	for (int i = 0; i <= POLICIES; i++)
		world_delete(&counted->world, KIND_POLICY, policies[i]);
	assert_policy(counted, 0, 0);
}

#define MEMBERS 100000

/* One more in a group of so many: nothing where the identity is known, else one small row a host. */
static void test_crowd(gconstpointer data)
{
	struct counted *counted = (struct counted *)data;
	struct security_rule *rule = attr_new(&security_rule_table);
	struct uuid rule_id = world_id(&counted->world);
	g_autofree struct uuid *ids = g_new(struct uuid, MEMBERS + 2);

	rule->object.id = rule_id;
	rule->security_group_id = rule->remote_group_id = group_a;
	world_apply(&counted->world, KIND_SECURITY_RULE, rule);
	for (uint32_t i = 0; i < MEMBERS; i++)
		ids[i] = add_member(counted, 0x400000 + i, i % 2 ? "h1" : "h2", 300);
	assert_policy(counted, 2, 2);
	ids[MEMBERS] = add_member(counted, 0x600000, "h1", 300);
	assert_policy(counted, 0, 0);
	g_assert_cmpuint(counted->total, ==, 3 + 1);
	ids[MEMBERS + 1] = add_member(counted, 0x600001, "h1", 301);
	assert_policy(counted, 0, 2);
	for (int i = 0; i < MEMBERS + 2; i++)
		world_delete(&counted->world, KIND_PORT, ids[i]);
	world_delete(&counted->world, KIND_SECURITY_RULE, rule_id);
	flush(counted);
}

static const struct uuid acl_a = {{0xac, 1}}, acl_b = {{0xac, 2}};

static struct uuid add_acl_rule(struct counted *counted, struct uuid acl, int64_t number)
{
	struct network_acl_rule *rule = attr_new(&network_acl_rule_table);
	struct uuid id = world_id(&counted->world);

	rule->object.id = id;
	rule->network_acl_id = acl;
	rule->number = number;
	world_apply(&counted->world, KIND_NETWORK_ACL_RULE, rule);
	return id;
}

static void name_acl(struct counted *counted, struct uuid acl)
{
	struct subnet *subnet = world_edit(&counted->world, KIND_SUBNET, counted->subnet);

	subnet->network_acl_id = acl;
	world_apply(&counted->world, KIND_SUBNET, subnet);
}

static void assert_borders(struct counted *counted, guint borders, guint rules)
{
	flush(counted);
	g_assert_cmpuint(counted->rows[COMPILE_BORDER], ==, borders);
	g_assert_cmpuint(counted->rows[COMPILE_RULE], ==, rules);
	g_assert_cmpuint(counted->total, ==, borders + rules);
	g_assert_cmpuint(DONE(counted, ports), ==, 0);
	g_assert_cmpuint(DONE(counted, changes), ==, borders + rules);
}

/*
 * A subnet of 50 000 ports on three hosts names an ACL: one row a host, and the rules that the
 * host does not have; no port is looked at.
 */
static void test_acl(gconstpointer data)
{
	struct counted *counted = (struct counted *)data;
	struct uuid rules[3];

	for (int i = 0; i < 3; i++)
		rules[i] = add_acl_rule(counted, i ? acl_b : acl_a, i + 1);
	assert_borders(counted, 0, 0); /* nobody is behind them */
	name_acl(counted, acl_a);
	assert_borders(counted, 3, 3);
	name_acl(counted, acl_b);
	assert_borders(counted, 3, 3 * (2 + 1)); /* two come, one goes */
	world_delete(&counted->world, KIND_NETWORK_ACL_RULE, rules[2]);
	assert_borders(counted, 0, 3);
	name_acl(counted, uuid_none);
	assert_borders(counted, 3, 3);
	for (int i = 0; i < 2; i++)
		world_delete(&counted->world, KIND_NETWORK_ACL_RULE, rules[i]);
	assert_borders(counted, 0, 0);
}

static const struct uuid firewall_policy = {{0xf0, 1}}, firewall_group = {{0xf0, 2}};

/* POLICY gets one rule more, in front of the others. */
static void add_firewall_rule(struct counted *counted, uint8_t number)
{
	struct firewall_rule *rule = attr_new(&firewall_rule_table);
	struct firewall_policy *policy =
		number ? world_edit(&counted->world, KIND_FIREWALL_POLICY, firewall_policy)
		       : attr_new(&firewall_policy_table);

	rule->object.id = (struct uuid){{0xf1, number}};
	rule->enabled = true;
	rule->ip_version = 4;
	policy->object.id = firewall_policy;
	vec_add(&policy->rules, sizeof(struct uuid));
	for (uint32_t i = policy->rules.count - 1; i > 0; i--)
		*vec_at(struct uuid, &policy->rules, i) =
			*vec_at(struct uuid, &policy->rules, i - 1);
	*vec_at(struct uuid, &policy->rules, 0) = rule->object.id;
	world_apply(&counted->world, KIND_FIREWALL_RULE, rule);
	world_apply(&counted->world, KIND_FIREWALL_POLICY, policy);
}

static void put_firewall(struct counted *counted, const struct uuid *ports, gsize count)
{
	struct firewall_group *group = attr_new(&firewall_group_table);

	group->object.id = firewall_group;
	group->admin_state_up = true;
	group->ingress_policy_id = firewall_policy;
	for (gsize i = 0; i < count; i++)
		*(struct uuid *)vec_add(&group->ports, sizeof(struct uuid)) = ports[i];
	world_apply(&counted->world, KIND_FIREWALL_GROUP, group);
}

static void assert_firewalls(struct counted *counted, guint interfaces, guint rules)
{
	flush(counted);
	g_assert_cmpuint(counted->rows[COMPILE_INTERFACE], ==, interfaces);
	g_assert_cmpuint(counted->rows[COMPILE_RULE], ==, rules);
	g_assert_cmpuint(counted->total, ==, interfaces + rules);
	g_assert_cmpuint(DONE(counted, ports), ==, 0);
}

/*
 * A firewall group at two ports of a router that three hosts see: one row a host for each port, and
 * for each rule, however many ports there are behind it.
 */
static void test_firewall(gconstpointer data)
{
	struct counted *counted = (struct counted *)data;
	const GPtrArray *interfaces =
		cloud_list_interfaces(counted->world.cloud, counted->router);
	struct uuid ports[2];

	for (guint i = 0; i < 2; i++)
		ports[i] = ((struct object *)interfaces->pdata[i])->id;
	for (uint8_t i = 0; i < 2; i++)
		add_firewall_rule(counted, i);
	put_firewall(counted, ports, 0);
	assert_firewalls(counted, 0, 0); /* nobody is behind it */
	put_firewall(counted, ports, 2);
	assert_firewalls(counted, 2 * 3, 2 * 3);
	add_firewall_rule(counted, 2);
	assert_firewalls(counted, 0, 3);
	put_firewall(counted, ports, 1);
	assert_firewalls(counted, 3, 0);
	world_delete(&counted->world, KIND_FIREWALL_GROUP, firewall_group);
	assert_firewalls(counted, 3, 3 * 3);
	world_delete(&counted->world, KIND_FIREWALL_POLICY, firewall_policy);
	for (uint8_t i = 0; i < 3; i++)
		world_delete(&counted->world, KIND_FIREWALL_RULE, (struct uuid){{0xf1, i}});
	assert_firewalls(counted, 0, 0);
}

static struct uuid put_gateway(struct counted *counted, struct uuid router,
			       const struct subnet *outside, const char *host)
{
	struct port *port = world_gateway(&counted->world, router, outside->network_id,
					  world_mac_n(0xe00001), host);
	struct uuid id = port->object.id;

	world_add_ip(port, outside->object.id, world_ip("203.0.113.5"));
	world_apply(&counted->world, KIND_PORT, port);
	return id;
}

static void move_gateway(struct counted *counted, struct uuid id, const char *host)
{
	struct port *port = world_edit(&counted->world, KIND_PORT, id);

	port->host_id = g_intern_string(host);
	world_apply(&counted->world, KIND_PORT, port);
}

/* Rows of gateways, and nothing else, though the router leads to 50 000 ports. */
static void assert_gateways(struct counted *counted, guint rows)
{
	flush(counted);
	g_assert_cmpuint(counted->rows[COMPILE_GATEWAY], ==, rows);
	g_assert_cmpuint(counted->total, ==, rows);
	g_assert_cmpuint(DONE(counted, ports), <=, 1);
	g_assert_cmpuint(DONE(counted, locations), ==, 0);
	g_assert_cmpuint(DONE(counted, scopes), ==, 0);
}

/*
 * A gateway that is set, moved among those who see the router, or cleared is a row for each of
 * them. Routers with gateways to one external network have nothing else in common: that h3 carries another's
 * is no news for those who see the first.
 */
static void test_gateway(gconstpointer data)
{
	struct counted *counted = (struct counted *)data;
	struct network *network = world_network(&counted->world, 7);
	struct subnet *subnet = world_subnet(&counted->world, network->object.id,
					     "203.0.113.0/24", "203.0.113.1");
	struct router *router = world_router(&counted->world, 2);
	struct uuid ids[] = {network->object.id, subnet->object.id, router->object.id};
	struct uuid first, second;

	network->place.type = SEGMENT_FLAT;
	network->place.physical_network = g_strdup("outer");
	world_apply(&counted->world, KIND_NETWORK, network);
	world_apply(&counted->world, KIND_SUBNET, subnet);
	world_apply(&counted->world, KIND_ROUTER, router);
	assert_gateways(counted, 0);
	first = put_gateway(counted, counted->router, subnet, "h0");
	assert_gateways(counted, 3);
	move_gateway(counted, first, "h1");
	assert_gateways(counted, 3);
	second = put_gateway(counted, ids[2], subnet, "h3");
	assert_gateways(counted, 1);
	world_delete(&counted->world, KIND_PORT, second);
	assert_gateways(counted, 1);
	world_delete(&counted->world, KIND_PORT, first);
	assert_gateways(counted, 3);
	world_delete(&counted->world, KIND_ROUTER, ids[2]);
	world_delete(&counted->world, KIND_SUBNET, ids[1]);
	world_delete(&counted->world, KIND_NETWORK, ids[0]);
	assert_gateways(counted, 0);
}

int main(int argc, char **argv)
{
	struct counted counted = {0};
	int failed;

	g_test_init(&argc, &argv, NULL);
	counted_init(&counted);
	g_test_add_data_func("/compile/cost/port", &counted, test_port);
	g_test_add_data_func("/compile/cost/move", &counted, test_move);
	g_test_add_data_func("/compile/cost/nothing", &counted, test_nothing);
	g_test_add_data_func("/compile/cost/taken-back", &counted, test_taken_back);
	g_test_add_data_func("/compile/cost/first-on-host", &counted, test_first_on_host);
	g_test_add_data_func("/compile/cost/interface", &counted, test_interface);
	g_test_add_data_func("/compile/cost/readdress", &counted, test_readdress);
	g_test_add_data_func("/compile/cost/member", &counted, test_member);
	g_test_add_data_func("/compile/cost/selector", &counted, test_selector);
	g_test_add_data_func("/compile/cost/crowd", &counted, test_crowd);
	g_test_add_data_func("/compile/cost/acl", &counted, test_acl);
	g_test_add_data_func("/compile/cost/firewall", &counted, test_firewall);
	g_test_add_data_func("/compile/cost/gateway", &counted, test_gateway);
	failed = g_test_run();
	counted_done(&counted);
	return failed;
}

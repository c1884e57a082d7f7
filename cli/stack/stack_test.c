/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a stack against an API in memory: made, found again by its tags,
 * changed in place, replaced, taken back, deleted.
 */
#include <string.h>
#include "cli/stack/apply.h"
#include "cli/stack/fake_api.h"
#include "cli/stack/remove.h"
#include "cli/stack/yaml.h"
#include "lib/error.h"

#define TEXT                                                                                   \
	"heat_template_version: 2018-08-31\n"                                                  \
	"resources:\n"                                                                         \
	"  n: {type: 'OS::Neutron::Net', properties: {name: blue}}\n"                          \
	"  s: {type: 'OS::Neutron::Subnet', properties: {network: {get_resource: n}, "         \
	"cidr: 10.0.0.0/24, dns_nameservers: [192.0.2.1]}}\n"                                  \
	"  r: {type: 'OS::Neutron::Router'}\n"                                                 \
	"  i: {type: 'OS::Neutron::RouterInterface', properties: {router: {get_resource: r}, " \
	"subnet: {get_resource: s}}}\n"                                                        \
	"  x: {type: 'OS::Neutron::ExtraRouteSet', properties: {router: {get_resource: r}, "   \
	"routes: [{destination: 10.9.0.0/16, nexthop: 10.0.0.9}]}}\n"                          \
	"  p: {type: 'OS::Neutron::Port', properties: {network: {get_resource: n}, "           \
	"fixed_ips: [{subnet: {get_resource: s}, ip_address: 10.0.0.5}], tags: [mine]}}\n"     \
	"  q: {type: 'OS::Neutron::Port', properties: {network: {get_resource: n}}}\n"         \
	"outputs:\n"                                                                           \
	"  ip: {value: {get_attr: [p, fixed_ips, 0, ip_address]}}\n"                           \
	"  net: {value: {get_resource: n}}\n"

struct world {
	struct fake_api api;
	struct client *client;
	struct apply_result result;
	json_t *outputs;
};

static void world_init(struct world *world)
{
	*world = (struct world){0};
	fake_api_init(&world->api);
	world->client = client_new_for_test(fake_api_answer, &world->api);
}

static void world_done(struct world *world)
{
	client_free(world->client);
	fake_api_done(&world->api);
	json_decref(world->outputs);
}

/* TEXT with each FROM replaced by the TO that follows it; ends with NULL. */
static char *edit(const char *from, ...)
{
	GString *text = g_string_new(TEXT);
	va_list pairs;

	va_start(pairs, from);
	for (; from; from = va_arg(pairs, const char *))
		g_assert_cmpuint(g_string_replace(text, from, va_arg(pairs, const char *), 0),
				 >, 0);
	va_end(pairs);
	return g_string_free(text, FALSE);
}

static bool weave(struct world *world, const char *text, GError **error)
{
	json_auto_t *root = yaml_load("t", text, strlen(text), error);
	const struct template_input input = {0};
	struct template *template;
	struct plan *plan;
	bool good = false;

	g_assert_nonnull(root);
	g_ptr_array_set_size(world->api.log, 0);
	template = template_new("demo", root, &input, error);
	if (!template)
		return false;
	plan = plan_new(world->client, template, error);
	good = plan && apply_plan(plan, &world->result, error);
	json_decref(world->outputs);
	world->outputs =
		good && plan_refresh(plan, error) ? plan_evaluate_outputs(plan, error) : NULL;
	plan_free(plan);
	template_free(template);
	return good;
}

static void expect(struct world *world, const char *text, guint created, guint updated,
		   guint replaced, guint deleted)
{
	g_autoptr(GError) error = NULL;

	weave(world, text, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(world->result.created, ==, created);
	g_assert_cmpuint(world->result.updated, ==, updated);
	g_assert_cmpuint(world->result.replaced, ==, replaced);
	g_assert_cmpuint(world->result.deleted, ==, deleted);
}

/* Applied again, nothing is asked of the API. */
static void expect_still(struct world *world, const char *text)
{
	expect(world, text, 0, 0, 0, 0);
	for (guint i = 0; i < world->api.log->len; i++)
		g_assert_true(g_str_has_suffix(world->api.log->pdata[i], "/tags"));
}

static void expect_empty(const struct world *world)
{
	for (int kind = 0; kind < KIND_COUNT; kind++)
		g_assert_cmpuint(fake_api_count(&world->api, kind), ==, 0);
}

static void remove_all(struct world *world)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) members = member_read(world->client, "demo", &error);

	g_assert_no_error(error);
	remove_members(world->client, members, true, &error);
	g_assert_no_error(error);
	expect_empty(world);
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static guint count_log(const struct world *world, const char *line)
{
	guint count = 0;

	for (guint i = 0; i < world->api.log->len; i++)
		count += !strcmp(world->api.log->pdata[i], line);
	return count;
}

static void test_create(void)
{
	struct world world;
	const json_t *port, *router;

	world_init(&world);
	expect(&world, TEXT, 7, 0, 0, 0);
	g_assert_cmpuint(fake_api_count(&world.api, KIND_PORT), ==, 3);
	port = fake_api_find(&world.api, KIND_PORT, "demo-p");
	router = fake_api_find(&world.api, KIND_ROUTER, "demo-r");
	g_assert_nonnull(port);
	g_assert_true(member_has_tag(port, "stack:demo"));
	g_assert_true(member_has_tag(port, "stack-key:p"));
	g_assert_true(member_has_tag(port, "mine"));
	g_assert_true(member_has_tag(router, "stack-route:x"));
	g_assert_cmpuint(json_array_size(json_object_get(router, "routes")), ==, 1);
	g_assert_cmpstr(text_of(world.outputs, "ip"), ==, "10.0.0.5");
	g_assert_cmpstr(text_of(world.outputs, "net"), ==,
			text_of(fake_api_find(&world.api, KIND_NETWORK, "blue"), "id"));
	/* Both ports in one request, and the one with an address first. */
	g_assert_cmpuint(count_log(&world, "POST /v2.0/ports"), ==, 1);
	expect_still(&world, TEXT);
	remove_all(&world);
	world_done(&world);
}

static void test_update(void)
{
	struct world world;
	g_autofree char *text =
		edit("name: blue", "name: red, admin_state_up: false", "[192.0.2.1]",
		     "[192.0.2.2]", "10.9.0.0/16", "10.8.0.0/16", NULL);
	const json_t *network, *router;

	world_init(&world);
	expect(&world, TEXT, 7, 0, 0, 0);
	expect(&world, text, 0, 2, 0, 0);
	network = fake_api_find(&world.api, KIND_NETWORK, "red");
	g_assert_true(json_is_false(json_object_get(network, "admin_state_up")));
	router = fake_api_find(&world.api, KIND_ROUTER, "demo-r");
	g_assert_cmpstr(
		text_of(json_array_get(json_object_get(router, "routes"), 0), "destination"),
		==, "10.8.0.0/16");
	expect_still(&world, text);
	/* What left the template goes back to its default. */
	expect(&world, TEXT, 0, 2, 0, 0);
	network = fake_api_find(&world.api, KIND_NETWORK, "blue");
	g_assert_true(json_is_true(json_object_get(network, "admin_state_up")));
	remove_all(&world);
	world_done(&world);
}

static void test_replace(void)
{
	struct world world;
	g_autofree char *text = edit("10.0.0.0/24", "10.0.0.0/25", NULL);
	g_autofree char *before = NULL;
	const json_t *subnet;

	world_init(&world);
	expect(&world, TEXT, 7, 0, 0, 0);
	before = g_strdup(text_of(fake_api_find(&world.api, KIND_SUBNET, "demo-s"), "id"));
	/* With the subnet go its interface, and the ports that have an address on it; the
	 * router gets its routes back. */
	expect(&world, text, 0, 0, 4, 0);
	g_assert_cmpuint(json_array_size(json_object_get(
				 fake_api_find(&world.api, KIND_ROUTER, "demo-r"), "routes")),
			 ==, 1);
	subnet = fake_api_find(&world.api, KIND_SUBNET, "demo-s");
	g_assert_cmpstr(text_of(subnet, "id"), !=, before);
	g_assert_cmpstr(text_of(subnet, "cidr"), ==, "10.0.0.0/25");
	expect_still(&world, text);
	remove_all(&world);
	world_done(&world);
}

static void test_grow_and_shrink(void)
{
	struct world world;
	g_autofree char *more = edit("  r: {", "  m: {type: 'OS::Neutron::Net'}\n  r: {", NULL);
	static const char less[] =
		"heat_template_version: 2018-08-31\n"
		"resources: {n: {type: 'OS::Neutron::Net', properties: {name: blue}}}\n";

	world_init(&world);
	expect(&world, TEXT, 7, 0, 0, 0);
	expect(&world, more, 1, 0, 0, 0);
	expect(&world, TEXT, 0, 0, 0, 1);
	expect(&world, less, 0, 0, 0, 6);
	g_assert_cmpuint(fake_api_count(&world.api, KIND_NETWORK), ==, 1);
	g_assert_cmpuint(fake_api_count(&world.api, KIND_PORT), ==, 0);
	remove_all(&world);
	world_done(&world);
}

/* A set of routes that leaves takes its routes and its tag along. */
static void test_routes_leave(void)
{
	struct world world;
	g_autofree char *text = edit("  x: {type: 'OS::Neutron::ExtraRouteSet', properties: "
				     "{router: {get_resource: r}, routes: [{destination: "
				     "10.9.0.0/16, nexthop: 10.0.0.9}]}}\n",
				     "", NULL);
	const json_t *router;

	world_init(&world);
	expect(&world, TEXT, 7, 0, 0, 0);
	expect(&world, text, 0, 0, 0, 1);
	router = fake_api_find(&world.api, KIND_ROUTER, "demo-r");
	g_assert_cmpuint(json_array_size(json_object_get(router, "routes")), ==, 0);
	g_assert_false(member_has_tag(router, "stack-route:x"));
	expect_still(&world, text);
	world_done(&world);
}

/* Wherever creation fails, nothing is left. */
static void test_rollback(void)
{
	static const char *const failures[] = {
		"POST /v2.0/networks", "POST /v2.0/subnets",   "POST /v2.0/ports",
		"POST /v2.0/routers",  "add_router_interface", "/tags",
		"PUT /v2.0/routers",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(failures); i++) {
		g_autoptr(GError) error = NULL;
		struct world world;

		world_init(&world);
		world.api.fail = failures[i];
		g_assert_false(weave(&world, TEXT, &error));
		g_assert_error(error, WEFT_ERROR, WEFT_ERROR_EXHAUSTED);
		if (!strstr(error->message, "resource ") ||
		    !strstr(error->message, "no more of it; rolled back"))
			g_error("%s: %s", failures[i], error->message);
		expect_empty(&world);
		world_done(&world);
	}
}

/* A failed update changes back what it had changed. */
static void test_update_rollback(void)
{
	struct world world;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = edit("name: blue", "name: red", "  r: {",
				     "  m: {type: 'OS::Neutron::Subnet', properties: {network: "
				     "{get_resource: n}, cidr: 10.1.0.0/24}}\n  r: {",
				     NULL);

	world_init(&world);
	expect(&world, TEXT, 7, 0, 0, 0);
	world.api.fail = "POST /v2.0/subnets";
	g_assert_false(weave(&world, text, &error));
	g_assert_nonnull(strstr(error->message, "resource 'm': no more of it; rolled back"));
	g_assert_nonnull(fake_api_find(&world.api, KIND_NETWORK, "blue"));
	g_assert_cmpuint(fake_api_count(&world.api, KIND_SUBNET), ==, 1);
	expect_still(&world, TEXT);
	world_done(&world);
}

/* A port of the template that a router is given dies with its interface. */
static void test_interface_of_port(void)
{
	static const char net[] =
		"heat_template_version: 2018-08-31\n"
		"resources:\n"
		"  n: {type: 'OS::Neutron::Net'}\n"
		"  r: {type: 'OS::Neutron::Router'}\n"
		"  p: {type: 'OS::Neutron::Port', properties: {network: {get_resource: n}}}\n";
	g_autofree char *text =
		g_strconcat(net,
			    "  i: {type: 'OS::Neutron::RouterInterface', properties: {router: "
			    "{get_resource: r}, port: {get_resource: p}}}\n",
			    NULL);
	struct world world;

	world_init(&world);
	expect(&world, text, 4, 0, 0, 0);
	g_assert_cmpuint(fake_api_count(&world.api, KIND_PORT), ==, 1);
	expect_still(&world, text);
	expect(&world, net, 0, 0, 1, 1);
	g_assert_cmpuint(fake_api_count(&world.api, KIND_PORT), ==, 1);
	expect_still(&world, net);
	remove_all(&world);
	world_done(&world);
}

#define GROUPS                                                                                 \
	"heat_template_version: 2018-08-31\n"                                                  \
	"resources:\n"                                                                         \
	"  n: {type: 'OS::Neutron::Net'}\n"                                                    \
	"  p: {type: 'OS::Neutron::Port', properties: {network: {get_resource: n}, "           \
	"security_groups: [{get_resource: web}, ops]}}\n"                                      \
	"  web: {type: 'OS::Neutron::SecurityGroup', properties: {rules: ["                    \
	"{protocol: tcp, port_range_min: 80, port_range_max: 80}, "                            \
	"{remote_mode: remote_group_id}, {direction: egress, protocol: udp}]}}\n"              \
	"  db: {type: 'OS::Neutron::SecurityGroup', properties: {rules: ["                     \
	"{remote_mode: remote_group_id, remote_group_id: {get_resource: web}}]}}\n"            \
	"  a: {type: 'OS::Neutron::AddressGroup', properties: {addresses: [10.0.0.0/8]}}\n"    \
	"  x: {type: 'OS::Neutron::SecurityGroupRule', properties: {security_group: "          \
	"{get_resource: web}, port_range_min: 22, port_range_max: 22, "                        \
	"remote_group: {get_resource: db}}}\n"                                                 \
	"  y: {type: 'OS::Neutron::SecurityGroupRule', properties: {security_group: "          \
	"{get_resource: db}, protocol: icmp, value_specs: {remote_address_group_id: "          \
	"{get_resource: a}}}}\n"

/* The rules of group NAME: how many, and how many of DIRECTION. */
static guint count_rules(const struct world *world, const char *name, const char *direction)
{
	const char *id = text_of(fake_api_find(&world->api, KIND_SECURITY_GROUP, name), "id");
	guint count = 0;
	json_t *rule;
	size_t i;

	json_array_foreach (world->api.objects[KIND_SECURITY_RULE], i, rule)
		count += !g_strcmp0(text_of(rule, "security_group_id"), id) &&
			 !g_strcmp0(text_of(rule, "direction"), direction);
	return count;
}

static void replace_text(char **text, const char *from, const char *to)
{
	GString *edited = g_string_new(*text);

	g_assert_cmpuint(g_string_replace(edited, from, to, 0), >, 0);
	g_free(*text);
	*text = g_string_free(edited, FALSE);
}

static void test_groups(void)
{
	struct world world;
	g_autofree char *text = g_strdup(GROUPS);
	json_t *group, *port;

	world_init(&world);
	json_decref(client_call(world.client, "POST", "/v2.0/security-groups",
				json_pack("{s:[{s:s}]}", "security_groups", "name", "ops"),
				NULL));
	expect(&world, text, 7, 0, 0, 0);
	group = fake_api_find(&world.api, KIND_SECURITY_GROUP, "demo-web");
	port = fake_api_find(&world.api, KIND_PORT, "demo-p");
	g_assert_cmpuint(json_array_size(json_object_get(port, "security_groups")), ==, 2);
	/* Its own rule for egress instead of the two that come by themselves. */
	g_assert_cmpuint(count_rules(&world, "demo-web", "egress"), ==, 1);
	g_assert_cmpuint(count_rules(&world, "demo-web", "ingress"), ==, 3);
	g_assert_cmpuint(count_rules(&world, "demo-db", "egress"), ==, 2);
	g_assert_cmpuint(count_rules(&world, "demo-db", "ingress"), ==, 2);
	/* itself, and the member of another group */
	g_assert_nonnull(group);
	expect_still(&world, text);
	replace_text(&text, "port_range_min: 80, port_range_max: 80",
		     "port_range_min: 81, port_range_max: 81");
	expect(&world, text, 0, 1, 0, 0);
	g_assert_cmpuint(count_rules(&world, "demo-web", "ingress"), ==, 3);
	expect_still(&world, text);
	/* Without one of its own the two come back. */
	replace_text(&text, ", {direction: egress, protocol: udp}", "");
	expect(&world, text, 0, 1, 0, 0);
	g_assert_cmpuint(count_rules(&world, "demo-web", "egress"), ==, 2);
	/* A rule cannot change; the addresses of a group are made anew with what names them. */
	replace_text(&text, "port_range_min: 22, port_range_max: 22",
		     "port_range_min: 22, port_range_max: 23");
	expect(&world, text, 0, 0, 1, 0);
	replace_text(&text, "10.0.0.0/8", "10.0.0.0/9");
	expect(&world, text, 0, 0, 2, 0);
	/* A group leaves while the port that was in it stays. */
	replace_text(&text, "{get_resource: web}, ops", "ops");
	expect(&world, text, 0, 1, 0, 0);
	expect_still(&world, text);
	{
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) members = member_read(world.client, "demo", &error);

		remove_members(world.client, members, true, &error);
		g_assert_no_error(error);
	}
	g_assert_cmpuint(fake_api_count(&world.api, KIND_SECURITY_GROUP), ==, 1);
	g_assert_cmpuint(fake_api_count(&world.api, KIND_SECURITY_RULE), ==, 2);
	g_assert_cmpuint(fake_api_count(&world.api, KIND_ADDRESS_GROUP), ==, 0);
	world_done(&world);
}

/* A failed update leaves the rules as they were. */
static void test_groups_rollback(void)
{
	struct world world;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_strdup(GROUPS);

	world_init(&world);
	replace_text(&text, ", ops", "");
	expect(&world, text, 7, 0, 0, 0);
	replace_text(&text, "{protocol: tcp, port_range_min: 80, port_range_max: 80}, ", "");
	replace_text(&text, "  a: {",
		     "  z: {type: 'OS::Neutron::Router', depends_on: y}\n  a: {");
	world.api.fail = "POST /v2.0/routers";
	g_assert_false(weave(&world, text, &error));
	g_assert_nonnull(strstr(error->message, "resource 'z': no more of it; rolled back"));
	g_assert_cmpuint(count_rules(&world, "demo-web", "ingress"), ==, 3);
	world_done(&world);
}

/* Names of what is not in the template are looked up; what is not there is refused before
 * anything is made. */
static void test_outside(void)
{
	static const char text[] =
		"heat_template_version: 2018-08-31\n"
		"resources:\n"
		"  m: {type: 'OS::Neutron::Net'}\n"
		"  p: {type: 'OS::Neutron::Port', properties: {network: public}}\n";
	struct world world;
	g_autoptr(GError) error = NULL;
	json_auto_t *body = json_pack("{s:[{s:s}]}", "networks", "name", "public");

	world_init(&world);
	g_assert_false(weave(&world, text, &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND);
	g_assert_nonnull(strstr(error->message, "resource 'p': network: network 'public'"));
	g_assert_cmpuint(world.api.log->len, ==, 0);
	json_decref(
		client_call(world.client, "POST", "/v2.0/networks", json_incref(body), NULL));
	expect(&world, text, 2, 0, 0, 0);
	g_clear_error(&error);
	json_decref(
		client_call(world.client, "POST", "/v2.0/networks", json_incref(body), NULL));
	g_assert_false(weave(&world, text, &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT);
	g_assert_nonnull(strstr(error->message, "2 networks have this name"));
	world_done(&world);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stack/create", test_create);
	g_test_add_func("/stack/update", test_update);
	g_test_add_func("/stack/replace", test_replace);
	g_test_add_func("/stack/grow-and-shrink", test_grow_and_shrink);
	g_test_add_func("/stack/routes-leave", test_routes_leave);
	g_test_add_func("/stack/rollback", test_rollback);
	g_test_add_func("/stack/update-rollback", test_update_rollback);
	g_test_add_func("/stack/interface-of-port", test_interface_of_port);
	g_test_add_func("/stack/groups", test_groups);
	g_test_add_func("/stack/groups-rollback", test_groups_rollback);
	g_test_add_func("/stack/outside", test_outside);
	return g_test_run();
}

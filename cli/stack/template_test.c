/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates as a whole: what is refused before anything is made, and in which order
 * things are made.
 */
#include "cli/stack/template.h"

#include <string.h>
#include "cli/stack/yaml.h"
#include "lib/error.h"

#define HEAD "heat_template_version: 2018-08-31\n"
#define NET  "{type: 'OS::Neutron::Net'}"

static struct template *load(const char *text, bool skip, GError **error)
{
	json_auto_t *root = yaml_load("t", text, strlen(text), error);
	const struct template_input input = {.skip_unsupported = skip};

	g_assert_nonnull(root);
	return template_new("s", root, &input, error);
}

static const struct {
	const char *text, *message;
} bad[] = {
	{"[]", "the template is not a mapping"},
	{"7", "the template is not a mapping"},
	{"resources: {}", "heat_template_version is missing"},
	{"heat_template_version: 1999-01-01", "'1999-01-01' is not known"},
	{"heat_template_version: 7", "'7' is not known"},
	{HEAD "resource: {}", "'resource' is not known"},
	{HEAD "resources: []", "'resources' is not a mapping"},
	{HEAD "description: [a]", "'description' is not a text"},
	{HEAD "resources: {a: 7}", "resource 'a': is not a mapping"},
	{HEAD "resources: {a: {}}", "resource 'a': has no type"},
	{HEAD "resources: {a: {type: [x]}}", "resource 'a': has no type"},
	{HEAD "resources: {'a/b': " NET "}", "'a/b': a name has"},
	{HEAD "resources: {'': " NET "}", "'': a name has"},
	{HEAD "resources: {a: {type: 'OS::Neutron::Net', colour: x}}", "'colour' is not known"},
	{HEAD "resources: {a: {type: 'OS::Neutron::Net', properties: [x]}}",
	 "properties is not a mapping"},
	{HEAD "resources: {a: {type: 'OS::Neutron::Net', deletion_policy: Retain}}", "Retain"},
	{HEAD "resources: {a: {type: 'OS::Neutron::Net', depends_on: b}}", "depends_on 'b'"},
	{HEAD "resources: {a: {type: 'OS::Neutron::Net', depends_on: [7]}}", "takes names"},
	{HEAD "resources: {a: {type: 'OS::Neutron::Net', properties: {admin_state_up: maybe}}}",
	 "resource 'a': admin_state_up: 'maybe' is not true or false"},
	{HEAD "resources: {a: {type: 'OS::Neutron::Subnet', properties: {cidr: 10.0.0.0/8}}}",
	 "resource 'a': property 'network' is missing"},
	{HEAD "resources: {a: {type: 'OS::Neutron::Subnet', properties: {network: n}}}",
	 "property 'cidr' is missing, or a 'subnetpool'"},
	{HEAD
	 "resources: {a: {type: 'OS::Neutron::Subnet', properties: {network: n, cidr: x}}}",
	 "cidr: 'x' is not a prefix"},
	{HEAD "resources: {a: {type: 'OS::Neutron::Subnet', properties: {network: n, "
	      "network_id: m, cidr: 10.0.0.0/8}}}",
	 "'network_id' is given twice"},
	{HEAD
	 "resources: {a: {type: 'OS::Neutron::Port', properties: {network: n, fixed_ips: x}}}",
	 "fixed_ips: takes a list"},
	{HEAD "resources: {a: {type: 'OS::Neutron::Port', properties: {network: n, fixed_ips: "
	      "[{colour: x}]}}}",
	 "fixed_ips: 'colour' is not known"},
	{HEAD "resources: {a: {type: 'OS::Neutron::Port', properties: {network: n, "
	      "mac_address: x}}}",
	 "mac_address: 'x' is not a MAC"},
	{HEAD "resources: {a: {type: 'OS::Neutron::RouterInterface', properties: {router: r}}}",
	 "either a subnet or a port"},
	{HEAD "resources: {a: {type: 'OS::Neutron::RouterInterface', properties: {router: r, "
	      "subnet: s, port: p}}}",
	 "either a subnet or a port"},
	/* Everything unsupported is named at once. */
	{HEAD "resources: {a: {type: 'OS::Nova::Server'}, b: {type: 'OS::Neutron::Nett'}, "
	      "c: {type: 'OS::Neutron::Net', properties: {colour: red, dns_domain: x., "
	      "value_specs: {flavour: 1}}}}",
	 "not supported: a (OS::Nova::Server), b (OS::Neutron::Nett), c.colour "
	 "(OS::Neutron::Net has no such property), c.dns_domain, c.value_specs.flavour"},
	{HEAD "resources: {r: {type: 'OS::Neutron::ExtraRouteSet', properties: {router: x, "
	      "routes: []}}}",
	 "not supported: r (a router outside the stack)"},
	/* References. */
	{HEAD
	 "resources: {a: {type: 'OS::Neutron::Net', properties: {name: {get_resource: b}}}}",
	 "resource 'a': name: get_resource: resource 'b' is not in the template"},
	{HEAD
	 "resources: {a: {type: 'OS::Neutron::Net', properties: {name: {get_resource: a}}}}",
	 "depend on each other: a -> a"},
	{HEAD
	 "resources:\n"
	 "  a: {type: 'OS::Neutron::Net', properties: {name: {get_attr: [c, name]}}}\n"
	 "  b: {type: 'OS::Neutron::Net', depends_on: [a]}\n"
	 "  c: {type: 'OS::Neutron::Net', properties: {name: {list_join: ['', [{get_resource: "
	 "b}]]}}}\n",
	 "depend on each other: a -> c -> b -> a"},
	{HEAD "resources: {a: " NET "}\noutputs: {o: {value: {get_attr: [a, colour]}}}",
	 "'a' (OS::Neutron::Net) has no attribute 'colour'"},
	{HEAD "resources: {a: {type: 'OS::Neutron::Net', condition: false}}\n"
	      "outputs: {o: {value: {get_resource: a}}}",
	 "resource 'a' is off by its condition"},
	{HEAD "resources: {a: {type: 'OS::Neutron::Net', condition: off-day}}",
	 "resource 'a': condition 'off-day' is not in the template"},
	{HEAD "conditions: {a: {not: b}, b: {not: a}}", "condition 'a' depends on itself"},
	{HEAD "conditions: {a: {equals: [{get_resource: x}, 1]}}",
	 "cannot refer to resource 'x'"},
	{HEAD "conditions: {a: 7}", "must be true or false"},
	{HEAD "outputs: {o: {}}", "output 'o': has no value"},
	{HEAD "outputs: {o: {value: 1, colour: red}}", "output 'o': 'colour' is not known"},
};

static void test_bad(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		struct template *template = load(bad[i].text, false, &error);

		if (template || !strstr(error->message, bad[i].message))
			g_error("%s\n%s", bad[i].text, error ? error->message : "was taken");
		g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
		g_assert_null(strchr(error->message, '\n'));
	}
}

/* "a0 b0 c1": keys and levels. */
static char *print_order(const struct template *template)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < template->resources->len; i++) {
		const struct resource *resource = template->resources->pdata[i];

		g_string_append_printf(out, "%s%s%u", i ? " " : "", resource->node.name,
				       resource->node.level);
	}
	return g_string_free(out, FALSE);
}

static void expect_order(const char *text, const char *wanted)
{
	g_autoptr(GError) error = NULL;
	struct template *template = load(text, false, &error);
	g_autofree char *order = NULL;

	g_assert_no_error(error);
	order = print_order(template);
	g_assert_cmpstr(order, ==, wanted);
	template_free(template);
}

static void test_order(void)
{
	expect_order(HEAD "resources: {b: " NET ", a: " NET "}", "b0 a0");
	expect_order(HEAD "resources: {b: {type: 'OS::Neutron::Net', depends_on: a}, a: " NET
			  "}",
		     "a0 b1");
	/* A port comes after the subnets of its network, though it names none ... */
	expect_order(
		HEAD
		"resources:\n"
		"  p: {type: 'OS::Neutron::Port', properties: {network: {get_resource: n}}}\n"
		"  q: {type: 'OS::Neutron::Port', properties: {network: {get_resource: m}}}\n"
		"  m: " NET "\n"
		"  n: " NET "\n"
		"  s: {type: 'OS::Neutron::Subnet', properties: {network: {get_resource: n}, "
		"cidr: 10.0.0.0/24}}\n",
		"m0 n0 q1 s1 p2");
	/* ... and routes after the interfaces of their router. */
	expect_order(HEAD "resources:\n"
			  "  x: {type: 'OS::Neutron::ExtraRouteSet', properties: {router: "
			  "{get_resource: r}, routes: [{destination: 10.9.0.0/16, nexthop: "
			  "10.0.0.9}]}}\n"
			  "  r: {type: 'OS::Neutron::Router'}\n"
			  "  i: {type: 'OS::Neutron::RouterInterface', properties: {router: "
			  "{get_resource: r}, subnet: s}}\n",
		     "r0 i1 x2");
}

static void test_skip(void)
{
	static const char text[] = HEAD
		"resources:\n"
		"  n: " NET "\n"
		"  p: {type: 'OS::Neutron::Port', properties: {network: {get_resource: n}, "
		"device_id: {get_resource: vm}}}\n"
		"  vm: {type: 'OS::Nova::Server', properties: {networks: [{port: "
		"{get_resource: p}}], flavor: {yaql: x}}}\n"
		"outputs: {o: {value: {get_attr: [vm, first_address]}}}\n";
	g_autoptr(GError) error = NULL;
	struct template *template = load(text, true, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(template->resources->len, ==, 2);
	g_assert_cmpuint(template->skipped->len, ==, 1);
	g_assert_cmpstr(template->skipped->pdata[0], ==, "vm (OS::Nova::Server)");
	template_free(template);

	/* A network without the address that was asked for is not what was asked for. */
	g_assert_null(
		load(HEAD "resources: {g: {type: 'OS::Neutron::FloatingIP'}}", true, &error));
	g_assert_nonnull(strstr(error->message, "g (OS::Neutron::FloatingIP)"));
}

static void test_conditions(void)
{
	static const char text[] = HEAD
		"parameters: {prod: {type: boolean, default: false}}\n"
		"conditions: {prod: {get_param: prod}, test: {not: prod}}\n"
		"resources:\n"
		"  a: {type: 'OS::Neutron::Net', condition: prod}\n"
		"  b: {type: 'OS::Neutron::Net', condition: test, depends_on: a}\n"
		"  c: {type: 'OS::Neutron::Net', condition: {or: [prod, test]}, properties: "
		"{name: {if: [prod, {get_resource: a}, {get_resource: b}]}}}\n"
		"outputs: {o: {condition: prod, value: {get_resource: a}}}\n";
	g_autoptr(GError) error = NULL;
	struct template *template = load(text, false, &error);
	g_autofree char *order = NULL;

	g_assert_no_error(error);
	order = print_order(template);
	g_assert_cmpstr(order, ==, "b0 c1");
	template_free(template);
}

static void test_names(void)
{
	g_autofree char *fits = g_strnfill(TEMPLATE_NAME_MAX, 'a');
	g_autofree char *long_name = g_strnfill(TEMPLATE_NAME_MAX + 1, 'a');
	static const char *const refused[] = {"", "-a", "a b", "a/b", "a,b", "ä"};

	g_assert_true(template_check_name("web-app.1_b", NULL));
	g_assert_true(template_check_name(fits, NULL));
	g_assert_false(template_check_name(long_name, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
		g_assert_false(template_check_name(refused[i], NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/template/bad", test_bad);
	g_test_add_func("/template/order", test_order);
	g_test_add_func("/template/skip", test_skip);
	g_test_add_func("/template/conditions", test_conditions);
	g_test_add_func("/template/names", test_names);
	return g_test_run();
}

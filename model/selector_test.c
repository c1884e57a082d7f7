/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels and selectors as Kubernetes means them; policies that can be, and those that cannot.
 */
#include "model/selector.h"

#include "lib/error.h"
#include "model/attr_filter.h"
#include "model/attr_json.h"
#include "model/cloud.h"

static void *read_as(const struct attr_table *table, const char *text, GError **error)
{
	json_t *body = json_loads(text, 0, NULL);
	void *object = attr_new(table);
	uint64_t given;

	g_assert_nonnull(body);
	if (!attr_decode(table, body, ATTR_POST, object, &given, error)) {
		attr_free(table, object);
		object = NULL;
	}
	json_decref(body);
	return object;
}

static struct port *port_with(const char *labels, GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"{\"network_id\":\"11111111-1111-4111-8111-111111111111\",\"labels\":%s}",
		labels);
	struct port *port = read_as(&port_table, text, error);

	if (port && port_validate(port, error))
		return port;
	attr_free(&port_table, port);
	return NULL;
}

static const struct {
	const char *labels, *reason; /* NULL: it is one */
} label_cases[] = {
	{"{}", NULL},
	{"{\"app\":\"web\",\"example.com/tier\":\"a_b.c-d\",\"empty\":\"\"}", NULL},
	{"{\"A1\":\"9\"}", NULL},
	{"[]", "is not a dictionary"},
	{"{\"app\":7}", "is not a valid string"},
	{"{\"app\":null}", "is not a value"},
	{"{\"\":\"x\"}", "key ''"},
	{"{\"-a\":\"x\"}", "key '-a'"},
	{"{\"a b\":\"x\"}", "key 'a b'"},
	{"{\"Example.com/a\":\"x\"}", "key 'Example.com/a'"},
	{"{\"example..com/a\":\"x\"}", "key 'example..com/a'"},
	{"{\"/a\":\"x\"}", "key '/a'"},
	{"{\"a/b/c\":\"x\"}", "key 'a/b/c'"},
	{"{\"app\":\"we,b\"}", "value 'we,b'"},
	{"{\"app\":\"web-\"}", "value 'web-'"},
	{"{\"app\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
	 "value '0123"},
};

static void test_labels(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(label_cases); i++) {
		g_autoptr(GError) error = NULL;
		struct port *port = port_with(label_cases[i].labels, &error);

		if (!label_cases[i].reason)
			g_assert_no_error(error);
		else if (!error || !strstr(error->message, label_cases[i].reason))
			g_error("%s: %s", label_cases[i].labels,
				error ? error->message : "taken");
		attr_free(&port_table, port);
	}
}

/* Whatever order they come in, they are kept and shown in one. */
static void test_sorted(void)
{
	struct port *port = port_with("{\"b\":\"2\",\"a\":\"1\",\"c\":\"3\"}", NULL);
	g_autoptr(GString) stored = g_string_new(NULL);
	struct port *again;

	port->object.id = (struct uuid){{1}};
	attr_write(&port_table, port, stored);
	g_assert_nonnull(
		strstr(stored->str, "\"labels\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}"));
	again = attr_read(&port_table, stored->str, stored->len, NULL);
	g_assert_cmpuint(again->labels.count, ==, 3);
	g_assert_cmpstr(label_find(&again->labels, "b"), ==, "2");
	attr_free(&port_table, again);
	attr_free(&port_table, port);
}

static void test_filter(void)
{
	static const struct {
		const char *value;
		bool found;
	} cases[] = {
		{"app=web", true},   {"app=db", false}, {"app", true},
		{"role=web", false}, {"role", false},	{"tier=", true},
	};
	struct port *port = port_with("{\"app\":\"web\",\"tier\":\"\"}", NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct attr_filter *filter = attr_filter_new(&port_table);
		bool known;

		g_assert_true(attr_filter_add(filter, "labels", cases[i].value, &known, NULL));
		g_assert_true(known);
		g_assert_true(attr_filter_match(filter, port, NULL) == cases[i].found);
		attr_filter_free(filter);
	}
	attr_free(&port_table, port);
}

#define POLICY(body)	 "{\"name\":\"p\"," body "}"
#define EXPRESSION(body) POLICY("\"match_expressions\":[{\"key\":\"app\"," body "}]")

static const struct {
	const char *policy, *labels;
	bool matches;
	const char *printed;
} selector_cases[] = {
	{POLICY("\"match_labels\":{}"), "{}", true, ""},
	{POLICY("\"match_labels\":{}"), "{\"app\":\"web\"}", true, ""},
	{POLICY("\"match_labels\":{\"app\":\"web\"}"), "{\"app\":\"web\",\"x\":\"y\"}", true,
	 "app=web"},
	{POLICY("\"match_labels\":{\"app\":\"web\"}"), "{\"app\":\"db\"}", false, "app=web"},
	{POLICY("\"match_labels\":{\"app\":\"web\"}"), "{}", false, "app=web"},
	{POLICY("\"match_labels\":{\"b\":\"1\",\"a\":\"\"}"), "{\"a\":\"\",\"b\":\"1\"}", true,
	 "a=,b=1"},
	{EXPRESSION("\"operator\":\"In\",\"values\":[\"b\",\"a\",\"b\"]"), "{\"app\":\"a\"}",
	 true, "app in (a,b)"},
	{EXPRESSION("\"operator\":\"In\",\"values\":[\"a\"]"), "{\"app\":\"a\"}", true,
	 "app=a"},
	{EXPRESSION("\"operator\":\"In\",\"values\":[\"b\",\"a\"]"), "{}", false,
	 "app in (a,b)"},
	{EXPRESSION("\"operator\":\"NotIn\",\"values\":[\"b\"]"), "{\"app\":\"a\"}", true,
	 "app notin (b)"},
	{EXPRESSION("\"operator\":\"NotIn\",\"values\":[\"b\"]"), "{}", true, "app notin (b)"},
	{EXPRESSION("\"operator\":\"NotIn\",\"values\":[\"b\"]"), "{\"app\":\"b\"}", false,
	 "app notin (b)"},
	{EXPRESSION("\"operator\":\"Exists\""), "{\"app\":\"\"}", true, "app"},
	{EXPRESSION("\"operator\":\"Exists\""), "{\"apps\":\"\"}", false, "app"},
	{EXPRESSION("\"operator\":\"DoesNotExist\""), "{\"apps\":\"\"}", true, "!app"},
	{EXPRESSION("\"operator\":\"DoesNotExist\""), "{\"app\":\"\"}", false, "!app"},
	{POLICY("\"match_labels\":{\"z\":\"1\"},\"match_expressions\":[{\"key\":\"app\","
		"\"operator\":\"Exists\"}]"),
	 "{\"z\":\"1\"}", false, "app,z=1"},
};

static void test_selectors(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(selector_cases); i++) {
		g_autoptr(GError) error = NULL;
		struct selector_policy *policy =
			read_as(&selector_policy_table, selector_cases[i].policy, &error);
		struct port *port = port_with(selector_cases[i].labels, &error);
		struct selector copy;
		g_autofree char *text = NULL;

		g_assert_no_error(error);
		g_assert_true(selector_policy_validate(policy, NULL));
		g_assert_true(selector_matches(&policy->subject, &port->labels) ==
			      selector_cases[i].matches);
		selector_copy(&copy, &policy->subject);
		attr_free(&selector_policy_table, policy);
		text = selector_print(&copy);
		g_assert_cmpstr(text, ==, selector_cases[i].printed);
		selector_done(&copy);
		attr_free(&port_table, port);
	}
}

#define RULE(body) POLICY("\"rules\":[{\"direction\":\"ingress\"," body "}]")
#define OUT(body)  POLICY("\"rules\":[{\"direction\":\"egress\"," body "}]")

static const struct {
	const char *policy, *reason; /* NULL: it is one */
} policy_cases[] = {
	{POLICY("\"tier\":2,\"priority\":0,\"default_deny\":[\"egress\",\"ingress\"]"), NULL},
	{RULE("\"action\":\"pass\",\"log\":true"), NULL},
	{RULE("\"peers\":[{}],\"services\":[{\"protocol\":6,\"port\":80,\"end_port\":90}]"),
	 NULL},
	{RULE("\"services\":[{\"protocol\":\"tcp\",\"port\":\"http\"}]"), NULL},
	{RULE("\"services\":[{\"protocol\":\"icmp\",\"icmp_type\":8,\"icmp_code\":0}]"), NULL},
	{RULE("\"peers\":[{\"cidr\":\"10.0.0.0/8\",\"except\":[\"10.1.0.0/16\"]}]"), NULL},
	{RULE("\"peers\":[{\"cidr\":\"::/0\"}]"), NULL},
	{POLICY("\"tier\":3"), "tier"},
	{POLICY("\"priority\":40000"), "priority"},
	{POLICY("\"match_labels\":{\"a b\":\"\"}"), "match_labels: key 'a b'"},
	{POLICY("\"match_expressions\":[{\"key\":\"a\",\"operator\":\"in\"}]"),
	 "'in' is not in"},
	{EXPRESSION("\"operator\":\"In\""), "operator 'In' needs values"},
	{EXPRESSION("\"operator\":\"Exists\",\"values\":[\"a\"]"),
	 "operator 'Exists' takes no values"},
	{POLICY("\"baseline\":true,\"rules\":[{\"direction\":\"egress\",\"action\":\"pass\"}]"),
	 "nothing comes after a baseline"},
	{RULE("\"action\":\"drop\""), "'drop' is not in"},
	{RULE("\"name\":\"a:b\""), "rule 1: name: 'a:b'"},
	{POLICY("\"rules\":[{\"name\":\"a\",\"direction\":\"egress\"},{\"name\":\"a\","
		"\"direction\":\"egress\"}]"),
	 "rule 2: name: 'a' stands twice"},
	{RULE("\"peers\":[{\"cidr\":\"10.0.0.1/8\"}]"), "cidr: '10.0.0.1/8'"},
	{RULE("\"peers\":[{\"cidr\":\"10.0.0.0/8\",\"except\":[\"11.0.0.0/16\"]}]"),
	 "except: '11.0.0.0/16' is not inside"},
	{RULE("\"peers\":[{\"cidr\":\"10.0.0.0/8\",\"except\":[\"10.0.0.0/8\"]}]"),
	 "except: '10.0.0.0/8' is not inside"},
	{RULE("\"peers\":[{\"except\":[\"10.0.0.0/8\"]}]"), "except: there is no cidr"},
	{RULE("\"peers\":[{\"cidr\":\"10.0.0.0/8\",\"match_labels\":{\"a\":\"b\"}}]"),
	 "more than one of labels, cidr"},
	{RULE("\"services\":[{\"protocol\":\"tcq\"}]"), "protocol: 'tcq'"},
	{RULE("\"services\":[{\"protocol\":\"gre\",\"port\":7}]"), "port: protocol 'gre'"},
	{RULE("\"services\":[{\"protocol\":\"tcp\",\"port\":0}]"), "port: '0'"},
	{RULE("\"services\":[{\"protocol\":\"tcp\",\"port\":\"a--b\"}]"), "port: 'a--b'"},
	{RULE("\"services\":[{\"protocol\":\"tcp\",\"port\":9,\"end_port\":8}]"),
	 "end_port: 8 is less"},
	{RULE("\"services\":[{\"protocol\":\"tcp\",\"end_port\":8}]"), "there is no port"},
	{RULE("\"services\":[{\"protocol\":\"tcp\",\"port\":\"http\",\"end_port\":8}]"),
	 "port 'http' is a name"},
	{RULE("\"services\":[{\"protocol\":\"tcp\",\"icmp_type\":8}]"), "icmp_type"},
	{RULE("\"services\":[{\"protocol\":\"icmp\",\"icmp_code\":8}]"), "no icmp_type"},
	{OUT("\"peers\":[{\"cidr\":\"10.0.0.0/8\"}],\"services\":[{\"protocol\":\"tcp\","
	     "\"port\":\"http\"}]"),
	 "addresses have none"},
};

static void test_policies(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(policy_cases); i++) {
		g_autoptr(GError) error = NULL;
		struct selector_policy *policy =
			read_as(&selector_policy_table, policy_cases[i].policy, &error);

		if (policy)
			selector_policy_name_rules(policy);
		if (policy)
			selector_policy_validate(policy, &error);
		if (!policy_cases[i].reason)
			g_assert_no_error(error);
		else if (!error || !strstr(error->message, policy_cases[i].reason))
			g_error("%s: %s", policy_cases[i].policy,
				error ? error->message : "taken");
		attr_free(&selector_policy_table, policy);
	}
}

/* What is stored is read back the same. */
static void test_stored(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(policy_cases); i++) {
		struct selector_policy *policy =
			read_as(&selector_policy_table, policy_cases[i].policy, NULL);
		g_autoptr(GString) text = g_string_new(NULL), again = g_string_new(NULL);
		g_autoptr(GError) error = NULL;

		if (!policy)
			continue;
		policy->object.id = (struct uuid){{1}};
		attr_write(&selector_policy_table, policy, text);
		attr_free(&selector_policy_table, policy);
		policy = attr_read(&selector_policy_table, text->str, text->len, &error);
		g_assert_no_error(error);
		attr_write(&selector_policy_table, policy, again);
		g_assert_cmpstr(again->str, ==, text->str);
		attr_free(&selector_policy_table, policy);
	}
}

static void test_names(void)
{
	struct selector_policy *policy =
		read_as(&selector_policy_table,
			POLICY("\"rules\":[{\"direction\":\"egress\"},{\"name\":\"1\","
			       "\"direction\":\"egress\"},{\"direction\":\"ingress\"}]"),
			NULL);
	static const char *const names[] = {"2", "1", "3"};

	selector_policy_name_rules(policy);
	for (guint i = 0; i < 3; i++)
		g_assert_cmpstr(vec_at(struct selector_rule, &policy->rules, i)->name, ==,
				names[i]);
	attr_free(&selector_policy_table, policy);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/selector/labels", test_labels);
	g_test_add_func("/selector/sorted", test_sorted);
	g_test_add_func("/selector/filter", test_filter);
	g_test_add_func("/selector/selectors", test_selectors);
	g_test_add_func("/selector/policies", test_policies);
	g_test_add_func("/selector/stored", test_stored);
	g_test_add_func("/selector/names", test_names);
	return g_test_run();
}

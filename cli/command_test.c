/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options as they are typed, what they make of attributes, and what is printed.
 */
#include "cli/command.h"

#include <glib/gstdio.h>
#include <string.h>
#include "cli/agent_socket.h"
#include "cli/attr_option.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/policy_text.h"
#include "cli/stack/fake_api.h"
#include "cli/value.h"
#include "lib/error.h"

#define NETWORK_ID "00000000-0000-4000-8000-000000000001"
#define SUBNET_ID  "00000000-0000-4000-8000-000000000002"
#define GROUP_ID   "00000000-0000-4000-8000-000000000003"
#define LIST_ID	   "00000000-0000-4000-8000-000000000006" /* behind the rules of the group */

/* A network "blue" with a subnet "green", a security group "web" and an address group "peers"
 * are there. */
static struct client *make_client(struct fake_api *api)
{
	struct client *client = client_new_for_test(fake_api_answer, api);

	fake_api_init(api);
	json_decref(client_call(client, "POST", "/v2.0/networks",
				json_pack("{s:[{s:s}]}", "networks", "name", "blue"), NULL));
	json_decref(client_call(client, "POST", "/v2.0/subnets",
				json_pack("{s:[{s:s,s:s}]}", "subnets", "name", "green",
					  "network_id", NETWORK_ID),
				NULL));
	json_decref(client_call(client, "POST", "/v2.0/security-groups",
				json_pack("{s:[{s:s}]}", "security_groups", "name", "web"),
				NULL));
	json_decref(client_call(client, "POST", "/v2.0/address-groups",
				json_pack("{s:[{s:s}]}", "address_groups", "name", "peers"),
				NULL));
	return client;
}

static bool parse(const char *object, const char *verb, const char *line, GStrv *words,
		  GArray **options, struct arguments *arguments, GError **error)
{
	int count;

	g_shell_parse_argv(line, &count, words, NULL);
	*options = command_options(command_find(object, verb));
	return option_parse(*options, count, *words, 0, false, NULL, arguments, error);
}

static const struct {
	const char *object, *verb, *line, *json;
} collected[] = {
	{"network", "create", "n --mtu 1400 --disable",
	 "{\"mtu\":1400,\"admin_state_up\":false}"},
	{"network", "create", "n --admin-state-up=true --share",
	 "{\"admin_state_up\":true,\"shared\":true}"},
	{"network", "create", "-- --mtu", "{}"},
	{"network", "set", "n --description 'two words' --name x",
	 "{\"description\":\"two words\",\"name\":\"x\"}"},
	{"subnet", "create", "s --network blue --subnet-range 10.0.0.0/24 --gateway none",
	 "{\"network_id\":\"" NETWORK_ID "\",\"cidr\":\"10.0.0.0/24\",\"gateway_ip\":null}"},
	{"subnet", "create", "s --network-id " NETWORK_ID " --cidr fd00::/64 --no-dhcp",
	 "{\"network_id\":\"" NETWORK_ID "\",\"cidr\":\"fd00::/64\",\"enable_dhcp\":false}"},
	{"subnet", "create",
	 "s --allocation-pool start=10.0.0.5,end=10.0.0.9 --allocation-pool "
	 "start=10.0.0.20,end=10.0.0.30",
	 "{\"allocation_pools\":[{\"start\":\"10.0.0.5\",\"end\":\"10.0.0.9\"},"
	 "{\"start\":\"10.0.0.20\",\"end\":\"10.0.0.30\"}]}"},
	{"subnet", "create",
	 "s --host-route destination=10.1.0.0/16,gateway=10.0.0.9 --dns-nameserver 192.0.2.1",
	 "{\"host_routes\":[{\"destination\":\"10.1.0.0/16\",\"nexthop\":\"10.0.0.9\"}],"
	 "\"dns_nameservers\":[\"192.0.2.1\"]}"},
	{"subnet", "create", "s --service-type compute:a --service-type network:dhcp",
	 "{\"service_types\":[\"compute:a\",\"network:dhcp\"]}"},
	{"port", "create", "p --network blue --fixed-ip subnet=green,ip-address=10.0.0.5",
	 "{\"network_id\":\"" NETWORK_ID "\",\"fixed_ips\":[{\"subnet_id\":\"" SUBNET_ID
	 "\",\"ip_address\":\"10.0.0.5\"}]}"},
	{"port", "create", "p --host h1 --device d --device-owner compute:x --tag a --tag b",
	 "{\"binding:host_id\":\"h1\",\"device_id\":\"d\",\"device_owner\":\"compute:x\","
	 "\"tags\":[\"a\",\"b\"]}"},
	{"port", "create", "p --binding-host-id h1 --mac-address 02-00-00-00-00-AA",
	 "{\"binding:host_id\":\"h1\",\"mac_address\":\"02:00:00:00:00:aa\"}"},
	{"port", "create", "p --allowed-address ip-address=10.0.0.0/24",
	 "{\"allowed_address_pairs\":[{\"ip_address\":\"10.0.0.0/24\"}]}"},
	{"port", "create", "p --extra-dhcp-option name=mtu,value=1400",
	 "{\"extra_dhcp_opts\":[{\"opt_name\":\"mtu\",\"opt_value\":\"1400\"}]}"},
	{"port", "create", "p --no-fixed-ip", "{\"fixed_ips\":[null]}"},
	{"port", "unset", "p --host --allowed-address ip-address=10.0.0.7",
	 "{\"binding:host_id\":null,\"allowed_address_pairs\":[{\"ip_address\":\"10.0.0.7\"}]}"},
	{"router", "set", "r --route destination=10.1.0.0/16,gateway=10.0.0.9",
	 "{\"routes\":[{\"destination\":\"10.1.0.0/16\",\"nexthop\":\"10.0.0.9\"}]}"},
	{"router", "create", "r --external-gateway blue",
	 "{\"external_gateway_info\":{\"network_id\":\"" NETWORK_ID "\"}}"},
	{"router", "create",
	 "r --external-gateway blue --disable-snat --fixed-ip ip-address=203.0.113.7 --fixed-ip "
	 "subnet=" SUBNET_ID,
	 "{\"external_gateway_info\":{\"network_id\":\"" NETWORK_ID "\",\"enable_snat\":false,"
	 "\"external_fixed_ips\":[{\"ip_address\":\"203.0.113.7\"},{\"subnet_id\":\"" SUBNET_ID
	 "\"}]}}"},
	{"router", "set", "r --enable-snat",
	 "{\"external_gateway_info\":{\"enable_snat\":true}}"},
	{"router", "set", "r --external-gateway-info '{\"network_id\":\"" NETWORK_ID "\"}'",
	 "{\"external_gateway_info\":{\"network_id\":\"" NETWORK_ID "\"}}"},
	{"router", "unset", "r --external-gateway", "{\"external_gateway_info\":null}"},
	{"port", "create", "p --security-group web --security-group " NETWORK_ID,
	 "{\"security_groups\":[\"" GROUP_ID "\",\"" NETWORK_ID "\"]}"},
	{"port", "set", "p --no-security-group --security-group web",
	 "{\"security_groups\":[null,\"" GROUP_ID "\"]}"},
	{"port", "unset", "p --security-group web", "{\"security_groups\":[\"" GROUP_ID "\"]}"},
	{"security group", "create", "g --stateless", "{\"stateful\":false}"},
	{"security group rule", "create",
	 "web --protocol tcp --dst-port 80:443 --remote-ip 10.0.0.0/8 --egress",
	 "{\"protocol\":\"tcp\",\"port_range_min\":80,\"port_range_max\":443,"
	 "\"remote_ip_prefix\":\"10.0.0.0/8\",\"direction\":\"egress\"}"},
	{"security group rule", "create", "web --protocol any --dst-port 53 --remote-group web",
	 "{\"protocol\":null,\"port_range_min\":53,\"port_range_max\":53,"
	 "\"remote_group_id\":\"" GROUP_ID "\"}"},
	{"security group rule", "create",
	 "web --protocol icmp --icmp-type 8 --icmp-code 0 --remote-address-group peers",
	 "{\"protocol\":\"icmp\",\"port_range_min\":8,\"port_range_max\":0,"
	 "\"remote_address_group_id\":\"" LIST_ID "\"}"},
	{"address group", "create", "a --address 10.0.0.0/8 --address fd00::/64",
	 "{\"addresses\":[\"10.0.0.0/8\",\"fd00::/64\"]}"},
	{"address group", "set", "a --no-address --address 10.0.0.0/8",
	 "{\"addresses\":[null,\"10.0.0.0/8\"]}"},
	{"port", "create", "p --label app=web --label tier= --named-port name=http,port=80",
	 "{\"labels\":{\"app\":\"web\",\"tier\":\"\"},"
	 "\"named_ports\":[{\"name\":\"http\",\"port\":80}]}"},
	{"port", "set", "p --no-label --label app=web",
	 "{\"labels\":{\"\":null,\"app\":\"web\"}}"},
	{"policy", "create",
	 "p --match-label app=db --match-expression tier!=a|b --match-expression !old "
	 "--tier 0 --default-deny egress --baseline true",
	 "{\"match_labels\":{\"app\":\"db\"},\"match_expressions\":[{\"key\":\"tier\","
	 "\"operator\":\"NotIn\",\"values\":[\"a\",\"b\"]},{\"key\":\"old\","
	 "\"operator\":\"DoesNotExist\",\"values\":[]}],\"tier\":0,"
	 "\"default_deny\":[\"egress\"],\"baseline\":true}"},
	{"policy", "create",
	 "p --rule 'ingress from app=web,env=a|b from all from 10.0.0.0/8!10.1.0.0/16 "
	 "from group:peers tcp/443 tcp/8000-8080 udp/dns-tcp icmp/8/0 gre log name=web'",
	 "{\"rules\":[{\"direction\":\"ingress\",\"action\":\"accept\",\"log\":true,"
	 "\"name\":\"web\",\"peers\":[{\"match_labels\":{\"app\":\"web\"},"
	 "\"match_expressions\":[{\"key\":\"env\",\"operator\":\"In\",\"values\":[\"a\",\"b\"]}]}"
	 ",{},{\"cidr\":\"10.0.0.0/8\",\"except\":[\"10.1.0.0/16\"]},"
	 "{\"address_group_id\":\"" LIST_ID "\"}],\"services\":[{\"protocol\":\"tcp\","
	 "\"port\":\"443\"},{\"protocol\":\"tcp\",\"port\":\"8000\",\"end_port\":8080},"
	 "{\"protocol\":\"udp\",\"port\":\"dns-tcp\"},{\"protocol\":\"icmp\","
	 "\"icmp_type\":8,\"icmp_code\":0},{\"protocol\":\"gre\"}]}]}"},
	{"policy", "set", "p --rule 'egress deny'",
	 "{\"rules\":[{\"direction\":\"egress\",\"action\":\"deny\",\"peers\":[],"
	 "\"services\":[]}]}"},
	{"subnetpool", "create", "p --pool-prefix 10.0.0.0/8 --default-prefixlen 24 --default",
	 "{\"prefixes\":[\"10.0.0.0/8\"],\"default_prefixlen\":24,\"is_default\":true}"},
	{"subnet", "create", "s --network blue --use-default-subnet-pool --prefixlen 26",
	 "{\"network_id\":\"" NETWORK_ID
	 "\",\"use_default_subnetpool\":true,\"prefixlen\":26}"},
	{"rbac policy", "create",
	 "blue --object-type network --action access_as_shared --target-project p",
	 "{\"object_type\":\"network\",\"action\":\"access_as_shared\","
	 "\"target_tenant\":\"p\"}"},
	{"rbac policy", "set", NETWORK_ID " --target-all-projects",
	 "{\"target_tenant\":\"*\"}"},
	{"default security group rule", "create",
	 "ingress --protocol tcp --dst-port 22 --remote-group-id PARENT --used-in-default-sg true",
	 "{\"protocol\":\"tcp\",\"port_range_min\":22,\"port_range_max\":22,"
	 "\"remote_group_id\":\"PARENT\",\"used_in_default_sg\":true}"},
	{"host", "create", "h --tunnel-ip 192.0.2.7", "{\"tunnel_ip\":\"192.0.2.7\"}"},
};

static void test_collect(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(collected); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GArray) options = NULL;
		g_auto(GStrv) words = NULL;
		struct arguments arguments;
		struct fake_api api;
		struct client *client = make_client(&api);
		json_auto_t *wanted = json_loads(collected[i].json, 0, NULL), *body = NULL;

		g_assert_true(parse(collected[i].object, collected[i].verb, collected[i].line,
				    &words, &options, &arguments, &error));
		body = attr_option_collect(client, &arguments, &error);
		if (error || !json_equal(body, wanted))
			g_error("%s: %s", collected[i].line,
				error ? error->message : json_dumps(body, JSON_COMPACT));
		g_assert_cmpuint(arguments.words->len, ==, 1);
		option_done(&arguments);
		client_free(client);
		fake_api_done(&api);
	}
}

static const struct {
	const char *object, *verb, *line, *message;
} refused[] = {
	{"network", "create", "n --colour red", "unknown option '--colour'"},
	{"network", "create", "n --mtu", "option '--mtu' takes a value"},
	{"network", "create", "n --enable=yes", "option '--enable' takes no value"},
	{"network", "create", "n -x", "unknown option '-x'"},
	{"network", "create", "n --status ACTIVE", "unknown option '--status'"},
	{"network", "create", "n --mtu many", "mtu: 'many' is not a number"},
	{"network", "create", "n --admin-state-up maybe",
	 "admin_state_up: 'maybe' is not true or false"},
	{"subnet", "create", "s --subnet-range 10.0.0.0/33", "cidr: '10.0.0.0/33' is not"},
	{"subnet", "create", "s --gateway x", "gateway_ip: 'x' is not an address"},
	{"subnet", "create", "s --network red", "network 'red': no such network"},
	{"subnet", "create", "s --ip-version 7", "ip_version: '7' is not"},
	{"subnet", "create", "s --allocation-pool 10.0.0.5", "is not written KEY=VALUE"},
	{"subnet", "create", "s --allocation-pool begin=10.0.0.5", "'begin' is not known"},
	{"subnet", "create", "s --allocation-pool start=1,start=2", "'start' stands twice"},
	{"subnet", "create", "s --allocation-pool start=x,end=10.0.0.9",
	 "allocation_pools: start: 'x' is not an address"},
	{"subnet", "create", "s --dns-nameserver x", "dns_nameservers: 'x' is not an address"},
	{"subnet", "create", "s --ipv6-ra-mode fast", "'fast' is not one of"},
	{"port", "create", "p --mac-address 02:00", "mac_address: '02:00' is not a MAC"},
	{"port", "create", "p --binding-profile []", "binding:profile: '[]' is not a mapping"},
	{"port", "create", "p --fixed-ip subnet=red", "subnet 'red': no such subnet"},
	{"port", "create", "p --security-group db",
	 "security group 'db': no such security group"},
	{"security group rule", "create", "web --dst-port a:b",
	 "port_range_min: 'a' is not a number"},
	{"security group rule", "create",
	 "web --dst-port 80:", "port_range_max: '' is not a number"},
	{"security group rule", "create", "web --direction up", "'up' is not one of"},
	{"security group rule", "create", "web --security-group web",
	 "unknown option '--security-group'"},
	{"address group", "create", "a --address 10.0.0.0/40",
	 "addresses: '10.0.0.0/40' is not"},
	{"router", "create", "r --external-gateway red", "network 'red': no such network"},
	{"router", "create", "r --fixed-ip ip-address=x",
	 "external_fixed_ips: ip_address: 'x'"},
	{"router", "create", "r --fixed-ip colour=red", "'colour' is not known"},
	{"router", "set", "r --external-gateway-info '{\"network_id\":\"x\"}'",
	 "external_gateway_info: network_id: 'x' is not an id"},
	{"router", "set", "r --external-gateway-info '{\"colour\":\"x\"}'",
	 "'colour' is not known"},
	{"router", "unset", "r --enable-snat", "unknown option '--enable-snat'"},
	{"port", "create", "p --label app", "labels: 'app' is not written KEY=VALUE"},
	{"policy", "create", "p --match-expression =a", "match_expressions: '=a' is not KEY"},
	{"policy", "create", "p --rule 'from app=web'", "rules: 'from app=web' is not a rule"},
	{"policy", "create", "p --rule 'ingress to app=web'", "'to' is not said of ingress"},
	{"policy", "create", "p --rule 'ingress from'", "'from' is not followed by a peer"},
	{"policy", "create", "p --rule 'ingress tcp/'", "'tcp/' is not PROTOCOL"},
	{"policy", "create", "p --rule 'ingress icmp/x'", "'icmp/x' is not PROTOCOL"},
	{"policy", "create", "p --rule 'ingress from group:x'", "address group 'x'"},
	{"port", "create", "p --network ''", "network '': no such network"},
};

static void test_refused(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GArray) options = NULL;
		g_auto(GStrv) words = NULL;
		struct arguments arguments = {NULL, NULL};
		struct fake_api api;
		struct client *client = make_client(&api);
		json_t *body = NULL;

		if (parse(refused[i].object, refused[i].verb, refused[i].line, &words, &options,
			  &arguments, &error))
			body = attr_option_collect(client, &arguments, &error);
		if (body || !error || !strstr(error->message, refused[i].message))
			g_error("%s: %s", refused[i].line,
				error ? error->message : "was taken");
		option_done(&arguments);
		client_free(client);
		fake_api_done(&api);
	}
}

static void test_query(void)
{
	static const struct {
		const char *line, *query;
	} cases[] = {
		{"", ""},
		{"--name 'a b' --name c", "name=a%20b&name=c"},
		{"--network blue --host h&1",
		 "network_id=" NETWORK_ID "&binding%3Ahost_id=h%261"},
		{"--fixed-ip ip-address=10.0.0.5", "fixed_ips=ip_address%3D10.0.0.5"},
		{"--label app=web --label old", "labels=app%3Dweb&labels=old"},
		{"--security-group web --disable",
		 "security_groups=" GROUP_ID "&admin_state_up=false"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GArray) options = NULL;
		g_auto(GStrv) words = NULL;
		g_autofree char *query = NULL;
		struct arguments arguments;
		struct fake_api api;
		struct client *client = make_client(&api);
		g_autofree char *line = g_strconcat("--long ", cases[i].line, NULL);
		GString *quoted = g_string_new(line);

		g_string_replace(quoted, "&", "\\&", 0);
		parse("port", "list", quoted->str, &words, &options, &arguments, &error);
		g_string_free(quoted, TRUE);
		g_assert_no_error(error);
		query = attr_option_query(client, &arguments, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(query, ==, cases[i].query);
		option_done(&arguments);
		client_free(client);
		fake_api_done(&api);
	}
}

/* What is shown of a rule can be typed. */
static void test_rule_text(void)
{
	static const char *const texts[] = {
		"ingress accept",
		"egress pass to all log name=x",
		"ingress accept from app=web,env=a|b,env!=c,has,!old tcp/443 tcp/8000-8080",
		"egress reject to 10.0.0.0/8!10.1.0.0/16 to group:g icmp/8 icmp/8/0 gre",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;
		json_auto_t *rule = policy_text_parse_rule(texts[i], &error);
		json_auto_t *list = json_pack("[O]", rule);
		g_autofree char *text = NULL;

		g_assert_no_error(error);
		text = value_print(list);
		g_assert_cmpstr(text, ==, texts[i]);
	}
}

static const char rows_text[] =
	"[{\"id\":\"1\",\"name\":\"ä\\u0007b\",\"list\":[\"x\",\"y\"],"
	"\"none\":null},"
	"{\"id\":\"22\",\"name\":\"\",\"list\":[{\"k\":1,\"l\":true}]}]";

static const struct {
	const char *line, *list, *object; /* NULL: refused */
} printed[] = {
	{"", "id  name  list\n1   ä b   x, y\n22  -     k=1,l=true\n",
	 "field  value\nid     1\nname   ä b\nlist   x, y\nnone   -\n"},
	{"-f value", "1 ä b x, y\n22  k=1,l=true\n", "1\nä b\nx, y\n\n"},
	{"-f value -c id", "1\n22\n", "1\n"},
	{"-fcsv -cname", "\"name\"\n\"ä b\"\n\"\"\n",
	 "\"field\",\"value\"\n\"name\",\"ä b\"\n"},
	{"-f json -c id", "[\n  {\n    \"id\": \"1\"\n  },\n  {\n    \"id\": \"22\"\n  }\n]\n",
	 "{\n  \"id\": \"1\"\n}\n"},
	{"--format=yaml", NULL, NULL},
};

static void test_output(void)
{
	json_auto_t *rows = json_loads(rows_text, 0, NULL);
	g_autoptr(GPtrArray) columns = g_ptr_array_new();

	g_ptr_array_add(columns, (gpointer) "id");
	g_ptr_array_add(columns, (gpointer) "name");
	g_ptr_array_add(columns, (gpointer) "list");
	for (size_t i = 0; i < G_N_ELEMENTS(printed); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GArray) options = NULL;
		g_auto(GStrv) words = NULL;
		g_autofree char *list = NULL, *object = NULL;
		struct arguments arguments;
		g_autofree char *line = g_strconcat("x ", printed[i].line, NULL);

		g_assert_true(
			parse("port", "show", line, &words, &options, &arguments, &error));
		list = output_list(&arguments, rows, columns, printed[i].list ? NULL : &error);
		object = output_object(&arguments, json_array_get(rows, 0), NULL);
		g_assert_cmpstr(list, ==, printed[i].list);
		g_assert_cmpstr(object, ==, printed[i].object);
		option_done(&arguments);
	}
}

/* Every command has help, and its options are in the completion. */
static void test_help(void)
{
	g_autofree char *all = help_all(), *bash = help_completion("bash");
	g_autofree char *zsh = help_completion("zsh");
	guint count;
	const struct command *commands = command_all(&count);

	g_assert_nonnull(zsh);
	g_assert_null(help_completion("fish"));
	g_assert_null(help_object("nothing"));
	for (guint i = 0; i < count; i++) {
		g_autofree char *help = help_command(&commands[i]);
		g_autofree char *object = help_object(commands[i].object);
		g_autofree char *path =
			commands[i].verb ? g_strdup_printf("\"%s %s\"|", commands[i].object,
							   commands[i].verb)
					 : g_strdup_printf("\"%s\"|", commands[i].object);

		g_assert_nonnull(strstr(help, commands[i].help));
		g_assert_nonnull(strstr(object, commands[i].help));
		g_assert_nonnull(strstr(all, commands[i].help));
		g_assert_nonnull(strstr(bash, path));
	}
	g_assert_nonnull(strstr(bash, "--fixed-ip"));
}

static void test_words(void)
{
	static const struct {
		const char *line, *object;
	} cases[] = {
		{"port show x", "port"},
		{"security group list", "security group"},
		{"security group rule list", "security group rule"},
		{"security group", "security group"},
		{"security", NULL},
		{"security port", NULL},
		{"trace group rule", "trace"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) words = g_strsplit(cases[i].line, " ", -1);
		g_autofree char *object = NULL;
		guint count = command_count_words(words, (int)g_strv_length(words), &object);

		g_assert_cmpstr(object, ==, cases[i].object);
		g_assert_true(!count == !object);
	}
	g_assert_null(command_find("security group rule", "unset"));
	g_assert_nonnull(command_find("security group", "set"));
}

static void test_matches(void)
{
	const struct attr *ips = attr_find(cloud_table(KIND_PORT), "fixed_ips");
	static const struct {
		const char *wanted, *current;
		bool matches;
	} cases[] = {
		{"[]", "[]", true},
		{"[{'subnet_id':'" SUBNET_ID "'}]",
		 "[{'subnet_id':'" SUBNET_ID "','ip_address':'10.0.0.5'}]", true},
		{"[{'ip_address':'10.0.0.6'}]",
		 "[{'subnet_id':'" SUBNET_ID "','ip_address':'10.0.0.5'}]", false},
		{"[{'subnet_id':'" SUBNET_ID "'},{'ip_address':'10.0.0.5'}]",
		 "[{'subnet_id':'" SUBNET_ID "','ip_address':'10.0.0.5'}]", false},
		{"[{'ip_address':'10.0.0.5'},{'ip_address':'10.0.0.6'}]",
		 "[{'ip_address':'10.0.0.6'},{'ip_address':'10.0.0.5'}]", true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *one = g_strdelimit(g_strdup(cases[i].wanted), "'", '"');
		g_autofree char *other = g_strdelimit(g_strdup(cases[i].current), "'", '"');
		json_auto_t *wanted = json_loads(one, 0, NULL);
		json_auto_t *current = json_loads(other, 0, NULL);

		g_assert_true(value_matches(ips, wanted, current) == cases[i].matches);
	}
}

static void test_agent_socket(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("weft-cli-XXXXXX", NULL);
	g_autofree char *pattern = g_build_filename(folder, "*", NULL);
	g_autofree char *one = g_build_filename(folder, "a", NULL);
	g_autofree char *two = g_build_filename(folder, "b", NULL);
	g_autofree char *found = NULL;

	g_assert_null(agent_socket_find(pattern, &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE);
	g_clear_error(&error);
	g_file_set_contents(one, "", 0, NULL);
	found = agent_socket_find(pattern, &error);
	g_assert_cmpstr(found, ==, one);
	g_file_set_contents(two, "", 0, NULL);
	g_assert_null(agent_socket_find(pattern, &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
	g_assert_cmpint(g_remove(one), ==, 0);
	g_assert_cmpint(g_remove(two), ==, 0);
	g_assert_cmpint(g_rmdir(folder), ==, 0);
}

/* Every relation, for who has the label, has another value of it, and has it not. */
static void test_selectors(void)
{
	static const struct {
		const char *text;
		const char *selected; /* of the three below */
	} cases[] = {
		{"app=web", "a"},      {"app=web|db", "ab"}, {"app!=web", "bc"},
		{"app!=web|db", "c"},  {"app", "ab"},	     {"!app", "c"},
		{"app,env", "a"},      {"app,!env", "b"},    {"app=", ""},
		{"env=test,app", "a"},
	};
	json_t *ports[] = {json_pack("{s:s,s:s}", "app", "web", "env", "test"),
			   json_pack("{s:s}", "app", "db"), json_object()};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		json_auto_t *selector = policy_text_parse_selector(cases[i].text, NULL);
		g_autoptr(GString) selected = g_string_new(NULL);

		g_assert_nonnull(selector);
		for (gsize p = 0; p < G_N_ELEMENTS(ports); p++)
			if (policy_text_selects(selector, ports[p]))
				g_string_append_c(selected, (char)('a' + p));
		g_test_message("%s", cases[i].text);
		g_assert_cmpstr(selected->str, ==, cases[i].selected);
	}
	for (gsize p = 0; p < G_N_ELEMENTS(ports); p++)
		json_decref(ports[p]);
	g_assert_null(policy_text_parse_selector("app=web,", NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/command/collect", test_collect);
	g_test_add_func("/command/refused", test_refused);
	g_test_add_func("/command/query", test_query);
	g_test_add_func("/command/rule-text", test_rule_text);
	g_test_add_func("/command/output", test_output);
	g_test_add_func("/command/help", test_help);
	g_test_add_func("/command/words", test_words);
	g_test_add_func("/command/matches", test_matches);
	g_test_add_func("/command/agent-socket", test_agent_socket);
	g_test_add_func("/command/selectors", test_selectors);
	return g_test_run();
}

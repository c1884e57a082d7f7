/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check language, row by row; the file; rings; the defaults.
 */
#include "rights/policy.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "rights/defaults.h"
#include "rights/file.h"

/* A target of the test's: name, text, name, text ... */
struct things {
	struct target target;
	const char *const *pairs;
};

static const char *things_find(const struct target *target, const char *resource,
			       const char *name)
{
	const struct things *things = (const struct things *)target;

	for (const char *const *pair = things->pairs; *pair; pair += 2)
		if (strcmp(pair[0], name) == 0)
			return pair[1];
	return NULL;
}

static const struct check *no_names(const struct check_names *names, const char *name)
{
	return NULL;
}

static const struct check_names nobody = {no_names};

static const char *const target_pairs[] = {
	"project_id",
	"p1",
	"tenant_id",
	"p1",
	"shared",
	"True",
	"device_owner",
	"network:dhcp",
	"target_project",
	"*",
	"network:tenant_id",
	"p2",
	"role",
	"member",
	"name",
	"",
	NULL,
};

static enum answer ask(const char *text, const char *project, const char *roles, bool target)
{
	const struct things things = {{things_find}, target_pairs};
	g_auto(GStrv) names = g_strsplit(roles, ",", -1);
	const struct creds creds = {
		.project_id = project,
		.user_id = "u1",
		.system_scope = NULL,
		.roles = (const char *const *)names,
	};
	g_autoptr(GError) error = NULL;
	struct check *check = check_parse(text, &error);
	enum answer answer;

	g_assert_no_error(error);
	answer = check_ask(check, &nobody, &creds, target ? &things.target : NULL);
	check_free(check);
	return answer;
}

static void test_language(void)
{
	static const struct {
		const char *text;
		enum answer with, without; /* a target; as member of p1 */
	} rows[] = {
		{"", ANSWER_YES, ANSWER_YES},
		{"@", ANSWER_YES, ANSWER_YES},
		{"!", ANSWER_NO, ANSWER_NO},
		{"role:member", ANSWER_YES, ANSWER_YES},
		{"role:MEMBER", ANSWER_YES, ANSWER_YES},
		{"role:admin", ANSWER_NO, ANSWER_NO},
		{"not role:admin", ANSWER_YES, ANSWER_YES},
		{"NOT role:admin", ANSWER_YES, ANSWER_YES},
		{"not not role:admin", ANSWER_NO, ANSWER_NO},
		{"project_id:%(project_id)s", ANSWER_YES, ANSWER_UNKNOWN},
		{"tenant_id:%(network:tenant_id)s", ANSWER_NO, ANSWER_UNKNOWN},
		{"tenant_id:%(nothing)s", ANSWER_NO, ANSWER_UNKNOWN},
		{"not tenant_id:%(nothing)s", ANSWER_YES, ANSWER_UNKNOWN},
		{"user_id:u1", ANSWER_YES, ANSWER_YES},
		{"user_id:u2", ANSWER_NO, ANSWER_NO},
		{"nothing:u2", ANSWER_NO, ANSWER_NO},
		{"roles:member", ANSWER_YES, ANSWER_YES},
		{"system_scope:all", ANSWER_NO, ANSWER_NO},
		{"'member':%(role)s", ANSWER_YES, ANSWER_UNKNOWN},
		{"True:%(shared)s", ANSWER_YES, ANSWER_UNKNOWN},
		{"False:%(shared)s", ANSWER_NO, ANSWER_UNKNOWN},
		{"field:networks:shared=True", ANSWER_YES, ANSWER_UNKNOWN},
		{"field:networks:shared=true", ANSWER_YES, ANSWER_UNKNOWN},
		{"field:networks:shared=False", ANSWER_NO, ANSWER_UNKNOWN},
		{"field:networks:router:external=True", ANSWER_NO, ANSWER_UNKNOWN},
		{"field:port:device_owner=~^network:", ANSWER_YES, ANSWER_UNKNOWN},
		{"field:port:device_owner=~dhcp", ANSWER_NO, ANSWER_UNKNOWN},
		{"field:rbac_policy:target_project=*", ANSWER_YES, ANSWER_UNKNOWN},
		{"field:port:name=", ANSWER_YES, ANSWER_UNKNOWN},
		{"role:member or project_id:%(project_id)s", ANSWER_YES, ANSWER_YES},
		{"project_id:%(project_id)s or role:member", ANSWER_YES, ANSWER_YES},
		{"role:admin and project_id:%(project_id)s", ANSWER_NO, ANSWER_NO},
		{"project_id:%(project_id)s and role:admin", ANSWER_NO, ANSWER_NO},
		{"(role:admin) or (role:member and project_id:%(project_id)s)", ANSWER_YES,
		 ANSWER_UNKNOWN},
		{"role:member or role:x and role:y", ANSWER_YES, ANSWER_YES},
		{"role:x and role:y or role:member", ANSWER_YES, ANSWER_YES},
		{"(role:member or role:x) and role:y", ANSWER_NO, ANSWER_NO},
		{"not (role:member and role:x)", ANSWER_YES, ANSWER_YES},
		{"not role:member or role:member", ANSWER_YES, ANSWER_YES},
		{"((((role:member))))", ANSWER_YES, ANSWER_YES},
		{"( role:member )", ANSWER_YES, ANSWER_YES},
		{"rule:nothing", ANSWER_NO, ANSWER_NO},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("%s", rows[i].text);
		g_assert_cmpint(ask(rows[i].text, "p1", "reader,member", true), ==,
				rows[i].with);
		g_assert_cmpint(ask(rows[i].text, "p1", "reader,member", false), ==,
				rows[i].without);
	}
}

static void test_nonsense(void)
{
	static const char *const rows[] = {
		"role",
		"role:",
		":x",
		"and",
		"role:a and",
		"role:a role:b",
		"(role:a",
		"role:a)",
		"not",
		"()",
		"role:a or or role:b",
		"field:x",
		"field:x:y",
		"field:x:=1",
		"field:x:y=~[",
		"tenant_id:%(x)",
		"tenant_id:%(x",
		"role:%(x)s",
		"'a:%(x)s",
		"http://example.org/",
		"tenant_id:a%(x)s",
	};
	g_autoptr(GString) deep = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%s", rows[i]);
		g_assert_null(check_parse(rows[i], &error));
		g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
	}
	for (unsigned int i = 0; i < 3000; i++)
		g_string_append(deep, "not ");
	g_string_truncate(deep, 8000);
	g_string_append(deep, " @");
	g_assert_null(check_parse(deep->str, NULL));
	g_string_set_size(deep, 9000);
	memset(deep->str, ' ', 9000);
	g_assert_null(check_parse(deep->str, NULL));
}

/* parse(print(x)) = x, by what is printed. */
static void test_print(void)
{
	for (size_t i = 0; i < rule_defaults_count; i++) {
		g_autoptr(GString) first = g_string_new(NULL), second = g_string_new(NULL);
		struct check *check = check_parse(rule_defaults[i].check, NULL), *again;

		g_assert_nonnull(check);
		check_print(check, first);
		again = check_parse(first->str, NULL);
		g_assert_nonnull(again);
		check_print(again, second);
		g_assert_cmpstr(first->str, ==, second->str);
		check_free(check);
		check_free(again);
	}
}

/* Every rule that a default names is there, and no name is there twice. */
static void visit_named(const char *name, void *policy)
{
	g_assert_nonnull(policy_find(policy, name));
}

static void test_defaults(void)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	struct policy *policy = policy_new(NULL, NULL);

	for (size_t i = 0; i < rule_defaults_count; i++) {
		struct check *check = check_parse(rule_defaults[i].check, NULL);

		g_test_message("%s", rule_defaults[i].name);
		g_assert_true(g_hash_table_add(names, (void *)rule_defaults[i].name));
		check_visit_rules(check, visit_named, policy);
		check_free(check);
	}
	policy_free(policy);
}

static enum answer policy_ask(const struct policy *policy, const char *rule,
			      const struct creds *creds)
{
	const struct things things = {{things_find}, target_pairs};
	const struct rule *found = policy_find(policy, rule);

	g_assert_nonnull(found);
	return rule_ask(found, creds, &things.target);
}

static void test_roles(void)
{
	static const char *const admin[] = {"admin", NULL}, *const member[] = {"member", NULL},
				 *const reader[] = {"reader", NULL},
				 *const service[] = {"service", NULL};
	struct policy *policy = policy_new(NULL, NULL);
	struct creds creds = {.project_id = "p1", .roles = member};

	g_assert_cmpint(policy_ask(policy, "create_network", &creds), ==, ANSWER_YES);
	g_assert_cmpint(policy_ask(policy, "create_network:shared", &creds), ==, ANSWER_NO);
	g_assert_cmpint(policy_ask(policy, "create_port:device_owner", &creds), ==, ANSWER_NO);
	creds.project_id = "p2"; /* the network's */
	g_assert_cmpint(policy_ask(policy, "create_port:device_owner", &creds), ==, ANSWER_YES);
	g_assert_cmpint(policy_ask(policy, "update_network", &creds), ==, ANSWER_NO);
	creds.project_id = "p1";
	creds.roles = reader;
	g_assert_cmpint(policy_ask(policy, "create_network", &creds), ==, ANSWER_NO);
	g_assert_cmpint(policy_ask(policy, "get_port", &creds), ==, ANSWER_YES);
	creds.project_id = "p9";
	g_assert_cmpint(policy_ask(policy, "get_port", &creds), ==, ANSWER_NO);
	g_assert_cmpint(policy_ask(policy, "get_network", &creds), ==, ANSWER_YES); /* shared */
	creds.roles = service;
	g_assert_cmpint(policy_ask(policy, "get_port", &creds), ==, ANSWER_YES);
	creds.roles = admin;
	g_assert_cmpint(policy_ask(policy, "delete_network", &creds), ==, ANSWER_YES);
	creds.system_scope = "all";
	g_assert_cmpint(policy_ask(policy, "delete_network", &creds), ==, ANSWER_NO);
	g_assert_cmpint(policy_ask(policy, "context_is_admin", &creds), ==, ANSWER_YES);
	creds.system_scope = NULL;
	creds.domain_id = "d";
	g_assert_cmpint(policy_ask(policy, "delete_network", &creds), ==, ANSWER_NO);
	policy_free(policy);
}

/* The file */

static void write_file(const char *path, const char *text)
{
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void test_file(void)
{
	static const char *const member[] = {"member", NULL};
	const struct creds creds = {.project_id = "p1", .roles = member};
	g_autofree char *folder = g_dir_make_tmp("weft-policy-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "policy.yaml", NULL);
	g_autoptr(GError) error = NULL;
	const struct rule *extra;
	struct policy *policy;

	g_assert_null(policy_new(path, &error));
	g_clear_error(&error);
	write_file(path, "# nothing but comments\n");
	policy = policy_new(path, &error);
	g_assert_no_error(error);
	g_assert_cmpint(policy_ask(policy, "create_network", &creds), ==, ANSWER_YES);
	write_file(path, "\"create_network\": \"role:boss\"\n'get_network:name': '!'\n");
	g_assert_true(policy_reload(policy, &error));
	g_assert_cmpint(policy_ask(policy, "create_network", &creds), ==, ANSWER_NO);
	extra = policy_find(policy, "get_network:name");
	g_assert_nonnull(extra);
	write_file(path, "{\"create_network\": \"role:member\"}"); /* JSON is YAML */
	g_assert_true(policy_reload(policy, &error));
	g_assert_cmpint(policy_ask(policy, "create_network", &creds), ==, ANSWER_YES);
	g_assert_null(policy_find(policy, "get_network:name"));
	g_assert_cmpint(rule_ask(extra, &creds, NULL), ==, ANSWER_NO);
	write_file(path, "create_network: \"role:\"\n");
	g_assert_false(policy_reload(policy, &error));
	g_assert_nonnull(strstr(error->message, "create_network"));
	g_clear_error(&error);
	g_assert_cmpint(policy_ask(policy, "create_network", &creds), ==, ANSWER_YES);
	write_file(path, "a: rule:b\nb: not rule:c\nc: (@ and rule:a)\n");
	g_assert_false(policy_reload(policy, &error));
	g_assert_nonnull(strstr(error->message, "ring"));
	g_clear_error(&error);
	policy_free(policy);
	g_unlink(path);
	g_rmdir(folder);
}

static void test_file_nonsense(void)
{
	static const char *const rows[] = {
		"- a\n", "a: [b]\n", "a: {b: c}\n",   "a: &x b\nc: *x\n",
		"\"a",	 "text",     "a: b\n\tc: d\n"};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%s", rows[i]);
		g_assert_null(policy_file_parse(rows[i], strlen(rows[i]), &error));
		g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
	}
}

/*
 * What the reference says in neutron/conf/policies: agent.py of commit 6af25b25, segment.py of 2024.2 (its
 * rules of tags are an administrator's, as who updates a segment is), logging.py and address_group.py of
 * 08eb8e24, and availability_zone.py as an oslo.policy sample of 2025 has it. It has no rules for changes
 * of address groups, which are then the owner's whatever his role; ours ask for a member.
 */
static void test_reference(void)
{
	static const struct {
		const char *names, *check;
	} rows[] = {
		{"get_agent update_agent delete_agent", "rule:admin_only"},
		{"create_segment get_segment update_segment delete_segment", "rule:admin_only"},
		{"get_loggable_resource create_log get_log update_log delete_log",
		 "rule:admin_only"},
		{"shared_address_groups", "field:address_groups:shared=True"},
		{"get_address_group",
		 "rule:admin_only or (role:reader and project_id:%(project_id)s) or "
		 "rule:shared_address_groups"},
		{"create_address_group update_address_group delete_address_group add_addresses "
		 "remove_addresses",
		 "rule:admin_only or (role:member and project_id:%(project_id)s)"},
		{"get_availability_zone", "role:reader"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(GStrv) names = g_strsplit(rows[i].names, " ", -1);

		for (char **name = names; *name; name++) {
			gsize at = 0;

			while (at < rule_defaults_count &&
			       strcmp(rule_defaults[at].name, *name) != 0)
				at++;
			g_assert_cmpuint(at, <, rule_defaults_count);
			g_assert_cmpstr(rule_defaults[at].check, ==, rows[i].check);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rights/language", test_language);
	g_test_add_func("/rights/nonsense", test_nonsense);
	g_test_add_func("/rights/print", test_print);
	g_test_add_func("/rights/defaults", test_defaults);
	g_test_add_func("/rights/reference", test_reference);
	g_test_add_func("/rights/roles", test_roles);
	g_test_add_func("/rights/file", test_file);
	g_test_add_func("/rights/file-nonsense", test_file_nonsense);
	return g_test_run();
}

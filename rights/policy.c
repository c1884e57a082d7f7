/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules by name.
 */
#include "rights/policy.h"

#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "rights/defaults.h"
#include "rights/file.h"

struct rule {
	const struct policy *policy;
	const char *name;    /* interned */
	struct check *check; /* owned */
	bool any_scope;
};

struct policy {
	struct check_names names; /* first: what a check is given */
	char *path;
	GHashTable *rules; /* interned name -> struct rule, owned */
};

static void rule_free(void *data)
{
	struct rule *rule = data;

	check_free(rule->check);
	g_free(rule);
}

static const struct check *names_find(const struct check_names *names, const char *name)
{
	const struct policy *policy = (const struct policy *)names;
	const struct rule *rule = g_hash_table_lookup(policy->rules, name);

	/* The name is interned, as the keys are. */
	if (!rule)
		rule = policy_get_default(policy);
	return rule ? rule->check : NULL;
}

/* Rings: a rule is white, under way, or done. */

struct walk {
	GHashTable *checks; /* interned name -> struct check */
	GHashTable *seen;   /* interned name -> 1: under way, 2: done */
	const char *ring;
};

static void walk_visit(const char *name, void *data)
{
	struct walk *walk = data;
	guint state = GPOINTER_TO_UINT(g_hash_table_lookup(walk->seen, name));

	if (state == 1)
		walk->ring = name;
	if (state || walk->ring)
		return;
	g_hash_table_insert(walk->seen, (void *)name, GUINT_TO_POINTER(1));
	check_visit_rules(g_hash_table_lookup(walk->checks, name), walk_visit, walk);
	g_hash_table_insert(walk->seen, (void *)name, GUINT_TO_POINTER(2));
}

static bool checks_have_no_ring(GHashTable *checks, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
	struct walk walk = {checks, seen, NULL};
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, checks);
	while (!walk.ring && g_hash_table_iter_next(&iter, &name, NULL))
		walk_visit(name, &walk);
	if (!walk.ring)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "rule %s: it names itself, by a ring", walk.ring);
	return false;
}

/* Loading: all checks first, then they come into force together */

static bool checks_add(GHashTable *checks, const char *name, const char *text, GError **error)
{
	struct check *check = check_parse(text, error);

	if (!check) {
		g_prefix_error(error, "rule %s: ", name);
		return false;
	}
	g_hash_table_replace(checks, (void *)g_intern_string(name), check);
	return true;
}

static bool checks_read_file(GHashTable *checks, const char *path, GError **error)
{
	g_autoptr(GPtrArray) pairs = path ? policy_file_read(path, error) : NULL;
	bool good = !path || pairs;

	for (guint i = 0; pairs && good && i + 1 < pairs->len; i += 2)
		good = checks_add(checks, pairs->pdata[i], pairs->pdata[i + 1], error);
	if (!good)
		g_prefix_error(error, "%s: ", path);
	return good;
}

static GHashTable *checks_load(const char *path, GError **error)
{
	g_autoptr(GHashTable) checks = g_hash_table_new_full(g_direct_hash, g_direct_equal,
							     NULL, (GDestroyNotify)check_free);

	for (size_t i = 0; i < rule_defaults_count; i++)
		if (!checks_add(checks, rule_defaults[i].name, rule_defaults[i].check, error))
			return NULL;
	if (!checks_read_file(checks, path, error) || !checks_have_no_ring(checks, error))
		return NULL;
	return g_steal_pointer(&checks);
}

static const struct rule_default *default_find(const char *name)
{
	for (size_t i = 0; i < rule_defaults_count; i++)
		if (strcmp(rule_defaults[i].name, name) == 0)
			return &rule_defaults[i];
	return NULL;
}

static struct rule *policy_get_rule(struct policy *policy, const char *name)
{
	struct rule *rule = g_hash_table_lookup(policy->rules, name);
	const struct rule_default *known;

	if (rule)
		return rule;
	known = default_find(name);
	rule = g_new0(struct rule, 1);
	rule->policy = policy;
	rule->name = name;
	rule->any_scope = !known || known->any_scope;
	g_hash_table_insert(policy->rules, (void *)name, rule);
	return rule;
}

/* A rule that only the file had, and has no more, is gone: it stays without a check. */
static void policy_take(struct policy *policy, GHashTable *checks)
{
	GHashTableIter iter;
	void *name, *value;

	g_hash_table_iter_init(&iter, policy->rules);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		g_clear_pointer(&((struct rule *)value)->check, check_free);
	g_hash_table_iter_init(&iter, checks);
	while (g_hash_table_iter_next(&iter, &name, &value)) {
		policy_get_rule(policy, name)->check = value;
		g_hash_table_iter_steal(&iter);
	}
}

bool policy_reload(struct policy *policy, GError **error)
{
	g_autoptr(GHashTable) checks = checks_load(policy->path, error);

	if (!checks)
		return false;
	policy_take(policy, checks);
	return true;
}

struct policy *policy_new(const char *path, GError **error)
{
	struct policy *policy = g_new0(struct policy, 1);

	policy->names.find = names_find;
	policy->path = g_strdup(path);
	policy->rules = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, rule_free);
	if (!policy_reload(policy, error))
		g_clear_pointer(&policy, policy_free);
	return policy;
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	g_hash_table_unref(policy->rules);
	g_free(policy->path);
	g_free(policy);
}

/* Asking */

const struct rule *policy_find(const struct policy *policy, const char *name)
{
	GQuark quark = g_quark_try_string(name);
	const struct rule *rule =
		quark ? g_hash_table_lookup(policy->rules, g_quark_to_string(quark)) : NULL;

	return rule && rule->check ? rule : NULL;
}

const struct rule *policy_get_default(const struct policy *policy)
{
	return policy_find(policy, "default");
}

const char *rule_name(const struct rule *rule)
{
	return rule->name;
}

enum answer rule_ask(const struct rule *rule, const struct creds *creds,
		     const struct target *target)
{
	if (!rule->check || (!rule->any_scope && (creds->system_scope || creds->domain_id)))
		return ANSWER_NO;
	return check_ask(rule->check, &rule->policy->names, creds, target);
}

/* Printing */

void policy_print_defaults(FILE *out)
{
	for (size_t i = 0; i < rule_defaults_count; i++) {
		const struct rule_default *rule = &rule_defaults[i];

		fprintf(out, "# %s\n", rule->help);
		if (!rule->any_scope)
			fprintf(out, "# Intended scope(s): project\n");
		fprintf(out, "#\"%s\": \"%s\"\n\n", rule->name, rule->check);
	}
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void policy_visit(const struct policy *policy,
		  void (*visit)(const struct rule *rule, void *data), void *data)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, policy->rules);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(names, name);
	qsort(names->pdata, names->len, sizeof(void *), name_compare);
	for (guint i = 0; i < names->len; i++) {
		const struct rule *rule = g_hash_table_lookup(policy->rules, names->pdata[i]);

		if (rule->check)
			visit(rule, data);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Default rules are few, and changed by one job at a time (job_take_turn) under the guard of all
 * of them together, the one of no object. A new group expects that guard as it was: on whatever
 * controller, it has the rules as they are, or is made again. Until somebody looks at them or
 * changes them the first time there is no such guard, and they are the four of the model.
 */
#include "api/default_rule.h"

#include <stdlib.h>
#include <string.h>

#include "lib/error.h"

static bool are_untouched(const struct job *job)
{
	return !mirror_get_guard(job_api(job)->mirror, KIND_DEFAULT_RULE, uuid_none);
}

/* Before they are changed. False: the job has begun already. */
static bool rules_begin(struct job *job)
{
	char key[KEY_TEXT];

	if (job_has_claim(job, key_print_guard(KIND_DEFAULT_RULE, uuid_none, key)))
		return false;
	for (unsigned int i = 0; are_untouched(job) && i < DEFAULT_RULE_INITIAL; i++)
		job_add(job, KIND_DEFAULT_RULE, default_rule_new_initial(i));
	job_take_turn(job, KIND_DEFAULT_RULE, uuid_none);
	return true;
}

/* New groups */

/* Also when what it names belongs to somebody else: an administrator has said so. */
static void rule_give(struct job *job, const struct default_rule *rule,
		      const struct security_group *group)
{
	struct security_rule *made = default_rule_make(rule, group->object.id);
	struct uuid remote;

	made->object.project_id = group->object.project_id;
	job_add(job, KIND_SECURITY_RULE, made);
	if (default_rule_get_remote(rule, &remote))
		job_guard(job, KIND_SECURITY_GROUP, remote);
	if (!uuid_is_none(made->remote_address_group_id))
		job_guard(job, KIND_ADDRESS_GROUP, made->remote_address_group_id);
}

static int age_compare(const void *a, const void *b)
{
	const struct object *const *x = a, *const *y = b;

	return (*x)->store_revision < (*y)->store_revision ? -1
	       : (*x)->store_revision > (*y)->store_revision
		       ? 1
		       : memcmp(&(*x)->id, &(*y)->id, sizeof(struct uuid));
}

static GPtrArray *rules_list(const struct job *job)
{
	const GPtrArray *known = cloud_list(job_cloud(job), KIND_DEFAULT_RULE);
	GPtrArray *rules = g_ptr_array_new();

	for (guint i = 0; i < known->len; i++)
		g_ptr_array_add(rules, known->pdata[i]);
	if (rules->len)
		qsort(rules->pdata, rules->len, sizeof(void *), age_compare);
	return rules;
}

void default_rule_give(struct job *job, const struct security_group *group, bool default_group)
{
	g_autoptr(GPtrArray) rules = rules_list(job);

	job_expect_guard(job, KIND_DEFAULT_RULE, uuid_none);
	for (guint i = 0; i < rules->len; i++)
		if (default_rule_is_for(rules->pdata[i], default_group))
			rule_give(job, rules->pdata[i], group);
	for (unsigned int i = 0; are_untouched(job) && i < DEFAULT_RULE_INITIAL; i++) {
		struct default_rule *rule = default_rule_new_initial(i);

		if (default_rule_is_for(rule, default_group))
			rule_give(job, rule, group);
		attr_free(&default_rule_table, rule);
	}
}

/* What they name */

void default_rule_forget(struct job *job, struct uuid group)
{
	const GPtrArray *rules = cloud_list(job_cloud(job), KIND_DEFAULT_RULE);
	struct uuid remote;

	for (guint i = 0; i < rules->len; i++) {
		const struct default_rule *rule = rules->pdata[i];

		if (!default_rule_get_remote(rule, &remote) || !uuid_equal(remote, group))
			continue;
		rules_begin(job);
		job_del(job, KIND_DEFAULT_RULE, rule->rule.object.id);
	}
}

bool default_rule_names(const struct job *job, struct uuid address_group)
{
	const GPtrArray *rules = cloud_list(job_cloud(job), KIND_DEFAULT_RULE);

	for (guint i = 0; i < rules->len; i++)
		if (uuid_equal(((const struct default_rule *)rules->pdata[i])
				       ->rule.remote_address_group_id,
			       address_group))
			return true;
	return false;
}

/* The resource */

static bool remote_check(struct job *job, const struct default_rule *rule, GError **error)
{
	struct uuid list = rule->rule.remote_address_group_id, group;

	if (default_rule_get_remote(rule, &group)) {
		if (!job_find(job, KIND_SECURITY_GROUP, group))
			return resource_not_found(resource_get(KIND_SECURITY_GROUP), group,
						  error);
		job_guard(job, KIND_SECURITY_GROUP, group);
	}
	if (uuid_is_none(list))
		return true;
	if (!job_find(job, KIND_ADDRESS_GROUP, list))
		return resource_not_found(resource_get(KIND_ADDRESS_GROUP), list, error);
	job_guard(job, KIND_ADDRESS_GROUP, list);
	return true;
}

static bool twin_check(const struct default_rule *rule, const GPtrArray *others, bool own,
		       GError **error)
{
	char id[UUID_TEXT];

	for (guint i = 0; i < others->len; i++) {
		const struct default_rule *other = others->pdata[i];

		if (other == rule || !default_rule_same(rule, other))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "%s: Default Security group rule already exists. Rule id is %s.",
			    own ? "DuplicateDefaultSgRuleInPost"
				: "DefaultSecurityGroupRuleExists",
			    uuid_print(other->rule.object.id, id));
		return false;
	}
	return true;
}

static bool rule_put(struct job *job, const void *before, void *object, uint64_t given,
		     GError **error)
{
	struct default_rule *rule = object;
	const GPtrArray *known = cloud_list(job_cloud(job), KIND_DEFAULT_RULE);
	g_autoptr(GPtrArray) own = NULL;
	bool first;

	if (before)
		return true; /* nothing of it can be changed */
	security_rule_normalize(&rule->rule);
	if (!default_rule_validate(rule, error) || !remote_check(job, rule, error))
		return false;
	first = rules_begin(job);
	own = job_list_changed(job, KIND_DEFAULT_RULE);
	return twin_check(rule, own, !first, error) && twin_check(rule, known, false, error);
}

static bool rule_del(struct job *job, const void *object, GError **error)
{
	rules_begin(job);
	return true;
}

/* Whoever lists them sees those that there are at first. */
static bool rules_need(const struct cloud *cloud, const struct caller *caller)
{
	return !cloud_list(cloud, KIND_DEFAULT_RULE)->len;
}

static bool rules_prepare(struct job *job, GError **error)
{
	if (are_untouched(job))
		rules_begin(job);
	return true;
}

const struct resource api_default_rule = {
	.kind = KIND_DEFAULT_RULE,
	.put = rule_put,
	.del = rule_del,
	.need = rules_need,
	.prepare = rules_prepare,
};

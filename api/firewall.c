/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules and policies of firewalls. Which rules a policy has, and what they say, is changed by one job
 * at a time, under the guard of all rules, the one of no object: so a rule that goes, or is no longer shared,
 * and a policy that takes it exclude each other, a policy of a thousand rules needs one guard, and what hosts
 * could not make is seen whatever it is put together from.
 */
#include "api/firewall.h"

#include <string.h>

#include "api/access.h"
#include "lib/error.h"
#include "model/attr_json.h"

static bool refuse(GError **error, enum weft_error code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static bool refuse(GError **error, enum weft_error code, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, WEFT_ERROR, (int)code, text);
	return false;
}

static bool is_given(const struct attr_table *table, uint64_t given, const char *name)
{
	return given & attr_bit_of(table, name);
}

static bool is_foreign(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return g_strcmp0(x->project_id, y->project_id) != 0;
}

/* ------------------------------------------- what holds for several */

static void rules_take_turn(struct job *job)
{
	job_take_turn(job, KIND_FIREWALL_RULE, uuid_none);
}

/* Hosts can make POLICY's rules. CHANGED stands for what is known of it; NULL: nothing does. */
static bool policy_fits(struct job *job, const struct firewall_policy *policy,
			const struct firewall_rule *changed, GError **error)
{
	g_autoptr(GPtrArray) rules = g_ptr_array_sized_new(policy->rules.count);
	g_autoptr(GError) why = NULL;
	char id[UUID_TEXT];

	for (uint32_t i = 0; i < policy->rules.count; i++) {
		struct uuid rule_id = *vec_at(struct uuid, &policy->rules, i);
		const struct firewall_rule *rule =
			changed && uuid_equal(changed->object.id, rule_id)
				? changed
				: job_find(job, KIND_FIREWALL_RULE, rule_id);

		if (rule)
			g_ptr_array_add(rules, (gpointer)rule);
	}
	return job_api(job)->config.firewall_fits(
		       (const struct firewall_rule *const *)rules->pdata, rules->len, &why) ||
	       refuse(error, WEFT_ERROR_CONFLICT,
		      "FirewallPolicyTooComplex: Firewall policy %s cannot be put in force: %s.",
		      uuid_print(policy->object.id, id), why->message);
}

/* ---------------------------------------------------------------- rules */

/* Nobody looked at a policy as it is with another rule. */
static bool rule_tell_policies(struct job *job, const struct firewall_rule *rule,
			       const GPtrArray *policies, GError **error)
{
	for (guint i = 0; i < policies->len; i++) {
		struct firewall_policy *policy = job_edit(
			job, KIND_FIREWALL_POLICY, ((struct object *)policies->pdata[i])->id);

		if (!policy)
			continue;
		policy->audited = false;
		if (!policy_fits(job, policy, rule, error))
			return false;
	}
	return true;
}

static bool rule_in_use(const struct firewall_rule *rule, GError **error)
{
	char id[UUID_TEXT];

	return refuse(error, WEFT_ERROR_CONFLICT,
		      "FirewallRuleInUse: Firewall rule %s is being used.",
		      uuid_print(rule->object.id, id));
}

/* Who could not have it now does not have it. */
static bool rule_end_sharing(const struct firewall_rule *rule, const GPtrArray *policies,
			     GError **error)
{
	for (guint i = 0; i < policies->len; i++) {
		const struct firewall_policy *policy = policies->pdata[i];

		if (policy->shared || is_foreign(policy, rule))
			return rule_in_use(rule, error);
	}
	return true;
}

static bool rule_put(struct job *job, const void *before_object, void *object, uint64_t given,
		     GError **error)
{
	const struct firewall_rule *before = before_object;
	struct firewall_rule *rule = object;
	const GPtrArray *policies = cloud_list_rule_policies(job_cloud(job), rule->object.id);

	for (char *c = rule->protocol; c && *c; c++)
		*c = g_ascii_tolower(*c);
	if (!firewall_rule_validate(rule, error))
		return false;
	if (!before)
		return true;
	rules_take_turn(job);
	return (!before->shared || rule->shared || rule_end_sharing(rule, policies, error)) &&
	       rule_tell_policies(job, rule, policies, error);
}

static bool rule_del(struct job *job, const void *object, GError **error)
{
	const struct firewall_rule *rule = object;

	if (cloud_list_rule_policies(job_cloud(job), rule->object.id)->len)
		return rule_in_use(rule, error);
	rules_take_turn(job);
	job_close_guard(job, KIND_FIREWALL_RULE, rule->object.id); /* of an older weftd */
	return true;
}

const struct resource api_firewall_rule = {
	.kind = KIND_FIREWALL_RULE,
	.put = rule_put,
	.del = rule_del,
};

/* ------------------------------------------------------------- policies */

static const struct firewall_rule *rule_find_seen(struct job *job, struct uuid id,
						  GError **error)
{
	const struct firewall_rule *rule = job_find(job, KIND_FIREWALL_RULE, id);

	if (rule &&
	    access_sees(job_api(job)->access, job_caller(job), &api_firewall_rule, rule))
		return rule;
	resource_not_found(&api_firewall_rule, id, error);
	return NULL;
}

/* POLICY may have the rule ID. */
static bool policy_take_rule(struct job *job, const struct firewall_policy *policy,
			     struct uuid id, GError **error)
{
	const struct firewall_rule *rule = rule_find_seen(job, id, error);
	char name[UUID_TEXT], own[UUID_TEXT];

	if (!rule)
		return false;
	uuid_print(id, name);
	if (policy->shared && !rule->shared)
		return refuse(error, WEFT_ERROR_NOT_FOUND,
			      "FirewallRuleSharingConflict: Firewall policy %s is shared, and "
			      "firewall rule %s is not.",
			      uuid_print(policy->object.id, own), name);
	if (!rule->shared && is_foreign(rule, policy))
		return refuse(
			error, WEFT_ERROR_CONFLICT,
			"FirewallRuleConflict: Firewall rule %s is not shared and belongs "
			"to another project %s.",
			name, rule->object.project_id ? rule->object.project_id : "");
	return true;
}

/* Whoever sees it sees its rules. */
static bool policy_check_sharing(struct job *job, const struct firewall_policy *policy,
				 GError **error)
{
	char name[UUID_TEXT], own[UUID_TEXT];

	for (uint32_t i = 0; i < policy->rules.count; i++) {
		struct uuid id = *vec_at(struct uuid, &policy->rules, i);
		const struct firewall_rule *rule = job_find(job, KIND_FIREWALL_RULE, id);

		if (rule && !rule->shared)
			return refuse(error, WEFT_ERROR_CONFLICT,
				      "FirewallPolicySharingConflict: Before sharing firewall "
				      "policy %s, share associated firewall rule %s.",
				      uuid_print(policy->object.id, own), uuid_print(id, name));
	}
	return true;
}

static bool policy_in_use(struct uuid id, GError **error)
{
	char name[UUID_TEXT];

	return refuse(error, WEFT_ERROR_CONFLICT,
		      "FirewallPolicyInUse: Firewall policy %s is being used.",
		      uuid_print(id, name));
}

static bool policy_end_sharing(struct job *job, const struct firewall_policy *policy,
			       GError **error)
{
	const GPtrArray *groups =
		cloud_list_policy_firewalls(job_cloud(job), policy->object.id);

	for (guint i = 0; i < groups->len; i++)
		if (is_foreign(groups->pdata[i], policy))
			return policy_in_use(policy->object.id, error);
	job_take_turn(job, KIND_FIREWALL_POLICY, policy->object.id);
	return true;
}

static bool is_default(const struct firewall_policy *policy)
{
	return g_strcmp0(policy->object.name, FIREWALL_DEFAULT_INGRESS) == 0 ||
	       g_strcmp0(policy->object.name, FIREWALL_DEFAULT_EGRESS) == 0;
}

static bool policy_check_name(const struct firewall_policy *before,
			      const struct firewall_policy *policy, GError **error)
{
	char id[UUID_TEXT];

	if (before && is_default(before))
		return refuse(error, WEFT_ERROR_CONFLICT,
			      "FirewallDefaultObjectUpdateRestricted: Operation cannot be "
			      "performed on default object '%s' of type Firewall Policy.",
			      uuid_print(policy->object.id, id));
	return !is_default(policy) ||
	       refuse(error, WEFT_ERROR_CONFLICT,
		      "FirewallDefaultParameterExists: Operation cannot be performed since "
		      "'%s' is a reserved name for Firewall Policy.",
		      policy->object.name);
}

static bool policy_put(struct job *job, const void *before_object, void *object, uint64_t given,
		       GError **error)
{
	const struct firewall_policy *before = before_object;
	struct firewall_policy *policy = object;
	bool shares = before && !before->shared && policy->shared;

	if (!policy_check_name(before, policy, error) ||
	    (before && before->shared && !policy->shared &&
	     !policy_end_sharing(job, policy, error)) ||
	    (shares && !is_given(&firewall_policy_table, given, "firewall_rules") &&
	     !policy_check_sharing(job, policy, error)))
		return false;
	if (before && !is_given(&firewall_policy_table, given, "audited"))
		policy->audited = false;
	if (!shares && !is_given(&firewall_policy_table, given, "firewall_rules"))
		return true;
	rules_take_turn(job);
	for (uint32_t i = 0; i < policy->rules.count; i++) {
		struct uuid id = *vec_at(struct uuid, &policy->rules, i);

		if (before && !shares && firewall_policy_has_rule(before, id))
			continue;
		if (!policy_take_rule(job, policy, id, error))
			return false;
	}
	return policy_fits(job, policy, NULL, error);
}

static bool policy_del(struct job *job, const void *object, GError **error)
{
	struct uuid id = ((const struct object *)object)->id;

	if (cloud_list_policy_firewalls(job_cloud(job), id)->len)
		return policy_in_use(id, error);
	job_close_guard(job, KIND_FIREWALL_POLICY, id);
	return true;
}

struct firewall_policy *firewall_policy_new(struct job *job, const char *project,
					    const char *name, const char *description,
					    struct firewall_rule *const *rules, guint count)
{
	struct firewall_policy *policy = attr_new(&firewall_policy_table);

	policy->object.project_id = project;
	policy->object.name = g_strdup(name);
	policy->object.description = g_strdup(description);
	for (guint i = 0; i < count; i++) {
		const struct firewall_rule *rule =
			job_add_free(job, KIND_FIREWALL_RULE, rules[i]);

		*(struct uuid *)vec_add(&policy->rules, sizeof(struct uuid)) = rule->object.id;
	}
	return job_add_free(job, KIND_FIREWALL_POLICY, policy);
}

bool firewall_policy_remove(struct job *job, const struct firewall_policy *policy,
			    struct uuid group, GError **error)
{
	const GPtrArray *groups =
		cloud_list_policy_firewalls(job_cloud(job), policy->object.id);

	for (guint i = 0; i < groups->len; i++)
		if (!uuid_equal(((struct object *)groups->pdata[i])->id, group))
			return policy_in_use(policy->object.id, error);
	job_close_guard(job, KIND_FIREWALL_POLICY, policy->object.id);
	job_del(job, KIND_FIREWALL_POLICY, policy->object.id);
	return true;
}

/* -------------------------------------------------- rules one by one */

/* The id that BODY has at NAME; none: nothing, "" or null. */
static bool body_read_rule(json_t *body, const char *name, struct uuid *out, GError **error)
{
	json_t *value = json_object_get(body, name);
	const char *text = json_string_value(value);

	*out = uuid_none;
	if (!value || json_is_null(value) || (text && !*text))
		return true;
	return (text && uuid_parse(text, out)) ||
	       refuse(error, WEFT_ERROR_NOT_FOUND,
		      "FirewallRuleNotFound: Firewall rule %s could not be found.",
		      text ? text : "None");
}

static bool body_read(json_t *body, struct uuid *rule, GError **error)
{
	if (!json_object_get(body, "firewall_rule_id"))
		return refuse(error, WEFT_ERROR_INVALID,
			      "FirewallRuleInfoMissing: Missing rule info argument for "
			      "insert/remove rule operation: firewall_rule_id.");
	if (!body_read_rule(body, "firewall_rule_id", rule, error))
		return false;
	return !uuid_is_none(*rule) || resource_not_found(&api_firewall_rule, *rule, error);
}

/* Where in POLICY the rule ID stands. */
static bool policy_find_place(const struct firewall_policy *policy, struct uuid id,
			      uint32_t *out, GError **error)
{
	char name[UUID_TEXT], own[UUID_TEXT];

	for (*out = 0; *out < policy->rules.count; ++*out)
		if (uuid_equal(*vec_at(struct uuid, &policy->rules, *out), id))
			return true;
	return refuse(error, WEFT_ERROR_INVALID,
		      "FirewallRuleNotAssociatedWithPolicy: Firewall rule %s is not associated "
		      "with firewall policy %s.",
		      uuid_print(id, name), uuid_print(policy->object.id, own));
}

/* Before insert_before, else behind insert_after, else first. */
static bool body_read_place(json_t *body, const struct firewall_policy *policy, uint32_t *out,
			    GError **error)
{
	struct uuid before, after;

	*out = 0;
	if (!body_read_rule(body, "insert_before", &before, error) ||
	    !body_read_rule(body, "insert_after", &after, error))
		return false;
	if (!uuid_is_none(before))
		return policy_find_place(policy, before, out, error);
	if (uuid_is_none(after))
		return true;
	if (!policy_find_place(policy, after, out, error))
		return false;
	++*out;
	return true;
}

/* The answer is the policy without its name around it: that is what clients know. */
static void policy_print(struct job *job, const struct firewall_policy *policy, GString *reply)
{
	const struct caller *caller = job_caller(job);
	struct attr_view view = attr_view_all;

	view.world = job_cloud(job);
	view.project = caller->project_id;
	view.hidden = access_hides(job_api(job)->access, caller, &api_firewall_policy, policy);
	attr_encode(&firewall_policy_table, policy, &view, reply);
}

static bool policy_has_room(const struct firewall_policy *policy, GError **error)
{
	return policy->rules.count < FIREWALL_RULE_MAX ||
	       refuse(error, WEFT_ERROR_INVALID,
		      "Invalid input for firewall_rules. Reason: %u exceed the maximum of %d.",
		      policy->rules.count + 1, FIREWALL_RULE_MAX);
}

static bool insert_rule(struct job *job, struct uuid id, json_t *body, GString *reply,
			GError **error)
{
	struct firewall_policy *policy = job_edit(job, KIND_FIREWALL_POLICY, id);
	char name[UUID_TEXT], own[UUID_TEXT];
	struct uuid rule, *list;
	uint32_t place;

	if (!body_read(body, &rule, error))
		return false;
	if (firewall_policy_has_rule(policy, rule))
		return refuse(error, WEFT_ERROR_CONFLICT,
			      "FirewallRuleAlreadyAssociated: Firewall rule %s is already "
			      "associated with firewall policy %s.",
			      uuid_print(rule, name), uuid_print(id, own));
	if (!policy_take_rule(job, policy, rule, error) ||
	    !body_read_place(body, policy, &place, error) || !policy_has_room(policy, error))
		return false;
	vec_add(&policy->rules, sizeof(struct uuid));
	list = policy->rules.items;
	memmove(list + place + 1, list + place,
		(policy->rules.count - 1 - place) * sizeof(*list));
	list[place] = rule;
	policy->audited = false;
	rules_take_turn(job);
	if (!policy_fits(job, policy, NULL, error))
		return false;
	policy_print(job, policy, reply);
	return true;
}

static bool remove_rule(struct job *job, struct uuid id, json_t *body, GString *reply,
			GError **error)
{
	struct firewall_policy *policy = job_edit(job, KIND_FIREWALL_POLICY, id);
	struct uuid rule, *list;
	uint32_t place;

	if (!body_read(body, &rule, error) || !rule_find_seen(job, rule, error) ||
	    !policy_find_place(policy, rule, &place, error))
		return false;
	list = policy->rules.items;
	policy->rules.count--;
	memmove(list + place, list + place + 1, (policy->rules.count - place) * sizeof(*list));
	policy->audited = false;
	policy_print(job, policy, reply);
	return true;
}

static const struct resource_action policy_actions[] = {
	{"insert_rule", insert_rule},
	{"remove_rule", remove_rule},
	{NULL, NULL},
};

const struct resource api_firewall_policy = {
	.kind = KIND_FIREWALL_POLICY,
	.put = policy_put,
	.del = policy_del,
	.actions = policy_actions,
};

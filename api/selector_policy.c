/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies: names for rules that have none, what they deny when nobody says, and address groups
 * that exist.
 */
#include "api/selector_policy.h"

#include "api/access.h"
#include "api/rbac.h"
#include "lib/error.h"

static bool policy_accepts(const struct selector_policy *policy, uint32_t direction)
{
	for (uint32_t i = 0; i < policy->rules.count; i++) {
		const struct selector_rule *rule =
			vec_at(struct selector_rule, &policy->rules, i);

		if (rule->direction == direction && rule->action == SELECTOR_ACCEPT)
			return true;
	}
	return false;
}

/* As a NetworkPolicy isolates whom it selects: who accepts something accepts nothing else. */
static void policy_fill_denials(struct selector_policy *policy)
{
	for (uint32_t direction = 0; direction < 2; direction++)
		if (policy_accepts(policy, direction))
			*(uint32_t *)vec_add(&policy->default_deny, sizeof(direction)) =
				direction;
}

/* What a request says twice it says once. */
static void policy_unite_denials(struct selector_policy *policy)
{
	uint32_t *list = policy->default_deny.items;

	if (policy->default_deny.count == 2 && list[0] == list[1])
		policy->default_deny.count = 1;
}

static bool group_check(struct job *job, struct uuid id, const char *project, GError **error)
{
	const struct resource *groups = resource_get(KIND_ADDRESS_GROUP);
	const struct address_group *group = job_find(job, KIND_ADDRESS_GROUP, id);

	if (!group || !access_sees(job_api(job)->access, job_caller(job), groups, group))
		return resource_not_found(groups, id, error);
	job_guard(job, KIND_ADDRESS_GROUP, id);
	rbac_use(job, KIND_ADDRESS_GROUP, group, project);
	return true;
}

static bool groups_check(struct job *job, const struct selector_policy *policy, GError **error)
{
	for (uint32_t i = 0; i < policy->rules.count; i++) {
		const struct selector_rule *rule =
			vec_at(struct selector_rule, &policy->rules, i);

		for (uint32_t n = 0; n < rule->peers.count; n++) {
			struct uuid id =
				vec_at(struct selector_peer, &rule->peers, n)->address_group_id;

			if (!uuid_is_none(id) &&
			    !group_check(job, id, policy->object.project_id, error))
				return false;
		}
	}
	return true;
}

static bool policy_put(struct job *job, const void *before, void *object, uint64_t given,
		       GError **error)
{
	struct selector_policy *policy = object;

	selector_policy_name_rules(policy);
	if (!selector_policy_validate(policy, error))
		return false;
	if (!before && !(given & attr_bit_of(&selector_policy_table, "default_deny")))
		policy_fill_denials(policy);
	policy_unite_denials(policy);
	if (before && !(given & attr_bit_of(&selector_policy_table, "rules")))
		return true;
	return groups_check(job, policy, error);
}

static bool policy_del(struct job *job, const void *object, GError **error)
{
	return true;
}

const struct resource api_selector_policy = {
	.kind = KIND_POLICY,
	.put = policy_put,
	.del = policy_del,
};

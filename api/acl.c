/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network ACLs. A new, changed or deleted rule changes its ACL's revision, which also makes two
 * rules that want one number exclude each other. An ACL that a subnet names stays.
 */
#include "api/acl.h"

#include "api/access.h"
#include "lib/error.h"

/* It is there, and the caller sees it. */
static const struct network_acl *acl_find_seen(struct job *job, struct uuid id, GError **error)
{
	const struct resource *acls = resource_get(KIND_NETWORK_ACL);
	const struct network_acl *acl = job_find(job, KIND_NETWORK_ACL, id);

	if (acl && access_sees(job_api(job)->access, job_caller(job), acls, acl))
		return acl;
	resource_not_found(acls, id, error);
	return NULL;
}

bool acl_guard_subnet(struct job *job, const struct subnet *before, const struct subnet *subnet,
		      GError **error)
{
	struct uuid id = subnet->network_acl_id;

	if (uuid_is_none(id) || (before && uuid_equal(before->network_acl_id, id)))
		return true;
	if (!acl_find_seen(job, id, error))
		return false;
	job_guard(job, KIND_NETWORK_ACL, id);
	return true;
}

static bool acl_put(struct job *job, const void *before, void *object, uint64_t given,
		    GError **error)
{
	return true;
}

static bool acl_del(struct job *job, const void *object, GError **error)
{
	struct uuid id = ((const struct object *)object)->id;
	const GPtrArray *subnets = cloud_list_acl_subnets(job_cloud(job), id);
	const GPtrArray *rules = cloud_list_acl_rules(job_cloud(job), id);
	char name[UUID_TEXT], subnet[UUID_TEXT];

	if (subnets->len) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "NetworkAclInUse: Network ACL %s is in use by subnet %s.",
			    uuid_print(id, name),
			    uuid_print(((struct object *)subnets->pdata[0])->id, subnet));
		return false;
	}
	for (guint i = 0; i < rules->len; i++)
		job_del(job, KIND_NETWORK_ACL_RULE, ((struct object *)rules->pdata[i])->id);
	job_close_guard(job, KIND_NETWORK_ACL, id);
	return true;
}

/* ---------------------------------------------------------------- rules */

static bool number_check(struct job *job, const struct network_acl_rule *rule,
			 const GPtrArray *others, GError **error)
{
	char id[UUID_TEXT];

	for (guint i = 0; i < others->len; i++) {
		const struct object *known = others->pdata[i];
		/* as the job has it, when it has changed it */
		const struct network_acl_rule *other =
			job_find(job, KIND_NETWORK_ACL_RULE, known->id);

		if (!other || uuid_equal(known->id, rule->object.id) ||
		    !uuid_equal(other->network_acl_id, rule->network_acl_id) ||
		    other->direction != rule->direction || other->number != rule->number)
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "NetworkAclRuleExists: number %" G_GINT64_FORMAT
			    " is that of rule %s in this direction.",
			    rule->number, uuid_print(known->id, id));
		return false;
	}
	return true;
}

static bool rule_put(struct job *job, const void *before, void *object, uint64_t given,
		     GError **error)
{
	struct network_acl_rule *rule = object;
	g_autoptr(GPtrArray) own = job_list_changed(job, KIND_NETWORK_ACL_RULE);
	const uint64_t family = attr_bit_of(&network_acl_rule_table, "ethertype");
	const uint64_t about = attr_bit_of(&network_acl_rule_table, "remote_ip_prefix") |
			       attr_bit_of(&network_acl_rule_table, "protocol");

	if (before && (given & about) && !(given & family))
		rule->ethertype = 0; /* it follows from what is said anew */
	network_acl_rule_complete(rule);
	if (!network_acl_rule_validate(rule, error) ||
	    (!before && !acl_find_seen(job, rule->network_acl_id, error)) ||
	    !number_check(job, rule, own, error) ||
	    !number_check(job, rule, cloud_list_acl_rules(job_cloud(job), rule->network_acl_id),
			  error))
		return false;
	return job_edit(job, KIND_NETWORK_ACL, rule->network_acl_id) ||
	       resource_not_found(resource_get(KIND_NETWORK_ACL), rule->network_acl_id, error);
}

static bool rule_del(struct job *job, const void *object, GError **error)
{
	const struct network_acl_rule *rule = object;

	job_edit(job, KIND_NETWORK_ACL, rule->network_acl_id);
	return true;
}

const struct resource api_network_acl = {
	.kind = KIND_NETWORK_ACL,
	.put = acl_put,
	.del = acl_del,
};

const struct resource api_network_acl_rule = {
	.kind = KIND_NETWORK_ACL_RULE,
	.put = rule_put,
	.del = rule_del,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of firewalls: policies that are there, and interfaces of routers, each claimed by its
 * group. Every project has a default group that nobody can take away from it; ports are put
 * into it, as into any other, by who wants them there.
 */
#include "api/firewall_group.h"

#include "api/access.h"
#include "api/claim.h"
#include "api/firewall.h"
#include "lib/error.h"

static bool is_default(const struct firewall_group *group)
{
	return g_strcmp0(group->object.name, FIREWALL_DEFAULT) == 0;
}

/* ------------------------------------------------------ the default group */

static const struct firewall_group *default_find(struct job *job, const char *project)
{
	const struct firewall_group *group =
		cloud_find_default_firewall(job_cloud(job), project);
	g_autoptr(GPtrArray) made = job_list_changed(job, KIND_FIREWALL_GROUP);

	for (guint i = 0; !group && i < made->len; i++) {
		const struct firewall_group *own = made->pdata[i];

		if (own->object.project_id == project && is_default(own))
			group = own;
	}
	return group;
}

/* A policy of two rules, of which each says the same of its version. */
static struct uuid default_policy(struct job *job, const char *project, const char *name,
				  enum firewall_action action)
{
	const char *way = action == FIREWALL_ALLOW ? "egress" : "ingress";
	g_autofree char *description = g_strdup_printf(
		"%s firewall policy", action == FIREWALL_ALLOW ? "Egress" : "Ingress");
	struct firewall_rule *rules[2];
	const struct firewall_policy *policy;

	for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
		rules[i] = attr_new(&firewall_rule_table);
		rules[i]->object.project_id = project;
		rules[i]->ip_version = i ? 6 : 4;
		rules[i]->action = action;
		rules[i]->object.name = g_strdup_printf("default %s ipv%d", way, i ? 6 : 4);
		rules[i]->object.description =
			g_strdup_printf("default %s rule for IPv%d", way, i ? 6 : 4);
	}
	policy = firewall_policy_new(job, project, name, description, rules,
				     G_N_ELEMENTS(rules));
	job_guard(job, KIND_FIREWALL_POLICY, policy->object.id);
	return policy->object.id;
}

static void default_make(struct job *job, const char *project)
{
	struct firewall_group *group;
	char key[CLAIM_TEXT], id[UUID_TEXT];

	if (!project || !*project || default_find(job, project))
		return;
	group = attr_new(&firewall_group_table);
	group->object.name = g_strdup(FIREWALL_DEFAULT);
	group->object.description = g_strdup("Default firewall group");
	group->object.project_id = project;
	group->ingress_policy_id =
		default_policy(job, project, FIREWALL_DEFAULT_INGRESS, FIREWALL_DENY);
	group->egress_policy_id =
		default_policy(job, project, FIREWALL_DEFAULT_EGRESS, FIREWALL_ALLOW);
	job_add_free(job, KIND_FIREWALL_GROUP, group);
	job_claim(job, claim_print_default_firewall(project, key),
		  uuid_print(group->object.id, id));
}

static bool groups_prepare(struct job *job, GError **error)
{
	default_make(job, job_caller(job)->project_id);
	return true;
}

static bool groups_need(const struct cloud *cloud, const struct caller *caller)
{
	return caller->project_id && *caller->project_id &&
	       !cloud_find_default_firewall(cloud, caller->project_id);
}

/* ------------------------------------------------------------- what it names */

static bool policy_take(struct job *job, const struct firewall_group *group, struct uuid id,
			GError **error)
{
	const struct firewall_policy *policy = job_find(job, KIND_FIREWALL_POLICY, id);
	char name[UUID_TEXT];
	bool foreign;

	if (!policy ||
	    !access_sees(job_api(job)->access, job_caller(job), &api_firewall_policy, policy))
		return resource_not_found(&api_firewall_policy, id, error);
	foreign = g_strcmp0(policy->object.project_id, group->object.project_id) != 0;
	if (foreign && !policy->shared) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    "FirewallPolicyConflict: Firewall policy %s is neither shared nor "
			    "of the group's project.",
			    uuid_print(id, name));
		return false;
	}
	if (foreign)
		job_rely(job, KIND_FIREWALL_POLICY, id);
	else
		job_guard(job, KIND_FIREWALL_POLICY, id);
	return true;
}

static bool policies_take(struct job *job, const struct firewall_group *before,
			  const struct firewall_group *group, GError **error)
{
	const struct uuid ids[] = {group->ingress_policy_id, group->egress_policy_id};
	const struct uuid had[] = {before ? before->ingress_policy_id : uuid_none,
				   before ? before->egress_policy_id : uuid_none};

	for (gsize i = 0; i < G_N_ELEMENTS(ids); i++)
		if (!uuid_is_none(ids[i]) && !uuid_equal(ids[i], had[i]) &&
		    !policy_take(job, group, ids[i], error))
			return false;
	return true;
}

static bool port_refuse(struct uuid port, const char *type, const char *why, GError **error)
{
	char id[UUID_TEXT];

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "%s: Port %s of firewall group is invalid: %s.", type, uuid_print(port, id),
		    why);
	return false;
}

/* It is an interface of a router of the group's project. */
static bool port_check(const struct firewall_group *group, const struct port *port,
		       GError **error)
{
	struct uuid id = port->object.id;

	if (g_strcmp0(port->object.project_id, group->object.project_id) != 0)
		return port_refuse(id, "FirewallGroupPortInvalidProject",
				   "it is of another project", error);
	if (port_is_router_interface(port))
		return true;
	if (port->device_owner && g_str_has_prefix(port->device_owner, "compute:"))
		return port_refuse(id, "FirewallGroupPortNotSupported",
				   "security groups and policies filter ports of instances",
				   error);
	return port_refuse(id, "FirewallGroupPortInvalid", "it is not a router's interface",
			   error);
}

static bool port_take(struct job *job, const struct firewall_group *group, struct uuid id,
		      GError **error)
{
	const struct resource *ports = resource_get(KIND_PORT);
	const struct port *port = job_find(job, KIND_PORT, id);
	const struct firewall_group *other = cloud_find_port_firewall(job_cloud(job), id);
	char key[CLAIM_TEXT], owner[UUID_TEXT];

	if (!port || !access_sees(job_api(job)->access, job_caller(job), ports, port))
		return resource_not_found(ports, id, error);
	if (!port_check(group, port, error))
		return false;
	if ((other && !uuid_equal(other->object.id, group->object.id)) ||
	    !job_claim(job, claim_print_firewall_port(id, key),
		       uuid_print(group->object.id, owner))) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "FirewallGroupPortInUse: Port(s) %s provided already associated "
			    "with other firewall group(s).",
			    uuid_print(id, owner));
		return false;
	}
	job_guard(job, KIND_PORT, id);
	return true;
}

static bool ports_take(struct job *job, const struct firewall_group *before,
		       const struct firewall_group *group, GError **error)
{
	char key[CLAIM_TEXT];

	for (uint32_t i = 0; i < group->ports.count; i++) {
		struct uuid id = *vec_at(struct uuid, &group->ports, i);

		if (!(before && firewall_group_has_port(before, id)) &&
		    !port_take(job, group, id, error))
			return false;
	}
	for (uint32_t i = 0; before && i < before->ports.count; i++) {
		struct uuid id = *vec_at(struct uuid, &before->ports, i);

		if (!firewall_group_has_port(group, id))
			job_unclaim(job, claim_print_firewall_port(id, key));
	}
	return true;
}

void firewall_forget_port(struct job *job, const struct port *port)
{
	struct uuid id = port->object.id;
	const struct firewall_group *before = cloud_find_port_firewall(job_cloud(job), id);
	struct firewall_group *group =
		before ? job_edit(job, KIND_FIREWALL_GROUP, before->object.id) : NULL;
	uint32_t kept = 0;
	char key[CLAIM_TEXT];

	job_close_guard(job, KIND_PORT, id);
	if (!group)
		return;
	for (uint32_t i = 0; i < group->ports.count; i++) {
		struct uuid other = *vec_at(struct uuid, &group->ports, i);

		if (!uuid_equal(other, id))
			*vec_at(struct uuid, &group->ports, kept++) = other;
	}
	group->ports.count = kept;
	job_unclaim(job, claim_print_firewall_port(id, key));
}

/* ---------------------------------------------------------------- groups */

/* Of the default group a member puts ports in and out, nothing else; nobody renames it. */
static bool default_check(struct job *job, const struct firewall_group *group, uint64_t given,
			  GError **error)
{
	static const char *const fixed[] = {"name", "description", "admin_state_up",
					    "ingress_firewall_policy_id",
					    "egress_firewall_policy_id"};
	gsize count = job_caller(job)->admin ? 1 : G_N_ELEMENTS(fixed);
	char id[UUID_TEXT];

	for (gsize i = 0; i < count; i++) {
		if (!(given & attr_bit_of(&firewall_group_table, fixed[i])))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "FirewallDefaultObjectUpdateRestricted: Operation cannot be "
			    "performed on default object '%s' of type Firewall Group: %s.",
			    uuid_print(group->object.id, id), fixed[i]);
		return false;
	}
	return true;
}

static bool group_put(struct job *job, const void *before_object, void *object, uint64_t given,
		      GError **error)
{
	const struct firewall_group *before = before_object, *group = object;

	if (before && is_default(before)) {
		if (!default_check(job, before, given, error))
			return false;
	} else if (is_default(group)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "FirewallDefaultParameterExists: Operation cannot be performed "
			    "since '%s' is a reserved name for Firewall Group.",
			    group->object.name);
		return false;
	}
	if (!before)
		default_make(job, group->object.project_id);
	return policies_take(job, before, group, error) &&
	       ports_take(job, before, group, error);
}

/* With the default group go its own policies; their rules stay, as in the reference. */
static bool default_del(struct job *job, const struct firewall_group *group, GError **error)
{
	const struct uuid ids[] = {group->ingress_policy_id, group->egress_policy_id};
	static const char *const names[] = {FIREWALL_DEFAULT_INGRESS, FIREWALL_DEFAULT_EGRESS};
	char key[CLAIM_TEXT];

	if (!job_caller(job)->admin) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "FirewallGroupCannotRemoveDefault: Deleting default firewall group "
			    "not allowed.");
		return false;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
		const struct firewall_policy *policy =
			job_find(job, KIND_FIREWALL_POLICY, ids[i]);

		if (policy && g_strcmp0(policy->object.name, names[i]) == 0 &&
		    !firewall_policy_remove(job, policy, group->object.id, error))
			return false;
	}
	job_unclaim(job, claim_print_default_firewall(group->object.project_id, key));
	return true;
}

static bool group_del(struct job *job, const void *object, GError **error)
{
	const struct firewall_group *group = object;
	char id[UUID_TEXT];

	if (group->ports.count) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "FirewallGroupInUse: Firewall group %s is still active: it stands "
			    "at %u ports.",
			    uuid_print(group->object.id, id), group->ports.count);
		return false;
	}
	return !is_default(group) || default_del(job, group, error);
}

const struct resource api_firewall_group = {
	.kind = KIND_FIREWALL_GROUP,
	.put = group_put,
	.del = group_del,
	.need = groups_need,
	.prepare = groups_prepare,
};

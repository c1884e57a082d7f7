/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security groups: the default one of each project, rules without duplicates, and nobody left
 * in a group that goes. What a new one begins with says api/default_rule.c. A new or deleted rule changes its group's revision, which also makes
 * two equal rules exclude each other.
 */
#include "api/security.h"

#include <stdlib.h>
#include <string.h>

#include "api/access.h"
#include "api/claim.h"
#include "api/default_rule.h"
#include "api/log.h"
#include "api/rbac.h"
#include "lib/error.h"

/* ----------------------------------------------------------- new groups */

static const struct security_group *default_find(struct job *job, const char *project)
{
	const struct security_group *group = cloud_find_default_group(job_cloud(job), project);
	g_autoptr(GPtrArray) made = job_list_changed(job, KIND_SECURITY_GROUP);

	for (guint i = 0; !group && i < made->len; i++) {
		const struct security_group *own = made->pdata[i];

		if (own->object.project_id == project &&
		    g_strcmp0(own->object.name, SECURITY_GROUP_DEFAULT) == 0)
			group = own;
	}
	return group;
}

const struct security_group *security_get_default(struct job *job, const char *project)
{
	const struct security_group *present = default_find(job, project);
	struct security_group *group;
	char key[CLAIM_TEXT], id[UUID_TEXT];

	if (present)
		return present;
	group = attr_new(&security_group_table);
	group->object.name = g_strdup(SECURITY_GROUP_DEFAULT);
	group->object.description = g_strdup("Default security group");
	group->object.project_id = project;
	job_add(job, KIND_SECURITY_GROUP, group);
	job_claim(job, claim_print_default_group(project, key),
		  uuid_print(group->object.id, id));
	default_rule_give(job, group, true);
	job_guard(job, KIND_SECURITY_GROUP, group->object.id);
	return group;
}

static bool refuse_in_use(struct uuid id, GError **error)
{
	char name[UUID_TEXT];

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "SecurityGroupInUse: Security Group %s in use.", uuid_print(id, name));
	return false;
}

static bool is_default(const struct security_group *group)
{
	return g_strcmp0(group->object.name, SECURITY_GROUP_DEFAULT) == 0;
}

/* Nobody may call one so, in whatever case: people could not tell them apart. */
static bool is_called_default(const struct security_group *group)
{
	return group->object.name &&
	       g_ascii_strcasecmp(group->object.name, SECURITY_GROUP_DEFAULT) == 0;
}

static bool group_check_update(struct job *job, const struct security_group *before,
			       const struct security_group *group, GError **error)
{
	if (is_default(before) && !is_default(group)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "SecurityGroupCannotUpdateDefault: Updating default security group "
			    "not allowed.");
		return false;
	}
	if (!is_default(before) && is_called_default(group)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "SecurityGroupDefaultAlreadyExists: Default security group already "
			    "exists.");
		return false;
	}
	if (before->stateful != group->stateful &&
	    cloud_count_group_ports(job_cloud(job), group->object.id))
		return refuse_in_use(group->object.id, error);
	return true;
}

static bool group_put(struct job *job, const void *before, void *object, uint64_t given,
		      GError **error)
{
	struct security_group *group = object;

	if (before)
		return group_check_update(job, before, group, error);
	/* this one, too, is in the job already */
	if (is_called_default(group)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "SecurityGroupDefaultAlreadyExists: Default security group already "
			    "exists.");
		return false;
	}
	default_rule_give(job, group, false);
	return true;
}

/* ---------------------------------------------------------- the end of one */

static void rules_del(struct job *job, const GPtrArray *rules)
{
	for (guint i = 0; i < rules->len; i++) {
		const struct security_rule *rule = rules->pdata[i];

		if (job_find(job, KIND_SECURITY_RULE, rule->object.id))
			job_del(job, KIND_SECURITY_RULE, rule->object.id);
	}
}

/* Other groups' rules that name it go with it, and their revisions grow. */
static void remotes_del(struct job *job, struct uuid id)
{
	const GPtrArray *rules = cloud_list_remote_rules(job_cloud(job), id);

	for (guint i = 0; i < rules->len; i++) {
		const struct security_rule *rule = rules->pdata[i];

		if (!uuid_equal(rule->security_group_id, id))
			job_edit(job, KIND_SECURITY_GROUP, rule->security_group_id);
	}
	rules_del(job, rules);
}

static bool group_del(struct job *job, const void *object, GError **error)
{
	const struct security_group *group = object;
	struct uuid id = group->object.id;
	char key[CLAIM_TEXT];

	if (cloud_count_group_ports(job_cloud(job), id))
		return refuse_in_use(id, error);
	if (is_default(group) && !job_caller(job)->admin) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			"SecurityGroupCannotRemoveDefault: Insufficient rights for removing "
			"default security group.");
		return false;
	}
	if (is_default(group))
		job_unclaim(job, claim_print_default_group(group->object.project_id, key));
	rules_del(job, cloud_list_rules(job_cloud(job), id));
	remotes_del(job, id);
	default_rule_forget(job, id);
	log_forget(job, id);
	job_free_identities(job, id);
	rbac_forget(job, id);
	job_close_guard(job, KIND_SECURITY_GROUP, id);
	return true;
}

/* ---------------------------------------------------------------- rules */

static const struct security_group *group_find_seen(struct job *job, struct uuid id,
						    GError **error)
{
	const struct resource *groups = resource_get(KIND_SECURITY_GROUP);
	const struct security_group *group = job_find(job, KIND_SECURITY_GROUP, id);

	if (group && access_sees(job_api(job)->access, job_caller(job), groups, group))
		return group;
	resource_not_found(groups, id, error);
	return NULL;
}

/* Who may only use a group may not say what it lets pass. */
static bool group_check_own(struct job *job, struct uuid id, GError **error)
{
	const struct security_group *group = group_find_seen(job, id, error);
	const struct caller *caller = job_caller(job);

	if (!group)
		return false;
	return caller->admin || g_strcmp0(group->object.project_id, caller->project_id) == 0 ||
	       resource_not_found(resource_get(KIND_SECURITY_GROUP), id, error);
}

static bool remote_check(struct job *job, const struct security_rule *rule, GError **error)
{
	const struct resource *lists = resource_get(KIND_ADDRESS_GROUP);
	const struct address_group *list;

	if (!uuid_is_none(rule->remote_group_id)) {
		if (!group_find_seen(job, rule->remote_group_id, error))
			return false;
		job_guard(job, KIND_SECURITY_GROUP, rule->remote_group_id);
	}
	if (uuid_is_none(rule->remote_address_group_id))
		return true;
	list = job_find(job, KIND_ADDRESS_GROUP, rule->remote_address_group_id);
	if (!list || !access_sees(job_api(job)->access, job_caller(job), lists, list))
		return resource_not_found(lists, rule->remote_address_group_id, error);
	job_guard(job, KIND_ADDRESS_GROUP, rule->remote_address_group_id);
	rbac_use(job, KIND_ADDRESS_GROUP, list, rule->object.project_id);
	return true;
}

static bool rule_check_twin(const struct security_rule *rule, const GPtrArray *others,
			    GError **error)
{
	char id[UUID_TEXT];

	for (guint i = 0; i < others->len; i++) {
		const struct security_rule *other = others->pdata[i];

		if (other == rule || uuid_equal(other->object.id, rule->object.id) ||
		    !security_rule_same(rule, other))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "SecurityGroupRuleExists: Security group rule already exists. Rule "
			    "id is %s.",
			    uuid_print(other->object.id, id));
		return false;
	}
	return true;
}

/* A bulk is for one group. */
static bool rules_check_bulk(const struct security_rule *rule, const GPtrArray *own,
			     GError **error)
{
	for (guint i = 0; i < own->len; i++) {
		const struct security_rule *other = own->pdata[i];

		if (uuid_equal(other->security_group_id, rule->security_group_id))
			continue;
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"SecurityGroupNotSingleGroupRules: Only allowed to update rules for "
			"one security profile at a time.");
		return false;
	}
	return true;
}

static bool rule_put(struct job *job, const void *before, void *object, uint64_t given,
		     GError **error)
{
	struct security_rule *rule = object;
	g_autoptr(GPtrArray) own = job_list_changed(job, KIND_SECURITY_RULE);

	if (before)
		return true; /* its description */
	security_rule_normalize(rule);
	if (!group_check_own(job, rule->security_group_id, error) ||
	    !security_rule_validate(rule, error) || !remote_check(job, rule, error) ||
	    !rules_check_bulk(rule, own, error) || !rule_check_twin(rule, own, error) ||
	    !rule_check_twin(rule, cloud_list_rules(job_cloud(job), rule->security_group_id),
			     error))
		return false;
	return job_edit(job, KIND_SECURITY_GROUP, rule->security_group_id) ||
	       resource_not_found(resource_get(KIND_SECURITY_GROUP), rule->security_group_id,
				  error);
}

static bool rule_del(struct job *job, const void *object, GError **error)
{
	const struct security_rule *rule = object;

	job_edit(job, KIND_SECURITY_GROUP, rule->security_group_id);
	return true;
}

/* ---------------------------------------------------------------- ports */

static int id_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

static void groups_sort(struct vec *groups)
{
	struct uuid *ids = groups->items;
	uint32_t kept = 0;

	if (!groups->count)
		return;
	qsort(ids, groups->count, sizeof(*ids), id_compare);
	for (uint32_t i = 0; i < groups->count; i++)
		if (!kept || !uuid_equal(ids[kept - 1], ids[i]))
			ids[kept++] = ids[i];
	groups->count = kept;
}

/* They are seen, and keep connections or not as one. */
static bool groups_check(struct job *job, const struct port *port, GError **error)
{
	const struct security_group *first = NULL, *group;

	for (uint32_t i = 0; i < port->security_groups.count; i++) {
		group = group_find_seen(job, *vec_at(struct uuid, &port->security_groups, i),
					error);
		if (!group)
			return false;
		first = first ? first : group;
		if (group->stateful == first->stateful)
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "SecurityGroupConflict: Cannot apply both stateful and stateless "
			    "security groups on the same port at the same time.");
		return false;
	}
	return true;
}

static bool port_is_network_device(const struct port *port)
{
	return port->device_owner && g_str_has_prefix(port->device_owner, "network:");
}

static bool port_check_security(const struct port *before, const struct port *port, bool named,
				GError **error)
{
	char id[UUID_TEXT];

	if (port->port_security_enabled || !port->security_groups.count)
		return true;
	if (before && !named) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "PortSecurityPortHasSecurityGroup: Port has security group "
			    "associated. Cannot disable port security or IP address until "
			    "security group is removed: port %s.",
			    uuid_print(port->object.id, id));
		return false;
	}
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "PortSecurityAndIPRequiredForSecurityGroups: Port security must be enabled "
		    "and port must have an IP address in order to use security groups.");
	return false;
}

bool security_complete_port(struct job *job, const struct port *before, struct port *port,
			    uint64_t given, GError **error)
{
	bool named = given & attr_bit_of(&port_table, "security_groups");
	const struct security_group *group;

	if (!before && !named && port->port_security_enabled && !port_is_network_device(port)) {
		group = security_get_default(job, port->object.project_id);
		*(struct uuid *)vec_add(&port->security_groups, sizeof(struct uuid)) =
			group->object.id;
	}
	if (!port_check_security(before, port, named, error) ||
	    (named && !groups_check(job, port, error)))
		return false;
	groups_sort(&port->security_groups);
	for (uint32_t i = 0; i < port->security_groups.count && (!before || named); i++) {
		group = job_find(job, KIND_SECURITY_GROUP,
				 *vec_at(struct uuid, &port->security_groups, i));
		job_guard(job, KIND_SECURITY_GROUP, group->object.id);
		rbac_use(job, KIND_SECURITY_GROUP, group, port->object.project_id);
	}
	return true;
}

static int named_compare(const void *a, const void *b)
{
	const struct named_port *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* In one order, whatever order the port has them in. */
static void print_named_ports(const struct vec *named, GString *label)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();

	for (uint32_t i = 0; i < named->count; i++)
		g_ptr_array_add(sorted, vec_at(struct named_port, named, i));
	if (sorted->len)
		qsort(sorted->pdata, sorted->len, sizeof(void *), named_compare);
	for (guint i = 0; i < sorted->len; i++) {
		const struct named_port *port = sorted->pdata[i];

		g_string_append_printf(label, "port:%s/%d=%" G_GINT64_FORMAT ",", port->name,
				       named_port_get_protocol(port), port->port);
	}
}

/* The project is last, as its name may be anything. */
char *security_print_label(const struct port *port)
{
	GString *label = g_string_new(NULL);
	char id[UUID_TEXT];

	for (uint32_t i = 0; i < port->security_groups.count; i++)
		g_string_append_printf(
			label, "sg:%s,",
			uuid_print(*vec_at(struct uuid, &port->security_groups, i), id));
	for (uint32_t i = 0; i < port->labels.count; i++) {
		const struct label *one = vec_at(struct label, &port->labels, i);

		g_string_append_printf(label, "label:%s=%s,", one->key,
				       one->value ? one->value : "");
	}
	print_named_ports(&port->named_ports, label);
	g_string_append_printf(label, "project:%s",
			       port->object.project_id ? port->object.project_id : "");
	return g_string_free(label, FALSE);
}

static bool groups_are_missing(struct job *job)
{
	return !default_find(job, job_caller(job)->project_id);
}

/* Whoever lists groups has one. */
static bool groups_prepare(struct job *job, GError **error)
{
	if (groups_are_missing(job))
		security_get_default(job, job_caller(job)->project_id);
	return true;
}

static bool groups_need(const struct cloud *cloud, const struct caller *caller)
{
	return caller->project_id && *caller->project_id &&
	       !cloud_find_default_group(cloud, caller->project_id);
}

const struct resource api_security_group = {
	.kind = KIND_SECURITY_GROUP,
	.late = true,
	.put = group_put,
	.del = group_del,
	.need = groups_need,
	.prepare = groups_prepare,
};

const struct resource api_security_rule = {
	.kind = KIND_SECURITY_RULE,
	.put = rule_put,
	.del = rule_del,
	.need = groups_need,
	.prepare = groups_prepare,
};

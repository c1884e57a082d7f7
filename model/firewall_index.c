/* SPDX-License-Identifier: Apache-2.0 */
#include "model/firewall_index.h"

#include "model/child_index.h"

struct firewall_index {
	struct child_index *policies; /* by rule */
	struct child_index *groups;   /* by policy */
	struct child_index *ports;    /* groups, by port */
	GHashTable *defaults;	      /* project, interned -> struct firewall_group */
};

struct firewall_index *firewall_index_new(void)
{
	struct firewall_index *index = g_new0(struct firewall_index, 1);

	index->policies = child_index_new();
	index->groups = child_index_new();
	index->ports = child_index_new();
	index->defaults = g_hash_table_new(NULL, NULL);
	return index;
}

void firewall_index_free(struct firewall_index *index)
{
	if (!index)
		return;
	child_index_free(index->policies);
	child_index_free(index->groups);
	child_index_free(index->ports);
	g_hash_table_unref(index->defaults);
	g_free(index);
}

/* As child_index_add or child_index_del, of each id in a list. */
typedef void (*index_change)(struct child_index *index, struct uuid parent, const void *child);

static void change_all(struct child_index *index, const struct vec *ids, const void *child,
		       index_change change)
{
	for (uint32_t i = 0; i < ids->count; i++)
		change(index, *vec_at(struct uuid, ids, i), child);
}

void firewall_index_link_policy(struct firewall_index *index,
				const struct firewall_policy *policy)
{
	change_all(index->policies, &policy->rules, policy, child_index_add);
}

void firewall_index_unlink_policy(struct firewall_index *index,
				  const struct firewall_policy *policy)
{
	change_all(index->policies, &policy->rules, policy, child_index_del);
}

static void change_group(struct firewall_index *index, const struct firewall_group *group,
			 index_change change)
{
	change(index->groups, group->ingress_policy_id, group);
	if (!uuid_equal(group->egress_policy_id, group->ingress_policy_id))
		change(index->groups, group->egress_policy_id, group);
	change_all(index->ports, &group->ports, group, change);
}

static bool is_default(const struct firewall_group *group)
{
	return g_strcmp0(group->object.name, FIREWALL_DEFAULT) == 0 && group->object.project_id;
}

void firewall_index_link_group(struct firewall_index *index, const struct firewall_group *group)
{
	change_group(index, group, child_index_add);
	if (is_default(group))
		g_hash_table_replace(index->defaults, (void *)group->object.project_id,
				     (void *)group);
}

void firewall_index_unlink_group(struct firewall_index *index,
				 const struct firewall_group *group)
{
	change_group(index, group, child_index_del);
	if (is_default(group) &&
	    g_hash_table_lookup(index->defaults, group->object.project_id) == group)
		g_hash_table_remove(index->defaults, group->object.project_id);
}

const GPtrArray *firewall_index_policies(const struct firewall_index *index, struct uuid rule)
{
	return child_index_list(index->policies, rule);
}

const GPtrArray *firewall_index_groups(const struct firewall_index *index, struct uuid policy)
{
	return child_index_list(index->groups, policy);
}

const struct firewall_group *firewall_index_find(const struct firewall_index *index,
						 struct uuid port)
{
	const GPtrArray *groups = child_index_list(index->ports, port);

	return groups ? groups->pdata[0] : NULL;
}

const struct firewall_group *firewall_index_default(const struct firewall_index *index,
						    const char *project)
{
	return project ? g_hash_table_lookup(index->defaults, project) : NULL;
}

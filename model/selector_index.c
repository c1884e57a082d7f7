/* SPDX-License-Identifier: Apache-2.0 */
#include "model/selector_index.h"

struct selector_index {
	GHashTable *policies; /* project, interned -> GPtrArray of struct selector_policy */
	GHashTable *groups;   /* struct uuid, owned -> peers that name the address group */
};

struct selector_index *selector_index_new(void)
{
	struct selector_index *index = g_new0(struct selector_index, 1);

	index->policies =
		g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
	index->groups = g_hash_table_new_full(uuid_hash, uuid_same, g_free, NULL);
	return index;
}

void selector_index_free(struct selector_index *index)
{
	if (!index)
		return;
	g_hash_table_unref(index->policies);
	g_hash_table_unref(index->groups);
	g_free(index);
}

static void group_count(struct selector_index *index, struct uuid id, int by)
{
	guint count = GPOINTER_TO_UINT(g_hash_table_lookup(index->groups, &id)) + (guint)by;

	if (count)
		g_hash_table_replace(index->groups, g_memdup2(&id, sizeof(id)),
				     GUINT_TO_POINTER(count));
	else
		g_hash_table_remove(index->groups, &id);
}

static void groups_count(struct selector_index *index, const struct selector_policy *policy,
			 int by)
{
	for (uint32_t i = 0; i < policy->rules.count; i++) {
		const struct selector_rule *rule =
			vec_at(struct selector_rule, &policy->rules, i);

		for (uint32_t n = 0; n < rule->peers.count; n++) {
			struct uuid id =
				vec_at(struct selector_peer, &rule->peers, n)->address_group_id;

			if (!uuid_is_none(id))
				group_count(index, id, by);
		}
	}
}

void selector_index_link(struct selector_index *index, const struct selector_policy *policy)
{
	const char *project = policy->object.project_id;
	GPtrArray *list = g_hash_table_lookup(index->policies, project);

	if (!list) {
		list = g_ptr_array_new();
		g_hash_table_insert(index->policies, (gpointer)project, list);
	}
	g_ptr_array_add(list, (gpointer)policy);
	groups_count(index, policy, 1);
}

void selector_index_unlink(struct selector_index *index, const struct selector_policy *policy)
{
	const char *project = policy->object.project_id;
	GPtrArray *list = g_hash_table_lookup(index->policies, project);

	g_ptr_array_remove_fast(list, (gpointer)policy);
	if (!list->len)
		g_hash_table_remove(index->policies, project);
	groups_count(index, policy, -1);
}

const GPtrArray *selector_index_policies(const struct selector_index *index,
					 const char *project)
{
	return g_hash_table_lookup(index->policies, project);
}

gsize selector_index_count_users(const struct selector_index *index, struct uuid address_group)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(index->groups, &address_group));
}

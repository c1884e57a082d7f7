/* SPDX-License-Identifier: Apache-2.0 */
#include "model/security_index.h"

/* What is known of one group. It may be here before the group itself: changes come in any
 * order. */
struct entry {
	struct uuid id; /* first: the key */
	GPtrArray *rules;
	GPtrArray *remotes;
	gsize ports;
};

struct security_index {
	GHashTable *entries;
	GHashTable *defaults; /* project, interned -> struct security_group */
};

static void entry_free(void *data)
{
	struct entry *entry = data;

	g_ptr_array_unref(entry->rules);
	g_ptr_array_unref(entry->remotes);
	g_free(entry);
}

struct security_index *security_index_new(void)
{
	struct security_index *index = g_new0(struct security_index, 1);

	index->entries = g_hash_table_new_full(uuid_hash, uuid_same, NULL, entry_free);
	index->defaults = g_hash_table_new(NULL, NULL);
	return index;
}

void security_index_free(struct security_index *index)
{
	if (!index)
		return;
	g_hash_table_unref(index->entries);
	g_hash_table_unref(index->defaults);
	g_free(index);
}

static const struct entry *entry_find(const struct security_index *index, struct uuid id)
{
	return g_hash_table_lookup(index->entries, &id);
}

static struct entry *entry_get(struct security_index *index, struct uuid id)
{
	struct entry *entry = g_hash_table_lookup(index->entries, &id);

	if (entry)
		return entry;
	entry = g_new0(struct entry, 1);
	entry->id = id;
	entry->rules = g_ptr_array_new();
	entry->remotes = g_ptr_array_new();
	g_hash_table_insert(index->entries, &entry->id, entry);
	return entry;
}

static void entry_check(struct security_index *index, const struct entry *entry)
{
	if (!entry->rules->len && !entry->remotes->len && !entry->ports)
		g_hash_table_remove(index->entries, &entry->id);
}

static bool is_default(const struct security_group *group)
{
	return g_strcmp0(group->object.name, SECURITY_GROUP_DEFAULT) == 0 &&
	       group->object.project_id;
}

void security_index_link_group(struct security_index *index, const struct security_group *group)
{
	if (is_default(group))
		g_hash_table_replace(index->defaults, (void *)group->object.project_id,
				     (void *)group);
}

void security_index_unlink_group(struct security_index *index,
				 const struct security_group *group)
{
	if (is_default(group) &&
	    g_hash_table_lookup(index->defaults, group->object.project_id) == group)
		g_hash_table_remove(index->defaults, group->object.project_id);
}

static struct uuid rule_remote(const struct security_rule *rule)
{
	return uuid_is_none(rule->remote_group_id) ? rule->remote_address_group_id
						   : rule->remote_group_id;
}

void security_index_link_rule(struct security_index *index, const struct security_rule *rule)
{
	struct uuid remote = rule_remote(rule);

	g_ptr_array_add(entry_get(index, rule->security_group_id)->rules, (void *)rule);
	if (!uuid_is_none(remote))
		g_ptr_array_add(entry_get(index, remote)->remotes, (void *)rule);
}

void security_index_unlink_rule(struct security_index *index, const struct security_rule *rule)
{
	struct entry *entry = entry_get(index, rule->security_group_id);
	struct uuid remote = rule_remote(rule);

	g_ptr_array_remove_fast(entry->rules, (void *)rule);
	entry_check(index, entry);
	if (uuid_is_none(remote))
		return;
	entry = entry_get(index, remote);
	g_ptr_array_remove_fast(entry->remotes, (void *)rule);
	entry_check(index, entry);
}

void security_index_link_port(struct security_index *index, const struct port *port)
{
	for (uint32_t i = 0; i < port->security_groups.count; i++)
		entry_get(index, *vec_at(struct uuid, &port->security_groups, i))->ports++;
}

void security_index_unlink_port(struct security_index *index, const struct port *port)
{
	for (uint32_t i = 0; i < port->security_groups.count; i++) {
		struct entry *entry =
			entry_get(index, *vec_at(struct uuid, &port->security_groups, i));

		entry->ports--;
		entry_check(index, entry);
	}
}

const GPtrArray *security_index_rules(const struct security_index *index, struct uuid group)
{
	const struct entry *entry = entry_find(index, group);

	return entry ? entry->rules : NULL;
}

const GPtrArray *security_index_remotes(const struct security_index *index, struct uuid group)
{
	const struct entry *entry = entry_find(index, group);

	return entry ? entry->remotes : NULL;
}

gsize security_index_count_ports(const struct security_index *index, struct uuid group)
{
	const struct entry *entry = entry_find(index, group);

	return entry ? entry->ports : 0;
}

const struct security_group *security_index_default(const struct security_index *index,
						    const char *project)
{
	return g_hash_table_lookup(index->defaults, g_intern_string(project));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of RBAC policies, and two tables of them: by object, and by object, action
 * and target, so that an object shared with a thousand projects costs a list no more than one
 * shared with everybody.
 */
#include "model/rbac.h"

#include <string.h>

#include "model/cloud.h"

static const char *const types[] = {
	[RBAC_NETWORK] = "network",
	[RBAC_SECURITY_GROUP] = "security_group",
	[RBAC_ADDRESS_GROUP] = "address_group",
	[RBAC_ADDRESS_SCOPE] = "address_scope",
	[RBAC_SUBNETPOOL] = "subnetpool",
	NULL,
};

const char *const rbac_actions[] = {
	[RBAC_SHARED] = "access_as_shared",
	[RBAC_EXTERNAL] = "access_as_external",
	NULL,
};

static const enum kind kinds[RBAC_TYPE_COUNT] = {
	[RBAC_NETWORK] = KIND_NETWORK,
	[RBAC_SECURITY_GROUP] = KIND_SECURITY_GROUP,
	[RBAC_ADDRESS_GROUP] = KIND_ADDRESS_GROUP,
	[RBAC_ADDRESS_SCOPE] = KIND_ADDRESS_SCOPE,
	[RBAC_SUBNETPOOL] = KIND_SUBNETPOOL,
};

enum kind rbac_get_kind(enum rbac_type type)
{
	return kinds[type];
}

bool rbac_find_type(enum kind kind, enum rbac_type *type)
{
	for (unsigned int i = 0; i < RBAC_TYPE_COUNT; i++) {
		if (kinds[i] != kind)
			continue;
		*type = (enum rbac_type)i;
		return true;
	}
	return false;
}

bool rbac_policy_is_for(const struct rbac_policy *policy, const char *project)
{
	return strcmp(policy->target, RBAC_EVERYBODY) == 0 ||
	       g_strcmp0(policy->target, project) == 0;
}

json_t *rbac_print_shared(const void *object, const void *world, const char *project)
{
	const struct object *head = object;

	return json_boolean(world &&
			    cloud_find_grant(world, head->id, RBAC_SHARED, project) != NULL);
}

#define SAID (ATTR_ONCE | ATTR_FIND | ATTR_COLUMN)

static const struct attr attrs[] = {
	OBJECT_HEAD,
	{.name = "object_type",
	 .type = ATTR_ENUM,
	 .flags = SAID | ATTR_REQUIRED,
	 .offset = offsetof(struct rbac_policy, type),
	 .names = types,
	 .help = "what kind of object it is about"},
	{.name = "object_id",
	 .type = ATTR_UUID,
	 .flags = SAID | ATTR_REQUIRED,
	 .offset = offsetof(struct rbac_policy, object_id),
	 .help = "the object"},
	{.name = "action",
	 .type = ATTR_ENUM,
	 .flags = SAID | ATTR_REQUIRED,
	 .offset = offsetof(struct rbac_policy, action),
	 .names = rbac_actions,
	 .help = "what the target may: use it, or, of a network, go out by it"},
	{.name = "target_tenant",
	 .type = ATTR_STRING,
	 .flags = SAID | ATTR_PUT | ATTR_REQUIRED,
	 .offset = offsetof(struct rbac_policy, target),
	 .max = 255,
	 .help = "the project that may; *: each"},
	OBJECT_PROJECT,
	OBJECT_TAGS,
	OBJECT_END,
};

const struct attr_table rbac_policy_table = {
	.singular = "rbac_policy",
	.plural = "rbac_policies",
	.path = "rbac-policies",
	.title = "RbacPolicy",
	.size = sizeof(struct rbac_policy),
	.attrs = attrs,
	.help = "Lets another project see and use an object.",
};

/* The index */

struct rbac_index {
	GHashTable *objects; /* struct uuid in a policy, owned copy -> GPtrArray of policies */
	GHashTable *grants;  /* struct rbac_policy, by what it says */
};

static guint grant_hash(gconstpointer key)
{
	const struct rbac_policy *policy = key;

	return uuid_hash(&policy->object_id) ^ g_str_hash(policy->target) ^ policy->action;
}

static gboolean grant_same(gconstpointer a, gconstpointer b)
{
	const struct rbac_policy *x = a, *y = b;

	return uuid_equal(x->object_id, y->object_id) && x->action == y->action &&
	       strcmp(x->target, y->target) == 0;
}

struct rbac_index *rbac_index_new(void)
{
	struct rbac_index *index = g_new0(struct rbac_index, 1);

	index->objects = g_hash_table_new_full(uuid_hash, uuid_same, g_free,
					       (GDestroyNotify)g_ptr_array_unref);
	index->grants = g_hash_table_new(grant_hash, grant_same);
	return index;
}

void rbac_index_free(struct rbac_index *index)
{
	if (!index)
		return;
	g_hash_table_unref(index->objects);
	g_hash_table_unref(index->grants);
	g_free(index);
}

void rbac_index_link(struct rbac_index *index, const struct rbac_policy *policy)
{
	GPtrArray *list = g_hash_table_lookup(index->objects, &policy->object_id);

	if (!list) {
		list = g_ptr_array_new();
		g_hash_table_insert(index->objects,
				    g_memdup2(&policy->object_id, sizeof(policy->object_id)),
				    list);
	}
	g_ptr_array_add(list, (void *)policy);
	g_hash_table_replace(index->grants, (void *)policy, (void *)policy);
}

void rbac_index_unlink(struct rbac_index *index, const struct rbac_policy *policy)
{
	GPtrArray *list = g_hash_table_lookup(index->objects, &policy->object_id);

	if (g_hash_table_lookup(index->grants, policy) == policy)
		g_hash_table_remove(index->grants, policy);
	if (list && g_ptr_array_remove_fast(list, (void *)policy) && list->len == 0)
		g_hash_table_remove(index->objects, &policy->object_id);
}

const GPtrArray *rbac_index_list(const struct rbac_index *index, struct uuid object)
{
	return g_hash_table_lookup(index->objects, &object);
}

const struct rbac_policy *rbac_index_find(const struct rbac_index *index, struct uuid object,
					  enum rbac_action action, const char *project)
{
	struct rbac_policy probe = {
		.object_id = object, .action = action, .target = (char *)RBAC_EVERYBODY};
	const struct rbac_policy *found;

	if (g_hash_table_size(index->grants) == 0)
		return NULL;
	found = g_hash_table_lookup(index->grants, &probe);
	if (found || !project || !*project)
		return found;
	probe.target = (char *)project;
	return g_hash_table_lookup(index->grants, &probe);
}

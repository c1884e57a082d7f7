/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every change of a policy changes its object's revision too: so two changes of what is shared
 * exclude each other, and a policy that goes may count on the others that it sees. Those who
 * use the object are children of the policy that lets them (job_rely).
 */
#include "api/rbac.h"

#include <string.h>

#include "api/access.h"
#include "api/gateway.h"
#include "api/network.h"
#include "lib/error.h"

/* Who uses what: projects, by their interned names, as keys of a set */

static void network_users(const struct cloud *cloud, struct uuid id, GHashTable *projects)
{
	const GPtrArray *ports = cloud_list_ports(cloud, id);

	for (guint i = 0; i < ports->len; i++)
		if (!port_is_gateway(ports->pdata[i])) /* those use it as a way out */
			g_hash_table_add(
				projects,
				(void *)((struct object *)ports->pdata[i])->project_id);
}

static void group_users(const struct cloud *cloud, struct uuid id, GHashTable *projects)
{
	const GPtrArray *ports = cloud_list(cloud, KIND_PORT);

	for (guint i = 0; i < ports->len && cloud_count_group_ports(cloud, id); i++) {
		const struct port *port = ports->pdata[i];

		for (uint32_t j = 0; j < port->security_groups.count; j++)
			if (uuid_equal(*vec_at(struct uuid, &port->security_groups, j), id))
				g_hash_table_add(projects, (void *)port->object.project_id);
	}
}

static void address_group_users(const struct cloud *cloud, struct uuid id, GHashTable *projects)
{
	const GPtrArray *rules = cloud_list_remote_rules(cloud, id);
	const GPtrArray *policies = cloud_list(cloud, KIND_POLICY);

	for (guint i = 0; i < rules->len; i++)
		g_hash_table_add(projects,
				 (void *)((struct object *)rules->pdata[i])->project_id);
	for (guint i = 0; i < policies->len && cloud_count_address_users(cloud, id); i++)
		if (selector_policy_names_group(policies->pdata[i], id))
			g_hash_table_add(
				projects,
				(void *)((struct object *)policies->pdata[i])->project_id);
}

static void scope_users(const struct cloud *cloud, struct uuid id, GHashTable *projects)
{
	const GPtrArray *pools = cloud_list(cloud, KIND_SUBNETPOOL);

	for (guint i = 0; i < pools->len; i++) {
		const struct subnetpool *pool = pools->pdata[i];

		if (uuid_equal(pool->address_scope_id, id))
			g_hash_table_add(projects, (void *)pool->object.project_id);
	}
}

static void pool_users(const struct cloud *cloud, struct uuid id, GHashTable *projects)
{
	const GPtrArray *subnets = cloud_list_pool_subnets(cloud, id);

	for (guint i = 0; i < subnets->len; i++)
		g_hash_table_add(projects,
				 (void *)((struct object *)subnets->pdata[i])->project_id);
}

static void (*const users[RBAC_TYPE_COUNT])(const struct cloud *cloud, struct uuid id,
					    GHashTable *projects) = {
	[RBAC_NETWORK] = network_users,
	[RBAC_SECURITY_GROUP] = group_users,
	[RBAC_ADDRESS_GROUP] = address_group_users,
	[RBAC_ADDRESS_SCOPE] = scope_users,
	[RBAC_SUBNETPOOL] = pool_users,
};

/* What the job sees */

/* The policies of an object, without EXCEPT (or NULL); owned list of borrowed ones. */
static GPtrArray *policies_list(const struct job *job, struct uuid object,
				const struct rbac_policy *except)
{
	const GPtrArray *known = cloud_list_grants(job_cloud(job), object);
	g_autoptr(GPtrArray) changed = job_list_changed(job, KIND_RBAC_POLICY);
	GPtrArray *list = g_ptr_array_new();

	for (guint i = 0; i < known->len; i++) {
		struct uuid id = ((struct object *)known->pdata[i])->id;
		const void *policy = job_find(job, KIND_RBAC_POLICY, id);

		if (policy && !(except && uuid_equal(except->object.id, id)))
			g_ptr_array_add(list, (void *)policy);
	}
	for (guint i = 0; i < changed->len; i++) {
		const struct rbac_policy *policy = changed->pdata[i];

		if (uuid_equal(policy->object_id, object) && policy != except &&
		    !cloud_find(job_cloud(job), KIND_RBAC_POLICY, policy->object.id))
			g_ptr_array_add(list, (void *)policy);
	}
	return list;
}

static const struct rbac_policy *policies_find(const GPtrArray *policies,
					       enum rbac_action action, const char *project)
{
	for (guint i = 0; i < policies->len; i++) {
		const struct rbac_policy *policy = policies->pdata[i];

		if (policy->action == action && rbac_policy_is_for(policy, project))
			return policy;
	}
	return NULL;
}

/* A way out is not one for its owner's routers either when nothing says so: it is none then. */
static const char *policy_find_leaver(struct job *job, const struct rbac_policy *policy,
				      const struct rbac_policy *after)
{
	g_autoptr(GHashTable) projects = g_hash_table_new(NULL, NULL);
	g_autoptr(GPtrArray) others = policies_list(job, policy->object_id, policy);
	bool is_last = !after;
	GHashTableIter iter;
	void *project;

	for (guint i = 0; i < others->len; i++)
		is_last &=
			((const struct rbac_policy *)others->pdata[i])->action != RBAC_EXTERNAL;
	job_expect_guard(job, KIND_NETWORK, policy->object_id);
	gateway_users(job_cloud(job), policy->object_id, projects);
	g_hash_table_iter_init(&iter, projects);
	while (g_hash_table_iter_next(&iter, &project, NULL))
		if (is_last || (rbac_policy_is_for(policy, project) &&
				!policies_find(others, RBAC_EXTERNAL, project) &&
				!(after && rbac_policy_is_for(after, project))))
			return project;
	return NULL;
}

/* A project that uses the object by POLICY and, when POLICY is as AFTER (NULL: gone), would have
 * nothing that lets it; NULL: none. */
static const char *policy_find_user(struct job *job, const struct rbac_policy *policy,
				    const struct rbac_policy *after)
{
	const struct object *object =
		job_find(job, rbac_get_kind(policy->type), policy->object_id);
	g_autoptr(GHashTable) projects = g_hash_table_new(NULL, NULL);
	g_autoptr(GPtrArray) others = policies_list(job, policy->object_id, policy);
	GHashTableIter iter;
	void *project;

	if (policy->action == RBAC_EXTERNAL)
		return policy_find_leaver(job, policy, after);
	if (!object)
		return NULL;
	users[policy->type](job_cloud(job), policy->object_id, projects);
	g_hash_table_iter_init(&iter, projects);
	while (g_hash_table_iter_next(&iter, &project, NULL))
		if (project != object->project_id && rbac_policy_is_for(policy, project) &&
		    !policies_find(others, RBAC_SHARED, project) &&
		    !(after && rbac_policy_is_for(after, project)))
			return project;
	return NULL;
}

/* The object of POLICY itself says what everybody may, and follows its policies as the job
 * leaves them, except one that goes (or NULL). */
static void object_mark(struct job *job, const struct rbac_policy *policy,
			const struct rbac_policy *except)
{
	const enum kind kind = rbac_get_kind(policy->type);
	const struct attr *shared = attr_find(cloud_table(kind), "shared");
	void *object = job_edit(job, kind, policy->object_id);
	g_autoptr(GPtrArray) left = policies_list(job, policy->object_id, except);
	bool external = false;

	for (guint i = 0; i < left->len; i++)
		external |=
			((const struct rbac_policy *)left->pdata[i])->action == RBAC_EXTERNAL;
	if (!(shared->flags & ATTR_COMPUTED))
		*(bool *)((char *)object + shared->offset) =
			policies_find(left, RBAC_SHARED, NULL) != NULL;
	if (kind == KIND_NETWORK) {
		((struct network *)object)->external = external;
		network_drop_default(job, object);
	}
}

/* The resource */

static bool bad_input(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool bad_input(GError **error, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "InvalidInput: Invalid input for operation: %s.", text);
	return false;
}

/* As the reference does, an object that is not the caller's is an input that is wrong. */
static bool policy_check_object(struct job *job, const struct rbac_policy *policy,
				GError **error)
{
	const struct resource *resource = resource_get(rbac_get_kind(policy->type));
	const char *name = resource_table(resource)->singular;
	const struct object *object = job_find(job, resource->kind, policy->object_id);
	const struct caller *caller = job_caller(job);
	char id[UUID_TEXT];

	if (!object || !access_sees(job_api(job)->access, caller, resource, object))
		return bad_input(error, "object_id: %s %s could not be found", name,
				 uuid_print(policy->object_id, id));
	if (!caller->admin && g_strcmp0(object->project_id, caller->project_id) != 0)
		return bad_input(error,
				 "Only admins can manipulate policies on objects they do not "
				 "own: %s %s",
				 name, uuid_print(policy->object_id, id));
	return true;
}

/* Who is to take from a pool must see the scope that the pool is in. */
static bool policy_check_scope(struct job *job, const struct rbac_policy *policy,
			       GError **error)
{
	const struct subnetpool *pool = job_find(job, KIND_SUBNETPOOL, policy->object_id);
	const struct object *scope =
		pool ? job_find(job, KIND_ADDRESS_SCOPE, pool->address_scope_id) : NULL;
	g_autoptr(GPtrArray) grants = NULL;
	char id[UUID_TEXT], pool_id[UUID_TEXT];

	if (!scope || g_strcmp0(scope->project_id, policy->target) == 0)
		return true;
	grants = policies_list(job, scope->id, NULL);
	for (guint i = 0; i < grants->len; i++) {
		const struct rbac_policy *grant = grants->pdata[i];

		if (grant->action == RBAC_SHARED && rbac_policy_is_for(grant, policy->target))
			return true;
	}
	return bad_input(error,
			 "target_tenant: %s has no access to address scope %s of subnet pool "
			 "%s",
			 policy->target, uuid_print(scope->id, id),
			 uuid_print(policy->object_id, pool_id));
}

static bool policy_check(struct job *job, const struct rbac_policy *policy, GError **error)
{
	const char *type = resource_table(resource_get(rbac_get_kind(policy->type)))->singular;
	g_autoptr(GPtrArray) others = policies_list(job, policy->object_id, policy);

	if (!policy->target)
		return bad_input(error, "target_tenant: '' is no project");
	if (policy->action == RBAC_EXTERNAL && policy->type != RBAC_NETWORK)
		return bad_input(error,
				 "Invalid action '%s' for object type '%s'. Valid actions: %s",
				 rbac_actions[policy->action], type, rbac_actions[RBAC_SHARED]);
	if (!policy_check_object(job, policy, error) || !policy_check_scope(job, policy, error))
		return false;
	for (guint i = 0; i < others->len; i++) {
		const struct rbac_policy *other = others->pdata[i];

		if (other->action != policy->action ||
		    strcmp(other->target, policy->target) != 0)
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "DuplicateRbacPolicy: An RBAC policy already exists with those "
			    "values.");
		return false;
	}
	return true;
}

/* Everybody's routers are made with the default external network. */
static bool policy_check_default(struct job *job, const struct rbac_policy *policy,
				 const struct rbac_policy *after, GError **error)
{
	const struct network *network = job_find(job, KIND_NETWORK, policy->object_id);
	char id[UUID_TEXT];

	if (policy->action != RBAC_EXTERNAL || !network || !network->is_default ||
	    !rbac_policy_is_for(policy, NULL) || (after && rbac_policy_is_for(after, NULL)))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "RbacPolicyInUse: RBAC policy on object %s cannot be removed because other "
		    "objects depend on it. Details: Default external networks must be shared "
		    "to everyone.",
		    uuid_print(policy->object_id, id));
	return false;
}

static bool policy_check_use(struct job *job, const struct rbac_policy *policy,
			     const struct rbac_policy *after, GError **error)
{
	const char *user = policy_find_user(job, policy, after);
	char id[UUID_TEXT];

	if (!policy_check_default(job, policy, after, error))
		return false;
	if (!user)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "RbacPolicyInUse: RBAC policy on object %s cannot be removed because other "
		    "objects depend on it. Details: it is used by project %s.",
		    uuid_print(policy->object_id, id), user);
	return false;
}

static bool policy_put(struct job *job, const void *before, void *object, uint64_t given,
		       GError **error)
{
	struct rbac_policy *policy = object;

	if (!policy_check(job, policy, error) ||
	    (before && !policy_check_use(job, before, policy, error)))
		return false;
	/* Nobody has come to rely on what it was in the meantime. */
	if (before)
		job_close_guard(job, KIND_RBAC_POLICY, policy->object.id);
	object_mark(job, policy, NULL);
	return true;
}

static bool policy_del(struct job *job, const void *object, GError **error)
{
	const struct rbac_policy *policy = object;

	if (!policy_check_use(job, policy, NULL, error))
		return false;
	job_close_guard(job, KIND_RBAC_POLICY, policy->object.id);
	object_mark(job, policy, policy);
	return true;
}

const struct resource api_rbac_policy = {
	.kind = KIND_RBAC_POLICY,
	.put = policy_put,
	.del = policy_del,
};

/* What other resources do */

void rbac_use(struct job *job, enum kind kind, const void *object, const char *project)
{
	const struct object *head = object;
	const struct rbac_policy *policy;

	if (g_strcmp0(head->project_id, project) == 0)
		return;
	policy = cloud_find_grant(job_cloud(job), head->id, RBAC_SHARED, project);
	if (policy && job_find(job, KIND_RBAC_POLICY, policy->object.id))
		job_rely(job, KIND_RBAC_POLICY, policy->object.id);
}

void rbac_use_external(struct job *job, const struct network *network, const char *project)
{
	const struct rbac_policy *policy =
		cloud_find_grant(job_cloud(job), network->object.id, RBAC_EXTERNAL, project);

	job_rely(job, KIND_NETWORK, network->object.id);
	if (policy && job_find(job, KIND_RBAC_POLICY, policy->object.id))
		job_rely(job, KIND_RBAC_POLICY, policy->object.id);
}

static void policy_add(struct job *job, enum kind kind, const struct object *object,
		       enum rbac_action action)
{
	struct rbac_policy *policy = attr_new(&rbac_policy_table);
	enum rbac_type type = RBAC_NETWORK;

	rbac_find_type(kind, &type);
	policy->object.project_id = object->project_id;
	policy->type = type;
	policy->object_id = object->id;
	policy->action = action;
	policy->target = g_strdup(RBAC_EVERYBODY);
	job_add_free(job, KIND_RBAC_POLICY, policy);
}

static void policy_remove(struct job *job, const struct rbac_policy *policy)
{
	job_close_guard(job, KIND_RBAC_POLICY, policy->object.id);
	job_del(job, KIND_RBAC_POLICY, policy->object.id);
}

bool rbac_share(struct job *job, enum kind kind, const void *object, bool on)
{
	const struct object *head = object;
	g_autoptr(GPtrArray) policies = policies_list(job, head->id, NULL);
	const struct rbac_policy *present = policies_find(policies, RBAC_SHARED, NULL);

	if (on && !present)
		policy_add(job, kind, head, RBAC_SHARED);
	if (on || !present)
		return true;
	if (policy_find_user(job, present, NULL))
		return false;
	policy_remove(job, present);
	return true;
}

void rbac_set_external(struct job *job, const struct network *network, bool on)
{
	g_autoptr(GPtrArray) policies = policies_list(job, network->object.id, NULL);
	bool present = false;

	for (guint i = 0; i < policies->len; i++) {
		const struct rbac_policy *policy = policies->pdata[i];

		if (policy->action != RBAC_EXTERNAL)
			continue;
		present = true;
		if (!on)
			policy_remove(job, policy);
	}
	if (on && !present)
		policy_add(job, KIND_NETWORK, &network->object, RBAC_EXTERNAL);
}

void rbac_forget(struct job *job, struct uuid object)
{
	const GPtrArray *policies = cloud_list_grants(job_cloud(job), object);

	for (guint i = 0; i < policies->len; i++)
		policy_remove(job, policies->pdata[i]);
}

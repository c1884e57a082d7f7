/* SPDX-License-Identifier: Apache-2.0 */
#include "api/address_group.h"

#include <string.h>

#include "api/default_rule.h"
#include "api/rbac.h"
#include "lib/error.h"
#include "model/attr_json.h"

static bool have(const struct vec *addresses, struct prefix prefix, uint32_t *at)
{
	for (*at = 0; *at < addresses->count; ++*at)
		if (prefix_equal(*vec_at(struct prefix, addresses, *at), prefix))
			return true;
	return false;
}

static bool refuse(GError **error, const char *type, const char *what, struct prefix prefix,
		   struct uuid id)
{
	char name[UUID_TEXT], text[PREFIX_TEXT];

	g_set_error(error, WEFT_ERROR,
		    what[0] == 'a' ? WEFT_ERROR_INVALID : WEFT_ERROR_NOT_FOUND,
		    "%s: Address %s is %s in address group %s.", type,
		    prefix_print(prefix, text), what, uuid_print(id, name));
	return false;
}

/* What a request says twice it says once. */
static void addresses_unite(struct vec *addresses)
{
	struct prefix *list = addresses->items;
	uint32_t at, count = addresses->count;

	addresses->count = 0;
	for (uint32_t i = 0; i < count; i++)
		if (!have(addresses, list[i], &at))
			list[addresses->count++] = list[i];
}

static bool group_put(struct job *job, const void *before, void *object, uint64_t given,
		      GError **error)
{
	struct address_group *group = object;

	if (!before)
		addresses_unite(&group->addresses);
	return true;
}

static bool group_del(struct job *job, const void *object, GError **error)
{
	const struct address_group *group = object;
	char id[UUID_TEXT];

	if (cloud_list_remote_rules(job_cloud(job), group->object.id)->len ||
	    default_rule_names(job, group->object.id) ||
	    cloud_count_address_users(job_cloud(job), group->object.id)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "AddressGroupInUse: Address group %s is in use on one or more "
			    "security group rules or policies.",
			    uuid_print(group->object.id, id));
		return false;
	}
	rbac_forget(job, group->object.id);
	job_close_guard(job, KIND_ADDRESS_GROUP, group->object.id);
	return true;
}

/* Members carry their length, but one may be taken away without saying that it is whole. */
static json_t *addresses_lengthen(json_t *list)
{
	json_t *longer = json_array(), *item;
	size_t i;

	json_array_foreach (list, i, item) {
		const char *text = json_string_value(item);

		if (text && !strchr(text, '/'))
			json_array_append_new(
				longer,
				json_sprintf("%s/%d", text, strchr(text, ':') ? 128 : 32));
		else
			json_array_append(longer, item);
	}
	return longer;
}

/* {"addresses":[...]}, on its own or within "address_group". */
static struct address_group *addresses_decode(json_t *body, bool add, GError **error)
{
	struct address_group *wanted = attr_new(&address_group_table);
	json_t *inner = json_object_get(body, "address_group");
	json_t *list = json_object_get(inner ? inner : body, "addresses");
	bool whole = add || !json_is_array(list);
	json_t *only = json_pack("{s:o?}", "addresses",
				 whole ? json_incref(list) : addresses_lengthen(list));
	uint64_t given;

	if (!list ||
	    !attr_decode(&address_group_table, only, ATTR_POST, wanted, &given, error)) {
		if (!list)
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "Unable to find 'addresses' in request body");
		attr_free(&address_group_table, g_steal_pointer(&wanted));
	}
	json_decref(only);
	return wanted;
}

static bool addresses_change(struct address_group *group, const struct vec *wanted, bool add,
			     GError **error)
{
	uint32_t at;

	for (uint32_t i = 0; i < wanted->count; i++) {
		struct prefix prefix = *vec_at(struct prefix, wanted, i);
		bool there = have(&group->addresses, prefix, &at);
		struct prefix *list = group->addresses.items;

		if (add && there)
			return refuse(error, "AddressesAlreadyExist", "already", prefix,
				      group->object.id);
		if (!add && !there)
			return refuse(error, "AddressesNotFound", "not", prefix,
				      group->object.id);
		if (add)
			*(struct prefix *)vec_add(&group->addresses, sizeof(prefix)) = prefix;
		else
			list[at] = list[--group->addresses.count];
	}
	if (group->addresses.count <= ADDRESS_GROUP_MAX)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "Invalid input for addresses. Reason: %u exceed the maximum of %d.",
		    group->addresses.count, ADDRESS_GROUP_MAX);
	return false;
}

static bool addresses_build(struct job *job, struct uuid id, json_t *body, bool add,
			    GError **error)
{
	struct address_group *wanted = addresses_decode(body, add, error);
	struct address_group *group;
	bool good;

	if (!wanted)
		return false;
	addresses_unite(&wanted->addresses);
	group = job_edit(job, KIND_ADDRESS_GROUP, id);
	good = addresses_change(group, &wanted->addresses, add, error);
	attr_free(&address_group_table, wanted);
	return good;
}

static bool addresses_add(struct job *job, struct uuid id, json_t *body, GString *reply,
			  GError **error)
{
	return addresses_build(job, id, body, true, error);
}

static bool addresses_remove(struct job *job, struct uuid id, json_t *body, GString *reply,
			     GError **error)
{
	return addresses_build(job, id, body, false, error);
}

static const struct resource_action actions[] = {
	{"add_addresses", addresses_add},
	{"remove_addresses", addresses_remove},
	{NULL, NULL},
};

const struct resource api_address_group = {
	.kind = KIND_ADDRESS_GROUP,
	.put = group_put,
	.del = group_del,
	.actions = actions,
	.deny_as_missing = true,
};

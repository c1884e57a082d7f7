/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object can be two members: a port that the template has, and the interface
 * that gives it to a router; a router, and the routes it was given.
 */
#include "cli/stack/member.h"

#include <string.h>
#include "lib/error.h"
#include "lib/http_client.h"

#define STACK_PREFIX "stack:"

static const struct member_tag tags[] = {
	{MEMBER_OBJECT, "stack-key:"},
	{MEMBER_INTERFACE, "stack-if:"},
	{MEMBER_ROUTES, "stack-route:"},
	{MEMBER_GATEWAY, "stack-way:"},
};

char *member_stack_tag(const char *stack)
{
	return g_strconcat(STACK_PREFIX, stack, NULL);
}

char *member_key_tag(enum member member, const char *key)
{
	return g_strconcat(tags[member].prefix, key, NULL);
}

const char *member_parse_stack(const char *tag)
{
	return g_str_has_prefix(tag, STACK_PREFIX) ? tag + strlen(STACK_PREFIX) : NULL;
}

bool member_has_tag(const json_t *object, const char *tag)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(object, "tags"), i, item)
		if (!g_strcmp0(json_string_value(item), tag))
			return true;
	return false;
}

static void member_free(gpointer data)
{
	struct stack_member *member = data;

	json_decref(member->object);
	g_free(member->key);
	g_free(member);
}

static void add_member(GPtrArray *members, const struct member_tag *tag, const char *key,
		       enum kind kind, json_t *object)
{
	struct stack_member *member = g_new(struct stack_member, 1);

	*member = (struct stack_member){.key = g_strdup(key),
					.member = tag->member,
					.kind = kind,
					.object = json_incref(object)};
	g_ptr_array_add(members, member);
}

static void add_object(GPtrArray *members, enum kind kind, json_t *object)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(object, "tags"), i, item) {
		const char *text = json_string_value(item);

		for (size_t k = 0; text && k < G_N_ELEMENTS(tags); k++)
			if (g_str_has_prefix(text, tags[k].prefix))
				add_member(members, &tags[k], text + strlen(tags[k].prefix),
					   kind, object);
	}
}

/* By kind, then by key: ids come in no order. */
static gint compare_members(gconstpointer a, gconstpointer b)
{
	const struct stack_member *const *one = a, *const *other = b;

	if ((*one)->kind != (*other)->kind)
		return (gint)(*one)->kind - (gint)(*other)->kind;
	return strcmp((*one)->key, (*other)->key);
}

bool member_can_be(enum kind kind)
{
	for (const struct resource_type *type = property_types(); type->name; type++)
		if (type->kind == kind)
			return true;
	return false;
}

GPtrArray *member_read(struct client *client, const char *stack, GError **error)
{
	g_autoptr(GArray) requests = client_requests_new();
	g_autofree char *tag = member_stack_tag(stack);
	g_autofree char *escaped = http_escape(tag);
	enum kind asked[KIND_COUNT];
	GPtrArray *members;
	guint count = 0;

	for (int kind = 0; kind < KIND_COUNT; kind++)
		if (member_can_be(kind)) {
			asked[count++] = kind;
			client_requests_add(requests, "GET",
					    g_strdup_printf("/v2.0/%s?tags=%s",
							    attr_table_path(cloud_table(kind)),
							    escaped),
					    NULL);
		}
	if (!client_run(client, requests, error))
		return NULL;
	members = g_ptr_array_new_with_free_func(member_free);
	for (guint n = 0; n < count; n++) {
		const struct client_request *request =
			&g_array_index(requests, struct client_request, n);
		const char *plural = cloud_table(asked[n])->plural;
		json_t *object;
		size_t i;

		json_array_foreach (json_object_get(request->reply, plural), i, object)
			if (member_has_tag(object,
					   tag)) /* do not trust a filter with deletes */
				add_object(members, asked[n], object);
	}
	g_ptr_array_sort(members, compare_members);
	return members;
}

const char *member_type_name(const struct stack_member *member)
{
	for (const struct resource_type *type = property_types(); type->name; type++)
		if (type->member == member->member && type->kind == member->kind)
			return type->name;
	return "?";
}

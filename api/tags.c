/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags.
 */
#include "api/tags.h"

#include <stdlib.h>
#include <string.h>

#include "api/access.h"
#include "api/errand.h"
#include "api/reply.h"
#include "lib/error.h"

static int tag_compare(const void *a, const void *b)
{
	return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

static bool tags_bad(GError **error, const char *reason, const char *tag)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "InvalidInput: Invalid input for operation: %s '%s'.", reason, tag);
	return false;
}

bool tags_normalize(struct vec *tags, GError **error)
{
	if (tags->count > OBJECT_TAG_COUNT)
		return tags_bad(error, "Too many tags at",
				*vec_at(char *, tags, OBJECT_TAG_COUNT));
	if (tags->count)
		qsort(tags->items, tags->count, sizeof(char *), tag_compare);
	for (uint32_t i = 0; i < tags->count; i++) {
		const char *tag = *vec_at(char *, tags, i);

		if (!tag)
			return tags_bad(error, "A tag is empty:", "");
		if (i && strcmp(tag, *vec_at(char *, tags, i - 1)) == 0)
			return tags_bad(error, "Duplicate tag", tag);
	}
	return true;
}

static bool tags_find(const struct vec *tags, const char *tag, uint32_t *at)
{
	for (uint32_t i = 0; i < tags->count; i++) {
		if (g_strcmp0(*vec_at(char *, tags, i), tag) != 0)
			continue;
		*at = i;
		return true;
	}
	return false;
}

static bool tag_not_found(const char *tag, GError **error)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
		    "TagNotFound: Tag %s could not be found.", tag);
	return false;
}

/* A member that the caller does not see has no tags either. */
static const struct object *tags_find_member(const struct ask *ask, GError **error)
{
	const struct object *object = NULL;
	struct uuid id;

	/* What has no such attribute could not keep them. */
	if (attr_find(resource_table(ask->resource), "tags") && uuid_parse(ask->id, &id))
		object = cloud_find(ask->api->cloud, ask->resource->kind, id);
	if (object && access_sees(ask->api->access, ask->caller, ask->resource, object))
		return object;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
		    "TagResourceNotFound: Resource %s %s could not be found.",
		    resource_table(ask->resource)->plural, ask->id);
	return NULL;
}

static bool tags_are_hidden(const struct ask *ask, const void *object, GError **error)
{
	uint64_t hidden = access_hides(ask->api->access, ask->caller, ask->resource, object);

	return hidden & attr_bit_of(resource_table(ask->resource), "tags") &&
	       !resource_denied("get", ask->resource, "tags", error);
}

static void tags_print(const struct vec *tags, GString *out)
{
	g_string_append(out, "{\"tags\":[");
	for (uint32_t i = 0; i < tags->count; i++) {
		if (i)
			g_string_append_c(out, ',');
		attr_encode_string(out, *vec_at(char *, tags, i));
	}
	g_string_append(out, "]}");
}

static void tags_read(const struct ask *ask, const struct object *object)
{
	g_autoptr(GError) error = NULL;
	GString *out;
	uint32_t at;

	if (ask->tag) {
		if (tags_find(&object->tags, ask->tag, &at)) {
			reply_json(ask->request, 204, NULL, 0);
			return;
		}
		tag_not_found(ask->tag, &error);
		reply_error(ask->request, error);
		return;
	}
	out = g_string_new(NULL);
	tags_print(&object->tags, out);
	reply_json(ask->request, 200, out->str, out->len);
	g_string_free(out, FALSE);
}

/* Changing. BODY: the tags that replace all; without, the one tag is added or deleted. */

static bool tags_replace(struct object *object, json_t *body, GError **error)
{
	json_t *list = json_object_get(body, "tags"), *item;
	size_t i;

	if (!json_is_array(list)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "InvalidInput: Invalid input for operation: Invalid tags body.");
		return false;
	}
	vec_done(&object->tags, &object_tag_table);
	json_array_foreach (list, i, item) {
		const char *text = json_string_value(item);
		void *at = vec_add(&object->tags, sizeof(char *));

		if (!text || !attr_parse(&object_tag_table.attrs[0], text, at, NULL))
			return tags_bad(error,
					"Not a tag of up to 255 characters:", text ? text : "");
	}
	return tags_normalize(&object->tags, error);
}

static bool tags_add(struct object *object, const char *tag, GError **error)
{
	void *at = vec_add(&object->tags, sizeof(char *));

	if (!attr_parse(&object_tag_table.attrs[0], tag, at, NULL))
		return tags_bad(error, "Not a tag of up to 255 characters:", tag);
	return tags_normalize(&object->tags, error);
}

static void tags_del(struct object *object, uint32_t at)
{
	char **tags = object->tags.items;

	g_free(tags[at]);
	object->tags.count--;
	memmove(&tags[at], &tags[at + 1], (object->tags.count - at) * sizeof(char *));
}

static bool tags_build(struct job *job, GError **error)
{
	struct errand *errand = job_data(job);
	const struct object *before = errand_find_member(job, error);
	struct object *object;
	uint32_t at = 0;
	bool have, del = errand->status == 204;

	g_string_truncate(errand->reply, 0);
	if (!before || !access_check_tags(job, del ? VERB_DELETE : VERB_UPDATE,
					  errand->resource, before, error))
		return false;
	have = errand->tag && tags_find(&before->tags, errand->tag, &at);
	if (errand->tag && del && !have)
		return tag_not_found(errand->tag, error);
	if (errand->tag && !del && have) {
		g_string_assign(errand->reply, "null");
		return true;
	}
	object = job_edit(job, errand->resource->kind, errand->id);
	if (errand->body) {
		if (!tags_replace(object, errand->body, error))
			return false;
		tags_print(&object->tags, errand->reply);
	} else if (!errand->tag) {
		vec_done(&object->tags, &object_tag_table);
	} else if (del) {
		tags_del(object, at);
	} else {
		g_string_assign(errand->reply, "null");
		return tags_add(object, errand->tag, error);
	}
	return true;
}

/* POST: those of the body, beside what is there. */
static bool tags_build_more(struct job *job, GError **error)
{
	struct errand *errand = job_data(job);
	const struct object *before = errand_find_member(job, error);
	struct object *object;
	uint32_t at;

	g_string_truncate(errand->reply, 0);
	if (!before || !access_check_tags(job, VERB_CREATE, errand->resource, before, error))
		return false;
	object = job_edit(job, errand->resource->kind, errand->id);
	if (!tags_replace(object, errand->body, error))
		return false;
	for (uint32_t i = 0; i < before->tags.count; i++) {
		const char *tag = *vec_at(char *, &before->tags, i);

		if (!tags_find(&object->tags, tag, &at))
			*(char **)vec_add(&object->tags, sizeof(char *)) = g_strdup(tag);
	}
	if (!tags_normalize(&object->tags, error))
		return false;
	tags_print(&object->tags, errand->reply);
	return true;
}

static const struct job_ops tags_ops = {
	.build = tags_build,
	.finish = errand_answer,
	.free = errand_free,
};

static const struct job_ops tags_more_ops = {
	.build = tags_build_more,
	.finish = errand_answer,
	.free = errand_free,
};

static void tags_change(const struct ask *ask, unsigned int status, const struct job_ops *ops)
{
	struct errand *errand = errand_new(ask);

	if (!errand)
		return;
	errand->status = status;
	if (status == 200) {
		errand->body = errand_read_body(ask);
		if (!errand->body) {
			errand_free(errand);
			return;
		}
	}
	job_start(ask->api, ask->caller, ops, errand);
}

void tags_serve(const struct ask *ask)
{
	const char *method = ask->question->method;
	g_autoptr(GError) error = NULL;
	const struct object *object = tags_find_member(ask, &error);

	if (!object)
		reply_error(ask->request, error);
	else if (strcmp(method, "GET") == 0 && tags_are_hidden(ask, object, &error))
		reply_error(ask->request, error);
	else if (strcmp(method, "GET") == 0)
		tags_read(ask, object);
	else if (strcmp(method, "PUT") == 0)
		tags_change(ask, ask->tag ? 201 : 200, &tags_ops);
	else if (strcmp(method, "POST") == 0 && !ask->tag)
		tags_change(ask, 200, &tags_more_ops);
	else if (strcmp(method, "DELETE") == 0)
		tags_change(ask, 204, &tags_ops);
	else
		reply_bad_method(ask->request);
}

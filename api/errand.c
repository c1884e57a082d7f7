/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all changing requests have in common.
 */
#include "api/errand.h"

#include <string.h>

#include "api/access.h"
#include "api/query.h"
#include "api/reply.h"
#include "lib/error.h"

static bool errand_read_match(const struct ask *ask, int64_t *out)
{
	static const char name[] = "revision_number=";
	const char *match = http_request_find_header(ask->request, "If-Match");
	char *end;

	*out = -1;
	if (!match)
		return true;
	if (strncmp(match, name, sizeof(name) - 1) != 0 ||
	    !g_ascii_isdigit(match[sizeof(name) - 1]))
		return false;
	*out = g_ascii_strtoll(match + sizeof(name) - 1, &end, 10);
	return *end == '\0';
}

struct errand *errand_new(const struct ask *ask)
{
	struct errand *errand;
	struct uuid id = uuid_none;
	int64_t expected;

	if (ask->id && !uuid_parse(ask->id, &id)) {
		g_autoptr(GError) error = NULL;
		const char *title = resource_table(ask->resource)->title;

		g_set_error(&error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    "%sNotFound: %s %s could not be found.", title, title, ask->id);
		reply_error(ask->request, error);
		return NULL;
	}
	if (!errand_read_match(ask, &expected)) {
		reply_plain_error(ask->request, 400, "HTTPBadRequest",
				  "If-Match must be 'revision_number=N'.");
		return NULL;
	}
	errand = g_new0(struct errand, 1);
	errand->request = ask->request;
	errand->resource = ask->resource;
	errand->view = query_view(ask->api, ask->resource, ask->caller, ask->question);
	errand->id = id;
	errand->has_id = ask->id;
	errand->expected = expected;
	errand->tag = g_strdup(ask->tag);
	errand->reply = g_string_new(NULL);
	errand->made = g_array_new(FALSE, FALSE, sizeof(struct uuid));
	return errand;
}

void errand_free(void *data)
{
	struct errand *errand = data;

	json_decref(errand->body);
	if (errand->reply)
		g_string_free(errand->reply, TRUE);
	g_array_unref(errand->made);
	g_free(errand->tag);
	g_free(errand);
}

json_t *errand_read_body(const struct ask *ask)
{
	json_error_t where;
	json_t *body = json_loadb(ask->question->body, ask->question->body_size,
				  JSON_REJECT_DUPLICATES, &where);

	if (json_is_object(body))
		return body;
	if (body || ask->question->body_size == 0) {
		reply_plain_error(ask->request, 400, "HTTPBadRequest",
				  "Resource body required");
	} else {
		g_autofree char *text = g_strdup_printf(
			"Body contains invalid data: line %d: %s", where.line, where.text);

		reply_plain_error(ask->request, 400, "HTTPBadRequest", text);
	}
	json_decref(body);
	return NULL;
}

const void *errand_find_member(struct job *job, GError **error)
{
	const struct errand *errand = job_data(job);
	const struct resource *resource = errand->resource;
	const struct object *object = cloud_find(job_cloud(job), resource->kind, errand->id);

	if (!object || !access_sees(job_api(job)->access, job_caller(job), resource, object)) {
		resource_not_found(resource, errand->id, error);
		return NULL;
	}
	if (errand->expected >= 0 && errand->expected != object->revision_number) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_STALE,
			    "RevisionNumberConstraintFailed: Constrained to %" G_GINT64_FORMAT
			    ", but current revision is %" G_GINT64_FORMAT,
			    errand->expected, object->revision_number);
		return NULL;
	}
	return object;
}

void errand_refuse(const struct job *job, const GError *error)
{
	const struct errand *errand = job_data(job);
	const struct api *api = job_api(job);
	g_autofree char *text = NULL, *ids = NULL;

	if (weft_error_to_status(error) >= 500 && api->config.complain && !api->ending) {
		ids = reply_ids(errand->request);
		text = g_strdup_printf("%s: cannot be changed: %s [%s]",
				       resource_table(errand->resource)->plural, error->message,
				       ids);
		api->config.complain(text);
	}
	reply_error(errand->request, error);
}

void errand_answer(struct job *job, const GError *error)
{
	const struct errand *errand = job_data(job);

	if (error)
		errand_refuse(job, error);
	else if (errand->status == 204)
		reply_json(errand->request, 204, NULL, 0);
	else
		reply_json(errand->request, errand->status, g_strdup(errand->reply->str),
			   errand->reply->len);
}

void errand_encode(const struct job *job, const struct errand *errand, const void *object)
{
	struct attr_view view = errand->view;

	view.hidden =
		access_hides(job_api(job)->access, job_caller(job), errand->resource, object);
	attr_encode(resource_table(errand->resource), object, &view, errand->reply);
}

void errand_print(const struct job *job, const struct errand *errand, const void *object)
{
	const struct attr_table *table = resource_table(errand->resource);

	g_string_append_printf(errand->reply, "{\"%s\":", table->singular);
	errand_encode(job, errand, object);
	g_string_append_c(errand->reply, '}');
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Logs are about what is there, and go with it. */
#include "api/log.h"

#include <string.h>

#include "api/access.h"
#include "api/reply.h"
#include "lib/error.h"
#include "model/log.h"

/* The object that a log names, if the caller sees it; else an error of TYPE. */
static const void *named_find(struct job *job, enum kind kind, struct uuid id, const char *type,
			      const char *what, GError **error)
{
	const void *object = job_find(job, kind, id);
	char text[UUID_TEXT];

	if (object &&
	    access_sees(job_api(job)->access, job_caller(job), resource_get(kind), object))
		return object;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND, "%s: %s %s could not be found.",
		    type, what, uuid_print(id, text));
	return NULL;
}

static bool both_agree(const struct flow_log *log, const struct port *port, GError **error)
{
	char resource[UUID_TEXT], target[UUID_TEXT];

	if (uuid_is_none(log->resource_id) || flow_log_concerns(log, port))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "InvalidResourceConstraint: Invalid resource constraint between resource "
		    "(security_group %s) and target resource (port %s).",
		    uuid_print(log->resource_id, resource), uuid_print(log->target_id, target));
	return false;
}

static bool log_put(struct job *job, const void *before, void *object, uint64_t given,
		    GError **error)
{
	const struct flow_log *log = object;
	const struct port *port = NULL;

	if (before)
		return true; /* its name, or whether it is in force */
	if (g_strcmp0(log->resource_type, FLOW_LOG_TYPE) != 0) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "InvalidLogResourceType: Invalid log resource_type: %s.",
			    log->resource_type ? log->resource_type : "");
		return false;
	}
	if (!uuid_is_none(log->resource_id) &&
	    !named_find(job, KIND_SECURITY_GROUP, log->resource_id, "ResourceNotFound",
			"Resource", error))
		return false;
	if (!uuid_is_none(log->target_id)) {
		port = named_find(job, KIND_PORT, log->target_id, "TargetResourceNotFound",
				  "Target resource", error);
		if (!port || !both_agree(log, port, error))
			return false;
	}
	if (!uuid_is_none(log->resource_id))
		job_guard(job, KIND_SECURITY_GROUP, log->resource_id);
	return true;
}

static bool log_del(struct job *job, const void *object, GError **error)
{
	return true;
}

void log_forget(struct job *job, struct uuid id)
{
	const GPtrArray *logs = cloud_list(job_cloud(job), KIND_LOG);

	for (guint i = 0; i < logs->len; i++) {
		const struct flow_log *log = logs->pdata[i];

		if ((uuid_equal(log->resource_id, id) || uuid_equal(log->target_id, id)) &&
		    job_find(job, KIND_LOG, log->object.id))
			job_del(job, KIND_LOG, log->object.id);
	}
}

void log_serve_loggable(struct http_request *request)
{
	static const char body[] =
		"{\"loggable_resources\":[{\"type\":\"" FLOW_LOG_TYPE "\"}]}";

	reply_json(request, 200, g_strdup(body), strlen(body));
}

const struct resource api_log = {
	.kind = KIND_LOG,
	.put = log_put,
	.del = log_del,
};

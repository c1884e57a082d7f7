/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One changing request on its way through the engine: what the job carries.
 */
#pragma once

#include "api/engine.h"
#include "model/attr_json.h"

struct errand {
	struct http_request *request;
	const struct resource *resource;
	struct attr_view view;
	struct uuid id;
	bool has_id;
	json_t *body; /* owned; the wrapped object, or the list of a bulk */
	bool bulk;
	int64_t expected; /* If-Match's revision_number; -1: none */
	const struct resource_action *action;
	char *tag;
	GString *reply; /* text made by the build */
	GArray *made;	/* struct uuid: what the reply shows */
	guint printed;	/* ... of how many it has been made */
	unsigned int status;
};

/* Reads id and If-Match; answers the request itself and gives NULL when they are wrong. */
struct errand *errand_new(const struct ask *ask);
void errand_free(void *errand);

/* The body as JSON; answers the request itself and gives NULL when it is none. */
json_t *errand_read_body(const struct ask *ask);

/*
 * The member that the errand names: seen by the caller, at the expected revision. Borrowed
 * from the cloud; NULL on an error.
 */
const void *errand_find_member(struct job *job, GError **error);

/* Answers with ERROR, and complains when it is ours. */
void errand_refuse(const struct job *job, const GError *error);
/* A job's end: errand->reply with errand->status, without a body for 204; or ERROR. */
void errand_answer(struct job *job, const GError *error);

/* The object as the caller sees it, into errand->reply; ... wrapped. */
void errand_encode(const struct job *job, const struct errand *errand, const void *object);
void errand_print(const struct job *job, const struct errand *errand, const void *object);

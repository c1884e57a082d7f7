/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be done with every resource, by its table: create, show, list, update,
 * delete, act, tag.
 */
#pragma once

#include "api/resource.h"
#include "lib/http_server.h"

/* A request for a resource, already identified. All borrowed. */
struct ask {
	struct api *api;
	struct http_request *request;
	const struct http_question *question;
	const struct caller *caller;
	const struct resource *resource;
	const char *id;	    /* NULL: the collection */
	const char *action; /* after the id; NULL: none */
	const char *tag;    /* after /tags/; NULL: none */
};

/* Each answers the request, now or later. */
void engine_list(const struct ask *ask);
void engine_show(const struct ask *ask);
void engine_create(const struct ask *ask);
void engine_update(const struct ask *ask);
void engine_delete(const struct ask *ask);
/* False when the resource has no such action. */
bool engine_act(const struct ask *ask);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of the API as a stack needs, in memory, for tests: it refuses to delete
 * what is in use, and fails where it is told to.
 */
#pragma once

#include "cli/client.h"

struct fake_api {
	json_t *objects[KIND_COUNT]; /* lists */
	GPtrArray *log;		     /* "POST /v2.0/networks" ...: what was asked, no GETs */
	const char *fail;	     /* the first request whose log line has this in it fails */
	guint ids;
};

void fake_api_init(struct fake_api *api);
void fake_api_done(struct fake_api *api);

/* For client_new_for_test(). */
void fake_api_answer(void *data, struct client_request *request);

guint fake_api_count(const struct fake_api *api, enum kind kind);
/* The object called NAME; borrowed or NULL. */
json_t *fake_api_find(const struct fake_api *api, enum kind kind, const char *name);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API as a command sees it: requests in, JSON or an error out. Requests that do
 * not need each other go out together.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include <jansson.h>
#include "model/cloud.h"

struct client;
struct http_tls;

struct client_request {
	const char *method;
	char *path;    /* "/v2.0/ports?name=web"; owned */
	json_t *body;  /* owned; NULL: none */
	json_t *reply; /* output, owned; null when the answer was empty */
	GError *error; /* output, owned; WEFT_ERROR by the status */
	bool sent;     /* output: false when an earlier one failed first */
};

/* Answers REQUEST instead of the network: for tests. */
typedef void (*client_answerer)(void *data, struct client_request *request);

/* URL: "http://HOST:PORT", "https://..." or "unix:PATH". TOKEN and PROJECT may be NULL. */
struct client *client_new(const char *url, const char *token, const char *project);
/* For https: what to trust and to show. Copied; files that are named are looked at once. */
void client_set_tls(struct client *client, const struct http_tls *tls);
struct client *client_new_for_test(client_answerer answerer, void *data);
void client_free(struct client *client);
void client_freep(struct client **client); /* for __attribute__((cleanup)) */

/* One request. BODY is taken over. A new reference, or NULL with ERROR. */
json_t *client_call(struct client *client, const char *method, const char *path, json_t *body,
		    GError **error);

/* A list of requests; the array owns what is in it. */
GArray *client_requests_new(void);
struct client_request *client_requests_add(GArray *requests, const char *method, char *path,
					   json_t *body);

/* All of them, several at a time; nothing more is sent after one failed. False when one
 * failed, with a copy of the first failure in ERROR. */
bool client_run(struct client *client, GArray *requests, GError **error);

/* What people call a KIND: "security group". */
const char *client_kind_name(enum kind kind);

/* The id behind TEXT, which is an id or a name that only one object has. */
char *client_find_id(struct client *client, enum kind kind, const char *text, GError **error);

/* The object itself; a new reference. */
json_t *client_show(struct client *client, enum kind kind, const char *id, GError **error);

/* The objects of KIND that QUERY ("name=web&limit=1", or "") selects: a list. */
json_t *client_list(struct client *client, enum kind kind, const char *query, GError **error);

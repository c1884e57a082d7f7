/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to etcd: its members' HTTP gateways (API v3, JSON), one of them in use and the
 * next when it fails. For etcd*.c only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <jansson.h>

#include "lib/http_client.h"

struct etcd_link;
struct etcd_call;

/* URLS: separated by commas. */
struct etcd_link *etcd_link_new(const char *urls, const struct http_tls *tls, GError **error);
void etcd_link_free(struct etcd_link *link); /* no callback any more */
const char *etcd_link_get_url(const struct etcd_link *link);

/*
 * Called once with the answer, or an error: WEFT_ERROR_UNAVAILABLE after no member has given
 * one for long (AMBIGUOUS: one of them may have taken the request all the same), and others
 * when etcd has refused. Both are borrowed.
 */
struct etcd_answer {
	json_t *json;
	const GError *error;
	unsigned int sent; /* how many times */
};
typedef void (*etcd_answered)(const struct etcd_answer *answer, void *data);

/* What is posted must bear to be applied twice: it is sent again when there is no answer.
 * Gives up after PATIENCE_MS. */
void etcd_link_post(struct etcd_link *link, const char *path, const char *body,
		    unsigned int patience_ms, etcd_answered answered, void *data);

/* The same for a transaction, of whose responses nobody wants to know when it has succeeded. */
void etcd_link_post_txn(struct etcd_link *link, const char *body, unsigned int patience_ms,
			etcd_answered answered, void *data);

/* The same, blocking; owned. */
json_t *etcd_link_ask(struct etcd_link *link, const char *path, const char *body,
		      GError **error);

/* A stream of lines from the member in use, which is told that it needs a leader. */
struct http_call *etcd_link_stream(struct etcd_link *link, const char *path, const char *body,
				   http_line line, http_answered ended, void *data);

/* The member at URL is no good: the next one. Nothing when it is not in use any more. */
void etcd_link_leave(struct etcd_link *link, const char *url);

/* JSON */

/* ,"NAME":"VALUE in base64" */
void etcd_append_bytes(GString *out, const char *name, const void *value, gsize size);
void etcd_append_text(GString *out, const char *name, const char *value);
/* ,"key":"PREFIX and KEY in base64" */
void etcd_append_key(GString *out, const char *prefix, const char *key);
/* "key" and "range_end" of all keys that start with PREFIX, without a comma in front. */
void etcd_append_prefix(GString *out, const char *prefix);
/* What the gateway prints: numbers as text, nothing for 0 and "". */
uint64_t etcd_get_number(const json_t *object, const char *name);
/* Owned bytes, a NUL behind them; "" when missing or wrong. */
char *etcd_get_bytes(const json_t *object, const char *name, gsize *size);

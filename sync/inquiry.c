/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/inquiry.h"

#include <stdlib.h>
#include "lib/error.h"
#include "lib/uuid.h"

#define WAIT_MS	    5000
#define WAITING_MAX 64

/* Owned by the table. */
struct inquiry {
	struct inquiries *all;
	char id[UUID_TEXT];
	char *host;
	struct http_request *request;
	guint timer;
};

struct inquiries {
	GHashTable *waiting; /* id -> struct inquiry */
	unsigned int wait_ms;
};

/* It may name what came in any bytes. */
void inquiry_reply_error(struct http_request *request, const GError *error)
{
	g_autofree char *message = g_utf8_make_valid(error->message, -1);
	json_auto_t *object = json_pack(
		"{s:s, s:s}", "type",
		error->domain == WEFT_ERROR ? weft_error_to_name((enum weft_error)error->code)
					    : "internal",
		"message", message);

	http_reply_json(request, weft_error_to_status(error), json_dumps(object, JSON_COMPACT));
}

static void inquiry_free(void *data)
{
	struct inquiry *inquiry = data;

	g_source_remove(inquiry->timer);
	g_free(inquiry->host);
	g_free(inquiry);
}

static gboolean inquiry_is_late(void *data)
{
	struct inquiry *inquiry = data;
	g_autoptr(GError) error = g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
					      "host %s: has not answered within %.1f s",
					      inquiry->host, inquiry->all->wait_ms / 1000.0);

	inquiries_refuse(inquiry->all, inquiry->id, error);
	return G_SOURCE_CONTINUE; /* it has gone with the inquiry */
}

const char *inquiries_add(struct inquiries *inquiries, const char *host,
			  struct http_request *request, GError **error)
{
	struct inquiry *inquiry;

	if (g_hash_table_size(inquiries->waiting) >= WAITING_MAX) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
			    "host %s: %d questions to hosts wait for an answer already", host,
			    WAITING_MAX);
		return NULL;
	}
	inquiry = g_new0(struct inquiry, 1);
	inquiry->all = inquiries;
	inquiry->host = g_strdup(host);
	inquiry->request = request;
	inquiry->timer = g_timeout_add(inquiries->wait_ms, inquiry_is_late, inquiry);
	uuid_print(uuid_new(), inquiry->id);
	g_hash_table_insert(inquiries->waiting, inquiry->id, inquiry);
	return inquiry->id;
}

void inquiries_refuse(struct inquiries *inquiries, const char *id, const GError *error)
{
	const struct inquiry *inquiry = g_hash_table_lookup(inquiries->waiting, id);

	inquiry_reply_error(inquiry->request, error);
	g_hash_table_remove(inquiries->waiting, inquiry->id);
}

/* What of BODY goes to who has asked; NULL: it is no answer. */
static json_t *answer_make(const char *host, const json_t *body, GError **error)
{
	json_t *flows = json_object_get(body, "flows");
	bool truncated = json_is_true(json_object_get(body, "truncated"));

	if (json_is_array(flows))
		return json_pack("{s:s,s:O,s:b}", "host", host, "flows", flows, "truncated",
				 truncated);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "host %s: answer: has neither flows nor an error", host);
	return NULL;
}

static bool answer_is_refusal(struct inquiries *inquiries, const char *host, const char *id,
			      const json_t *body)
{
	const char *why = json_string_value(json_object_get(body, "error"));
	g_autoptr(GError) error = NULL;

	if (!why)
		return false;
	error = g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "host %s: %.256s", host, why);
	inquiries_refuse(inquiries, id, error);
	return true;
}

bool inquiries_answer(struct inquiries *inquiries, const char *host, const json_t *body,
		      GError **error)
{
	const char *id = json_string_value(json_object_get(body, "id"));
	const struct inquiry *inquiry = id ? g_hash_table_lookup(inquiries->waiting, id) : NULL;
	json_auto_t *answer = NULL;

	if (!inquiry || g_strcmp0(inquiry->host, host) != 0) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    "host %s: answer: id: nothing of that kind was asked here", host);
		return false;
	}
	if (answer_is_refusal(inquiries, host, inquiry->id, body))
		return true;
	answer = answer_make(host, body, error);
	if (!answer)
		return false;
	http_reply_json(inquiry->request, 200, json_dumps(answer, JSON_COMPACT));
	g_hash_table_remove(inquiries->waiting, inquiry->id);
	return true;
}

void inquiries_set_time(struct inquiries *inquiries, unsigned int milliseconds)
{
	inquiries->wait_ms = milliseconds;
}

struct inquiries *inquiries_new(void)
{
	struct inquiries *inquiries = g_new0(struct inquiries, 1);

	inquiries->waiting = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, inquiry_free);
	inquiries->wait_ms = WAIT_MS;
	return inquiries;
}

void inquiries_free(struct inquiries *inquiries)
{
	g_autoptr(GError) error =
		g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "the controller is ending");
	GHashTableIter iter;
	gpointer inquiry;

	if (!inquiries)
		return;
	g_hash_table_iter_init(&iter, inquiries->waiting);
	while (g_hash_table_iter_next(&iter, NULL, &inquiry))
		inquiry_reply_error(((struct inquiry *)inquiry)->request, error);
	g_hash_table_unref(inquiries->waiting);
	g_free(inquiries);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is on the page is settled when it is asked for; each object is shown as it is when its turn
 * comes, and one that is gone by then, or not to be seen any more, is not. Who takes no gzip has
 * the first part while the others are made; who reads slowly makes us wait, not remember.
 */
#include "api/listing.h"

#include "api/access.h"
#include "api/reply.h"

#define AT_ONCE	    200	       /* objects that need no parts */
#define PART_US	    500	       /* of a turn of the loop */
#define QUEUED_MOST (1u << 20) /* bytes that the client has not read yet */
#define PAUSE_MS    2

/* Owned by the loop, until all is told or the client has gone. */
struct listing {
	struct api *api;
	struct caller caller;
	struct sight sight;
	struct attr_view view;
	const struct attr_table *table;
	enum kind kind;
	GArray *ids;
	guint next;
	bool empty; /* nothing has been printed */
	char *end;
	GString *text;		      /* not told yet */
	struct http_request *request; /* NULL: it is a stream */
	struct http_stream *stream;
	guint turn;
};

static void listing_free(struct listing *listing)
{
	g_clear_handle_id(&listing->turn, g_source_remove);
	g_array_unref(listing->ids);
	g_string_free(listing->text, TRUE);
	g_free(listing->end);
	g_free(listing);
}

static void listing_lose_client(void *data)
{
	listing_free(data);
}

static void listing_print(struct listing *listing, const void *object)
{
	if (!listing->empty)
		g_string_append_c(listing->text, ',');
	listing->empty = false;
	listing->view.hidden = sight_hides(&listing->sight, object);
	attr_encode(listing->table, object, &listing->view, listing->text);
}

static void listing_print_some(struct listing *listing)
{
	gint64 until = g_get_monotonic_time() + PART_US;

	while (listing->next < listing->ids->len) {
		struct uuid id = g_array_index(listing->ids, struct uuid, listing->next++);
		const void *object = cloud_find(listing->api->cloud, listing->kind, id);

		if (object && sight_sees(&listing->sight, object))
			listing_print(listing, object);
		if (g_get_monotonic_time() > until)
			return;
	}
}

static void listing_finish(struct listing *listing)
{
	gsize size;

	listing->turn = 0;
	g_string_append(listing->text, listing->end);
	size = listing->text->len;
	if (listing->request) {
		reply_json(listing->request, 200,
			   g_string_free(g_steal_pointer(&listing->text), FALSE), size);
		listing->text = g_string_new(NULL);
	} else {
		http_stream_write(listing->stream, listing->text->str, size);
		http_stream_close(listing->stream);
	}
	listing_free(listing);
}

static gboolean listing_go_on(void *data);

static void listing_wait(struct listing *listing, guint ms)
{
	listing->turn =
		g_timeout_add_full(G_PRIORITY_DEFAULT, ms, listing_go_on, listing, NULL);
}

static gboolean listing_go_on(void *data)
{
	struct listing *listing = data;

	if (listing->stream && http_stream_get_queued(listing->stream) > QUEUED_MOST) {
		listing_wait(listing, PAUSE_MS);
		return G_SOURCE_REMOVE;
	}
	listing_print_some(listing);
	if (listing->next == listing->ids->len) {
		listing_finish(listing);
		return G_SOURCE_REMOVE;
	}
	if (listing->stream) {
		http_stream_write(listing->stream, listing->text->str, listing->text->len);
		g_string_truncate(listing->text, 0);
	}
	listing_wait(listing, 0);
	return G_SOURCE_REMOVE;
}

/* A compressed body needs its text whole. */
static void listing_open(struct listing *listing, struct http_request *request)
{
	if (http_request_takes_gzip(request))
		listing->request = request;
	else
		listing->stream = http_stream_open(request, "application/json",
						   listing_lose_client, listing);
	listing_wait(listing, 0);
}

static struct listing *listing_new(const struct ask *ask, struct query_page *page)
{
	struct listing *listing = g_new0(struct listing, 1);

	listing->api = ask->api;
	listing->caller = *ask->caller;
	sight_init(&listing->sight, ask->api->access, ask->resource, &listing->caller);
	listing->view = page->view;
	listing->table = resource_table(ask->resource);
	listing->kind = ask->resource->kind;
	listing->ids = g_array_sized_new(FALSE, FALSE, sizeof(struct uuid), page->objects->len);
	listing->end = g_steal_pointer(&page->end);
	listing->text = g_string_sized_new(512 + 768 * MIN(page->objects->len, AT_ONCE));
	listing->empty = true;
	g_string_append_printf(listing->text, "{\"%s\":[", listing->table->plural);
	return listing;
}

void listing_start(const struct ask *ask, struct query_page *page)
{
	struct listing *listing = listing_new(ask, page);

	for (guint i = 0; i < page->objects->len; i++) {
		const struct object *object = page->objects->pdata[i];

		if (page->objects->len <= AT_ONCE)
			listing_print(listing, object);
		else
			g_array_append_val(listing->ids, object->id);
	}
	g_ptr_array_unref(page->objects);
	if (listing->ids->len) {
		listing_open(listing, ask->request);
		return;
	}
	listing->request = ask->request;
	listing_finish(listing);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists. Filters and visibility are matched while walking the shortest index that can
 * hold the answer; only what may be on the page is kept and sorted.
 */
#include "api/query.h"

#include <stdlib.h>
#include <string.h>

#include "api/access.h"
#include "lib/error.h"
#include "model/attr_filter.h"

#define SORT_KEYS_MAX 8

struct sort_key {
	const struct attr *attr;
	bool descending;
};

struct query {
	const struct api *api;
	const struct resource *resource;
	const struct attr_table *table;
	struct sight sight; /* of who asks */
	struct attr_filter *filter;
	struct sort_key keys[SORT_KEYS_MAX + 1];
	unsigned int key_count, dir_count;
	bool has_limit, reverse;
	gint64 limit;
	const char *marker;
	gint64 changed_since; /* -1: not asked */
	GString *unknown;     /* names that are no filter of this resource, as a list */
	uint64_t filtered;    /* attributes that it asks about */
};

struct attr_view query_view(const struct api *api, const struct resource *resource,
			    const struct caller *caller, const struct http_question *question)
{
	const struct attr_table *table = resource_table(resource);
	struct attr_view view = {.world = api->cloud, .project = caller->project_id};
	bool any = false;

	for (gsize i = 0; i < question->query_count; i++) {
		const struct http_pair *pair = &question->query[i];
		const struct attr *attr;

		if (strcmp(pair->name, "fields") != 0 || !*pair->value)
			continue;
		any = true;
		attr = attr_find(table, pair->value);
		if (!attr)
			continue;
		if (strcmp(attr->name, pair->value) == 0)
			view.fields |= attr_bit(table, attr);
		else
			view.aliases |= attr_bit(table, attr);
	}
	if (!any)
		view.fields = view.aliases = UINT64_MAX;
	return view;
}

/* Reading the question */

static bool query_bad(GError **error, const char *format, const char *what)
{
	g_autoptr(GString) text = g_string_new(format);

	g_string_replace(text, "%", what, 1);
	g_set_error_literal(error, WEFT_ERROR, WEFT_ERROR_INVALID, text->str);
	return false;
}

static bool query_add_limit(struct query *query, const char *value, GError **error)
{
	char *end;

	query->limit = g_ascii_strtoll(value, &end, 10);
	query->has_limit = query->limit > 0; /* 0: no limit */
	if (*value && !*end && query->limit >= 0)
		return true;
	return query_bad(error,
			 "BadRequest: Bad limit request: Limit must be an integer 0 or greater "
			 "and not '%'.",
			 value);
}

/* An order by what is hidden would show it; of some objects is of any. */
static bool query_add_sort_key(struct query *query, const char *value, GError **error)
{
	const struct attr *attr = attr_find(query->table, value);

	if (!attr || !(attr->flags & ATTR_SORT) ||
	    attr_bit(query->table, attr) & (query->sight.hidden | query->sight.depends))
		return query_bad(error, "'%' is an invalid attribute for sort keys", value);
	if (query->key_count == SORT_KEYS_MAX)
		return query_bad(error, "too many sort keys at '%'", value);
	query->keys[query->key_count++].attr = attr;
	return true;
}

static bool query_add_sort_dir(struct query *query, const char *value, GError **error)
{
	bool descending = strcmp(value, "desc") == 0;

	if (!descending && strcmp(value, "asc") != 0)
		return query_bad(error, "'%' is an invalid sort direction: asc or desc", value);
	if (query->dir_count == SORT_KEYS_MAX)
		return query_bad(error, "too many sort directions at '%'", value);
	query->keys[query->dir_count++].descending = descending;
	return true;
}

static bool query_add_time(struct query *query, const char *value, GError **error)
{
	const struct attr time = {.type = ATTR_TIME};

	if (attr_parse(&time, value, &query->changed_since, NULL))
		return true;
	return query_bad(
		error,
		"InvalidInput: Invalid input for changed_since: '%' is not a time in ISO "
		"8601 form.",
		value);
}

static bool query_add(struct query *query, const char *name, const char *value, GError **error)
{
	bool known;

	if (strcmp(name, "fields") == 0 || !*name)
		return true;
	if (strcmp(name, "limit") == 0)
		return query_add_limit(query, value, error);
	if (strcmp(name, "marker") == 0)
		return query->marker = value, true;
	if (strcmp(name, "page_reverse") == 0)
		return query->reverse = g_ascii_strcasecmp(value, "true") == 0, true;
	if (strcmp(name, "sort_key") == 0)
		return query_add_sort_key(query, value, error);
	if (strcmp(name, "sort_dir") == 0)
		return query_add_sort_dir(query, value, error);
	if (strcmp(name, "changed_since") == 0)
		return query_add_time(query, value, error);
	if (!attr_filter_add(query->filter, name, value, &known, error))
		return false;
	if (attr_find(query->table, name))
		query->filtered |= attr_bit(query->table, attr_find(query->table, name));
	if (!known)
		g_string_append_printf(query->unknown, "%s'%s'",
				       query->unknown->len ? ", " : "", name);
	return true;
}

static bool query_check(struct query *query, GError **error)
{
	if (query->key_count != query->dir_count)
		return query_bad(error, "The number of sort_keys and sort_dirs must be same%",
				 "");
	if (query->unknown->len)
		return query_bad(error, "[%] is invalid attribute for filtering",
				 query->unknown->str);
	return true;
}

/* As many as are asked for, and never more than an operator lets. */
static void query_cap_limit(struct query *query)
{
	gint64 most = query->api->config.page_max;

	if (most && (!query->has_limit || query->limit > most)) {
		query->limit = most;
		query->has_limit = true;
	}
}

static bool query_init(struct query *query, const struct api *api,
		       const struct resource *resource, const struct caller *caller,
		       const struct http_question *question, GError **error)
{
	*query = (struct query){
		.api = api,
		.resource = resource,
		.table = resource_table(resource),
		.changed_since = -1,
	};
	sight_init(&query->sight, api->access, resource, caller);
	query->filter = attr_filter_new(query->table);
	query->unknown = g_string_new(NULL);
	attr_filter_set_project(query->filter, caller->project_id);
	for (gsize i = 0; i < question->query_count; i++)
		if (!query_add(query, question->query[i].name, question->query[i].value, error))
			return false;
	if (!query_check(query, error))
		return false;
	query_cap_limit(query);
	query->keys[query->key_count].descending = false;
	query->keys[query->key_count++].attr = attr_find(query->table, "id");
	return true;
}

/* Finding */

static const GPtrArray *query_find_index(const struct query *query)
{
	const struct cloud *cloud = query->api->cloud;
	const char *host, *network;
	struct uuid id;

	network = attr_filter_find_only(query->filter, "network_id");
	if (network && uuid_parse(network, &id) && query->resource->kind == KIND_PORT)
		return cloud_list_ports(cloud, id);
	if (network && uuid_parse(network, &id) && query->resource->kind == KIND_SUBNET)
		return cloud_list_subnets(cloud, id);
	host = attr_filter_find_only(query->filter, "binding:host_id");
	if (host && *host)
		return cloud_list_host_ports(cloud, host);
	return cloud_list(cloud, query->resource->kind);
}

/* Who is not shown an attribute finds nothing by it either. */
static bool query_may_ask(const struct query *query, const struct object *object)
{
	const struct sight *sight = &query->sight;

	return !(query->filtered & (sight->hidden | sight->depends)) ||
	       !(query->filtered & sight_hides(sight, object));
}

static bool query_match(const struct query *query, const struct object *object)
{
	return (query->changed_since < 0 || object->updated_at >= query->changed_since) &&
	       sight_sees(&query->sight, object) && query_may_ask(query, object) &&
	       attr_filter_match(query->filter, object, query->api->cloud);
}

static int query_compare(const struct query *query, const void *a, const void *b)
{
	for (unsigned int i = 0; i < query->key_count; i++) {
		int order = attr_compare(query->keys[i].attr, a, b, query->api->cloud);

		if (order)
			return query->keys[i].descending ? -order : order;
	}
	return 0;
}

static int query_compare_places(const void *a, const void *b, void *query)
{
	return query_compare(query, *(const void *const *)a, *(const void *const *)b);
}

/*
 * Pages. What belongs to one is picked from all that could, never more than twice its size at
 * once; in the order of ids, the default, only the shelves that it lies on are looked at.
 */

#define PICK_MOST (G_MAXUINT32 / 4) /* a larger limit is none */
#define PICK_ROOM 64		    /* beside twice the limit, before what is too much goes */

struct pick {
	const struct query *query;
	const struct object *marker; /* the page begins after it, or ends before it; NULL */
	GPtrArray *best;
	guint most;	  /* objects on the page; G_MAXUINT32: no limit */
	const void *last; /* of MOST that are found: worse ones do not count; NULL */
};

/* Below 0: A is asked for before B. From the end when pages go backwards. */
static int pick_compare(const struct query *query, const void *a, const void *b)
{
	int order = query_compare(query, a, b);

	return query->reverse ? -order : order;
}

static int pick_compare_places(const void *a, const void *b, void *query)
{
	return pick_compare(query, *(const void *const *)a, *(const void *const *)b);
}

static void pick_trim(struct pick *pick)
{
	g_qsort_with_data(pick->best->pdata, (gint)pick->best->len, sizeof(void *),
			  pick_compare_places, (void *)pick->query);
	if (pick->best->len < pick->most)
		return;
	g_ptr_array_set_size(pick->best, (gint)pick->most);
	pick->last = pick->best->pdata[pick->most - 1];
}

static void pick_offer(struct pick *pick, struct object *object)
{
	if (pick->marker && pick_compare(pick->query, object, pick->marker) <= 0)
		return;
	if (pick->last && pick_compare(pick->query, object, pick->last) >= 0)
		return;
	if (!query_match(pick->query, object))
		return;
	g_ptr_array_add(pick->best, object);
	if (pick->most <= PICK_MOST && pick->best->len >= 2 * pick->most + PICK_ROOM)
		pick_trim(pick);
}

static void pick_offer_all(struct pick *pick, const GPtrArray *list)
{
	for (guint i = 0; i < list->len; i++)
		pick_offer(pick, list->pdata[i]);
}

static void pick_shelves(struct pick *pick)
{
	const struct query *query = pick->query;
	bool down = query->keys[0].descending != query->reverse;
	gint shelf = down ? CLOUD_SHELVES - 1 : 0;

	if (pick->marker)
		shelf = (gint)cloud_shelf_of(pick->marker->id);
	for (; shelf >= 0 && shelf < CLOUD_SHELVES && pick->best->len < pick->most;
	     shelf += down ? -1 : 1)
		pick_offer_all(pick, cloud_list_shelf(query->api->cloud, query->resource->kind,
						      (guint)shelf));
}

static void pick_all(struct pick *pick)
{
	const struct query *query = pick->query;
	const struct cloud *cloud = query->api->cloud;
	const char *only = attr_filter_find_only(query->filter, "id");
	const GPtrArray *index = query_find_index(query);
	struct object *object;
	struct uuid id;

	if (only) {
		object = uuid_parse(only, &id) ? cloud_find(cloud, query->resource->kind, id)
					       : NULL;
		if (object)
			pick_offer(pick, object);
	} else if (pick->most <= PICK_MOST && strcmp(query->keys[0].attr->name, "id") == 0 &&
		   index == cloud_list(cloud, query->resource->kind)) {
		pick_shelves(pick);
	} else {
		pick_offer_all(pick, index);
	}
}

static bool query_find_marker(const struct query *query, const struct object **marker,
			      GError **error)
{
	struct uuid id;

	*marker = NULL;
	if (!query->marker)
		return true;
	if (uuid_parse(query->marker, &id))
		*marker = cloud_find(query->api->cloud, query->resource->kind, id);
	if (*marker && sight_sees(&query->sight, *marker))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
		    "%sNotFound: %s %s could not be found.", query->table->title,
		    query->table->title, query->marker);
	return false;
}

/* The objects of the page in their order, owned; NULL on an error. */
static GPtrArray *query_pick(const struct query *query, GError **error)
{
	struct pick pick = {.query = query, .most = G_MAXUINT32};

	if (!query_find_marker(query, &pick.marker, error))
		return NULL;
	if (query->has_limit && query->limit <= PICK_MOST)
		pick.most = (guint)query->limit;
	pick.best = g_ptr_array_new();
	pick_all(&pick);
	pick_trim(&pick);
	if (query->reverse)
		g_qsort_with_data(pick.best->pdata, (gint)pick.best->len, sizeof(void *),
				  query_compare_places, (void *)query);
	return pick.best;
}

static void append_escaped(GString *out, const char *text)
{
	g_autofree char *escaped = g_uri_escape_string(text, NULL, TRUE);

	g_string_append(out, escaped);
}

static void query_print_link(const struct query *query, const struct http_question *question,
			     const char *base, bool next, const GPtrArray *page, GString *out)
{
	const struct object *marker = page->len ? page->pdata[next ? page->len - 1 : 0] : NULL;
	g_autoptr(GString) href = g_string_new(base);
	char text[UUID_TEXT];

	g_string_append_printf(href, "/v2.0/%s?", attr_table_path(query->table));
	for (gsize i = 0; i < question->query_count; i++) {
		const struct http_pair *pair = &question->query[i];

		if (strcmp(pair->name, "marker") == 0 ||
		    strcmp(pair->name, "page_reverse") == 0)
			continue;
		append_escaped(href, pair->name);
		g_string_append_c(href, '=');
		append_escaped(href, pair->value);
		g_string_append_c(href, '&');
	}
	if (marker)
		g_string_append_printf(href, "marker=%s&", uuid_print(marker->id, text));
	if (!next)
		g_string_append(href, "page_reverse=True&");
	g_string_truncate(href, href->len - 1);
	g_string_append_printf(out, "{\"rel\":\"%s\",\"href\":", next ? "next" : "previous");
	attr_encode_string(out, href->str);
	g_string_append_c(out, '}');
}

/* A page that is not full is the last one in its direction; the way back is always told, from an
 * empty page to the other end. */
static void query_print_links(const struct query *query, const struct http_question *question,
			      const char *base, const GPtrArray *page, GString *out)
{
	bool full = page->len >= query->limit;
	bool next = query->reverse || full, previous = !query->reverse || full;

	if (!query->has_limit)
		return;
	g_string_append_printf(out, ",\"%s_links\":[", query->table->plural);
	if (next)
		query_print_link(query, question, base, true, page, out);
	if (next && previous)
		g_string_append_c(out, ',');
	if (previous)
		query_print_link(query, question, base, false, page, out);
	g_string_append_c(out, ']');
}

bool query_list(const struct api *api, const struct resource *resource,
		const struct caller *caller, const struct http_question *question,
		const char *base, struct query_page *page, GError **error)
{
	GString *end = g_string_new("]");
	struct query query;

	page->objects = NULL;
	if (query_init(&query, api, resource, caller, question, error))
		page->objects = query_pick(&query, error);
	if (page->objects)
		query_print_links(&query, question, base, page->objects, end);
	g_string_append_c(end, '}');
	page->view = query_view(api, resource, caller, question);
	page->end = g_string_free(end, FALSE);
	attr_filter_free(query.filter);
	g_string_free(query.unknown, TRUE);
	if (!page->objects)
		g_clear_pointer(&page->end, g_free);
	return page->objects != NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting. The resource is quota_serve.c.
 */
#include "api/quota.h"

#include <string.h>

#include "lib/error.h"

#define NEAR 256 /* how far from the limit controllers begin to wait for each other */

/* What is under way of one project and kind. */
struct pending {
	char *key; /* "PROJECT/port" */
	unsigned int count;
};

/* One object under way: counted by its job, until it is in the cloud. */
struct seat {
	struct uuid id;
	const struct job *job;
	struct pending *pending;
};

struct quota {
	struct api *api;
	GHashTable *pending; /* key -> struct pending */
	GHashTable *seats;   /* id in struct seat -> struct seat */
};

static void pending_free(void *data)
{
	g_free(((struct pending *)data)->key);
	g_free(data);
}

static void seat_leave(struct quota *quota, struct seat *seat)
{
	struct pending *pending = seat->pending;

	g_hash_table_remove(quota->seats, &seat->id);
	if (--pending->count == 0)
		g_hash_table_remove(quota->pending, pending->key);
}

static void quota_heard(enum kind kind, const void *before, const void *after,
			uint64_t store_revision, void *data)
{
	struct quota *quota = data;
	struct seat *seat;

	if (before || !after)
		return;
	seat = g_hash_table_lookup(quota->seats, &((const struct object *)after)->id);
	if (seat)
		seat_leave(quota, seat);
}

struct quota *quota_new(struct api *api)
{
	struct quota *quota = g_new0(struct quota, 1);

	quota->api = api;
	quota->pending = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, pending_free);
	quota->seats = g_hash_table_new_full(uuid_hash, uuid_same, NULL, g_free);
	cloud_listen(api->cloud, quota_heard, quota);
	return quota;
}

void quota_free(struct quota *quota)
{
	if (!quota)
		return;
	g_hash_table_unref(quota->seats);
	g_hash_table_unref(quota->pending);
	g_free(quota);
}

static struct pending *pending_get(struct quota *quota, const char *project, enum kind kind)
{
	g_autofree char *key = g_strdup_printf("%s/%s", project, cloud_table(kind)->singular);
	struct pending *pending = g_hash_table_lookup(quota->pending, key);

	if (pending)
		return pending;
	pending = g_new0(struct pending, 1);
	pending->key = g_steal_pointer(&key);
	g_hash_table_insert(quota->pending, pending->key, pending);
	return pending;
}

static void seat_take(struct quota *quota, const struct job *job, struct uuid id,
		      struct pending *pending)
{
	struct seat *seat = g_new0(struct seat, 1);

	seat->id = id;
	seat->job = job;
	seat->pending = pending;
	pending->count++;
	g_hash_table_insert(quota->seats, &seat->id, seat);
}

/* Marks for other controllers */

static void marks_leave(struct quota *quota, struct job *job, const struct pending *pending,
			int64_t left)
{
	const struct mirror *mirror = quota->api->mirror;
	g_autofree char *mark = g_strconcat(KEY_USAGE, pending->key, NULL);
	g_autofree char *careful = g_strconcat(mark, "/careful", NULL);

	if (left > NEAR && !mirror_get_revision(mirror, careful)) {
		job_mark(job, mark, careful);
		return;
	}
	job_require_mark(job, mark, mirror_get_revision(mirror, mark));
	if (!mirror_get_revision(mirror, careful))
		job_claim(job, careful, "");
}

/* Taking */

struct demand {
	struct quota *quota;
	struct job *job;
	GString *over; /* kinds that are over, for the message */
};

static int64_t limit_get(const struct quota *quota, const char *project, enum kind kind)
{
	const struct limits *own = mirror_find_limits(quota->api->mirror, project);

	if (own && own->of[kind] != LIMIT_UNSET)
		return own->of[kind];
	return quota->api->config.limits.of[kind];
}

static void demand_add(enum kind kind, const void *data, void *context)
{
	struct demand *demand = context;
	struct quota *quota = demand->quota;
	const struct object *object = data;
	const char *name = cloud_table(kind)->singular;
	struct pending *pending;
	int64_t limit, left;

	if (!object->project_id || !*object->project_id)
		return;
	limit = limit_get(quota, object->project_id, kind);
	if (limit < 0)
		return;
	pending = pending_get(quota, object->project_id, kind);
	left = limit - pending->count -
	       cloud_count(quota->api->cloud, kind, object->project_id);
	seat_take(quota, demand->job, object->id, pending);
	if (left <= 0 && !strstr(demand->over->str, name))
		g_string_append_printf(demand->over, "%s'%s'", demand->over->len ? ", " : "",
				       name);
	if (left > 0 && store_is_shared(quota->api->store))
		marks_leave(quota, demand->job, pending, left);
}

bool quota_take(struct quota *quota, struct job *job, GError **error)
{
	g_autoptr(GString) over = g_string_new(NULL);
	struct demand demand = {quota, job, over};

	job_visit_new(job, demand_add, &demand);
	if (!over->len)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_EXHAUSTED,
		    "OverQuota: Quota exceeded for resources: [%s].", over->str);
	return false;
}

static void seat_release(enum kind kind, const void *data, void *context)
{
	struct demand *demand = context;
	const struct object *object = data;
	struct seat *seat = g_hash_table_lookup(demand->quota->seats, &object->id);

	if (seat && seat->job == demand->job)
		seat_leave(demand->quota, seat);
}

void quota_release(struct quota *quota, const struct job *job)
{
	struct demand demand = {quota, (struct job *)job, NULL};

	job_visit_new(job, seat_release, &demand);
}

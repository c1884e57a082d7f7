/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs: their view of the world, their transaction, their waiting.
 */
#include "api/job.h"

#include <stdio.h>
#include <string.h>

#include "api/claim.h"
#include "api/quota.h"
#include "lib/error.h"
#include "model/attr_json.h"
#include "model/ipam.h"

#define ATTEMPTS_MAX 16
#define PART_US	     500 /* of a long job in one turn of the loop */

/* Where tests run: what could not be read again would stop the next start. */
#ifdef __SANITIZE_ADDRESS__
#define READ_BACK true
#else
#define READ_BACK false
#endif

/* One object that the job makes, changes or deletes. */
struct change {
	enum kind kind;
	struct uuid id; /* key in job->changes; ids are unique among kinds */
	uint64_t revision;
	void *object; /* owned; NULL: deleted */
	bool revised; /* revision_number has grown already */
	bool free;    /* made whatever the quota says */
	struct mirror *mirror;
	const void *text; /* its stored form, in the transaction; NULL: not written yet */
};

/* What a job is at. */
enum stage {
	STAGE_BUILD,
	STAGE_BUILD_MORE,
	STAGE_QUOTA,
	STAGE_WRITE,
	STAGE_READY,
};

struct reservation {
	struct uuid subnet;
	struct ip ip;
};

struct job {
	struct api *api;
	struct caller caller;
	const struct job_ops *ops;
	void *data;
	int64_t now;
	unsigned int attempts;
	enum stage stage;
	guint written;	/* of ORDER */
	bool was_long;	/* more than one turn of the loop */
	bool caught_up; /* with what other controllers have done, since it came */
	struct store_txn *txn;
	GHashTable *changes; /* struct uuid in struct change -> struct change, owned */
	GPtrArray *order;    /* struct change, as they came */
	GPtrArray *keys;     /* char *: required at a revision */
	GArray *reservations;
	GHashTable *identities; /* label, owned -> number allocated by this job */
	GPtrArray *waiting;	/* struct job: want a key of ours */
	char *wanted;		/* the key this job waits for */
};

/* What the mirror has taken is the cloud's. The text lives as long as the transaction. */
static void change_withdraw(struct change *change)
{
	if (change->text && !mirror_withdraw(change->mirror, change->text, change->object))
		change->object = NULL;
	change->text = NULL;
}

static void change_free(void *data)
{
	struct change *change = data;

	change_withdraw(change);
	attr_free(cloud_table(change->kind), change->object);
	g_free(change);
}

/* Nothing is kept from others any more. */
static void job_release(struct job *job)
{
	for (guint i = 0; i < job->reservations->len; i++) {
		const struct reservation *taken =
			&g_array_index(job->reservations, struct reservation, i);
		struct ipam *ipam = cloud_find_ipam(job->api->cloud, taken->subnet);

		if (ipam)
			ipam_release(ipam, taken->ip);
	}
	g_array_set_size(job->reservations, 0);
	quota_release(job->api->quota, job);
	for (guint i = 0; i < job->order->len; i++)
		change_withdraw(job->order->pdata[i]);
}

/* Only memory. */
static void job_drop(struct job *job)
{
	g_hash_table_remove_all(job->changes);
	g_ptr_array_set_size(job->order, 0);
	g_ptr_array_set_size(job->keys, 0);
	g_hash_table_remove_all(job->identities);
	g_clear_pointer(&job->txn, store_txn_free);
}

/* Back to nothing, before each build. */
static void job_clear(struct job *job)
{
	job->stage = STAGE_BUILD;
	job->written = 0;
	job_release(job);
	job_drop(job);
}

static gboolean job_free_data(void *data)
{
	struct job *job = data;

	if (job->ops->free)
		job->ops->free(job->data);
	g_free(job);
	return G_SOURCE_REMOVE;
}

static gboolean job_free(void *data)
{
	struct job *job = data;

	job_drop(job);
	g_hash_table_unref(job->changes);
	g_ptr_array_unref(job->order);
	g_ptr_array_unref(job->keys);
	g_array_unref(job->reservations);
	g_hash_table_unref(job->identities);
	g_ptr_array_unref(job->waiting);
	g_free(job->wanted);
	if (job->was_long)
		g_idle_add_full(G_PRIORITY_DEFAULT, job_free_data, job, NULL);
	else
		job_free_data(job);
	return G_SOURCE_REMOVE;
}

struct api *job_api(const struct job *job)
{
	return job->api;
}

const struct caller *job_caller(const struct job *job)
{
	return &job->caller;
}

void *job_data(const struct job *job)
{
	return job->data;
}

struct cloud *job_cloud(const struct job *job)
{
	return job->api->cloud;
}

int64_t job_now(const struct job *job)
{
	return job->now;
}

/* Keys */

static void job_require(struct job *job, const char *key, uint64_t revision)
{
	store_txn_require(job->txn, key, revision);
	g_ptr_array_add(job->keys, g_strdup(key));
}

bool job_has_claim(const struct job *job, const char *key)
{
	return store_txn_has(job->txn, key);
}

bool job_claim(struct job *job, const char *key, const char *owner)
{
	if (store_txn_has(job->txn, key))
		return false;
	job_require(job, key, 0);
	store_txn_put(job->txn, key, owner, strlen(owner));
	return true;
}

void job_unclaim(struct job *job, const char *key)
{
	store_txn_del(job->txn, key);
}

void job_set(struct job *job, const char *key, const char *value)
{
	if (value)
		store_txn_put(job->txn, key, value, strlen(value));
	else
		store_txn_del(job->txn, key);
	g_ptr_array_add(job->keys, g_strdup(key));
}

void job_mark(struct job *job, const char *mark, const char *absent)
{
	if (store_txn_has(job->txn, mark))
		return;
	store_txn_put(job->txn, mark, "", 0);
	store_txn_require(job->txn, absent, 0);
}

void job_require_mark(struct job *job, const char *mark, uint64_t revision)
{
	if (store_txn_has(job->txn, mark))
		return;
	job_require(job, mark, revision);
	store_txn_put(job->txn, mark, "", 0);
}

void job_guard(struct job *job, enum kind kind, struct uuid parent)
{
	char key[KEY_TEXT];

	key_print_guard(kind, parent, key);
	if (store_txn_has(job->txn, key))
		return;
	store_txn_put(job->txn, key, "", 0);
	/* A parent that the job itself makes or changes is required by that already. */
	if (!g_hash_table_contains(job->changes, &parent))
		store_txn_require_exists(job->txn, key_print(kind, parent, key));
}

void job_expect_guard(struct job *job, enum kind kind, struct uuid parent)
{
	uint64_t revision = mirror_get_guard(job->api->mirror, kind, parent);
	char key[KEY_TEXT];

	key_print_guard(kind, parent, key);
	if (!store_txn_has(job->txn, key))
		store_txn_require(job->txn, key, revision);
}

/* What the job itself makes or changes is required already. */
void job_expect(struct job *job, enum kind kind, struct uuid id)
{
	const struct object *present = cloud_find(job->api->cloud, kind, id);
	char key[KEY_TEXT];

	if (present && !g_hash_table_contains(job->changes, &id))
		store_txn_require(job->txn, key_print(kind, id, key), present->store_revision);
}

void job_rely(struct job *job, enum kind kind, struct uuid parent)
{
	job_guard(job, kind, parent);
	job_expect(job, kind, parent);
}

void job_take_turn(struct job *job, enum kind kind, struct uuid parent)
{
	uint64_t revision = mirror_get_guard(job->api->mirror, kind, parent);
	char key[KEY_TEXT];

	job_require_mark(job, key_print_guard(kind, parent, key), revision);
	job_expect(job, kind, parent);
}

void job_close_guard(struct job *job, enum kind kind, struct uuid parent)
{
	uint64_t revision = mirror_get_guard(job->api->mirror, kind, parent);
	char key[KEY_TEXT];

	job_require(job, key_print_guard(kind, parent, key), revision);
	if (revision)
		store_txn_del(job->txn, key);
}

/* Objects */

static struct change *job_change(struct job *job, enum kind kind, struct uuid id)
{
	struct change *change = g_hash_table_lookup(job->changes, &id);

	if (change)
		return change;
	change = g_new0(struct change, 1);
	change->kind = kind;
	change->id = id;
	g_hash_table_insert(job->changes, &change->id, change);
	g_ptr_array_add(job->order, change);
	return change;
}

const void *job_find(const struct job *job, enum kind kind, struct uuid id)
{
	const struct change *change = g_hash_table_lookup(job->changes, &id);

	if (change && change->kind == kind)
		return change->object;
	return cloud_find(job->api->cloud, kind, id);
}

void *job_add_as(struct job *job, enum kind kind, struct uuid id, void *data)
{
	struct object *object = data;
	struct change *change;

	object->id = id;
	object->revision_number = 1;
	object->created_at = object->updated_at = job->now;
	change = job_change(job, kind, object->id);
	change->object = object;
	change->revised = true;
	return object;
}

void *job_add(struct job *job, enum kind kind, void *object)
{
	return job_add_as(job, kind, uuid_new(), object);
}

void *job_add_free(struct job *job, enum kind kind, void *data)
{
	struct object *object = job_add(job, kind, data);

	job_change(job, kind, object->id)->free = true;
	return object;
}

void *job_edit(struct job *job, enum kind kind, struct uuid id)
{
	struct change *change = g_hash_table_lookup(job->changes, &id);
	const struct object *present;
	struct object *object;

	if (!change) {
		present = cloud_find(job->api->cloud, kind, id);
		if (!present)
			return NULL;
		change = job_change(job, kind, id);
		change->object = attr_copy(cloud_table(kind), present);
		change->revision = present->store_revision;
	}
	object = change->object;
	if (object && !change->revised) {
		change->revised = true;
		object->revision_number++;
		object->updated_at = job->now;
	}
	return object;
}

void job_del(struct job *job, enum kind kind, struct uuid id)
{
	const struct object *present = cloud_find(job->api->cloud, kind, id);
	struct change *change = job_change(job, kind, id);

	attr_free(cloud_table(kind), g_steal_pointer(&change->object));
	change->revision = present ? present->store_revision : 0;
}

GPtrArray *job_list_changed(const struct job *job, enum kind kind)
{
	GPtrArray *objects = g_ptr_array_new();

	for (guint i = 0; i < job->order->len; i++) {
		const struct change *change = job->order->pdata[i];

		if (change->kind == kind && change->object)
			g_ptr_array_add(objects, change->object);
	}
	return objects;
}

/* Addresses and identities */

static void job_note_ip(struct job *job, struct uuid subnet, struct ip ip)
{
	const struct reservation taken = {subnet, ip};

	g_array_append_val(job->reservations, taken);
}

/* One that another job has reserved is not lost yet: the claim key makes us wait for it. A
 * subnet of this very job has no index; the claim decides there too. */
bool job_reserve_ip(struct job *job, struct uuid subnet, struct ip ip)
{
	struct ipam *ipam = cloud_find_ipam(job->api->cloud, subnet);

	if (ipam && ipam_find(ipam, ip))
		return false;
	if (ipam && ipam_reserve(ipam, ip))
		job_note_ip(job, subnet, ip);
	return true;
}

bool job_pick_ip(struct job *job, struct uuid subnet, struct ip *out)
{
	struct ipam *ipam = cloud_find_ipam(job->api->cloud, subnet);

	if (!ipam || !ipam_pick(ipam, out))
		return false;
	job_note_ip(job, subnet, *out);
	return true;
}

/*
 * Below 65536 first: the kernel's own vxlan device knows only 16 bits of it. The lowest are
 * kept for what is no port's. One that was freed comes again when all others have been.
 */
#define IDENTITY_MIN 256
#define IDENTITY_MAX ((1u << 24) - 1)

static uint32_t job_take_identity(struct job *job, const char *owner)
{
	struct api *api = job->api;
	char key[CLAIM_TEXT];

	for (uint32_t tries = 0; tries < IDENTITY_MAX; tries++) {
		uint32_t number = MAX(api->next_identity, IDENTITY_MIN);

		api->next_identity = number < IDENTITY_MAX ? number + 1 : IDENTITY_MIN;
		if (mirror_find_identity(api->mirror, number) ||
		    job_has_claim(job, claim_print_identity(number, key)))
			continue;
		job_claim(job, key, owner);
		return number;
	}
	return 0;
}

uint32_t job_get_identity(struct job *job, const char *label)
{
	uint32_t number = mirror_get_identity(job->api->mirror, label);
	g_autofree char *value = NULL;
	char key[CLAIM_TEXT];

	claim_print_label(label, key);
	if (number) {
		/* it stays while we use it: whoever frees it notices */
		store_txn_require_exists(job->txn, key);
		return number;
	}
	number = GPOINTER_TO_UINT(g_hash_table_lookup(job->identities, label));
	if (number)
		return number;
	number = job_take_identity(job, key);
	if (!number)
		return 0;
	value = g_strdup_printf("%u %s", number, label);
	job_claim(job, key, value);
	g_hash_table_insert(job->identities, g_strdup(label), GUINT_TO_POINTER(number));
	return number;
}

struct freeing {
	struct job *job;
	char part[UUID_TEXT + 3];
};

static void free_identity(uint32_t number, const char *label, void *data)
{
	const struct freeing *freeing = data;
	char key[CLAIM_TEXT];

	if (!strstr(label, freeing->part))
		return;
	job_unclaim(freeing->job, claim_print_label(label, key));
	job_unclaim(freeing->job, claim_print_identity(number, key));
}

void job_free_identities(struct job *job, struct uuid group)
{
	struct freeing freeing = {.job = job};
	char id[UUID_TEXT];

	snprintf(freeing.part, sizeof(freeing.part), "sg:%s", uuid_print(group, id));
	mirror_each_identity(job->api->mirror, free_identity, &freeing);
}

/* Commit */

void job_visit_new(const struct job *job,
		   void (*visit)(enum kind kind, const void *object, void *data), void *data)
{
	for (guint i = 0; i < job->order->len; i++) {
		const struct change *change = job->order->pdata[i];

		if (change->object && !change->revision && !change->free)
			visit(change->kind, change->object, data);
	}
}

static void check_text(const struct change *change, const char *key, const GString *text)
{
	g_autoptr(GError) error = NULL;
	const struct attr_table *table = cloud_table(change->kind);
	void *object = attr_read(table, text->str, text->len, &error);

	if (!object)
		g_error("%s: written, but cannot be read: %s", key, error->message);
	attr_free(table, object);
}

static void job_write(struct job *job, struct change *change)
{
	g_autoptr(GString) text = NULL;
	char key[KEY_TEXT];

	key_print(change->kind, change->id, key);
	if (!change->object && !change->revision)
		return; /* made and deleted by the same job */
	job_require(job, key, change->revision);
	if (!change->object) {
		store_txn_del(job->txn, key);
		return;
	}
	text = g_string_sized_new(1024);
	attr_write(cloud_table(change->kind), change->object, text);
	if (READ_BACK)
		check_text(change, key, text);
	store_txn_put(job->txn, key, text->str, text->len);
	change->mirror = job->api->mirror;
	change->text = store_txn_find(job->txn, key);
	mirror_expect(change->mirror, change->text, change->object);
}

static void job_run(struct job *job);

/* Who has the answer may ask for what the job had reserved. What a long job leaves behind is freed
 * in turns of its own. */
static void job_end(struct job *job, const GError *error)
{
	job->ops->finish(job, error);
	job_release(job);
	if (job->was_long)
		g_idle_add_full(G_PRIORITY_DEFAULT, job_free, job, NULL);
	else
		job_free(job);
}

/* Gives the keys back and lets those run who wanted one of them: one for each key, the others
 * wait for that one and build nothing in vain. */
static void job_leave(struct job *job)
{
	g_autoptr(GPtrArray) waiting = g_steal_pointer(&job->waiting);

	job->waiting = g_ptr_array_new();
	for (guint i = 0; i < job->keys->len; i++)
		g_hash_table_remove(job->api->inflight, job->keys->pdata[i]);
	for (guint i = 0; i < waiting->len; i++) {
		struct job *next = waiting->pdata[i];
		struct job *ahead = g_hash_table_lookup(next->api->inflight, next->wanted);

		if (ahead)
			g_ptr_array_add(ahead->waiting, next);
		else
			job_run(next);
	}
}

static void job_committed(uint64_t revision, const char *failed_key, const GError *error,
			  void *data)
{
	struct job *job = data;
	bool again = g_error_matches(error, WEFT_ERROR, WEFT_ERROR_CONFLICT) &&
		     ++job->attempts < ATTEMPTS_MAX && !job->api->ending;

	job_leave(job);
	if (again) {
		job->api->counters.retries++;
		job_run(job);
		return;
	}
	if (g_error_matches(error, WEFT_ERROR, WEFT_ERROR_CONFLICT)) {
		g_autoptr(GError) busy =
			g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
				    "too many changes at the same time at %s", failed_key);

		job_end(job, busy);
		return;
	}
	job_end(job, error);
}

static void job_caught_up(uint64_t revision, const GError *error, void *data)
{
	struct job *job = data;

	if (error)
		job_end(job, error);
	else
		job_run(job);
}

/* What we do not know yet another controller may have told our client. */
static void job_refuse(struct job *job, const GError *error)
{
	if (job->caught_up || store_is_current(job->api->store)) {
		job_end(job, error);
		return;
	}
	job->caught_up = true;
	job_clear(job);
	store_sync(job->api->store, job_caught_up, job);
}

static struct job *job_find_ahead(struct job *job)
{
	for (guint i = 0; i < job->keys->len; i++) {
		struct job *ahead =
			g_hash_table_lookup(job->api->inflight, job->keys->pdata[i]);

		if (!ahead)
			continue;
		g_free(job->wanted);
		job->wanted = g_strdup(job->keys->pdata[i]);
		return ahead;
	}
	return NULL;
}

static void job_commit(struct job *job)
{
	struct job *ahead;

	if (job->keys->len == 0) { /* it found nothing to change */
		job_end(job, NULL);
		return;
	}
	ahead = job_find_ahead(job);
	if (ahead) {
		job_clear(job);
		g_ptr_array_add(ahead->waiting, job);
		job->api->counters.waits++;
		return;
	}
	for (guint i = 0; i < job->keys->len; i++)
		g_hash_table_insert(job->api->inflight, job->keys->pdata[i], job);
	store_txn_commit(g_steal_pointer(&job->txn), job_committed, job);
}

/* One small piece of what is to be done. */
static bool job_step(struct job *job, GError **error)
{
	bool more = false;

	if (job->stage == STAGE_BUILD) {
		if (!job->ops->build(job, error))
			return false;
		job->stage = STAGE_BUILD_MORE;
	} else if (job->stage == STAGE_BUILD_MORE) {
		if (job->ops->build_more && !job->ops->build_more(job, &more, error))
			return false;
		if (!more)
			job->stage = STAGE_QUOTA;
	} else if (job->stage == STAGE_QUOTA) {
		if (!quota_take(job->api->quota, job, error))
			return false;
		job->stage = STAGE_WRITE;
	} else if (job->written < job->order->len) {
		job_write(job, job->order->pdata[job->written++]);
	} else {
		job->stage = STAGE_READY;
	}
	return true;
}

static void job_go_on(struct job *job);

static gboolean jobs_go_on(void *data)
{
	struct api *api = data;

	job_go_on(g_queue_pop_head(&api->long_jobs));
	if (!g_queue_is_empty(&api->long_jobs))
		return G_SOURCE_CONTINUE;
	api->long_turn = 0;
	return G_SOURCE_REMOVE;
}

/* The loop has other things to do. Long jobs take turns: together they get one part each time. */
static void job_put_off(struct job *job)
{
	struct api *api = job->api;

	job->was_long = true;
	g_queue_push_tail(&api->long_jobs, job);
	if (!api->long_turn)
		api->long_turn = g_idle_add_full(G_PRIORITY_DEFAULT, jobs_go_on, api, NULL);
}

static void job_go_on(struct job *job)
{
	gint64 until = g_get_monotonic_time() + PART_US;
	g_autoptr(GError) error = NULL;

	if (job->api->ending) {
		g_set_error(&error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
			    "the controller is ending");
		job_end(job, error);
		return;
	}
	while (job->stage != STAGE_READY) {
		if (!job_step(job, &error)) {
			job_refuse(job, error);
			return;
		}
		if (job->stage != STAGE_READY && g_get_monotonic_time() > until) {
			job_put_off(job);
			return;
		}
	}
	job_commit(job);
}

static void job_run(struct job *job)
{
	job_clear(job);
	job->now = g_get_real_time() / G_USEC_PER_SEC;
	job->txn = store_txn_new(job->api->store);
	job_go_on(job);
}

void job_start(struct api *api, const struct caller *caller, const struct job_ops *ops,
	       void *data)
{
	struct job *job = g_new0(struct job, 1);

	job->api = api;
	job->caller = *caller;
	job->ops = ops;
	job->data = data;
	job->changes = g_hash_table_new_full(uuid_hash, uuid_same, NULL, change_free);
	job->order = g_ptr_array_new();
	job->keys = g_ptr_array_new_with_free_func(g_free);
	job->reservations = g_array_new(FALSE, FALSE, sizeof(struct reservation));
	job->identities = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	job->waiting = g_ptr_array_new();
	job_run(job);
}

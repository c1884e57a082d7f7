/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Store -> cloud. Objects are read kind by kind, parents first, all at the revision of the
 * first range, after which changes are watched. When changes were lost everything is read again and
 * compared with the cloud; meanwhile the cloud is served as it was.
 */
#include "api/mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/claim.h"
#include "lib/error.h"
#include "model/attr_json.h"

struct mirror {
	struct store *store;
	struct cloud *cloud;
	struct mirror_ops ops;
	void *data;
	struct store_watch *watch;
	GHashTable *limits;	/* project -> struct limits, both owned */
	GHashTable *guards;	/* key -> uint64_t, both owned */
	GHashTable *identities; /* key of a label -> struct identity_label */
	GHashTable *numbers;	/* number -> the same */
	GHashTable *live;	/* host -> struct live, both owned */
	GHashTable *expected;	/* text, by its address -> the object it holds */
	unsigned int phase;	/* what is being read: a kind, then one of `others` */
	uint64_t revision;	/* of the first range: changes after it are watched */
	bool again;		/* it is not the first reading */
	GArray *missing;	/* struct missing: in the cloud and not in the store */
	guint retry;
	bool ended;
};

/* What an identity stands for. */
struct identity_label {
	char *key; /* first */
	char *text;
	uint32_t number;
};

struct live {
	char *controller;
	uint64_t revision;
};

struct missing {
	enum kind kind;
	struct uuid id;
};

#define GUARD_PREFIX "child/"
#define AGAIN_MS     1000

char *key_print(enum kind kind, struct uuid id, char *text)
{
	char uuid[UUID_TEXT];
	int length = snprintf(text, KEY_TEXT, "%s/%s", cloud_table(kind)->singular,
			      uuid_print(id, uuid));

	g_assert(length < KEY_TEXT);
	return text;
}

char *key_print_guard(enum kind kind, struct uuid id, char *text)
{
	char uuid[UUID_TEXT];
	int length = snprintf(text, KEY_TEXT, GUARD_PREFIX "%s/%s", cloud_table(kind)->singular,
			      uuid_print(id, uuid));

	g_assert(length < KEY_TEXT);
	return text;
}

bool key_parse(const char *key, enum kind *kind, struct uuid *id)
{
	for (unsigned int i = 0; i < KIND_COUNT; i++) {
		const char *name = cloud_table((enum kind)i)->singular;
		gsize length;

		if (*key != *name)
			continue; /* most: a bulk asks this thousands of times */
		length = strlen(name);
		if (strncmp(key, name, length) != 0 || key[length] != '/')
			continue;
		*kind = (enum kind)i;
		return uuid_parse(key + length + 1, id);
	}
	return false;
}

/* Applying */

static void mirror_apply_guard(struct mirror *mirror, const struct store_entry *entry)
{
	if (entry->value)
		g_hash_table_replace(mirror->guards, g_strdup(entry->key),
				     g_memdup2(&entry->revision, sizeof(entry->revision)));
	else
		g_hash_table_remove(mirror->guards, entry->key);
}

static void label_free(void *data)
{
	struct identity_label *label = data;

	g_free(label->key);
	g_free(label->text);
	g_free(label);
}

static void mirror_drop_label(struct mirror *mirror, const char *key)
{
	const struct identity_label *label = g_hash_table_lookup(mirror->identities, key);

	if (!label)
		return;
	if (g_hash_table_lookup(mirror->numbers, GUINT_TO_POINTER(label->number)) == label)
		g_hash_table_remove(mirror->numbers, GUINT_TO_POINTER(label->number));
	g_hash_table_remove(mirror->identities, key);
}

/* "NUMBER LABEL" */
static void mirror_apply_label(struct mirror *mirror, const struct store_entry *entry)
{
	g_autofree char *text = g_strndup(entry->value ? entry->value : "", entry->size);
	const char *space = strchr(text, ' ');
	struct identity_label *label;

	mirror_drop_label(mirror, entry->key);
	if (!entry->value || !space)
		return;
	label = g_new0(struct identity_label, 1);
	label->key = g_strdup(entry->key);
	label->text = g_strdup(space + 1);
	label->number = (uint32_t)strtoul(text, NULL, 10);
	g_hash_table_insert(mirror->identities, label->key, label);
	g_hash_table_insert(mirror->numbers, GUINT_TO_POINTER(label->number), label);
}

static void live_free(void *data)
{
	g_free(((struct live *)data)->controller);
	g_free(data);
}

static void mirror_set_live(struct mirror *mirror, const char *host, struct live *live)
{
	if (live)
		g_hash_table_replace(mirror->live, g_strdup(host), live);
	cloud_set_host_alive(mirror->cloud, host, live != NULL,
			     g_get_real_time() / G_USEC_PER_SEC);
	if (!live)
		g_hash_table_remove(mirror->live, host);
}

static void mirror_apply_live(struct mirror *mirror, const struct store_entry *entry)
{
	struct live *live = NULL;

	if (entry->value) {
		live = g_new0(struct live, 1);
		live->controller = g_strndup(entry->value, entry->size);
		live->revision = entry->revision;
	}
	mirror_set_live(mirror, entry->key + strlen(KEY_LIVE), live);
}

static void mirror_apply_wired(struct mirror *mirror, const struct store_entry *entry)
{
	g_autofree char *host = g_strdup(entry->key + strlen(KEY_WIRED));
	char *slash = strrchr(host, '/');
	struct uuid id;

	if (!slash || !uuid_parse(slash + 1, &id))
		return;
	*slash = '\0';
	cloud_set_port_wired(mirror->cloud, host, id, entry->value != NULL);
}

static void mirror_apply_refused(struct mirror *mirror, const struct store_entry *entry)
{
	cloud_set_host_refused(mirror->cloud, entry->key + strlen(KEY_REFUSED),
			       entry->value ? json_loadb(entry->value, entry->size, 0, NULL)
					    : NULL);
}

static void mirror_apply_limits(struct mirror *mirror, const struct store_entry *entry)
{
	const char *project = entry->key + strlen(KEY_QUOTA);
	struct limits *limits;
	json_t *body;

	if (!entry->value) {
		g_hash_table_remove(mirror->limits, project);
		return;
	}
	body = json_loadb(entry->value, entry->size, 0, NULL);
	limits = g_new0(struct limits, 1);
	limits_clear(limits);
	limits_read(limits, body, NULL);
	json_decref(body);
	g_hash_table_replace(mirror->limits, g_strdup(project), limits);
}

static void mirror_forget_limits(struct mirror *mirror, GHashTable *listed)
{
	g_hash_table_remove_all(mirror->limits);
}

/* They are among the guards. */
static void mirror_forget_nothing(struct mirror *mirror, GHashTable *listed)
{
}

/* Before all of it is read again. */
static void mirror_forget_guards(struct mirror *mirror, GHashTable *listed)
{
	g_hash_table_remove_all(mirror->guards);
}

static void mirror_forget_labels(struct mirror *mirror, GHashTable *listed)
{
	g_hash_table_remove_all(mirror->numbers);
	g_hash_table_remove_all(mirror->identities);
}

static void mirror_forget_live(struct mirror *mirror, GHashTable *listed)
{
	g_autofree gpointer *hosts = g_hash_table_get_keys_as_array(mirror->live, NULL);

	for (gpointer *host = hosts; *host; host++) {
		g_autofree char *key = g_strconcat(KEY_LIVE, *host, NULL);

		if (!g_hash_table_contains(listed, key))
			mirror_set_live(mirror, *host, NULL);
	}
}

static void mirror_forget_wired(struct mirror *mirror, GHashTable *listed)
{
	const GPtrArray *hosts = cloud_list(mirror->cloud, KIND_HOST);

	for (guint i = 0; i < hosts->len; i++)
		cloud_clear_wired(mirror->cloud, ((struct object *)hosts->pdata[i])->name);
}

static void mirror_forget_refused(struct mirror *mirror, GHashTable *listed)
{
	const GPtrArray *hosts = cloud_list(mirror->cloud, KIND_HOST);

	for (guint i = 0; i < hosts->len; i++)
		cloud_set_host_refused(mirror->cloud, ((struct object *)hosts->pdata[i])->name,
				       NULL);
}

/* What is no object, in the order in which it is read. */
static const struct {
	const char *prefix;
	void (*apply)(struct mirror *mirror, const struct store_entry *entry);
	void (*forget)(struct mirror *mirror, GHashTable *listed);
} others[] = {
	{GUARD_PREFIX, mirror_apply_guard, mirror_forget_guards},
	{KEY_USAGE, mirror_apply_guard, mirror_forget_nothing},
	{KEY_QUOTA, mirror_apply_limits, mirror_forget_limits},
	{KEY_LABEL, mirror_apply_label, mirror_forget_labels},
	{KEY_LIVE, mirror_apply_live, mirror_forget_live},
	{KEY_WIRED, mirror_apply_wired, mirror_forget_wired},
	{KEY_REFUSED, mirror_apply_refused, mirror_forget_refused},
};

static bool mirror_apply(struct mirror *mirror, const struct store_entry *entry, GError **error)
{
	const struct object *present;
	void *object = NULL;
	enum kind kind;
	struct uuid id;

	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		if (*entry->key != *others[i].prefix ||
		    !g_str_has_prefix(entry->key, others[i].prefix))
			continue;
		others[i].apply(mirror, entry);
		return true;
	}
	if (!key_parse(entry->key, &kind, &id))
		return true;
	present = cloud_find(mirror->cloud, kind, id);
	if (mirror->again && present && present->store_revision == entry->revision)
		return true;
	if (entry->value &&
	    g_hash_table_steal_extended(mirror->expected, entry->value, NULL, &object)) {
		; /* made here a moment ago */
	} else if (entry->value) {
		object = attr_read(cloud_table(kind), entry->value, entry->size, error);
		if (!object) {
			g_prefix_error(error,
				       "%s cannot be read (weftd --export writes all to a "
				       "file, to be mended and imported): ",
				       entry->key);
			return false;
		}
	}
	cloud_apply(mirror->cloud, kind, id, object, entry->revision);
	return true;
}

static void mirror_read_again(struct mirror *mirror);

/* What we cannot read somebody else wrote; to go on without it would compile a lie. */
static void mirror_watched(const struct store_entry *entries, gsize count, uint64_t revision,
			   bool lost, void *data)
{
	struct mirror *mirror = data;
	g_autoptr(GError) error = NULL;

	if (lost) {
		if (mirror->ops.lost)
			mirror->ops.lost(mirror->data);
		mirror_read_again(mirror);
		return;
	}
	for (gsize i = 0; !error && i < count; i++)
		mirror_apply(mirror, &entries[i], &error);
	if (error) {
		mirror->ops.failed(error, mirror->data);
		return;
	}
	mirror->ops.applied(revision, mirror->data);
}

/* Reading */

static void mirror_read_next(struct mirror *mirror);

/* Objects of KIND that were deleted while nothing was heard. */
static void mirror_note_missing(struct mirror *mirror, enum kind kind, GHashTable *listed)
{
	const GPtrArray *objects = cloud_list(mirror->cloud, kind);
	char key[KEY_TEXT];

	for (guint i = 0; i < objects->len; i++) {
		const struct missing missing = {kind, ((struct object *)objects->pdata[i])->id};

		if (!g_hash_table_contains(listed, key_print(kind, missing.id, key)))
			g_array_append_val(mirror->missing, missing);
	}
}

static void mirror_compare(struct mirror *mirror, const struct store_entry *entries,
			   gsize count)
{
	g_autoptr(GHashTable) listed = g_hash_table_new(g_str_hash, g_str_equal);

	for (gsize i = 0; i < count; i++)
		g_hash_table_add(listed, (void *)entries[i].key);
	if (mirror->phase < KIND_COUNT)
		mirror_note_missing(mirror, (enum kind)mirror->phase, listed);
	else
		others[mirror->phase - KIND_COUNT].forget(mirror, listed);
}

static void mirror_range_done(const struct store_entry *entries, gsize count, uint64_t revision,
			      const GError *error, void *data)
{
	struct mirror *mirror = data;
	g_autoptr(GError) bad = NULL;

	if (error && mirror->again) {
		mirror_read_again(mirror);
		return;
	}
	if (mirror->phase == 0)
		mirror->revision = revision;
	if (mirror->again)
		mirror_compare(mirror, entries, count);
	for (gsize i = 0; !error && i < count; i++)
		if (!mirror_apply(mirror, &entries[i], &bad))
			error = bad;
	if (error) {
		mirror->ops.failed(error, mirror->data);
		return;
	}
	mirror->phase++;
	mirror_read_next(mirror);
}

/* Children before their parents. */
static void mirror_drop_missing(struct mirror *mirror)
{
	for (guint i = mirror->missing->len; i-- > 0;) {
		const struct missing *missing =
			&g_array_index(mirror->missing, struct missing, i);

		cloud_apply(mirror->cloud, missing->kind, missing->id, NULL, mirror->revision);
	}
	g_array_set_size(mirror->missing, 0);
}

static void mirror_read_next(struct mirror *mirror)
{
	char prefix[KEY_TEXT];

	if (mirror->phase == KIND_COUNT + G_N_ELEMENTS(others)) {
		bool first = !mirror->again;

		mirror_drop_missing(mirror);
		mirror->again = false;
		mirror->watch = store_watch_new(mirror->store, "", mirror->revision,
						mirror_watched, mirror);
		(first ? mirror->ops.ready : mirror->ops.applied)(mirror->revision,
								  mirror->data);
		return;
	}
	if (mirror->phase < KIND_COUNT)
		snprintf(prefix, sizeof(prefix), "%s/",
			 cloud_table((enum kind)mirror->phase)->singular);
	else
		snprintf(prefix, sizeof(prefix), "%s",
			 others[mirror->phase - KIND_COUNT].prefix);
	store_range(mirror->store, prefix, mirror->revision, mirror_range_done, mirror);
}

static gboolean mirror_retry(void *data)
{
	struct mirror *mirror = data;

	mirror->retry = 0;
	mirror->phase = 0;
	mirror->revision = 0;
	g_array_set_size(mirror->missing, 0);
	mirror_read_next(mirror);
	return G_SOURCE_REMOVE;
}

/* At once, and every second until the store can be read. */
static void mirror_read_again(struct mirror *mirror)
{
	guint wait = mirror->again ? AGAIN_MS : 0;

	g_clear_pointer(&mirror->watch, store_watch_free);
	mirror->again = true;
	if (mirror->ended)
		return;
	mirror->retry = g_timeout_add(wait, mirror_retry, mirror);
}

struct mirror *mirror_new(struct store *store, struct cloud *cloud,
			  const struct mirror_ops *ops, void *data)
{
	struct mirror *mirror = g_new0(struct mirror, 1);

	mirror->store = store;
	mirror->cloud = cloud;
	mirror->ops = *ops;
	mirror->data = data;
	mirror->guards = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	mirror->limits = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	mirror->identities = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, label_free);
	mirror->numbers = g_hash_table_new(NULL, NULL);
	mirror->live = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, live_free);
	mirror->expected = g_hash_table_new(NULL, NULL);
	mirror->missing = g_array_new(FALSE, FALSE, sizeof(struct missing));
	mirror_read_next(mirror);
	return mirror;
}

void mirror_stop(struct mirror *mirror)
{
	if (!mirror)
		return;
	mirror->ended = true;
	g_clear_handle_id(&mirror->retry, g_source_remove);
}

void mirror_free(struct mirror *mirror)
{
	if (!mirror)
		return;
	store_watch_free(mirror->watch);
	g_hash_table_unref(mirror->guards);
	g_hash_table_unref(mirror->limits);
	g_hash_table_unref(mirror->identities);
	g_hash_table_unref(mirror->numbers);
	g_hash_table_unref(mirror->live);
	g_hash_table_unref(mirror->expected);
	g_array_unref(mirror->missing);
	g_free(mirror);
}

void mirror_expect(struct mirror *mirror, const void *text, void *object)
{
	g_hash_table_insert(mirror->expected, (void *)text, object);
}

bool mirror_withdraw(struct mirror *mirror, const void *text, const void *object)
{
	/* A text that is gone may have left its address to another's. */
	return g_hash_table_lookup(mirror->expected, text) == object &&
	       g_hash_table_remove(mirror->expected, text);
}

uint64_t mirror_get_guard(const struct mirror *mirror, enum kind kind, struct uuid id)
{
	char key[KEY_TEXT];
	const uint64_t *revision =
		g_hash_table_lookup(mirror->guards, key_print_guard(kind, id, key));

	return revision ? *revision : 0;
}

uint64_t mirror_get_revision(const struct mirror *mirror, const char *key)
{
	const uint64_t *revision = g_hash_table_lookup(mirror->guards, key);

	return revision ? *revision : 0;
}

const struct limits *mirror_find_limits(const struct mirror *mirror, const char *project)
{
	return g_hash_table_lookup(mirror->limits, project);
}

void mirror_visit_limits(const struct mirror *mirror,
			 void (*visit)(const char *project, const struct limits *limits,
				       void *data),
			 void *data)
{
	GHashTableIter iter;
	void *project, *limits;

	g_hash_table_iter_init(&iter, mirror->limits);
	while (g_hash_table_iter_next(&iter, &project, &limits))
		visit(project, limits, data);
}

uint32_t mirror_get_identity(const struct mirror *mirror, const char *text)
{
	char key[CLAIM_TEXT];
	const struct identity_label *label =
		g_hash_table_lookup(mirror->identities, claim_print_label(text, key));

	return label ? label->number : 0;
}

const char *mirror_find_identity(const struct mirror *mirror, uint32_t number)
{
	const struct identity_label *label =
		g_hash_table_lookup(mirror->numbers, GUINT_TO_POINTER(number));

	return label ? label->text : NULL;
}

void mirror_each_identity(const struct mirror *mirror,
			  void (*visit)(uint32_t number, const char *label, void *data),
			  void *data)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, mirror->identities);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		visit(((struct identity_label *)value)->number,
		      ((struct identity_label *)value)->text, data);
}

const char *mirror_find_live(const struct mirror *mirror, const char *host, uint64_t *revision)
{
	const struct live *live = g_hash_table_lookup(mirror->live, host);

	if (live && revision)
		*revision = live->revision;
	return live ? live->controller : NULL;
}

bool mirror_is_behind(const struct mirror *mirror)
{
	return mirror->again;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Store -> cloud. Objects are read kind by kind, parents first; while the first
 * reading lasts nothing else is served, so the watch starts where the first range ended.
 */
#include "api/mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "model/attr_json.h"

struct mirror {
	struct store *store;
	struct cloud *cloud;
	struct mirror_ops ops;
	void *data;
	struct store_watch *watch;
	GHashTable *guards;	/* key -> uint64_t, both owned */
	GHashTable *identities; /* project, interned -> number */
	GHashTable *owners;	/* number -> project, interned */
	unsigned int phase;	/* what is being read: a kind, then guards, then projects */
	uint64_t revision;	/* of the first range: changes after it are watched */
};

enum {
	PHASE_GUARDS = KIND_COUNT,
	PHASE_PROJECTS,
	PHASE_DONE,
};

#define GUARD_PREFIX "child/"

char *key_print(enum kind kind, struct uuid id, char *text)
{
	char uuid[UUID_TEXT];

	snprintf(text, KEY_TEXT, "%s/%s", cloud_table(kind)->singular, uuid_print(id, uuid));
	return text;
}

char *key_print_guard(enum kind kind, struct uuid id, char *text)
{
	char uuid[UUID_TEXT];

	snprintf(text, KEY_TEXT, GUARD_PREFIX "%s/%s", cloud_table(kind)->singular,
		 uuid_print(id, uuid));
	return text;
}

bool key_parse(const char *key, enum kind *kind, struct uuid *id)
{
	for (unsigned int i = 0; i < KIND_COUNT; i++) {
		const char *name = cloud_table((enum kind)i)->singular;
		gsize length = strlen(name);

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

static void mirror_apply_project(struct mirror *mirror, const struct store_entry *entry)
{
	const char *project = g_intern_string(entry->key + strlen(KEY_PROJECT));
	g_autofree char *text = g_strndup(entry->value ? entry->value : "", entry->size);
	guint number = (guint)strtoul(text, NULL, 10);

	if (!entry->value) {
		number = mirror_get_identity(mirror, project);
		g_hash_table_remove(mirror->identities, project);
		g_hash_table_remove(mirror->owners, GUINT_TO_POINTER(number));
		return;
	}
	g_hash_table_replace(mirror->identities, (void *)project, GUINT_TO_POINTER(number));
	g_hash_table_replace(mirror->owners, GUINT_TO_POINTER(number), (void *)project);
}

static bool mirror_apply(struct mirror *mirror, const struct store_entry *entry, GError **error)
{
	void *object = NULL;
	enum kind kind;
	struct uuid id;

	if (g_str_has_prefix(entry->key, GUARD_PREFIX)) {
		mirror_apply_guard(mirror, entry);
		return true;
	}
	if (g_str_has_prefix(entry->key, KEY_PROJECT)) {
		mirror_apply_project(mirror, entry);
		return true;
	}
	if (!key_parse(entry->key, &kind, &id))
		return true;
	if (entry->value) {
		object = attr_read(cloud_table(kind), entry->value, entry->size, error);
		if (!object) {
			g_prefix_error(error, "%s: ", entry->key);
			return false;
		}
	}
	cloud_apply(mirror->cloud, kind, id, object, entry->revision);
	return true;
}

/* What we cannot read somebody else wrote; to go on without it would compile a lie. */
static void mirror_watched(const struct store_entry *entries, gsize count, uint64_t revision,
			   bool lost, void *data)
{
	struct mirror *mirror = data;
	g_autoptr(GError) error = NULL;

	if (lost)
		g_set_error(&error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "changes were lost");
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

static void mirror_range_done(const struct store_entry *entries, gsize count, uint64_t revision,
			      const GError *error, void *data)
{
	struct mirror *mirror = data;
	g_autoptr(GError) bad = NULL;

	if (mirror->phase == 0)
		mirror->revision = revision;
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

static void mirror_read_next(struct mirror *mirror)
{
	char prefix[KEY_TEXT] = GUARD_PREFIX;

	if (mirror->phase == PHASE_DONE) {
		mirror->watch = store_watch_new(mirror->store, "", mirror->revision,
						mirror_watched, mirror);
		mirror->ops.ready(mirror->revision, mirror->data);
		return;
	}
	if (mirror->phase < KIND_COUNT)
		snprintf(prefix, sizeof(prefix), "%s/",
			 cloud_table((enum kind)mirror->phase)->singular);
	if (mirror->phase == PHASE_PROJECTS)
		snprintf(prefix, sizeof(prefix), "%s", KEY_PROJECT);
	store_range(mirror->store, prefix, mirror->revision, mirror_range_done, mirror);
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
	mirror->identities = g_hash_table_new(g_direct_hash, g_direct_equal);
	mirror->owners = g_hash_table_new(g_direct_hash, g_direct_equal);
	mirror_read_next(mirror);
	return mirror;
}

void mirror_free(struct mirror *mirror)
{
	if (!mirror)
		return;
	store_watch_free(mirror->watch);
	g_hash_table_unref(mirror->guards);
	g_hash_table_unref(mirror->identities);
	g_hash_table_unref(mirror->owners);
	g_free(mirror);
}

uint64_t mirror_get_guard(const struct mirror *mirror, enum kind kind, struct uuid id)
{
	char key[KEY_TEXT];
	const uint64_t *revision =
		g_hash_table_lookup(mirror->guards, key_print_guard(kind, id, key));

	return revision ? *revision : 0;
}

uint32_t mirror_get_identity(const struct mirror *mirror, const char *project)
{
	return GPOINTER_TO_UINT(
		g_hash_table_lookup(mirror->identities, g_intern_string(project)));
}

const char *mirror_find_identity(const struct mirror *mirror, uint32_t number)
{
	return g_hash_table_lookup(mirror->owners, GUINT_TO_POINTER(number));
}

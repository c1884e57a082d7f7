/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of roles.
 */
#include "api/roles.h"

#include <stdlib.h>
#include <string.h>

static const char *const ladder[] = {"admin", "manager", "member", "reader"};

bool roles_have(const char *const *roles, const char *name)
{
	for (; roles && *roles; roles++)
		if (strcmp(*roles, name) == 0)
			return true;
	return false;
}

static void list_add(GPtrArray *list, const char *name)
{
	g_autofree char *lower = g_ascii_strdown(name, -1);
	const char *role = g_intern_string(g_strstrip(lower));

	if (*role && !g_ptr_array_find(list, role, NULL))
		g_ptr_array_add(list, (void *)role);
}

static void list_add_implied(GPtrArray *list)
{
	for (gsize i = 0; i + 1 < G_N_ELEMENTS(ladder); i++)
		if (g_ptr_array_find(list, g_intern_string(ladder[i]), NULL))
			list_add(list, ladder[i + 1]);
}

static int role_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *const *roles_intern(char *const *names, bool implied)
{
	static GHashTable *sets; /* joined names -> array */
	GPtrArray *list = g_ptr_array_new();
	g_autofree char *key = NULL;
	const char *const *set;

	if (!sets)
		sets = g_hash_table_new(g_str_hash, g_str_equal);
	for (; names && *names; names++)
		list_add(list, *names);
	if (implied)
		list_add_implied(list);
	if (list->len)
		qsort(list->pdata, list->len, sizeof(void *), role_compare);
	g_ptr_array_add(list, NULL);
	key = g_strjoinv(",", (char **)list->pdata);
	set = g_hash_table_lookup(sets, key);
	if (set) {
		g_ptr_array_unref(list);
		return set;
	}
	set = (const char *const *)g_ptr_array_free(list, FALSE);
	g_hash_table_insert(sets, g_steal_pointer(&key), (void *)set);
	return set;
}

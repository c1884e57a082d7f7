/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table `host`. A name may be bound before the host exists: its unit then has ports but no
 * row.
 */
#include "compile/host.h"

#include "compile/row.h"
#include "compile/text.h"

struct host_unit *host_get(struct compile *compile, const char *name)
{
	struct host_unit *host = g_hash_table_lookup(compile->hosts, name);

	if (host)
		return host;
	host = g_new0(struct host_unit, 1);
	host->name = name;
	host->rows = g_ptr_array_new();
	host->components = g_hash_table_new(NULL, NULL);
	host->audiences = g_hash_table_new(NULL, NULL);
	g_hash_table_insert(compile->hosts, (void *)name, host);
	return host;
}

void host_update(struct compile *compile, const char *name)
{
	const struct host *object = cloud_find_host(compile->cloud, name);
	struct host_unit *host =
		object ? host_get(compile, name) : g_hash_table_lookup(compile->hosts, name);
	struct row_place place = {.table = COMPILE_HOST, .host = host};

	if (!host)
		return;
	host->known = object;
	if (object) {
		row_put(compile, &host->row, place, g_strdup(name), text_print_host(object));
	} else {
		row_retire(compile, &host->row);
		g_hash_table_add(compile->idle, host);
	}
}

void host_sweep(struct compile *compile, struct host_unit *host)
{
	if (!host->known && !host->rows->len && !g_hash_table_size(host->components) &&
	    !g_hash_table_size(host->audiences))
		g_hash_table_remove(compile->hosts, host->name);
}

void host_free(void *data)
{
	struct host_unit *host = data;

	for (guint i = 0; i < host->rows->len; i++)
		compile_row_free(host->rows->pdata[i]);
	g_ptr_array_free(host->rows, true);
	g_hash_table_destroy(host->components);
	g_hash_table_destroy(host->audiences);
	compile_row_free(host->row);
	g_free(host);
}

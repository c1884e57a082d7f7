/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joining and parting of components. What hosts gain and lose thereby is told to change.c;
 * the order of steps within a flush does not matter, because changes coalesce there.
 *
 * Two hosts are peers when they share a component. That is looked up, not counted: a host
 * is in few components, and counts for all pairs of a large cloud would not fit.
 */
#include "compile/component.h"

#include "compile/change.h"
#include "compile/firewall.h"

static void scope_enter(struct component *component, struct scope *scope)
{
	scope->component = component;
	g_hash_table_add(component->scopes, scope);
}

static struct component *component_make(void)
{
	struct component *component = g_new0(struct component, 1);

	component->scopes = g_hash_table_new(NULL, NULL);
	component->hosts = g_hash_table_new(NULL, NULL);
	return component;
}

void component_destroy(void *data)
{
	struct component *component = data;

	g_hash_table_destroy(component->scopes);
	g_hash_table_destroy(component->hosts);
	g_free(component);
}

void component_new(struct scope *scope)
{
	scope_enter(component_make(), scope);
}

void component_free(struct scope *scope)
{
	struct component *component = g_steal_pointer(&scope->component);

	g_hash_table_remove(component->scopes, scope);
	g_assert(!g_hash_table_size(component->scopes));
	g_assert(!g_hash_table_size(component->hosts));
	component_destroy(component);
}

/* ---------------------------------------------------------------------- peers */

static bool hosts_are_peers(const struct host_unit *a, const struct host_unit *b)
{
	GHashTableIter iter;
	gpointer component;

	if (g_hash_table_size(a->components) > g_hash_table_size(b->components)) {
		const struct host_unit *other = a;

		a = b;
		b = other;
	}
	g_hash_table_iter_init(&iter, a->components);
	while (g_hash_table_iter_next(&iter, &component, NULL))
		if (g_hash_table_contains(b->components, component))
			return true;
	return false;
}

/* A and B begin, or cease, to share a component, unless they share another. */
static void peers_gain(struct compile *compile, struct host_unit *a, struct host_unit *b)
{
	if (a == b || hosts_are_peers(a, b))
		return;
	if (b->row)
		change_gain(compile, a, b->row);
	if (a->row)
		change_gain(compile, b, a->row);
}

static void peers_lose(struct compile *compile, struct host_unit *a, struct host_unit *b)
{
	if (a == b || hosts_are_peers(a, b))
		return;
	if (b->row)
		change_lose(compile, a, b->row);
	if (a->row)
		change_lose(compile, b, a->row);
}

/* --------------------------------------------------------------- joining, leaving */

static void host_gain_scopes(struct compile *compile, struct host_unit *host,
			     const struct component *component)
{
	GHashTableIter iter;
	gpointer scope;

	if (compile->muted)
		return;
	g_hash_table_iter_init(&iter, component->scopes);
	while (g_hash_table_iter_next(&iter, &scope, NULL)) {
		change_gain_rows(compile, host, ((struct scope *)scope)->rows);
		firewall_gain(compile, scope, host);
	}
}

static void host_lose_scopes(struct compile *compile, struct host_unit *host,
			     const struct component *component)
{
	GHashTableIter iter;
	gpointer scope;

	g_hash_table_iter_init(&iter, component->scopes);
	while (g_hash_table_iter_next(&iter, &scope, NULL)) {
		change_lose_rows(compile, host, ((struct scope *)scope)->rows);
		firewall_lose(compile, scope, host);
	}
}

static guint component_count(const struct component *component, struct host_unit *host)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(component->hosts, host));
}

/* Adds N (may be negative) to the networks HOST has there; both directions are noted. */
static void component_add(struct component *component, struct host_unit *host, int n)
{
	guint count = component_count(component, host) + n;

	if (count) {
		g_hash_table_insert(component->hosts, host, GUINT_TO_POINTER(count));
		g_hash_table_add(host->components, component);
	} else {
		g_hash_table_remove(component->hosts, host);
		g_hash_table_remove(host->components, component);
	}
}

void component_join(struct compile *compile, struct scope *scope, struct host_unit *host)
{
	struct component *component = scope->component;
	GHashTableIter iter;
	gpointer peer;

	if (!component_count(component, host)) {
		g_hash_table_iter_init(&iter, component->hosts);
		while (!compile->muted && g_hash_table_iter_next(&iter, &peer, NULL))
			peers_gain(compile, host, peer);
		host_gain_scopes(compile, host, component);
	}
	component_add(component, host, 1);
}

void component_leave(struct compile *compile, struct scope *scope, struct host_unit *host)
{
	struct component *component = scope->component;
	GHashTableIter iter;
	gpointer peer;

	component_add(component, host, -1);
	if (component_count(component, host))
		return;
	g_hash_table_add(compile->idle, host);
	host_lose_scopes(compile, host, component);
	g_hash_table_iter_init(&iter, component->hosts);
	while (g_hash_table_iter_next(&iter, &peer, NULL))
		peers_lose(compile, host, peer);
}

/* --------------------------------------------------------------- merging, splitting */

typedef void (*component_pair)(struct compile *compile, struct host_unit *a,
			       struct host_unit *b);

/* Calls PAIR for each host of A alone with each host of B alone. */
static void components_pair(struct compile *compile, const struct component *a,
			    const struct component *b, component_pair pair)
{
	g_autoptr(GPtrArray) alone = g_ptr_array_new();
	GHashTableIter iter;
	gpointer host;

	g_hash_table_iter_init(&iter, b->hosts);
	while (g_hash_table_iter_next(&iter, &host, NULL))
		if (!g_hash_table_contains(a->hosts, host))
			g_ptr_array_add(alone, host);
	g_hash_table_iter_init(&iter, a->hosts);
	while (alone->len && g_hash_table_iter_next(&iter, &host, NULL)) {
		if (g_hash_table_contains(b->hosts, host))
			continue;
		for (guint i = 0; i < alone->len; i++)
			pair(compile, host, alone->pdata[i]);
	}
}

typedef void (*component_walk)(struct compile *compile, struct host_unit *host,
			       const struct component *component);

/* Calls WALK with B's scopes for each host of A that B does not have. */
static void components_walk(struct compile *compile, const struct component *a,
			    const struct component *b, component_walk walk)
{
	GHashTableIter iter;
	gpointer host;

	g_hash_table_iter_init(&iter, a->hosts);
	while (g_hash_table_iter_next(&iter, &host, NULL))
		if (!g_hash_table_contains(b->hosts, host))
			walk(compile, host, b);
}

void component_merge(struct compile *compile, struct scope *a, struct scope *b)
{
	struct component *kept = a->component, *gone = b->component;
	GHashTableIter iter;
	gpointer key, value;

	if (kept == gone)
		return;
	if (g_hash_table_size(kept->scopes) + g_hash_table_size(kept->hosts) <
	    g_hash_table_size(gone->scopes) + g_hash_table_size(gone->hosts)) {
		kept = b->component;
		gone = a->component;
	}
	if (!compile->muted) {
		components_walk(compile, kept, gone, host_gain_scopes);
		components_walk(compile, gone, kept, host_gain_scopes);
		components_pair(compile, kept, gone, peers_gain);
	}
	g_hash_table_iter_init(&iter, gone->scopes);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		scope_enter(kept, key);
	g_hash_table_iter_init(&iter, gone->hosts);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		g_hash_table_remove(((struct host_unit *)key)->components, gone);
		component_add(kept, key, (int)GPOINTER_TO_UINT(value));
	}
	component_destroy(gone);
}

/* All scopes that hang together with SCOPE, which are marked PART. */
static GPtrArray *scopes_collect(struct compile *compile, struct scope *scope, uint32_t part)
{
	GPtrArray *scopes = g_ptr_array_new();

	scope->part = part;
	g_ptr_array_add(scopes, scope);
	for (guint i = 0; i < scopes->len; i++) {
		GHashTableIter iter;
		gpointer next;

		compile->work.scopes++;
		g_hash_table_iter_init(&iter, ((struct scope *)scopes->pdata[i])->links);
		while (g_hash_table_iter_next(&iter, &next, NULL)) {
			struct scope *neighbour = next;

			if (neighbour->part == part)
				continue;
			neighbour->part = part;
			g_ptr_array_add(scopes, neighbour);
		}
	}
	return scopes;
}

static void component_move(struct component *from, struct component *to, struct scope *scope)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_remove(from->scopes, scope);
	scope_enter(to, scope);
	if (scope->carrier) {
		component_add(from, scope->carrier, -1);
		component_add(to, scope->carrier, 1);
	}
	if (!scope->members)
		return;
	g_hash_table_iter_init(&iter, scope->members);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct member *member = value;

		if (!member->joined)
			continue;
		component_add(from, member->host, -1);
		component_add(to, member->host, 1);
	}
}

/* Makes a component of its own of SCOPES, some of COMPONENT's. */
static void component_extract(struct compile *compile, struct component *component,
			      const GPtrArray *scopes)
{
	struct component *part = component_make();

	for (guint i = 0; i < scopes->len; i++)
		component_move(component, part, scopes->pdata[i]);
	components_walk(compile, component, part, host_lose_scopes);
	components_walk(compile, part, component, host_lose_scopes);
	components_pair(compile, component, part, peers_lose);
}

void component_split(struct compile *compile, struct component *component)
{
	g_autoptr(GPtrArray) parts =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	GHashTableIter iter;
	gpointer key;
	guint largest = 0;

	g_hash_table_iter_init(&iter, component->scopes);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		((struct scope *)key)->part = 0;
	g_hash_table_iter_init(&iter, component->scopes);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		if (!((struct scope *)key)->part)
			g_ptr_array_add(parts, scopes_collect(compile, key, parts->len + 1));
	for (guint i = 0; i < parts->len; i++)
		if (((GPtrArray *)parts->pdata[i])->len >
		    ((GPtrArray *)parts->pdata[largest])->len)
			largest = i;
	for (guint i = 0; i < parts->len; i++)
		if (i != largest)
			component_extract(compile, component, parts->pdata[i]);
}

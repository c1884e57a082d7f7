/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/refusals.h"

#include <string.h>

#include "agent/borders.h"
#include "agent/firewalls.h"
#include "agent/policies_look.h"

struct refusal {
	char *what;
	const char *why; /* the bank's */
};

struct listing {
	const struct state *state;
	GArray *list; /* struct refusal */
};

static void refusal_done(gpointer data)
{
	g_free(((struct refusal *)data)->what);
}

static gint refusal_compare(gconstpointer left, gconstpointer right)
{
	return strcmp(((const struct refusal *)left)->what,
		      ((const struct refusal *)right)->what);
}

static void add(struct listing *listing, char *what, const char *why)
{
	struct refusal refusal = {what, why};

	if (what)
		g_array_append_val(listing->list, refusal);
}

static void add_ports(struct listing *listing, uint32_t identity, const char *why)
{
	const GPtrArray *rows =
		g_hash_table_lookup(listing->state->holders, GUINT_TO_POINTER(identity));
	char id[UUID_TEXT];

	for (guint i = 0; rows && i < rows->len; i++) {
		const struct row *row = rows->pdata[i];

		add(listing, g_strconcat("port:", uuid_print(row->u.port->id, id), NULL), why);
	}
}

static void visit(uint32_t identity, const char *why, void *data)
{
	struct listing *listing = data;
	const char *group = firewalls_find_name(listing->state, identity);

	if (borders_is_number(identity))
		add(listing, g_strdup(borders_find_name(listing->state, identity)), why);
	else if (group)
		add(listing, g_strdup(group), why);
	else
		add_ports(listing, identity, why);
}

json_t *refusals_list(const struct state *state)
{
	struct listing listing = {state, g_array_new(FALSE, FALSE, sizeof(struct refusal))};
	json_t *out = json_array();

	g_array_set_clear_func(listing.list, refusal_done);
	policies_visit_refused(state_policies(state), visit, &listing);
	g_array_sort(listing.list, refusal_compare);
	for (guint i = 0; i < MIN(listing.list->len, REFUSALS_MAX); i++) {
		const struct refusal *refusal = &g_array_index(listing.list, struct refusal, i);

		json_array_append_new(out, json_pack("{s:s,s:s}", "what", refusal->what, "why",
						     refusal->why));
	}
	g_array_unref(listing.list);
	return out;
}

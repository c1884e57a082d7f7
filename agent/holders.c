/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/holders.h"

#include "agent/borders.h"
#include "agent/derive.h"
#include "agent/firewalls.h"

void holders_add(struct state *state, struct row *row)
{
	gpointer identity = GUINT_TO_POINTER(row->u.port->identity);
	GPtrArray *rows = g_hash_table_lookup(state->holders, identity);

	if (!row->u.port->filtered)
		return;
	if (!rows) {
		rows = g_ptr_array_new();
		g_hash_table_insert(state->holders, identity, rows);
	}
	g_ptr_array_add(rows, row);
	policies_hold(state->policies, row->u.port->identity);
}

void holders_del(struct state *state, struct row *row)
{
	gpointer identity = GUINT_TO_POINTER(row->u.port->identity);
	GPtrArray *rows = g_hash_table_lookup(state->holders, identity);

	if (!row->u.port->filtered)
		return;
	g_ptr_array_remove_fast(rows, row);
	if (!rows->len)
		g_hash_table_remove(state->holders, identity);
	policies_release(state->policies, row->u.port->identity);
}

static void policy_moved(uint32_t identity, void *data)
{
	struct state *state = data;
	GPtrArray *rows = g_hash_table_lookup(state->holders, GUINT_TO_POINTER(identity));

	if (firewalls_moved(state, identity) || borders_moved(state, identity))
		return;
	for (guint i = 0; rows && i < rows->len; i++)
		derive_port(state, g_ptr_array_index(rows, i));
}

static void policy_stale(uint32_t identity, void *data)
{
	struct state *state = data;
	GPtrArray *rows = g_hash_table_lookup(state->holders, GUINT_TO_POINTER(identity));

	for (guint i = 0; rows && i < rows->len; i++) {
		const struct row *row = g_ptr_array_index(rows, i);
		const struct wire *wire = held_find_wire(state, row->u.port->id);

		if (wire)
			g_array_append_val(state->stale, wire->slot);
	}
}

static void policy_complain(const char *text, void *data)
{
	struct state *state = data;

	state->ops.complain(text, state->data);
}

static const char *policy_owner(uint32_t identity, void *data)
{
	struct state *state = data;
	GPtrArray *rows = g_hash_table_lookup(state->holders, GUINT_TO_POINTER(identity));

	if (rows)
		return ((struct row *)rows->pdata[0])->u.port->project;
	return borders_is_number(identity) ? borders_find_project(state, identity)
					   : firewalls_find_project(state, identity);
}

void holders_add_rule(struct state *state, struct row *row)
{
	policies_put_rule(state->policies, row->u.rule);
}

void holders_del_rule(struct state *state, struct row *row, bool replaced)
{
	policies_del_rule(state->policies, row->u.rule);
}

void holders_add_address(struct state *state, struct row *row)
{
	policies_put_address(state->policies, row->u.address.group, row->u.address.prefix);
}

void holders_del_address(struct state *state, struct row *row, bool replaced)
{
	policies_del_address(state->policies, row->u.address.group, row->u.address.prefix);
}

void holders_add_identity(struct state *state, struct row *row)
{
	policies_put_identity(state->policies, row->key.vni,
			      (const char *const *)row->u.identity.sets, row->u.identity.count);
}

void holders_del_identity(struct state *state, struct row *row, bool replaced)
{
	policies_del_identity(state->policies, row->key.vni);
}

const GArray *state_stale(const struct state *state)
{
	return state->stale;
}

void state_be_patient(struct state *state)
{
	policies_be_patient(state->policies);
	firewalls_be_patient(state);
}

void state_settle_policies(struct state *state)
{
	policies_settle(state->policies);
}

bool state_has_young(const struct state *state)
{
	return firewalls_has_young(state);
}

void state_age_young(struct state *state)
{
	firewalls_age(state);
}

const struct policies *state_policies(const struct state *state)
{
	return state->policies;
}

void state_limit_policies(struct state *state, gsize limit)
{
	policies_limit(state->policies, limit);
}

void state_failed(struct state *state)
{
	g_array_set_size(state->stale, 0); /* those that were in it have been bumped */
	for (uint32_t slot = 1; slot < LIM_HOST_PORTS; slot++) {
		const struct wire *wire = state->by_slot[slot];

		if (wire && wire->port &&
		    (wire->port->filtered || borders_guard(state, wire->port->vni)))
			g_array_append_val(state->stale, slot);
	}
}

void holders_init(struct state *state)
{
	static const struct policies_ops ops = {policy_moved, policy_stale, policy_complain,
						policy_owner};

	state->policies = policies_new(state->desired, &ops, state);
	state->holders =
		g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
	state->stale = g_array_new(FALSE, FALSE, sizeof(uint32_t));
}

void holders_done(struct state *state)
{
	policies_free(state->policies);
	g_hash_table_unref(state->holders);
	g_array_unref(state->stale);
}

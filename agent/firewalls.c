/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/firewalls.h"

#include <string.h>

#include "agent/derive.h"

#define FIRST_NUMBER (1u << 30) /* network ACLs have those before it (borders.c) */

/* A firewall group while an interface here names it. */
struct firewall {
	char *name;
	char *sets[2]; /* of its rules: egress, ingress */
	uint32_t number;
	GPtrArray *rows;	    /* struct row of its interfaces */
	struct policy_rule last[2]; /* what no rule of it means is denied */
};

struct firewalls {
	GHashTable *groups;	/* name -> struct firewall */
	GHashTable *numbers;	/* number -> the same */
	GHashTable *interfaces; /* set of struct row: all routers' */
	GHashTable *reached;	/* set of VNIs */
	GHashTable *young[2];	/* sets of VNIs reached lately; [1]: before the last ageing */
	bool patient;
	bool begun; /* what is reached has been found once */
	uint32_t next;
	bool dirty;
};

/* -------------------------------------------------------------- groups */

static void firewall_free(gpointer data)
{
	struct firewall *firewall = data;

	for (int i = 0; i < 2; i++) {
		policy_rule_done(&firewall->last[i]);
		g_free(firewall->sets[i]);
	}
	g_ptr_array_unref(firewall->rows);
	g_free(firewall->name);
	g_free(firewall);
}

/* A rule of the set itself, so that whoever asks who decided hears of it. */
static void firewall_end_with(struct state *state, struct firewall *firewall, bool ingress)
{
	struct policy_rule *rule = &firewall->last[ingress];

	policy_rule_end_with(rule, firewall->sets[ingress], firewall->name,
			     POLICY_TIER_FIREWALL, ingress);
	policies_put_rule(state->policies, rule);
}

static struct firewall *firewall_get(struct state *state, const char *name)
{
	struct firewalls *firewalls = state->firewalls;
	struct firewall *firewall = g_hash_table_lookup(firewalls->groups, name);

	if (firewall)
		return firewall;
	firewall = g_new0(struct firewall, 1);
	firewall->name = g_strdup(name);
	firewall->rows = g_ptr_array_new();
	firewall->number = firewalls->next++;
	g_hash_table_insert(firewalls->groups, firewall->name, firewall);
	g_hash_table_insert(firewalls->numbers, GUINT_TO_POINTER(firewall->number), firewall);
	for (int i = 0; i < 2; i++) {
		firewall->sets[i] = g_strconcat(name, i ? "/ingress" : "/egress", NULL);
		firewall_end_with(state, firewall, i);
	}
	policies_put_identity(state->policies, firewall->number,
			      (const char *const *)firewall->sets, 2);
	policies_hold(state->policies, firewall->number);
	return firewall;
}

static void firewall_check(struct state *state, struct firewall *firewall)
{
	if (firewall->rows->len)
		return;
	policies_release(state->policies, firewall->number);
	policies_del_identity(state->policies, firewall->number);
	for (int i = 0; i < 2; i++)
		policies_del_rule(state->policies, &firewall->last[i]);
	g_hash_table_remove(state->firewalls->numbers, GUINT_TO_POINTER(firewall->number));
	g_hash_table_remove(state->firewalls->groups, firewall->name);
}

void firewalls_add(struct state *state, struct row *row)
{
	struct firewalls *firewalls = state->firewalls;

	g_hash_table_add(firewalls->interfaces, row);
	firewalls->dirty = true;
	if (row->u.interface.firewall)
		g_ptr_array_add(firewall_get(state, row->u.interface.firewall)->rows, row);
}

void firewalls_del(struct state *state, struct row *row)
{
	struct firewalls *firewalls = state->firewalls;
	struct firewall *firewall;

	g_hash_table_remove(firewalls->interfaces, row);
	firewalls->dirty = true;
	if (!row->u.interface.firewall)
		return;
	firewall = firewall_get(state, row->u.interface.firewall);
	g_ptr_array_remove_fast(firewall->rows, row);
	firewall_check(state, firewall);
}

void firewalls_claim(struct state *state, struct row *row)
{
	struct mac_key key = held_mac_key(row->key.vni, row_key_mac(&row->key));
	uint32_t bank;

	if (!row->u.interface.firewall)
		return;
	bank = policies_find_bank(state->policies,
				  firewall_get(state, row->u.interface.firewall)->number);
	desired_claim(state->desired, &row->owner, DESIRED_FIREWALL, 0, &key, &bank);
}

bool firewalls_moved(struct state *state, uint32_t number)
{
	const struct firewall *firewall =
		g_hash_table_lookup(state->firewalls->numbers, GUINT_TO_POINTER(number));

	for (guint i = 0; firewall && i < firewall->rows->len; i++)
		derive_interface(state, g_ptr_array_index(firewall->rows, i));
	return number >= FIRST_NUMBER;
}

const char *firewalls_find_name(const struct state *state, uint32_t number)
{
	const struct firewall *firewall =
		g_hash_table_lookup(state->firewalls->numbers, GUINT_TO_POINTER(number));

	return firewall ? firewall->name : NULL;
}

const char *firewalls_find_project(const struct state *state, uint32_t number)
{
	const struct firewall *firewall =
		g_hash_table_lookup(state->firewalls->numbers, GUINT_TO_POINTER(number));

	return firewall && firewall->rows->len
		       ? ((struct row *)firewall->rows->pdata[0])->u.interface.project
		       : NULL;
}

const GPtrArray *firewalls_find_rules(const struct state *state, uint32_t bank)
{
	GHashTableIter iter;
	gpointer number;

	g_hash_table_iter_init(&iter, state->firewalls->numbers);
	while (bank && g_hash_table_iter_next(&iter, &number, NULL))
		if (policies_find_bank(state->policies, GPOINTER_TO_UINT(number)) == bank)
			return policies_find_rules(state->policies, GPOINTER_TO_UINT(number));
	return NULL;
}

/* --------------------------------------------------------------- reach */

/* Adds to VNIS and ROUTERS what INTERFACES join to them; false: nothing. */
static bool reach_more(GHashTable *interfaces, GHashTable *routers, GHashTable *vnis)
{
	GHashTableIter iter;
	bool more = false;
	gpointer key;

	g_hash_table_iter_init(&iter, interfaces);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const struct row *row = key;
		gpointer router = GUINT_TO_POINTER(row->key.router);
		gpointer vni = GUINT_TO_POINTER(row->key.vni);

		if (!row->u.interface.firewall && !g_hash_table_contains(routers, router) &&
		    !g_hash_table_contains(vnis, vni))
			continue;
		more |= g_hash_table_add(routers, router);
		more |= g_hash_table_add(vnis, vni);
	}
	return more;
}

/* VNIs of A that are not in B: their networks are derived anew. INTO: a set of them, or NULL. */
static void reach_tell(struct state *state, GHashTable *a, GHashTable *b, GHashTable *into)
{
	GHashTableIter iter;
	gpointer vni;

	g_hash_table_iter_init(&iter, a);
	while (g_hash_table_iter_next(&iter, &vni, NULL)) {
		uint32_t number = GPOINTER_TO_UINT(vni);

		if (g_hash_table_contains(b, vni))
			continue;
		held_mark_net(state, number);
		/* only of a network that is here already there are connections from before */
		if (into && desired_find_held(state->desired, DESIRED_NETWORK, &number))
			g_hash_table_add(into, vni);
	}
}

void firewalls_flush(struct state *state)
{
	struct firewalls *firewalls = state->firewalls;
	g_autoptr(GHashTable) routers = g_hash_table_new(NULL, NULL);
	g_autoptr(GHashTable) before = NULL;
	bool begun = firewalls->begun;

	firewalls->begun |= firewalls->patient;
	if (!firewalls->dirty)
		return;
	firewalls->dirty = false;
	if (!g_hash_table_size(firewalls->groups) && !g_hash_table_size(firewalls->reached))
		return;
	before = g_steal_pointer(&firewalls->reached);
	firewalls->reached = g_hash_table_new(NULL, NULL);
	while (reach_more(firewalls->interfaces, routers, firewalls->reached))
		;
	/* The way to gateways is all routers': with one that has a firewall, it asks. */
	if (g_hash_table_size(firewalls->reached))
		g_hash_table_add(firewalls->reached, GUINT_TO_POINTER(GATEWAY_VNI));
	reach_tell(state, before, firewalls->reached, NULL);
	/* where an agent starts there may have been one before it */
	reach_tell(state, firewalls->reached, before, begun ? firewalls->young[0] : NULL);
}

void firewalls_be_patient(struct state *state)
{
	state->firewalls->patient = true;
}

bool firewalls_is_young(const struct state *state, uint32_t vni)
{
	gpointer key = GUINT_TO_POINTER(vni);

	return firewalls_reach(state, vni) &&
	       (g_hash_table_contains(state->firewalls->young[0], key) ||
		g_hash_table_contains(state->firewalls->young[1], key));
}

bool firewalls_has_young(const struct state *state)
{
	return g_hash_table_size(state->firewalls->young[0]) ||
	       g_hash_table_size(state->firewalls->young[1]);
}

void firewalls_age(struct state *state)
{
	struct firewalls *firewalls = state->firewalls;
	GHashTable *old = firewalls->young[1];
	GHashTableIter iter;
	gpointer vni;

	firewalls->young[1] = firewalls->young[0];
	firewalls->young[0] = old;
	g_hash_table_iter_init(&iter, old);
	while (g_hash_table_iter_next(&iter, &vni, NULL)) {
		held_mark_net(state, GPOINTER_TO_UINT(vni));
		g_hash_table_iter_remove(&iter);
	}
}

bool firewalls_reach(const struct state *state, uint32_t vni)
{
	return g_hash_table_contains(state->firewalls->reached, GUINT_TO_POINTER(vni));
}

/* ------------------------------------------------------------- routers */

/* The address of INTERFACE in the subnet that ADDRESS is in, too; NULL: none. */
static const struct row_address *interface_near(const struct row *interface, struct ip address)
{
	for (gsize i = 0; i < interface->u.interface.count; i++) {
		const struct row_address *own = &interface->u.interface.addresses[i];

		if (prefix_contains(own->subnet, address))
			return own;
	}
	return NULL;
}

bool firewalls_find_router(const struct state *state, uint32_t vni, struct ip address,
			   struct ip target, struct ip gateway, struct mac *out)
{
	const struct row *best = NULL;
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, state->firewalls->interfaces);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const struct row *row = key;
		const struct row_address *own =
			row->key.vni == vni ? interface_near(row, address) : NULL;

		if (own && prefix_contains(own->subnet, target))
			return false;
		if (own && ip_equal(own->ip, gateway)) {
			best = row;
			break;
		}
		if (own && (!best || memcmp(row->key.b, best->key.b, sizeof(best->key.b)) < 0))
			best = row;
	}
	if (best)
		*out = row_key_mac(&best->key);
	return best;
}

/* ------------------------------------------------------- life and death */

void firewalls_init(struct state *state)
{
	struct firewalls *firewalls = g_new0(struct firewalls, 1);

	firewalls->groups = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, firewall_free);
	firewalls->numbers = g_hash_table_new(NULL, NULL);
	firewalls->interfaces = g_hash_table_new(NULL, NULL);
	firewalls->reached = g_hash_table_new(NULL, NULL);
	for (int i = 0; i < 2; i++)
		firewalls->young[i] = g_hash_table_new(NULL, NULL);
	firewalls->next = FIRST_NUMBER;
	state->firewalls = firewalls;
}

void firewalls_done(struct state *state)
{
	struct firewalls *firewalls = state->firewalls;

	g_hash_table_unref(firewalls->groups);
	g_hash_table_unref(firewalls->numbers);
	g_hash_table_unref(firewalls->interfaces);
	g_hash_table_unref(firewalls->reached);
	for (int i = 0; i < 2; i++)
		g_hash_table_unref(firewalls->young[i]);
	g_free(firewalls);
}

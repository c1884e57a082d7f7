/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/borders.h"

#include <linux/if_ether.h>
#include <string.h>

#include "agent/derive.h"

#define FIRST_NUMBER (1u << 24) /* identities end before it */
#define END_NUMBER   (1u << 30) /* firewall groups have those from it on (firewalls.c) */

/* A network ACL while a border here names it. */
struct acl {
	char *name; /* of its set */
	uint32_t number;
	guint borders;
	struct policy_rule last[2]; /* what no rule of it means is denied: egress, ingress */
};

struct borders {
	GHashTable *acls;    /* name -> struct acl */
	GHashTable *numbers; /* number -> the same */
	GHashTable *nets;    /* VNI -> GPtrArray of struct row */
	GHashTable *changed; /* set of VNIs */
	uint32_t next;
};

/* ---------------------------------------------------------------- ACLs */

static void acl_free(gpointer data)
{
	struct acl *acl = data;

	for (int i = 0; i < 2; i++)
		policy_rule_done(&acl->last[i]);
	g_free(acl->name);
	g_free(acl);
}

/* A rule of the set itself, so that whoever asks who decided hears of it. */
static void acl_end_with(struct state *state, struct acl *acl, bool ingress)
{
	struct policy_rule *rule = &acl->last[ingress];

	policy_rule_end_with(rule, acl->name, acl->name, POLICY_TIER_ACL, ingress);
	policies_put_rule(state->policies, rule);
}

static struct acl *acl_get(struct state *state, const char *name)
{
	struct borders *borders = state->borders;
	struct acl *acl = g_hash_table_lookup(borders->acls, name);

	if (acl)
		return acl;
	acl = g_new0(struct acl, 1);
	acl->name = g_strdup(name);
	acl->number = borders->next++;
	g_hash_table_insert(borders->acls, acl->name, acl);
	g_hash_table_insert(borders->numbers, GUINT_TO_POINTER(acl->number), acl);
	acl_end_with(state, acl, false);
	acl_end_with(state, acl, true);
	policies_put_identity(state->policies, acl->number, (const char *const *)&acl->name, 1);
	policies_hold(state->policies, acl->number);
	return acl;
}

static void acl_release(struct state *state, const char *name)
{
	struct borders *borders = state->borders;
	struct acl *acl = g_hash_table_lookup(borders->acls, name);

	if (--acl->borders)
		return;
	policies_release(state->policies, acl->number);
	policies_del_identity(state->policies, acl->number);
	for (int i = 0; i < 2; i++)
		policies_del_rule(state->policies, &acl->last[i]);
	g_hash_table_remove(borders->numbers, GUINT_TO_POINTER(acl->number));
	g_hash_table_remove(borders->acls, acl->name);
}

/* ---------------------------------------------------------------- rows */

static GPtrArray *net_rows(const struct state *state, uint32_t vni)
{
	return g_hash_table_lookup(state->borders->nets, GUINT_TO_POINTER(vni));
}

static void mark(struct state *state, uint32_t vni)
{
	g_hash_table_add(state->borders->changed, GUINT_TO_POINTER(vni));
}

void borders_add(struct state *state, struct row *row)
{
	GPtrArray *rows = net_rows(state, row->key.vni);

	if (!rows) {
		rows = g_ptr_array_new();
		g_hash_table_insert(state->borders->nets, GUINT_TO_POINTER(row->key.vni), rows);
	}
	g_ptr_array_add(rows, row);
	acl_get(state, row->u.acl)->borders++;
	mark(state, row->key.vni);
}

void borders_del(struct state *state, struct row *row, bool replaced)
{
	GPtrArray *rows = net_rows(state, row->key.vni);

	g_ptr_array_remove_fast(rows, row);
	acl_release(state, row->u.acl);
	mark(state, row->key.vni);
	if (!rows->len)
		g_hash_table_remove(state->borders->nets, GUINT_TO_POINTER(row->key.vni));
}

static void wire_again(const struct wire *wire, void *data)
{
	struct state *state = data;
	struct row_key key = {.table = ROW_PORT};
	struct row *row;

	memcpy(key.b, wire->id.b, sizeof(wire->id.b));
	row = g_hash_table_lookup(state->rows, &key);
	if (row)
		derive_port(state, row);
}

void borders_flush(struct state *state)
{
	GHashTableIter iter;
	gpointer vni;

	g_hash_table_iter_init(&iter, state->borders->changed);
	while (g_hash_table_iter_next(&iter, &vni, NULL))
		state_foreach_wire_on(state, GPOINTER_TO_UINT(vni), wire_again, state);
	g_hash_table_remove_all(state->borders->changed);
}

bool borders_moved(struct state *state, uint32_t number)
{
	const struct acl *acl =
		g_hash_table_lookup(state->borders->numbers, GUINT_TO_POINTER(number));
	GHashTableIter iter;
	gpointer vni, rows;

	if (number < FIRST_NUMBER)
		return false;
	g_hash_table_iter_init(&iter, state->borders->nets);
	while (acl && g_hash_table_iter_next(&iter, &vni, &rows))
		for (guint i = 0; i < ((GPtrArray *)rows)->len; i++) {
			const struct row *row = g_ptr_array_index((GPtrArray *)rows, i);

			if (!strcmp(row->u.acl, acl->name))
				mark(state, GPOINTER_TO_UINT(vni));
		}
	return true;
}

bool borders_is_number(uint32_t number)
{
	return number >= FIRST_NUMBER && number < END_NUMBER;
}

const char *borders_find_name(const struct state *state, uint32_t number)
{
	const struct acl *acl =
		g_hash_table_lookup(state->borders->numbers, GUINT_TO_POINTER(number));

	return acl ? acl->name : NULL;
}

static bool net_has(const struct state *state, uint32_t vni, const char *acl)
{
	const GPtrArray *rows = net_rows(state, vni);

	for (guint i = 0; rows && i < rows->len; i++)
		if (!strcmp(((struct row *)rows->pdata[i])->u.acl, acl))
			return true;
	return false;
}

const char *borders_find_project(const struct state *state, uint32_t number)
{
	const char *name = borders_find_name(state, number);
	GHashTableIter iter;
	gpointer rows;

	g_hash_table_iter_init(&iter, state->holders);
	while (name && g_hash_table_iter_next(&iter, NULL, &rows))
		for (guint i = 0; i < ((GPtrArray *)rows)->len; i++) {
			const struct row *row = ((GPtrArray *)rows)->pdata[i];

			if (net_has(state, row->u.port->vni, name))
				return row->u.port->project;
		}
	return NULL;
}

bool borders_guard(const struct state *state, uint32_t vni)
{
	return net_rows(state, vni);
}

/* --------------------------------------------------------------- ports */

/* The longest that holds IP. */
static const struct row *border_of(const GPtrArray *rows, struct ip ip)
{
	const struct row *best = NULL;

	for (guint i = 0; i < rows->len; i++) {
		const struct row *row = g_ptr_array_index(rows, i);

		if (prefix_contains(row_key_prefix(&row->key), ip) &&
		    (!best || row->key.bits > best->key.bits))
			best = row;
	}
	return best;
}

/* Where the addresses of a family are that lie in no subnet of the port: in that of its first
 * address, of this family before the other. */
static const struct row *home_of(const GPtrArray *rows, const struct row_port *port, bool v4)
{
	for (int other = 0; other < 2; other++)
		for (gsize i = 0; i < port->pair_count; i++) {
			const struct prefix *prefix = &port->pairs[i].prefix;

			if (prefix->bits == 128 && prefix_is_v4(*prefix) == (v4 != !!other))
				return border_of(rows, prefix->ip);
		}
	return NULL;
}

/* Addresses of PREFIX are in the subnet of BORDER. */
static void claim(struct state *state, struct row *port, uint32_t slot, struct prefix prefix,
		  const struct row *border)
{
	const struct acl *acl = g_hash_table_lookup(state->borders->acls, border->u.acl);
	struct prefix subnet = row_key_prefix(&border->key);
	struct border_key key = {
		.prefixlen = BORDER_PREFIX_BASE + prefix.bits,
		.slot = (uint16_t)slot,
		.ethertype = GUINT16_TO_BE(prefix_is_v4(prefix) ? ETH_P_IP : ETH_P_IPV6)};
	struct border_value value = {.acl = policies_find_bank(state->policies, acl->number)};

	memcpy(key.ip.b, prefix.ip.b, sizeof(key.ip.b));
	memcpy(value.subnet.b, subnet.ip.b, sizeof(value.subnet.b));
	for (unsigned int i = 0; i < subnet.bits; i++)
		value.mask.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
	desired_claim(state->desired, &port->owner, DESIRED_BORDER, 0, &key, &value);
}

bool borders_claim(struct state *state, struct row *row, uint32_t slot)
{
	static const struct prefix families[] = {{{{0}}, 0}, /* IPv6 */
						 {{{[10] = 0xff, [11] = 0xff}}, 96}};
	const struct row_port *port = row->u.port;
	const GPtrArray *rows = net_rows(state, port->vni);
	bool any = false;

	if (!rows)
		return false;
	for (gsize i = 0; i < port->pair_count; i++) {
		const struct prefix *prefix = &port->pairs[i].prefix;
		const struct row *border =
			prefix->bits == 128 ? border_of(rows, prefix->ip) : NULL;

		if (!border)
			continue;
		claim(state, row, slot, row_key_prefix(&border->key), border);
		any = true;
	}
	for (int v4 = 0; v4 < 2; v4++) {
		const struct row *home = home_of(rows, port, v4);

		if (!home)
			continue;
		claim(state, row, slot, families[v4], home);
		any = true;
	}
	return any;
}

static bool port_has(const struct row_port *port, struct prefix subnet)
{
	for (gsize i = 0; i < port->pair_count; i++)
		if (port->pairs[i].prefix.bits == 128 &&
		    prefix_contains(subnet, port->pairs[i].prefix.ip))
			return true;
	return false;
}

const char *borders_find_acl(const struct state *state, const struct row_port *port,
			     struct ip address, struct ip peer, uint32_t *number)
{
	const GPtrArray *rows = net_rows(state, port->vni);
	const struct row *border = rows ? border_of(rows, address) : NULL;
	const struct acl *acl;

	if (border && !port_has(port, row_key_prefix(&border->key)))
		border = NULL;
	if (rows && !border)
		border = home_of(rows, port, ip_is_v4(address));
	if (!border || prefix_contains(row_key_prefix(&border->key), peer))
		return NULL;
	acl = g_hash_table_lookup(state->borders->acls, border->u.acl);
	*number = acl->number;
	return acl->name;
}

/* ------------------------------------------------------- life and death */

void borders_init(struct state *state)
{
	struct borders *borders = g_new0(struct borders, 1);

	borders->acls = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, acl_free);
	borders->numbers = g_hash_table_new(NULL, NULL);
	borders->nets =
		g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
	borders->changed = g_hash_table_new(NULL, NULL);
	borders->next = FIRST_NUMBER;
	state->borders = borders;
}

void borders_done(struct state *state)
{
	struct borders *borders = state->borders;

	g_hash_table_unref(borders->acls);
	g_hash_table_unref(borders->numbers);
	g_hash_table_unref(borders->nets);
	g_hash_table_unref(borders->changed);
	g_free(borders);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/audience.h"

#include "compile/change.h"
#include "compile/row.h"

/* Somebody's count has become zero, or more than that. */
struct turn {
	struct audience *audience;
	struct host_unit *host;
};

void audience_init(struct audience *audience)
{
	audience->wanted = g_hash_table_new(NULL, NULL);
	audience->hosts = g_hash_table_new(NULL, NULL);
	audience->rows = g_ptr_array_new();
}

void audience_done(struct audience *audience)
{
	for (guint i = 0; i < audience->rows->len; i++)
		compile_row_free(audience->rows->pdata[i]);
	g_hash_table_unref(audience->wanted);
	g_hash_table_unref(audience->hosts);
	g_ptr_array_unref(audience->rows);
}

static bool count_change(struct compile *compile, struct audience *audience,
			 struct host_unit *host, int by)
{
	guint count = GPOINTER_TO_UINT(g_hash_table_lookup(audience->wanted, host));
	struct turn turn = {audience, host};
	guint next = count + (guint)by;

	if (next)
		g_hash_table_insert(audience->wanted, host, GUINT_TO_POINTER(next));
	else
		g_hash_table_remove(audience->wanted, host);
	if (count && next)
		return false;
	g_array_append_val(compile->turns, turn);
	return true;
}

bool audience_add(struct compile *compile, struct audience *audience, struct host_unit *host)
{
	return count_change(compile, audience, host, 1);
}

bool audience_del(struct compile *compile, struct audience *audience, struct host_unit *host)
{
	return count_change(compile, audience, host, -1);
}

bool audience_is_empty(const struct audience *audience)
{
	return !audience->rows->len && !g_hash_table_size(audience->wanted);
}

static void settle_turn(struct compile *compile, const struct turn *turn, bool gain)
{
	struct audience *audience = turn->audience;
	bool wanted = g_hash_table_contains(audience->wanted, turn->host);

	if (wanted != gain || wanted == g_hash_table_contains(audience->hosts, turn->host))
		return;
	if (gain) {
		g_hash_table_add(audience->hosts, turn->host);
		g_hash_table_add(turn->host->audiences, audience);
		change_gain_rows(compile, turn->host, audience->rows);
	} else {
		g_hash_table_remove(audience->hosts, turn->host);
		g_hash_table_remove(turn->host->audiences, audience);
		change_lose_rows(compile, turn->host, audience->rows);
		g_hash_table_add(compile->idle, turn->host);
	}
}

void audience_settle(struct compile *compile)
{
	for (int gain = 1; gain >= 0; gain--)
		for (guint i = 0; i < compile->turns->len; i++)
			settle_turn(compile, &g_array_index(compile->turns, struct turn, i),
				    gain);
	g_array_set_size(compile->turns, 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Depth first; a node met again while it is open closes a circle.
 */
#include "cli/stack/order.h"

#include "lib/error.h"

enum state {
	STATE_NEW,
	STATE_OPEN,
	STATE_DONE,
};

/* OPEN is the way from the start to NODE, which ends it a second time. */
static bool refuse_circle(const GPtrArray *open, const struct order_node *node, GError **error)
{
	g_autoptr(GString) circle = g_string_new(NULL);
	bool inside = false;

	for (guint i = 0; i < open->len; i++) {
		const struct order_node *step = open->pdata[i];

		inside = inside || step == node;
		if (inside)
			g_string_append_printf(circle, "%s -> ", step->name);
	}
	g_string_append(circle, node->name);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "resources depend on each other: %s",
		    circle->str);
	return false;
}

static bool visit(struct order_node *node, GPtrArray *open, GError **error)
{
	if (node->state == STATE_DONE)
		return true;
	if (node->state == STATE_OPEN)
		return refuse_circle(open, node, error);
	node->state = STATE_OPEN;
	node->level = 0;
	g_ptr_array_add(open, node);
	for (guint i = 0; i < node->needs->len; i++) {
		struct order_node *need = node->needs->pdata[i];

		if (!visit(need, open, error))
			return false;
		node->level = MAX(node->level, need->level + 1);
	}
	g_ptr_array_set_size(open, open->len - 1);
	node->state = STATE_DONE;
	return true;
}

bool order_levels(GPtrArray *nodes, GError **error)
{
	g_autoptr(GPtrArray) open = g_ptr_array_new();

	for (guint i = 0; i < nodes->len; i++)
		if (!visit(nodes->pdata[i], open, error))
			return false;
	return true;
}

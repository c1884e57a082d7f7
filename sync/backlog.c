/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An array whose front is forgotten and now and then cut off.
 */
#include "sync/backlog.h"

struct backlog_item {
	uint64_t revision;
	GRefString *line;
};

static void item_clear(void *data)
{
	struct backlog_item *item = data;

	if (item->line)
		g_ref_string_release(item->line);
}

void backlog_init(struct backlog *backlog, uint64_t floor)
{
	backlog->items = g_array_new(FALSE, FALSE, sizeof(struct backlog_item));
	g_array_set_clear_func(backlog->items, item_clear);
	backlog->start = 0;
	backlog->bytes = 0;
	backlog->floor = floor;
}

void backlog_done(struct backlog *backlog)
{
	g_clear_pointer(&backlog->items, g_array_unref);
}

static void backlog_forget_oldest(struct backlog *backlog)
{
	struct backlog_item *item =
		&g_array_index(backlog->items, struct backlog_item, backlog->start);

	backlog->floor = item->revision;
	backlog->bytes -= g_ref_string_length(item->line);
	g_clear_pointer(&item->line, g_ref_string_release);
	backlog->start++;
}

void backlog_add(struct backlog *backlog, uint64_t revision, GRefString *line, gsize bytes_max)
{
	struct backlog_item item = {.revision = revision, .line = g_ref_string_acquire(line)};

	g_array_append_val(backlog->items, item);
	backlog->bytes += g_ref_string_length(line);
	while (backlog->bytes > bytes_max && backlog->start < backlog->items->len)
		backlog_forget_oldest(backlog);
	if (backlog->start > 64 && backlog->start > backlog->items->len / 2) {
		g_array_remove_range(backlog->items, 0, backlog->start);
		backlog->start = 0;
	}
}

void backlog_replay(const struct backlog *backlog, uint64_t revision, backlog_visit visit,
		    void *data)
{
	guint low = backlog->start, high = backlog->items->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (g_array_index(backlog->items, struct backlog_item, middle).revision >
		    revision)
			high = middle;
		else
			low = middle + 1;
	}
	for (; low < backlog->items->len; low++)
		visit(g_array_index(backlog->items, struct backlog_item, low).line, data);
}

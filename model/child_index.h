/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which objects belong to another, by its id. The other need not be there: changes come in any
 * order.
 */
#pragma once

#include <glib.h>

#include "lib/uuid.h"

struct child_index;

struct child_index *child_index_new(void);
void child_index_free(struct child_index *index);
/* CHILD is borrowed. Without a parent (none) nothing happens. */
void child_index_add(struct child_index *index, struct uuid parent, const void *child);
void child_index_del(struct child_index *index, struct uuid parent, const void *child);
/* Borrowed, in no order; NULL: none. */
const GPtrArray *child_index_list(const struct child_index *index, struct uuid parent);

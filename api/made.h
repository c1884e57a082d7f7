/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collections that are no kind of object: what they list is made when it is asked for. Filters,
 * fields and order by their table, as everywhere.
 */
#pragma once

#include <glib.h>

#include "lib/http_server.h"
#include "model/attr.h"

/*
 * {"bindings":[...]} of OBJECTS, borrowed and in their order unless the question names another;
 * SIZE characters, owned. NULL: the question is wrong. WORLD: for computed attributes.
 */
char *made_list(const struct attr_table *table, GPtrArray *objects, const void *world,
		const struct http_question *question, gsize *size, GError **error);
/* {"binding":{...}} */
char *made_show(const struct attr_table *table, const void *object, const void *world,
		const struct http_question *question, gsize *size);

/* SPDX-License-Identifier: Apache-2.0 */
/* Which policies a project has, and how many name an address group. cloud.c keeps it. */
#pragma once

#include "model/selector_policy.h"

struct selector_index;

struct selector_index *selector_index_new(void);
void selector_index_free(struct selector_index *index);

void selector_index_link(struct selector_index *index, const struct selector_policy *policy);
void selector_index_unlink(struct selector_index *index, const struct selector_policy *policy);

/* Borrowed; NULL: none. */
const GPtrArray *selector_index_policies(const struct selector_index *index,
					 const char *project);
gsize selector_index_count_users(const struct selector_index *index, struct uuid address_group);

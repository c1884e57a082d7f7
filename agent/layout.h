/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a map's keys or values look like, as their BTF says: members by name. What one build
 * of the programs wrote, another can read, wherever the members have moved to.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct btf;
struct layout;

/* Of type ID of BTF; NULL when it has no such type, or one that is no plain data. */
struct layout *layout_new(const struct btf *btf, uint32_t id);
void layout_free(struct layout *layout);

uint32_t layout_size(const struct layout *layout);
bool layout_same(const struct layout *a, const struct layout *b);

/*
 * OLD's bytes FROM into NEW's bytes TO, which is zeroed first: members of the same name are
 * copied, numbers grow and shrink, arrays too. A member that OLD has not is zero.
 */
void layout_convert(const struct layout *old, const void *from, const struct layout *new,
		    void *to);

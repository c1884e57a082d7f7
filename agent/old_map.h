/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map that an agent before us has left pinned: whether it is what our programs want, and
 * if not, what is in it, into the one they have.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

struct bpf_map;
struct btf;
struct old_map;

/* NULL: there is none at PIN. */
struct old_map *old_map_open(const char *pin);
void old_map_free(struct old_map *old);

const char *old_map_name(const struct old_map *old); /* of the pin; borrowed */
int old_map_fd(const struct old_map *old);	     /* borrowed */

/* Type, sizes, flags and the layout of keys and values are those of MAP, which is of an object
 * whose types are BTF. */
bool old_map_fits(const struct old_map *old, const struct bpf_map *map, const struct btf *btf);

/*
 * Every entry that MAP, which is loaded, has room for; for how many it has none is LOST. False: they
 * cannot be told apart from what MAP holds (of a trie, whose keys have moved; of another kind of map).
 */
bool old_map_copy(const struct old_map *old, const struct bpf_map *map, const struct btf *btf,
		  guint *lost);
/* Takes everything out of MAP, which is no array. */
void old_map_clear(const struct bpf_map *map);

/* Of `conn`, while somebody still writes to it: what is new in it since it was copied. */
void old_map_copy_conns(const struct old_map *old, const struct bpf_map *map,
			const struct btf *btf);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A type is flattened into its leaves: numbers, arrays of numbers, unions (as bytes: their
 * members are views of the same thing). An array of structs is its elements one by one.
 */
#include "agent/layout.h"

#include <string.h>
#include <bpf/btf.h>

#define LEAVES_MAX 65536 /* of one type; a set of flow records has fewer than a hundred */

struct leaf {
	char *path; /* "key.saddr"; "" of a type that is a number itself */
	uint32_t offset;
	uint32_t size; /* bytes, of all elements */
	uint32_t unit; /* bytes of one */
};

struct layout {
	GArray *leaves;	   /* of struct leaf, by offset */
	GHashTable *known; /* path -> index + 1 */
	uint32_t size;
};

static void leaf_clear(void *data)
{
	g_free(((struct leaf *)data)->path);
}

static bool leaf_add(struct layout *layout, const char *path, uint32_t offset, uint32_t size,
		     uint32_t unit)
{
	const struct leaf leaf = {g_strdup(path), offset, size, unit};

	g_array_append_val(layout->leaves, leaf);
	return layout->leaves->len <= LEAVES_MAX;
}

static bool type_add(struct layout *layout, const struct btf *btf, uint32_t id,
		     const char *path, uint32_t offset);

static bool struct_add(struct layout *layout, const struct btf *btf,
		       const struct btf_type *type, const char *path, uint32_t offset)
{
	for (uint32_t i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *member = btf_members(type) + i;
		const char *name = btf__name_by_offset(btf, member->name_off);
		g_autofree char *inner = g_strjoin(*path && *name ? "." : "", path, name, NULL);

		if (btf_member_bitfield_size(type, i) || btf_member_bit_offset(type, i) % 8)
			return false;
		if (!type_add(layout, btf, member->type, inner,
			      offset + btf_member_bit_offset(type, i) / 8))
			return false;
	}
	return true;
}

static bool array_add(struct layout *layout, const struct btf *btf, const struct btf_type *type,
		      const char *path, uint32_t offset)
{
	const struct btf_array *array = btf_array(type);
	int id = btf__resolve_type(btf, array->type);
	const struct btf_type *element = id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);
	int64_t size = element ? btf__resolve_size(btf, (uint32_t)id) : -1;

	if (size < 0)
		return false;
	if (btf_is_int(element) || btf_is_any_enum(element))
		return leaf_add(layout, path, offset, (uint32_t)size * array->nelems,
				(uint32_t)size);
	for (uint32_t i = 0; i < array->nelems; i++) {
		g_autofree char *inner = g_strdup_printf("%s[%u]", path, i);

		if (!type_add(layout, btf, (uint32_t)id, inner, offset + i * (uint32_t)size))
			return false;
	}
	return true;
}

static bool type_add(struct layout *layout, const struct btf *btf, uint32_t id,
		     const char *path, uint32_t offset)
{
	int resolved = btf__resolve_type(btf, id);
	const struct btf_type *type =
		resolved < 0 ? NULL : btf__type_by_id(btf, (uint32_t)resolved);

	if (!type)
		return false;
	switch (btf_kind(type)) {
	case BTF_KIND_STRUCT:
		return struct_add(layout, btf, type, path, offset);
	case BTF_KIND_ARRAY:
		return array_add(layout, btf, type, path, offset);
	case BTF_KIND_INT:
	case BTF_KIND_ENUM:
		return leaf_add(layout, path, offset, type->size, type->size);
	case BTF_KIND_UNION:
		return leaf_add(layout, path, offset, type->size, 1);
	default:
		return false;
	}
}

struct layout *layout_new(const struct btf *btf, uint32_t id)
{
	struct layout *layout = g_new0(struct layout, 1);
	int64_t size = btf__resolve_size(btf, id);

	layout->leaves = g_array_new(FALSE, FALSE, sizeof(struct leaf));
	g_array_set_clear_func(layout->leaves, leaf_clear);
	layout->known = g_hash_table_new(g_str_hash, g_str_equal);
	if (size < 0 || !type_add(layout, btf, id, "", 0)) {
		layout_free(layout);
		return NULL;
	}
	layout->size = (uint32_t)size;
	for (guint i = 0; i < layout->leaves->len; i++)
		g_hash_table_insert(layout->known,
				    g_array_index(layout->leaves, struct leaf, i).path,
				    GUINT_TO_POINTER(i + 1));
	return layout;
}

void layout_free(struct layout *layout)
{
	if (!layout)
		return;
	g_hash_table_unref(layout->known);
	g_array_unref(layout->leaves);
	g_free(layout);
}

uint32_t layout_size(const struct layout *layout)
{
	return layout->size;
}

bool layout_same(const struct layout *a, const struct layout *b)
{
	if (a->size != b->size || a->leaves->len != b->leaves->len)
		return false;
	for (guint i = 0; i < a->leaves->len; i++) {
		const struct leaf *x = &g_array_index(a->leaves, struct leaf, i);
		const struct leaf *y = &g_array_index(b->leaves, struct leaf, i);

		if (x->offset != y->offset || x->size != y->size || x->unit != y->unit ||
		    strcmp(x->path, y->path) != 0)
			return false;
	}
	return true;
}

/* A number of one width as a number of another, in this machine's order. */
static void number_convert(const uint8_t *from, uint32_t from_size, uint8_t *to,
			   uint32_t to_size)
{
	uint32_t size = MIN(from_size, to_size);

	if (G_BYTE_ORDER == G_BIG_ENDIAN)
		memcpy(to + to_size - size, from + from_size - size, size);
	else
		memcpy(to, from, size);
}

static void leaf_convert(const struct leaf *old, const uint8_t *from, const struct leaf *new,
			 uint8_t *to)
{
	uint32_t count = MIN(old->size / MAX(old->unit, 1), new->size / MAX(new->unit, 1));

	for (uint32_t i = 0; i < count; i++)
		number_convert(from + old->offset + i * old->unit, old->unit,
			       to + new->offset + i *new->unit, new->unit);
}

void layout_convert(const struct layout *old, const void *from, const struct layout *new,
		    void *to)
{
	memset(to, 0, new->size);
	for (guint i = 0; i < new->leaves->len; i++) {
		const struct leaf *leaf = &g_array_index(new->leaves, struct leaf, i);
		guint known = GPOINTER_TO_UINT(g_hash_table_lookup(old->known, leaf->path));

		if (known)
			leaf_convert(&g_array_index(old->leaves, struct leaf, known - 1), from,
				     leaf, to);
	}
}

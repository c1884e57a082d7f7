/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/layout.h"

#include <string.h>
#include <bpf/btf.h>

/* One build's type, and what the next made of it. */
struct first {
	uint32_t slot;
	uint16_t port;
	uint8_t mac[10];
	uint64_t seen;
	uint32_t cells[2];
	uint64_t gone;
};

struct second {
	uint64_t seen;
	uint32_t fresh;
	uint16_t port;
	uint8_t mac[10];
	uint64_t slot;
	uint32_t cells[4];
};

struct types {
	struct btf *btf;
	int u8, u16, u32, u64;
};

static void types_init(struct types *t)
{
	t->btf = btf__new_empty();
	t->u8 = btf__add_int(t->btf, "u8", 1, 0);
	t->u16 = btf__add_int(t->btf, "u16", 2, 0);
	t->u32 = btf__add_int(t->btf, "u32", 4, 0);
	t->u64 = btf__add_int(t->btf, "u64", 8, 0);
}

static int array_of(struct types *t, int element, uint32_t count)
{
	return btf__add_array(t->btf, t->u32, element, count);
}

static void member(struct types *t, const char *name, int type, size_t offset)
{
	g_assert_cmpint(btf__add_field(t->btf, name, type, (uint32_t)offset * 8, 0), ==, 0);
}

static int first_add(struct types *t)
{
	int mac = array_of(t, t->u8, 10), cells = array_of(t, t->u32, 2);
	int alias = btf__add_typedef(t->btf, "slot_t", t->u32);
	int id = btf__add_struct(t->btf, "value", sizeof(struct first));

	member(t, "slot", alias, offsetof(struct first, slot));
	member(t, "port", t->u16, offsetof(struct first, port));
	member(t, "mac", mac, offsetof(struct first, mac));
	member(t, "seen", t->u64, offsetof(struct first, seen));
	member(t, "cells", cells, offsetof(struct first, cells));
	member(t, "gone", t->u64, offsetof(struct first, gone));
	return id;
}

static int second_add(struct types *t)
{
	int mac = array_of(t, t->u8, 10), cells = array_of(t, t->u32, 4);
	int id = btf__add_struct(t->btf, "value", sizeof(struct second));

	member(t, "seen", t->u64, offsetof(struct second, seen));
	member(t, "fresh", t->u32, offsetof(struct second, fresh));
	member(t, "port", t->u16, offsetof(struct second, port));
	member(t, "mac", mac, offsetof(struct second, mac));
	member(t, "slot", t->u64, offsetof(struct second, slot));
	member(t, "cells", cells, offsetof(struct second, cells));
	return id;
}

static void test_convert(void)
{
	const struct first from = {7,	       80,     {1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
				   1ull << 40, {8, 9}, 99};
	struct types t;
	struct layout *old, *new;
	struct second to;
	struct first back;

	types_init(&t);
	old = layout_new(t.btf, (uint32_t)first_add(&t));
	new = layout_new(t.btf, (uint32_t)second_add(&t));
	g_assert_cmpuint(layout_size(new), ==, sizeof(to));
	memset(&to, 0xff, sizeof(to));
	layout_convert(old, &from, new, &to);
	g_assert_cmpuint(to.seen, ==, 1ull << 40);
	g_assert_cmpuint(to.fresh, ==, 0);
	g_assert_cmpuint(to.port, ==, 80);
	g_assert_cmpmem(to.mac, 10, from.mac, 10);
	g_assert_cmpuint(to.slot, ==, 7);
	g_assert_cmpuint(to.cells[0], ==, 8);
	g_assert_cmpuint(to.cells[1], ==, 9);
	g_assert_cmpuint(to.cells[2] | to.cells[3], ==, 0);
	layout_convert(new, &to, old, &back);
	g_assert_cmpuint(back.gone, ==, 0);
	back.gone = from.gone;
	g_assert_cmpmem(&back, sizeof(back), &from, sizeof(from));
	layout_free(old);
	layout_free(new);
	btf__free(t.btf);
}

static void test_same(void)
{
	struct types t;
	struct layout *a, *b, *c;

	types_init(&t);
	a = layout_new(t.btf, (uint32_t)first_add(&t));
	b = layout_new(t.btf, (uint32_t)first_add(&t));
	c = layout_new(t.btf, (uint32_t)second_add(&t));
	g_assert_true(layout_same(a, b));
	g_assert_false(layout_same(a, c));
	layout_free(a);
	layout_free(b);
	layout_free(c);
	btf__free(t.btf);
}

/* struct set { struct { u32 id; union {...} ip; } way[2]; } and the same with more of them. */
static int set_add(struct types *t, uint32_t count)
{
	int bytes = array_of(t, t->u8, 16), words = array_of(t, t->u32, 4), ip, way, ways, id;

	ip = btf__add_union(t->btf, "ip", 16);
	member(t, "b", bytes, 0);
	member(t, "w", words, 0);
	way = btf__add_struct(t->btf, "way", 20);
	member(t, "id", t->u32, 0);
	member(t, "ip", ip, 4);
	ways = array_of(t, way, count);
	id = btf__add_struct(t->btf, "set", 20 * count);
	member(t, "way", ways, 0);
	return id;
}

static void test_nested(void)
{
	struct types t;
	struct layout *old, *new;
	uint8_t from[40], to[60];

	types_init(&t);
	old = layout_new(t.btf, (uint32_t)set_add(&t, 2));
	new = layout_new(t.btf, (uint32_t)set_add(&t, 3));
	for (unsigned int i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)(i + 1);
	layout_convert(old, from, new, to);
	g_assert_cmpmem(to, 40, from, 40);
	for (unsigned int i = 40; i < 60; i++)
		g_assert_cmpuint(to[i], ==, 0);
	layout_free(old);
	layout_free(new);
	btf__free(t.btf);
}

/* What is no plain data is not guessed at. */
static void test_refuse(void)
{
	struct types t;
	int to, pointer, bits;

	types_init(&t);
	to = btf__add_ptr(t.btf, t.u32);
	pointer = btf__add_struct(t.btf, "p", 8);
	member(&t, "next", to, 0);
	bits = btf__add_struct(t.btf, "b", 4);
	g_assert_cmpint(btf__add_field(t.btf, "three", t.u32, 0, 3), ==, 0);
	g_assert_null(layout_new(t.btf, (uint32_t)pointer));
	g_assert_null(layout_new(t.btf, (uint32_t)bits));
	g_assert_null(layout_new(t.btf, 9999));
	btf__free(t.btf);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/layout/convert", test_convert);
	g_test_add_func("/layout/same", test_same);
	g_test_add_func("/layout/nested", test_nested);
	g_test_add_func("/layout/refuse", test_refuse);
	return g_test_run();
}

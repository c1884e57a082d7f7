/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzzer without a fuzzer: each file given as an argument, as it is, cut at every
 * length, with every byte changed, and with every byte doubled; of a long one, at so many places
 * as -n LIMIT allows (inputs from one file). A file of lines (lines.h) is fed as it is. What a
 * sanitizer or an assertion says is what is tested; a test point is a file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>

#include "lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gsize limit = 30000;

/* In a buffer of just that size, so that a step beyond its end is seen. */
static void feed(const char *bytes, gsize size)
{
	g_autofree uint8_t *input = size ? g_memdup2(bytes, size) : g_malloc(1);

	LLVMFuzzerTestOneInput(input, size);
}

static void feed_variants(const char *bytes, gsize size)
{
	static const char changes[] = "\"{[,:0-\\ \x80\xff";
	gsize step = 1 + size * (2 + sizeof(changes)) / limit;
	g_autofree char *copy = g_malloc(size + 1);

	feed(bytes, size);
	for (gsize i = 0; i < size; i += step)
		feed(bytes, i);
	for (gsize i = 0; i < size; i += step) {
		memcpy(copy, bytes, size);
		for (gsize c = 0; c < sizeof(changes); c++) {
			copy[i] = changes[c];
			feed(copy, size);
		}
		memcpy(copy, bytes, i);
		copy[i] = bytes[i];
		memcpy(copy + i + 1, bytes + i, size - i);
		feed(copy, size + 1);
	}
}

static void test_file(const void *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *bytes = NULL;
	gsize size;

	if (lines_is(path)) {
		g_test_message("%u inputs", lines_feed(path));
		return;
	}
	g_file_get_contents(path, &bytes, &size, &error);
	g_assert_no_error(error);
	feed_variants(bytes, size);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (int i = 1; i < argc; i++) {
		g_autofree char *name = g_path_get_basename(argv[i]);
		g_autofree char *path = g_strconcat("/replay/", name, NULL);

		if (!strcmp(argv[i], "-n") && i + 1 < argc)
			limit = strtoul(argv[++i], NULL, 10);
		else
			g_test_add_data_func(path, argv[i], test_file);
	}
	return g_test_run();
}

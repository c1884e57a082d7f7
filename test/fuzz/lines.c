/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

gboolean lines_is(const char *file)
{
	return g_str_has_suffix(file, ".lines");
}

guint lines_feed(const char *file)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	guint count = 0;

	g_file_get_contents(file, &text, NULL, &error);
	if (!text)
		g_error("%s", error->message);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (; lines[count] && *lines[count]; count++) {
		gsize size;
		g_autofree guint8 *bytes = g_base64_decode(lines[count], &size);
		g_autofree guint8 *exact = size ? g_memdup2(bytes, size) : g_malloc(1);

		LLVMFuzzerTestOneInput(exact, size);
	}
	return count;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a check, and as a file of checks. What can be read prints to what reads the same, and
 * answers with and without a target; an answer without one does not change when there is one.
 */
#include <stdint.h>
#include <string.h>
#include <glib.h>

#include "rights/check.h"
#include "rights/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *some_find(const struct target *target, const char *resource,
			     const char *name)
{
	return *name & 1 ? "p1" : NULL;
}

static const struct check *no_names(const struct check_names *names, const char *name)
{
	return NULL;
}

static void try_check(const char *text)
{
	static const char *const roles[] = {"member", NULL};
	const struct creds creds = {.project_id = "p1", .roles = roles};
	const struct check_names names = {no_names};
	const struct target target = {some_find};
	g_autoptr(GString) first = g_string_new(NULL), second = g_string_new(NULL);
	struct check *check = check_parse(text, NULL), *again;
	enum answer without;

	if (!check)
		return;
	check_print(check, first);
	again = check_parse(first->str, NULL);
	if (again) { /* with all its parentheses it may be too long or too deep */
		check_print(again, second);
		g_assert_cmpstr(first->str, ==, second->str);
	}
	without = check_ask(check, &names, &creds, NULL);
	if (without != ANSWER_UNKNOWN)
		g_assert_cmpint(without, ==, check_ask(check, &names, &creds, &target));
	check_free(check);
	check_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GPtrArray) pairs = policy_file_parse(text, strlen(text), NULL);

	try_check(text);
	for (guint i = 0; pairs && i < pairs->len; i++)
		try_check(pairs->pdata[i]);
	return 0;
}

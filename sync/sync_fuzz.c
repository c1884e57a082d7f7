/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from outside as a row and as a host's report: an answer or an error that says
 * something, nothing else. For libFuzzer.
 */
#include <stdint.h>
#include <string.h>
#include <jansson.h>
#include "lib/error.h"
#include "sync/report.h"
#include "sync/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(bool good, const GError *error)
{
	g_assert(good == !error);
	g_assert(good || (error->domain == WEFT_ERROR && error->code == WEFT_ERROR_INVALID));
	g_assert(good || strlen(error->message) < 4096);
}

static void fuzz_row(const uint8_t *data, size_t size)
{
	json_t *line = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	const char *table = json_string_value(json_object_get(line, "table"));
	const char *key = json_string_value(json_object_get(line, "key"));
	g_autoptr(GError) error = NULL;

	if (table && key) {
		/* not within the call: arguments are evaluated in any order */
		bool good = row_check(table, key, json_object_get(line, "value"), &error);

		check_error(good, error);
	}
	json_decref(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	struct hub_report *report = report_parse("h1", (const char *)data, size, &error);

	check_error(report != NULL, error);
	report_free(report);
	fuzz_row(data, size);
	return 0;
}

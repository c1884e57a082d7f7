/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reason.h"

#include <stddef.h>
#include <string.h>

const struct reason reason_table[] = {
#define X(number, NAME, name, sentence) {number, name, sentence},
	DP_DROP_TABLE(X)
#undef X
		{.name = NULL},
};

const struct reason *reason_find(uint8_t number)
{
	for (const struct reason *reason = reason_table; reason->name; reason++)
		if (reason->number == number)
			return reason;
	return NULL;
}

const struct reason *reason_find_name(const char *name)
{
	for (const struct reason *reason = reason_table; reason->name; reason++)
		if (strcmp(reason->name, name) == 0)
			return reason;
	return NULL;
}

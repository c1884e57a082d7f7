/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why packets are dropped, as people read it: abi/drop.h as a table.
 */
#pragma once

#include <stdint.h>

#include "abi/drop.h"

struct reason {
	uint8_t number; /* enum dp_drop */
	const char *name;
	const char *sentence;
};

/* All of them; ends with name NULL. */
extern const struct reason reason_table[];

/* NULL: there is none. */
const struct reason *reason_find(uint8_t number);
const struct reason *reason_find_name(const char *name);

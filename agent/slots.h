/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dense numbers 1..LIMIT-1 (port slots, vtep indexes). They are given out in turn, and one that
 * came back rests until told that nothing refers to it any more: a number in the kernel's
 * tables must not mean somebody else before the old references are gone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct slots;

struct slots *slots_new(uint32_t limit);
void slots_free(struct slots *slots);

uint32_t slots_take(struct slots *slots); /* 0: none is free */
/* Takes NUMBER itself, as found in the kernel; false when it is not free. */
bool slots_hold(struct slots *slots, uint32_t number);
void slots_release(struct slots *slots, uint32_t number);
/* Numbers released before now may be given out again. */
void slots_settle(struct slots *slots);

uint32_t slots_count(const struct slots *slots);	 /* taken */
uint32_t slots_count_resting(const struct slots *slots); /* released, not settled */

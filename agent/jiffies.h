/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's jiffies, in which `conn` says when it was last seen. */
#pragma once

#include <stdint.h>

struct jiffies;

struct jiffies *jiffies_new(void);
void jiffies_free(struct jiffies *jiffies);

/* jiffies64 now, as bpf_jiffies64() gives it; 0 when it cannot be told. */
uint64_t jiffies_get(const struct jiffies *jiffies);
uint32_t jiffies_hz(void);

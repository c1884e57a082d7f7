/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The native world's tables: arrays, hashes and longest-prefix matches with the
 * kernel's rules (limits, replacement, an array's entries exist from the start).
 * Per-CPU maps are plain ones: a native host has one CPU.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/types.h>

struct native_table;

struct native_table *native_table_new(enum bpf_map_type type, __u32 entries, __u32 key_size,
				      __u32 value_size);
void native_table_free(struct native_table *table);
void *native_table_find(struct native_table *table, const void *key);
bool native_table_put(struct native_table *table, const void *key, const void *value);
void native_table_del(struct native_table *table, const void *key);
void native_table_clear(struct native_table *table);
void native_table_for_each(struct native_table *table,
			   void (*each)(const void *key, void *value, void *arg), void *arg);

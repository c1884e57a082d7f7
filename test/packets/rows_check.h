/* SPDX-License-Identifier: Apache-2.0 */
/* A row under way (rows.h), and what it may ask of the tables between packets. */
#pragma once

#include "abi/drop.h"
#include "rows.h"

#define ROWS_SLOTS 16 /* that rows may use */

struct expect {
	int verdict; /* -1: not said */
	bool pass;
	GBytes *passed;	 /* as what; NULL: unchanged */
	int reason;	 /* 0: none */
	int reason_slot; /* -1: any */
	int punt_slot;	 /* -1: none */
	__u32 punt_kind;
	GArray *outputs; /* of struct native_output */
};

struct row {
	struct rows *rows;
	struct world world;
	const char *file;
	char *title;   /* owned; NULL in the file's head */
	char *skip;    /* owned: why it cannot run here */
	GString *why;  /* empty: fine */
	char *pending; /* owned: a send whose expectations are being read */
	struct expect expect;
	__u64 drops[ROWS_SLOTS][DP_DROP_COUNT];
};

/* The first thing that is wrong is said of the row. */
void rows_fail(struct row *row, const char *format, ...) G_GNUC_PRINTF(2, 3);
bool rows_read(struct row *row, enum native_map map, const void *key, void *value);

/* Carries out a line that asks something. False: it is no such line. */
bool rows_check_line(struct row *row, char **words);

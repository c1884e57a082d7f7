/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database file: opening it, what is in it, its prepared statements. For sqlite.c only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sqlite3.h>
#include <glib.h>
#include "lib/uuid.h"

#define STATEMENTS(X)                                                                          \
	X(BEGIN, "BEGIN IMMEDIATE")                                                            \
	X(COMMIT, "COMMIT")                                                                    \
	X(ROLLBACK, "ROLLBACK")                                                                \
	X(FIND, "SELECT revision FROM entry WHERE key = ?1")                                   \
	X(PUT, "INSERT INTO entry (key, value, revision) VALUES (?1, ?2, ?3) "                 \
	       "ON CONFLICT (key) DO UPDATE SET value = ?2, revision = ?3")                    \
	X(DEL, "DELETE FROM entry WHERE key = ?1")                                             \
	X(REVISION, "UPDATE meta SET value = ?1 WHERE name = 'revision'")                      \
	X(RANGE, "SELECT key, value, revision FROM entry WHERE key >= ?1 ORDER BY key")        \
	X(META, "SELECT value FROM meta WHERE name = ?1")

enum statement {
#define X(id, text) SQL_##id,
	STATEMENTS(X)
#undef X
		SQL_COUNT,
};

struct sqlite_file {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT];
	uint64_t revision; /* as it was when opened */
	int upgraded_from; /* the schema it had; 0: this one */
	char epoch[UUID_TEXT];
};

/* Creates what is missing. On error FILE is as good as closed. */
bool sqlite_file_open(struct sqlite_file *file, const char *path, GError **error);
/* Changes nothing, not even what a crash left to be recovered; refuses one that is in use. */
bool sqlite_file_open_reading(struct sqlite_file *file, const char *path, GError **error);
void sqlite_file_close(struct sqlite_file *file);

/* Steps a statement that returns no row, and resets it. */
bool sqlite_file_run(struct sqlite_file *file, enum statement id, GError **error);
/* Fills ERROR with what SQLite says; returns false. */
bool sqlite_file_fail(struct sqlite_file *file, const char *what, GError **error);

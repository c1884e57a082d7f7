/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded store. For store.c only.
 */
#pragma once

#include "store/store.h"

/* PATH as SQLite takes it; ":memory:" for tests. */
struct store *sqlite_open(const char *path, const struct http_tls *tls, GError **error);
struct store *sqlite_open_reading(const char *path, const struct http_tls *tls, GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows that a host should have: as weftd says it would send them now, and as they follow
 * from what is in the store, with nobody's memory in between.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

/* "TABLE KEY" -> JSON text in sim_host_row_text's form, both owned. NULL on error. Blocks. */
GHashTable *truth_fetch(const char *url, const char *host, uint64_t *revision, GError **error);

struct truth;
/* STORE, a store's URL, which nobody else has open. Runs the main context; nothing changes. */
struct truth *truth_new(const char *store, GError **error);
void truth_free(struct truth *truth);
/* By compile_full. Owned, as above. */
GHashTable *truth_compile(const struct truth *truth, const char *host);
/* Is the store whole (api/audit.h)? Its findings, owned; "" when it is. */
char *truth_audit(const char *store, GError **error);

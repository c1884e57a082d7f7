/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every main resource has: the standard attributes.
 */
#pragma once

#include "lib/uuid.h"
#include "model/attr.h"

/* The first member of every resource. */
struct object {
	struct uuid id;
	const char *project_id; /* interned */
	char *name;
	char *description;
	struct vec tags; /* char *, owned, sorted */
	int64_t revision_number;
	int64_t created_at;
	int64_t updated_at;
	uint64_t store_revision; /* of the store's key; for comparisons, never printed */
};

enum status {
	STATUS_DOWN = 0,
	STATUS_BUILD = 1,
	STATUS_ACTIVE = 2,
	STATUS_ERROR = 3,
};

extern const char *const status_names[]; /* "DOWN", "BUILD", "ACTIVE", "ERROR" */

/* What kinds of objects there are, in the order in which they depend on each other. */
enum kind {
	KIND_HOST,
	KIND_NETWORK,
	KIND_SUBNET,
	KIND_ROUTER,
	KIND_PORT,
	KIND_COUNT,
};

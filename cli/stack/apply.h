/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doing what a plan says, and taking it back when it cannot be done.
 */
#pragma once

#include "cli/stack/plan.h"

struct apply_result {
	guint created, updated, replaced, deleted;
};

/* On failure what was created is deleted and what was changed is changed back; the error
 * says so, and what could not be restored. On success every step has its object. */
bool apply_plan(struct plan *plan, struct apply_result *result, GError **error);

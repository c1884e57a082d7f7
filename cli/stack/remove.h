/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deleting members in the order in which they let go of each other.
 */
#pragma once

#include "cli/stack/member.h"

/* Deletes MEMBERS (struct stack_member, borrowed); those that are gone already are no
 * error. Goes on after one that cannot be deleted; the first failure is the ERROR. Routers
 * that are deleted lose their routes first; those that are kept and have routes among
 * MEMBERS, when CLEAR_ROUTES. */
bool remove_members(struct client *client, const GPtrArray *members, bool clear_routes,
		    GError **error);

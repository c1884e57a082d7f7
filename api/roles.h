/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of roles. There are few different ones in a cloud, so each is made once and kept.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

/* The names, in lower case and in order; ends with NULL; lives for ever. IMPLIED: with
 * what a role of Keystone's brings along: admin is manager, manager member, member reader. */
const char *const *roles_intern(char *const *names, bool implied);
bool roles_have(const char *const *roles, const char *name);

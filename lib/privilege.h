/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program may do to its machine: it says once what it needs, and all else is given up
 * for good (capabilities(7), no_new_privs). Capabilities are CAP_* of linux/capability.h.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

/*
 * Gives up every capability but ALWAYS, which are in force from now on (one that is missing is
 * WEFT_ERROR_DENIED), and SOMETIMES, which wait for privilege_raise and may be missing. Both
 * end with -1.
 */
bool privilege_keep(const int *always, const int *sometimes, GError **error);

/* Puts one of SOMETIMES in force, and out of it again (errno stays). False when it is missing. */
bool privilege_raise(int capability);
void privilege_lower(int capability);
/* For good. */
void privilege_forget(int capability);

/* Becomes USER (NULL: stays who it is) with its groups and without any capability. */
bool privilege_become(const char *user, GError **error);

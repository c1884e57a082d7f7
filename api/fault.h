/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as clients see them: {"NeutronError":{"type","message","detail"}}. An error's
 * message may begin with its type ("SubnetInUse: ..."); without one the type follows from
 * the code.
 */
#pragma once

#include <glib.h>

/* Owned JSON text; STATUS is what goes with it. */
char *fault_print(const GError *error, unsigned int *status);
/* The same for a type and text that are no GError. */
char *fault_print_plain(const char *type, const char *message);

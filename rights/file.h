/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's file of rules.
 */
#pragma once

#include <glib.h>

/* Name, check, name, check ...: owned texts. A check written as a list of lists is refused. */
GPtrArray *policy_file_read(const char *path, GError **error);
/* The same of TEXT. */
GPtrArray *policy_file_parse(const char *text, gsize size, GError **error);

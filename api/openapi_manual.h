/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference of resources and attributes as the manual page weft-api(7), printed from the
 * tables that answer requests.
 */
#pragma once

#include <stdio.h>

/* mdoc. */
void openapi_print_manual(FILE *out);

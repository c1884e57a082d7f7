/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API as an OpenAPI 3.1 document, printed from the tables that answer requests.
 */
#pragma once

/* JSON, owned. */
char *openapi_print(void);

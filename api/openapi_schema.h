/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attribute table says, as JSON Schema 2020-12.
 */
#pragma once

#include <jansson.h>

#include "model/attr.h"

/* Of one value of ATTR. A new reference. */
json_t *openapi_schema_attr(const struct attr *attr);
/* The attributes of TABLE that have FLAG: ATTR_VISIBLE (a reply), ATTR_POST, ATTR_PUT. */
json_t *openapi_schema_table(const struct attr_table *table, enum attr_flag flag);

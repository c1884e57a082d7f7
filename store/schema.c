/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas. So far each only adds keys, so an upgrade is the number itself.
 */
#include "store/schema.h"

#include "lib/error.h"

bool schema_check(unsigned int schema, GError **error)
{
	if (schema >= 1 && schema <= STORE_SCHEMA)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
		    schema ? "schema %u is newer than this program's %d: it may not write here"
			   : "schema %u is none (this program's is %d)",
		    schema, STORE_SCHEMA);
	return false;
}

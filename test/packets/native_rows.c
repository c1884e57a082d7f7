/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of expected packets in the native world. Arguments: the files. */
#include <string.h>

#include "native_backend.h"
#include "rows.h"

int main(int argc, char **argv)
{
	struct rows rows = {};

	for (int i = 1; i < argc; i++) {
		struct world_backend *backend = native_backend_new();

		rows.backend = backend;
		rows_configure(&rows, argv[i]);
		rows_run(&rows, argv[i]);
		native_backend_free(backend);
	}
	return rows_finish(&rows);
}

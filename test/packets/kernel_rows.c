/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same tables through BPF_PROG_TEST_RUN: same verdict, same bytes, and the same state in all
 * maps as the native twin's. Argument: the file.
 */
#include <stdio.h>

#include "kernel_backend.h"
#include "rows.h"

int main(int argc, char **argv)
{
	const char *skip = NULL;
	struct rows rows = {.check = kernel_backend_compare};
	int code;

	if (argc != 2)
		g_error("usage: kernel_rows FILE");
	rows.backend = kernel_backend_new(&skip);
	if (!rows.backend) {
		printf("1..0 # SKIP %s\n", skip);
		return 0;
	}
	rows_configure(&rows, argv[1]);
	kernel_backend_load(rows.backend);
	rows_run(&rows, argv[1]);
	code = rows_finish(&rows);
	kernel_backend_free(rows.backend);
	return code;
}

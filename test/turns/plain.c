/* SPDX-License-Identifier: Apache-2.0 */
/* In front of the C library's malloc. */
#include "turns.h"

#include <stddef.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void __libc_free(void *block);

void *malloc(size_t size)
{
	turns_count();
	return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	turns_count();
	return __libc_calloc(number, size);
}

void free(void *block)
{
	if (block)
		turns_count();
	__libc_free(block);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Where AddressSanitizer is malloc, it tells. */
#include "turns.h"

#include <stddef.h>

int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *,
								  size_t),
					      void (*free_hook)(const volatile void *));

static void taken(const volatile void *block, size_t size)
{
	turns_count();
}

static void given_back(const volatile void *block)
{
	if (block)
		turns_count();
}

__attribute__((constructor)) static void turns_begin(void)
{
	__sanitizer_install_malloc_and_free_hooks(taken, given_back);
}

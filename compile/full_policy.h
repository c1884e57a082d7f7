/* SPDX-License-Identifier: Apache-2.0 */
/* The part of full.c that is about rules, addresses and identities. */
#pragma once

#include "compile/compile.h"

/* Each row of these tables that HOST gets; KEY and VALUE are taken. */
void full_policies(const struct cloud *cloud, const char *host,
		   void (*put)(enum compile_table table, char *key, char *value, void *data),
		   void *data);

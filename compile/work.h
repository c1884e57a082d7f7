/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the incremental compiler has done, in counts: cost is tested by these, never by time.
 */
#pragma once

#include <stdint.h>

/* Since the start. */
struct compile_work {
	uint64_t ports;	    /* port_update calls */
	uint64_t locations; /* location rows printed */
	uint64_t routers;   /* routers recomputed */
	uint64_t changes;   /* (host, row) pairs looked at */
	uint64_t matches;   /* selectors held against an identity */
	uint64_t scopes;    /* scopes walked to find components */
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Between what counts and what finds the turns. */
#pragma once

/* Some thread has asked for memory, or given some back. */
void turns_count(void);

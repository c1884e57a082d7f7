/* SPDX-License-Identifier: Apache-2.0 */
/* g_error() ends in SIGTRAP, of which libFuzzer keeps no input; of SIGABRT it does. */
#include <signal.h>
#include <stdlib.h>

static void on_trap(int signal)
{
	abort();
}

__attribute__((constructor)) static void trap_init(void)
{
	signal(SIGTRAP, on_trap);
}

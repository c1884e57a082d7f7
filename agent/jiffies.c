/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No system call tells jiffies: a program of two instructions does, run in place. It
 * returns the low 32 bits; the clock tells which of the windows they are in.
 */
#include "agent/jiffies.h"

#include <time.h>
#include <unistd.h>
#include <glib.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>

struct jiffies {
	int fd;
};

struct jiffies *jiffies_new(void)
{
	struct bpf_insn code[] = {
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_jiffies64},
		{.code = BPF_JMP | BPF_EXIT},
	};
	struct jiffies *jiffies = g_new0(struct jiffies, 1);

	jiffies->fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "weft_jiffies", "GPL", code,
				    G_N_ELEMENTS(code), NULL);
	return jiffies;
}

void jiffies_free(struct jiffies *jiffies)
{
	if (!jiffies)
		return;
	if (jiffies->fd >= 0)
		close(jiffies->fd);
	g_free(jiffies);
}

/* The coarse clocks step once a jiffy. */
uint32_t jiffies_hz(void)
{
	struct timespec step;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &step) || step.tv_sec || step.tv_nsec <= 0)
		return 250;
	return (uint32_t)((1000000000 + step.tv_nsec / 2) / step.tv_nsec);
}

/* jiffies64 starts five minutes before 32 bits run over (linux/jiffies.h). */
static uint64_t jiffies_guess(void)
{
	struct timespec now;
	uint64_t hz = jiffies_hz();

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)(-300 * (int64_t)hz) + (uint64_t)now.tv_sec * hz;
}

uint64_t jiffies_get(const struct jiffies *jiffies)
{
	uint8_t frame[64] = {0};
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame,
			    .data_size_in = sizeof(frame), .repeat = 1);
	uint64_t guess = jiffies_guess();

	if (jiffies->fd < 0 || bpf_prog_test_run_opts(jiffies->fd, &run))
		return 0;
	/* The value with these low bits that is nearest to the guess. */
	return guess + (uint64_t)(int64_t)(int32_t)(run.retval - (uint32_t)guess);
}

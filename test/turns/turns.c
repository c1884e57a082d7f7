/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into weftd: how much its main loop does in one turn, between two polls, in calls of
 * malloc and free, which are the same on any machine. A line of $TURNS_FILE for each turn with
 * more than $TURNS_LEAST.
 */
#include "turns.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned long calls; /* of the main thread in this turn */

void turns_count(void)
{
	if (gettid() == getpid())
		calls++;
}

static void turn_write(void)
{
	const char *file = getenv("TURNS_FILE"), *least = getenv("TURNS_LEAST");
	char line[32];
	int fd, length;

	if (!file || !least || calls <= strtoul(least, NULL, 10))
		return;
	length = snprintf(line, sizeof(line), "%lu\n", calls);
	fd = open(file, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || write(fd, line, (size_t)length) != length)
		abort();
	close(fd);
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	static int (*next)(struct pollfd *, nfds_t, int);

	if (!next)
		next = (int (*)(struct pollfd *, nfds_t, int))dlsym(RTLD_NEXT, "poll");
	if (gettid() == getpid()) {
		turn_write();
		calls = 0;
	}
	return next(fds, count, timeout);
}

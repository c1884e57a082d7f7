/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small measurements of test/bench: round trip, connection rate and small
 * datagrams. One program, a mode a role; each prints one number.
 *
 *   netbench echo PORT CPU spin|wait        TCP server that returns what it gets
 *   netbench rr ADDRESS PORT SECONDS CPU    median round trip of one byte, in us
 *   netbench crr ADDRESS PORT SECONDS CPU   connect, one byte both ways, close: per second
 *   netbench sink PORT SECONDS CPU          datagrams received per second
 *   netbench blast ADDRESS PORT SECONDS CPU sends datagrams of 18 bytes
 *
 * Both ends of rr spin, so that the scheduler's sleep is not what is measured.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define BATCH	    64
#define DATAGRAM    18 /* the smallest that fills an Ethernet frame */
#define MAX_SAMPLES 4000000

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set))
		fail("sched_setaffinity");
}

static struct sockaddr_in address_of(const char *text, const char *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};

	if (text && inet_pton(AF_INET, text, &a.sin_addr) != 1) {
		fprintf(stderr, "netbench: no address: %s\n", text);
		exit(2);
	}
	return a;
}

static int open_stream(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		fail("socket");
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	return fd;
}

/* The server may not listen yet: tries for five seconds. */
static int connect_stream(const struct sockaddr_in *to)
{
	for (int i = 0; i < 100; i++) {
		int fd = open_stream();

		if (!connect(fd, (const struct sockaddr *)to, sizeof *to))
			return fd;
		close(fd);
		usleep(50000);
	}
	fail("connect");
	return -1;
}

static int open_datagrams(int buffer_option)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, buffer_option, &(int){8 << 20}, sizeof(int));
	return fd;
}

/* Receives one piece, spinning instead of sleeping; 0 at the end of the stream. */
static ssize_t receive_spinning(int fd, char *buf, size_t size)
{
	for (;;) {
		ssize_t n = recv(fd, buf, size, MSG_DONTWAIT);

		if (n >= 0)
			return n;
		if (errno != EAGAIN)
			return 0;
	}
}

static void echo_stream(int fd, bool spin)
{
	char buf[4096];
	ssize_t n;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	while ((n = spin ? receive_spinning(fd, buf, sizeof buf)
			 : recv(fd, buf, sizeof buf, 0)) > 0)
		if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
			break;
	close(fd);
}

/* echo PORT CPU spin|wait: until it is killed. */
static int run_echo(char **arg)
{
	struct sockaddr_in any = address_of(NULL, arg[0]);
	int listener = open_stream(), fd;

	stay_on(atoi(arg[1]));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 1024))
		fail("listen");
	while ((fd = accept(listener, NULL, NULL)) >= 0)
		echo_stream(fd, !strcmp(arg[2], "spin"));
	fail("accept");
	return 1;
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* rr ADDRESS PORT SECONDS CPU */
static int run_rr(char **arg)
{
	struct sockaddr_in to = address_of(arg[0], arg[1]);
	float *sample = malloc(MAX_SAMPLES * sizeof *sample);
	int fd = connect_stream(&to);
	size_t count = 0;
	char byte = 'x';
	double end;

	if (!sample)
		fail("malloc");
	stay_on(atoi(arg[3]));
	end = now() + atof(arg[2]);
	for (double start = now(); start < end && count < MAX_SAMPLES;) {
		double done;

		if (send(fd, &byte, 1, 0) != 1 || receive_spinning(fd, &byte, 1) != 1)
			fail("round trip");
		done = now();
		sample[count++] = (float)((done - start) * 1e6);
		start = done;
	}
	if (!count)
		return 1;
	qsort(sample, count, sizeof *sample, compare);
	printf("%.2f\n", sample[count / 2]);
	free(sample);
	return 0;
}

/* One connection; it ends by RST, so that no port waits in TIME_WAIT. */
static bool converse(const struct sockaddr_in *to)
{
	struct linger at_once = {1, 0};
	int fd = open_stream();
	char byte = 'x';
	bool good;

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	good = !connect(fd, (const struct sockaddr *)to, sizeof *to) &&
	       send(fd, &byte, 1, 0) == 1 && recv(fd, &byte, 1, 0) == 1;
	close(fd);
	return good;
}

/* crr ADDRESS PORT SECONDS CPU */
static int run_crr(char **arg)
{
	struct sockaddr_in to = address_of(arg[0], arg[1]);
	unsigned long good = 0, bad = 0;
	double start, t;

	close(connect_stream(&to));
	stay_on(atoi(arg[3]));
	start = t = now();
	while (t < start + atof(arg[2])) {
		if (converse(&to))
			good++;
		else if (++bad > 1000)
			fail("connect");
		t = now();
	}
	printf("%.0f\n", (double)good / (t - start));
	return 0;
}

/* sink PORT SECONDS CPU: the clock starts with the first datagram. */
static int run_sink(char **arg)
{
	static char buf[BATCH][2048];
	struct sockaddr_in any = address_of(NULL, arg[0]);
	struct iovec part[BATCH];
	struct mmsghdr message[BATCH] = {0};
	int fd = open_datagrams(SO_RCVBUFFORCE);
	struct pollfd wait = {fd, POLLIN, 0};
	unsigned long count = 0;
	double start, t;

	for (int i = 0; i < BATCH; i++) {
		part[i] = (struct iovec){buf[i], sizeof buf[i]};
		message[i].msg_hdr.msg_iov = &part[i];
		message[i].msg_hdr.msg_iovlen = 1;
	}
	stay_on(atoi(arg[2]));
	if (bind(fd, (struct sockaddr *)&any, sizeof any))
		fail("bind");
	if (poll(&wait, 1, 10000) <= 0)
		return 1;
	start = t = now();
	while (t < start + atof(arg[1])) {
		int n = recvmmsg(fd, message, BATCH, MSG_DONTWAIT, NULL);

		if (n > 0)
			count += (unsigned long)n;
		else
			poll(&wait, 1, 20);
		t = now();
	}
	printf("%.0f\n", (double)count / (t - start));
	return 0;
}

/* blast ADDRESS PORT SECONDS CPU */
static int run_blast(char **arg)
{
	static char data[DATAGRAM];
	struct sockaddr_in to = address_of(arg[0], arg[1]);
	struct iovec part = {data, sizeof data};
	struct mmsghdr message[BATCH] = {0};
	int fd = open_datagrams(SO_SNDBUFFORCE);
	double end;

	for (int i = 0; i < BATCH; i++) {
		message[i].msg_hdr.msg_iov = &part;
		message[i].msg_hdr.msg_iovlen = 1;
	}
	stay_on(atoi(arg[3]));
	if (connect(fd, (struct sockaddr *)&to, sizeof to))
		fail("connect");
	end = now() + atof(arg[2]);
	while (now() < end)
		sendmmsg(fd, message, BATCH, 0); /* refused until the sink listens */
	return 0;
}

static const struct mode {
	const char *name;
	int arguments;
	int (*run)(char **arg);
} modes[] = {
	{"echo", 3, run_echo}, {"rr", 4, run_rr},	{"crr", 4, run_crr},
	{"sink", 3, run_sink}, {"blast", 4, run_blast},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (argc > 1 && !strcmp(argv[1], modes[i].name) &&
		    argc == modes[i].arguments + 2)
			return modes[i].run(argv + 2);
	fprintf(stderr,
		"usage: netbench echo PORT CPU spin|wait | rr|crr|blast ADDRESS PORT SECONDS CPU"
		" | sink PORT SECONDS CPU\n");
	return 2;
}

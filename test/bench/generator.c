/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures forwarding: sends small UDP frames from a workload's device as fast as
 * the kernel takes them and counts those that reach another's.
 *
 *   generator FROM-NETNS DEVICE TO-NETNS DEVICE SMAC DMAC SADDR DADDR FLOWS SECONDS CPU
 *
 * Prints packets received per second. The host's end of the first veth must have GRO on,
 * or it takes no XDP frames.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/if.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "generator.skel.h"

#define HEADERS	  (sizeof(struct ethhdr) + sizeof(struct iphdr) + sizeof(struct udphdr))
#define PAYLOAD	  18
#define FRAME	  (HEADERS + PAYLOAD)
#define BURST	  16384
#define WARM_UP	  0.3 /* seconds */
#define MAX_CPUS  1024
#define MAX_FLOWS 3000000 /* 60000 source ports, destination ports from 9999 on */

static void fail(const char *what)
{
	fprintf(stderr, "generator: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static unsigned int enter(const char *netns, const char *device)
{
	char path[256];
	unsigned int ifindex;
	int fd;

	snprintf(path, sizeof path, "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail(path);
	close(fd);
	ifindex = if_nametoindex(device);
	if (!ifindex)
		fail(device);
	return ifindex;
}

static void parse_mac(const char *text, unsigned char *mac)
{
	unsigned int b[6];

	if (sscanf(text, "%x:%x:%x:%x:%x:%x", b, b + 1, b + 2, b + 3, b + 4, b + 5) != 6) {
		fprintf(stderr, "generator: no MAC: %s\n", text);
		exit(2);
	}
	for (int i = 0; i < 6; i++)
		mac[i] = (unsigned char)b[i];
}

static void parse_ip(const char *text, __be32 *ip)
{
	if (inet_pton(AF_INET, text, ip) != 1) {
		fprintf(stderr, "generator: no address: %s\n", text);
		exit(2);
	}
}

static __u16 checksum(const struct iphdr *ip)
{
	__u16 word[sizeof *ip / 2];
	__u32 sum = 0;

	memcpy(word, ip, sizeof *ip);
	for (size_t i = 0; i < sizeof *ip / 2; i++)
		sum += word[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16) ~(sum + (sum >> 16));
}

static void build_headers(char **arg, __u8 *headers)
{
	struct ethhdr eth = {.h_proto = htons(ETH_P_IP)};
	struct iphdr ip = {.version = 4,
			   .ihl = 5,
			   .ttl = 64,
			   .protocol = IPPROTO_UDP,
			   .tot_len = htons(FRAME - ETH_HLEN)};
	struct udphdr udp = {.dest = htons(9999), .len = htons(sizeof udp + PAYLOAD)};

	parse_mac(arg[0], eth.h_source);
	parse_mac(arg[1], eth.h_dest);
	parse_ip(arg[2], &ip.saddr);
	parse_ip(arg[3], &ip.daddr);
	ip.check = checksum(&ip);
	memcpy(headers, &eth, sizeof eth);
	memcpy(headers + sizeof eth, &ip, sizeof ip);
	memcpy(headers + sizeof eth + sizeof ip, &udp, sizeof udp);
}

static __u64 read_arrived(const struct generator_bpf *skel)
{
	static __u64 value[MAX_CPUS];
	int cpus = libbpf_num_possible_cpus();
	__u64 sum = 0;

	if (cpus > MAX_CPUS ||
	    bpf_map_lookup_elem(bpf_map__fd(skel->maps.arrived), &(__u32){0}, value))
		fail("counter");
	for (int i = 0; i < cpus; i++)
		sum += value[i];
	return sum;
}

static void send_burst(int program, __u8 *frame)
{
	struct xdp_md context = {.data_end = FRAME};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = FRAME,
		    .ctx_in = &context, .ctx_size_in = sizeof context, .repeat = BURST,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = 64);

	if (bpf_prog_test_run_opts(program, &opts))
		fail("run");
}

/* clsact, so that the same program measures on kernels without tcx. */
static void attach_sink(const struct generator_bpf *skel, int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(skel->progs.count));

	if (bpf_tc_hook_create(&hook) || bpf_tc_attach(&hook, &opts))
		fail("attach");
}

static void detach_sink(int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	bpf_tc_hook_destroy(&hook);
}

static double measure(const struct generator_bpf *skel, double seconds)
{
	__u8 frame[FRAME] = {0};
	int program = bpf_program__fd(skel->progs.generate);
	double start, t = now();
	__u64 before;

	for (double end = t + WARM_UP; t < end; t = now())
		send_burst(program, frame);
	start = t;
	before = read_arrived(skel);
	for (; t < start + seconds; t = now())
		send_burst(program, frame);
	return (double)(read_arrived(skel) - before) / (t - start);
}

int main(int argc, char **argv)
{
	struct generator_bpf *skel;
	unsigned int ifindex;
	cpu_set_t cpus;

	if (argc != 12) {
		fprintf(stderr,
			"usage: generator FROM-NETNS DEVICE TO-NETNS DEVICE SMAC DMAC SADDR "
			"DADDR FLOWS SECONDS CPU\n");
		return 2;
	}
	CPU_ZERO(&cpus);
	CPU_SET(atoi(argv[11]), &cpus);
	sched_setaffinity(0, sizeof cpus, &cpus);
	ifindex = enter(argv[1], argv[2]);
	skel = generator_bpf__open();
	if (!skel)
		fail("open");
	skel->rodata->ifindex = ifindex;
	skel->rodata->flows = (__u32)atoi(argv[9]);
	skel->rodata->size = HEADERS;
	if (atoi(argv[9]) < 1 || atoi(argv[9]) > MAX_FLOWS)
		return 2;
	build_headers(argv + 5, skel->rodata->headers);
	if (generator_bpf__load(skel))
		fail("load");
	ifindex = enter(argv[3], argv[4]);
	attach_sink(skel, (int)ifindex);
	enter(argv[1], argv[2]);
	printf("%.0f\n", measure(skel, atof(argv[10])));
	enter(argv[3], argv[4]);
	detach_sink((int)ifindex);
	generator_bpf__destroy(skel);
	return 0;
}

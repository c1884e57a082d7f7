/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one packet costs the programs: nanoseconds above an empty program, counted by the
 * kernel itself (BPF_STATS_RUN_TIME) while BPF_PROG_TEST_RUN hands them one frame a call, so
 * that between two packets other code has used the caches, as on a real host.
 *
 *   packet_cost [-f FLOWS] [-s SETS] [-p PASSES] [-c CPU]
 *
 * Ways: out (a port's packet to another host), local (to a port of this host), in (by tunnel).
 * `new` is the first packet of a flow (walk, connection, record), `stale` the next after
 * a change of the host's tables (walk, record), `known` any later one. The
 * value is the least of the means of batches, the median beside it. SETS as the agent's flow
 * sets; FLOWS should fill a third of 4 * SETS. Needs root; makes a network namespace of its own.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "abi/map.h"
#include "abi/wire.h"
#include "weft.skel.h"

#define BATCH	256
#define PAYLOAD 18
#define VNI	7
#define LOCAL	"10.99.0.1"
#define REMOTE	"10.99.0.2"

struct frame {
	__u8 outer[WIRE_OVERHEAD_V4];
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	__u8 payload[PAYLOAD];
} __attribute__((packed));

struct way {
	const char *name;
	bool uplink;
	__u32 ifindex;
	const char *source, *target; /* addresses; the MACs are 02:00 and they */
};

static const struct way ways[] = {
	{"out", false, 100, "10.0.0.1", "10.0.0.3"},
	{"local", false, 100, "10.0.0.1", "10.0.0.2"},
	{"in", true, 99, "10.0.0.3", "10.0.0.1"},
};

static struct weft_bpf *skel;
static __u32 flows = 1, sets = DEF_FLOW_SETS, passes = 8;

static void fail(const char *what)
{
	fprintf(stderr, "packet_cost: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct abi_ip ip_of(const char *text)
{
	struct abi_ip ip = {.b = {[10] = 0xff, [11] = 0xff}};

	if (inet_pton(AF_INET, text, ip.b + 12) != 1)
		fail(text);
	return ip;
}

static struct abi_mac mac_of(const char *text)
{
	struct abi_ip ip = ip_of(text);
	struct abi_mac mac = {{2, 0}};

	memcpy(mac.b + 2, ip.b + 12, 4);
	return mac;
}

static void put(const struct bpf_map *map, const void *key, const void *value)
{
	if (bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY))
		fail(bpf_map__name(map));
}

/* ------------------------------------------------------------ the host's tables */

static void put_place(const char *address, __u32 place)
{
	struct mac_key key = {.vni = VNI, .mac = mac_of(address)};
	struct mac_value value = {.place = place, .identity = 1};

	put(skel->maps.mac, &key, &value);
}

static void put_port(__u32 slot, __u32 ifindex, const char *address)
{
	struct guard_key guard = {.prefixlen = GUARD_PREFIX_BASE + 128,
				  .slot = slot,
				  .mac = mac_of(address),
				  .ethertype = htons(ETH_P_IP),
				  .ip = ip_of(address)};
	struct port_value port = {.ifindex = ifindex,
				  .vni = VNI,
				  .identity = 1,
				  .flags = PORT_UP | PORT_PEER,
				  .mac = mac_of(address),
				  .mtu = 1450};
	__u32 yes = 1;

	put(skel->maps.port, &slot, &port);
	put(skel->maps.device, &ifindex, &slot);
	put(skel->maps.guard, &guard, &yes);
	put_place(address, PLACE(PLACE_PORT, slot));
}

static void put_tables(void)
{
	struct network_value network = {.flags = NETWORK_UP, .mtu = 1450};
	struct vtep_value vtep = {.remote = ip_of(REMOTE),
				  .local = ip_of(LOCAL),
				  .flags = VTEP_KNOWN | VTEP_RESOLVED,
				  .ifindex = 99,
				  .next_hop = mac_of(REMOTE),
				  .source = mac_of(LOCAL),
				  .mtu = 1500};
	__u32 vni = VNI, one = 1;

	vtep.csum = vtep_header_csum(&vtep);
	put(skel->maps.network, &vni, &network);
	put(skel->maps.vtep, &one, &vtep);
	put(skel->maps.peer, &vtep.remote, &one);
	put_port(1, 100, "10.0.0.1");
	put_port(2, 101, "10.0.0.2");
	put_place("10.0.0.3", PLACE(PLACE_VTEP, 1));
}

static void load(void)
{
	skel = weft_bpf__open();
	if (!skel)
		fail("the object");
	skel->rodata->flow_mask = sets - 1;
	skel->rodata->has_decap_l3 = 1;
	skel->rodata->hz = 1u << 20; /* no connection is touched again */
	skel->rodata->uplink_ifindex = 99;
	skel->rodata->local_v4 = ip_of(LOCAL).w[3];
	bpf_map__set_max_entries(skel->maps.flow, sets * (__u32)libbpf_num_possible_cpus());
	bpf_map__set_max_entries(skel->maps.conn, 4 * flows + 1024);
	if (weft_bpf__load(skel))
		fail("the programs");
	put_tables();
}

/* ------------------------------------------------------------------ the packets */

static __u16 checksum(const struct iphdr *ip)
{
	__u16 word[sizeof(*ip) / 2];
	__u32 sum = 0;

	memcpy(word, ip, sizeof(*ip));
	for (size_t i = 0; i < sizeof(*ip) / 2; i++)
		sum += word[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16) ~(sum + (sum >> 16));
}

static void build_outer(__u8 *o)
{
	__be32 flags = htonl(wire_flags(1)), vni = htonl(wire_vni(VNI, 1));
	struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP};
	struct ethhdr eth = {.h_proto = htons(ETH_P_IP)};
	struct udphdr udp = {.source = htons(50000), .dest = htons(WIRE_UDP_PORT)};

	ip.saddr = ip_of(REMOTE).w[3];
	ip.daddr = ip_of(LOCAL).w[3];
	ip.tot_len = htons(sizeof(struct frame) - sizeof(eth));
	ip.check = checksum(&ip);
	udp.len = htons(sizeof(struct frame) - sizeof(eth) - sizeof(ip));
	memcpy(o, &eth, sizeof(eth));
	memcpy(o + 14, &ip, sizeof(ip));
	memcpy(o + 34, &udp, sizeof(udp));
	memcpy(o + 42, &flags, 4);
	memcpy(o + 46, &vni, 4);
}

static void build_frame(const struct way *way, struct frame *f)
{
	struct abi_mac source = mac_of(way->source), target = mac_of(way->target);

	memset(f, 0, sizeof(*f));
	build_outer(f->outer);
	memcpy(f->eth.h_source, source.b, 6);
	memcpy(f->eth.h_dest, target.b, 6);
	f->eth.h_proto = htons(ETH_P_IP);
	f->ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP};
	f->ip.saddr = ip_of(way->source).w[3];
	f->ip.daddr = ip_of(way->target).w[3];
	f->ip.tot_len = htons(sizeof(f->ip) + sizeof(f->udp) + PAYLOAD);
	f->udp.len = htons(sizeof(f->udp) + PAYLOAD);
}

/* The Ith of the flows, in no order that a prefetcher could guess. */
static void set_flow(struct frame *f, __u32 i)
{
	__u32 flow = (__u32)((__u64)i * 2654435761u % flows);

	f->udp.source = htons((__u16)flow);
	f->udp.dest = htons((__u16)(1000 + (flow >> 16)));
}

/* ---------------------------------------------------------------- the measuring */

static __u64 run_time(int prog)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(prog, &info, &size))
		fail("program");
	return info.run_time_ns;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* COUNT packets from the FIRST on: the mean of each batch to *MEANS. WANT: the verdict. */
static size_t run(int prog, const struct way *way, __u64 first, __u64 count, int want,
		  double *means)
{
	struct __sk_buff ctx = {.ifindex = way->ifindex};
	struct frame frame;
	size_t batches = 0;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx),
		    .repeat = 1);

	build_frame(way, &frame);
	opts.data_in = way->uplink ? (void *)&frame : (void *)&frame.eth;
	opts.data_size_in = sizeof(frame) - (way->uplink ? 0 : sizeof(frame.outer));
	for (__u64 done = 0; done < count;) {
		__u64 before = run_time(prog), n = count - done < BATCH ? count - done : BATCH;

		for (__u64 i = 0; i < n; i++) {
			set_flow(&frame, (__u32)((first + done + i) % flows));
			if (bpf_prog_test_run_opts(prog, &opts) || (int)opts.retval != want) {
				fprintf(stderr, "%s: verdict %u\n", way->name, opts.retval);
				exit(1);
			}
		}
		means[batches++] = (double)(run_time(prog) - before) / (double)n;
		done += n;
	}
	qsort(means, batches, sizeof(*means), compare);
	return batches;
}

static void show(const char *way, const char *what, const double *means, size_t batches,
		 double empty)
{
	printf("%-6s %-6s %8.0f %8.0f\n", way, what, means[0] - empty,
	       means[batches / 2] - empty);
}

static int empty_program(void)
{
	struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
				  {.code = BPF_JMP | BPF_EXIT}};
	int prog = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "empty", "GPL", code, 2, NULL);

	if (prog < 0)
		fail("empty program");
	return prog;
}

/* Every record was made under another sum of cells from now on. */
static void make_stale(void)
{
	static struct generation_value generation;
	__u32 zero = 0;

	generation.cell[0]++;
	put(skel->maps.generation, &zero, &generation);
}

static void measure(const struct way *way, double empty, double *means)
{
	int prog =
		bpf_program__fd(way->uplink ? skel->progs.weft_uplink : skel->progs.weft_port);
	__u64 known =
		(__u64)flows * passes < 1024 * BATCH ? 1024 * BATCH : (__u64)flows * passes;
	size_t batches = run(prog, way, 0, flows, TC_ACT_REDIRECT, means);

	if (flows > 1)
		show(way->name, "new", means, batches, empty);
	make_stale();
	batches = run(prog, way, 0, flows, TC_ACT_REDIRECT, means);
	if (flows > 1)
		show(way->name, "stale", means, batches, empty);
	batches = run(prog, way, 0, known, TC_ACT_REDIRECT, means);
	show(way->name, "known", means, batches, empty);
}

static void options_read(int argc, char **argv)
{
	cpu_set_t cpus;
	int option, cpu = 1;

	while ((option = getopt(argc, argv, "f:s:p:c:")) != -1) {
		__u32 value = (__u32)strtoul(optarg ? optarg : "", NULL, 10);

		if (option == 'f')
			flows = value;
		else if (option == 's')
			sets = value;
		else if (option == 'p')
			passes = value;
		else if (option == 'c')
			cpu = (int)value;
		else
			exit(2);
	}
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (!flows || !sets || (sets & (sets - 1)) ||
	    sched_setaffinity(0, sizeof(cpus), &cpus)) {
		fprintf(stderr,
			"packet_cost: FLOWS > 0, SETS a power of two, CPU one of ours\n");
		exit(2);
	}
}

static const char *const devices = "for i in 99 100 101; do ip link add d$i index $i mtu 9000 "
				   "up type veth peer name e$i || exit 1; done";

int main(int argc, char **argv)
{
	double *means, base;
	int empty;

	options_read(argc, argv);
	if (unshare(CLONE_NEWNET) || system(devices))
		fail("a namespace with devices");
	if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
		fail("statistics of programs");
	load();
	means = calloc(((__u64)flows * passes + 1024 * BATCH) / BATCH + 2, sizeof(*means));
	empty = empty_program();
	run(empty, &ways[0], 0, 1024 * BATCH, 0, means);
	base = means[0];
	printf("%u flows, %u sets; an empty program: %.0f ns\n", flows, sets, base);
	printf("%-6s %-6s %8s %8s  (ns above it)\n", "way", "", "least", "median");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		measure(&ways[i], base, means);
	weft_bpf__destroy(skel);
	free(means);
	return 0;
}

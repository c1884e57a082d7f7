/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one packet costs the programs: nanoseconds above an empty program, counted by the
 * kernel itself (BPF_STATS_RUN_TIME) while frames come in by the device, 64 at a time, as from a
 * network card: so the code is hot, and other code has used the caches in between.
 *
 *   packet_cost [-f FLOWS] [-s SETS] [-r ROUNDS] [-c CPU] [-p]
 *
 * Ways: out (a port's packet to another host), routed (the same, through two routers), local (to a
 * port of this host), in (by tunnel).
 * `new` is the first packet of a flow (walk, connection, record), `stale` the next after
 * a change of the host's tables (walk, record), `known` any later one. The value is the
 * median of the means of ROUNDS rounds, the least beside it. -p: the ports are filtered, with one
 * rule that lets all pass. SETS as the agent's flow sets; FLOWS should fill a third of 8 * SETS.
 * Needs root and ethtool; makes a network namespace of its own.
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
#include "abi/policy.h"
#include "abi/wire.h"
#include "generator.skel.h"
#include "weft.skel.h"

#define PAYLOAD 18
#define BURST	16384
#define LEAST	262144 /* frames of a round */
#define PEER	100    /* the other end's number, above a device's own */
#define BANK	1
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
	const char *router;	     /* whose MAC it is sent to; NULL: the target's */
};

static const struct way ways[] = {
	{"out", false, 100, "10.0.0.1", "10.0.0.3", NULL},
	{"routed", false, 100, "10.0.0.1", "10.0.2.3", "10.0.0.254"},
	{"local", false, 100, "10.0.0.1", "10.0.0.2", NULL},
	{"in", true, 99, "10.0.0.3", "10.0.0.1", NULL},
};

static struct weft_bpf *skel;
static __u32 flows = 1, sets = DEF_FLOW_SETS, rounds = 9;
static bool filtered;

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

static void put_place(__u32 vni, const char *address, __u32 place)
{
	struct mac_key key = {.vni = vni, .mac = mac_of(address)};
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
				  .flags = PORT_UP | PORT_PEER | (filtered ? PORT_FILTERED : 0),
				  .mac = mac_of(address),
				  .mtu = 1450,
				  .policy = BANK};
	__u32 yes = 1;

	put(skel->maps.port, &slot, &port);
	put(skel->maps.device, &ifindex, &slot);
	put(skel->maps.guard, &guard, &yes);
	put_place(VNI, address, PLACE(PLACE_PORT, slot));
}

/* ROUTER leads all into network VNI, where it has the MAC of OWN; VIA: to there, or NULL. */
static void put_route(__u32 router, __u32 vni, const char *own, const char *via)
{
	struct network_value network = {.flags = NETWORK_UP, .mtu = 1450};
	struct route_key key = {.prefixlen = ROUTE_PREFIX_BASE,
				.router = router,
				.ethertype = htons(ETH_P_IP),
				.kind = ROUTE_TO};
	struct route_value value = {
		.flags = ROUTE_UP | (via ? ROUTE_GATEWAY : 0), .vni = vni, .mac = mac_of(own)};

	if (via)
		value.via = ip_of(via);
	put(skel->maps.network, &vni, &network);
	put(skel->maps.route, &key, &value);
}

static void put_location(__u32 vni, const char *address)
{
	struct location_key key = {.vni = vni, .ip = ip_of(address)};
	struct location_value value = {.mac = mac_of(address)};

	put(skel->maps.location, &key, &value);
}

/* Router 1 from the port's network to the next, router 2 from there to the last. */
static void put_routers(void)
{
	put_place(VNI, "10.0.0.254", PLACE(PLACE_ROUTER, 1));
	put_route(1, VNI + 1, "10.0.1.1", "10.0.1.2");
	put_location(VNI + 1, "10.0.1.2");
	put_place(VNI + 1, "10.0.1.2", PLACE(PLACE_ROUTER, 2));
	put_route(2, VNI + 2, "10.0.2.254", NULL);
	put_location(VNI + 2, "10.0.2.3");
	put_place(VNI + 2, "10.0.2.3", PLACE(PLACE_VTEP, 1));
}

/* As the default group is: out by a rule for everybody, in by one for a group's identity. */
static void put_policy(void)
{
	struct policy_verdict yes = {.order = 1, .rule = 1, .action = POLICY_ACCEPT};
	struct policy_value policy = {0};
	struct peer_identity_key peer = {.chain = POLICY_CHAIN(BANK, POLICY_INGRESS),
					 .identity = 1};
	struct cell_key out = {.chain = POLICY_CHAIN(BANK, 0), .service = 1};
	struct cell_key in = {.chain = peer.chain, .peer = 1, .service = 1};
	__u32 bank = BANK, class = 1;

	for (int i = 0; i < POLICY_CHAINS; i++)
		policy.chain[i].otherwise.order = ~0u;
	for (int i = POLICY_STATELESS; i < POLICY_CHAINS; i++)
		policy.chain[i].otherwise.action = POLICY_ACCEPT;
	policy.chain[0].sources = POLICY_BY_ANY | POLICY_ONE_SERVICE;
	policy.chain[POLICY_INGRESS].sources = POLICY_BY_IDENTITY | POLICY_ONE_SERVICE;
	put(skel->maps.policy, &bank, &policy);
	put(skel->maps.peer_identity, &peer, &class);
	put(skel->maps.cell, &out, &yes);
	put(skel->maps.cell, &in, &yes);
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
	put_place(VNI, "10.0.0.3", PLACE(PLACE_VTEP, 1));
	put_routers();
	put_policy();
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
	struct abi_mac mac = mac_of(LOCAL);
	struct udphdr udp = {.source = htons(50000), .dest = htons(WIRE_UDP_PORT)};

	ip.saddr = ip_of(REMOTE).w[3];
	ip.daddr = ip_of(LOCAL).w[3];
	ip.tot_len = htons(sizeof(struct frame) - sizeof(eth));
	ip.check = checksum(&ip);
	udp.len = htons(sizeof(struct frame) - sizeof(eth) - sizeof(ip));
	memcpy(eth.h_dest, mac.b, 6); /* the device's own */
	memcpy(o, &eth, sizeof(eth));
	memcpy(o + 14, &ip, sizeof(ip));
	memcpy(o + 34, &udp, sizeof(udp));
	memcpy(o + 42, &flags, 4);
	memcpy(o + 46, &vni, 4);
}

static void build_frame(const struct way *way, struct frame *f)
{
	struct abi_mac source = mac_of(way->source);
	struct abi_mac target = mac_of(way->router ? way->router : way->target);

	memset(f, 0, sizeof(*f));
	build_outer(f->outer);
	memcpy(f->eth.h_source, source.b, 6);
	memcpy(f->eth.h_dest, target.b, 6);
	f->eth.h_proto = htons(ETH_P_IP);
	f->ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP};
	f->ip.saddr = ip_of(way->source).w[3];
	f->ip.daddr = ip_of(way->target).w[3];
	f->ip.tot_len = htons(sizeof(f->ip) + sizeof(f->udp) + PAYLOAD);
	f->udp.dest = htons(1000);
	f->udp.len = htons(sizeof(f->udp) + PAYLOAD);
}

/* ---------------------------------------------------------------- the measuring */

struct spent {
	__u64 ns, runs;
};

static struct spent spent_read(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size))
		fail("program");
	return (struct spent){info.run_time_ns, info.run_cnt};
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Frames of WAY into the device it begins with, by its peer. */
static struct generator_bpf *generator_open(const struct way *way)
{
	struct generator_bpf *generator = generator_bpf__open();
	size_t outer = sizeof(((struct frame *)0)->outer);
	struct frame frame;

	if (!generator)
		fail("generator");
	build_frame(way, &frame);
	generator->rodata->ifindex = way->ifindex + PEER;
	generator->rodata->flows = flows;
	generator->rodata->size = offsetof(struct frame, payload) - (way->uplink ? 0 : outer);
	memcpy((void *)generator->rodata->headers,
	       way->uplink ? frame.outer : (void *)&frame.eth, generator->rodata->size);
	if (generator_bpf__load(generator))
		fail("generator");
	return generator;
}

/* No limit to what is opened, for a second of the programs, which is long (load). */
static void put_shares(void)
{
	struct port_conns_value share = {.second = ~0u, .allowed = 1u << 30};

	for (__u32 slot = 1; slot <= 2; slot++)
		put(skel->maps.port_conns, &slot, &share);
}

/* COUNT frames. */
static void send_frames(const struct generator_bpf *generator, __u64 count)
{
	static __u8 frame[sizeof(struct frame)];
	__u32 size = generator->rodata->size + PAYLOAD;
	struct xdp_md context = {.data_end = size};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = size,
		    .ctx_in = &context, .ctx_size_in = sizeof(context),
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = 64);

	while (count) {
		put_shares();
		opts.repeat = count < BURST ? (int)count : BURST;
		if (bpf_prog_test_run_opts(bpf_program__fd(generator->progs.generate), &opts))
			fail("frames");
		count -= (__u64)opts.repeat;
	}
}

/* Nanoseconds of PROG for each of COUNT frames. */
static double run(const struct generator_bpf *generator, const struct bpf_program *prog,
		  __u64 count)
{
	struct spent before = spent_read(prog), after;

	send_frames(generator, count);
	after = spent_read(prog);
	if (after.runs - before.runs < count)
		fprintf(stderr, "packet_cost: %llu of %llu frames have come\n",
			(unsigned long long)(after.runs - before.runs),
			(unsigned long long)count);
	return (double)(after.ns - before.ns) / (double)(after.runs - before.runs);
}

static void show(const char *way, const char *what, double *means, double empty)
{
	qsort(means, rounds, sizeof(*means), compare);
	printf("%-6s %-6s %8.0f %8.0f\n", way, what, means[rounds / 2] - empty,
	       means[0] - empty);
}

/* Every record was made under another sum of cells from now on. */
static void make_stale(void)
{
	static struct generation_value generation;
	__u32 zero = 0;

	generation.cell[0]++;
	put(skel->maps.generation, &zero, &generation);
}

static void forget_conns(void)
{
	static struct conn_key keys[BURST];
	static struct conn_value values[BURST];
	struct conn_key next;
	__u32 count = BURST;
	void *from = NULL;

	while (!bpf_map_lookup_and_delete_batch(bpf_map__fd(skel->maps.conn), from, &next, keys,
						values, &count, NULL)) {
		from = &next;
		count = BURST;
	}
	if (errno != ENOENT)
		fail("conn");
}

/* In place of what is there. */
static void attach(const struct bpf_program *prog, __u32 ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(prog), .handle = 1,
		    .priority = 1, .flags = BPF_TC_F_REPLACE);
	int status = bpf_tc_hook_create(&hook);

	if ((status && status != -EEXIST) || bpf_tc_attach(&hook, &opts))
		fail(bpf_program__name(prog));
}

static __u64 count_misses(void)
{
	struct host_stats_value *stats =
		calloc((size_t)libbpf_num_possible_cpus(), sizeof(*stats));
	__u32 zero = 0;
	__u64 misses = 0;

	if (!stats || bpf_map_lookup_elem(bpf_map__fd(skel->maps.host_stats), &zero, stats))
		fail("host_stats");
	for (int i = 0; i < libbpf_num_possible_cpus(); i++)
		misses += stats[i].flow_misses;
	free(stats);
	return misses;
}

static void measure(const struct way *way)
{
	const struct bpf_program *prog =
		way->uplink ? skel->progs.weft_uplink : skel->progs.weft_port;
	struct generator_bpf *generator = generator_open(way);
	const struct bpf_program *room = !strcmp(way->name, "out") ? generator->progs.grow
					 : way->uplink		   ? generator->progs.shrink
								   : NULL;
	__u64 many = flows < LEAST ? LEAST : flows, misses;
	double *means = calloc(rounds, sizeof(*means)), empty;

	attach(generator->progs.nothing, way->ifindex);
	for (__u32 i = 0; i < rounds; i++)
		means[i] = run(generator, generator->progs.nothing, many);
	qsort(means, rounds, sizeof(*means), compare);
	empty = means[rounds / 2];
	printf("%-6s %-6s %8.0f %8.0f\n", way->name, "empty", empty, means[0]);
	if (room) {
		attach(room, way->ifindex);
		for (__u32 i = 0; i < rounds; i++)
			means[i] = run(generator, room, many);
		show(way->name, "room", means, empty);
	}
	attach(prog, way->ifindex);
	if (flows > 1) {
		for (__u32 i = 0; i < rounds; i++) {
			forget_conns();
			make_stale();
			means[i] = run(generator, prog, flows);
		}
		show(way->name, "new", means, empty);
		for (__u32 i = 0; i < rounds; i++) {
			make_stale();
			means[i] = run(generator, prog, flows);
		}
		show(way->name, "stale", means, empty);
	}
	run(generator, prog, many);
	misses = count_misses();
	for (__u32 i = 0; i < rounds; i++)
		means[i] = run(generator, prog, many);
	show(way->name, "known", means, empty);
	if (count_misses() != misses)
		printf("%-6s %llu of %llu were not\n", way->name,
		       (unsigned long long)(count_misses() - misses),
		       (unsigned long long)(many * rounds));
	generator_bpf__destroy(generator);
	free(means);
}

static void options_read(int argc, char **argv)
{
	cpu_set_t cpus;
	int option, cpu = 1;

	while ((option = getopt(argc, argv, "f:s:r:c:p")) != -1) {
		__u32 value = (__u32)strtoul(optarg ? optarg : "", NULL, 10);

		if (option == 'f')
			flows = value;
		else if (option == 's')
			sets = value;
		else if (option == 'r')
			rounds = value;
		else if (option == 'c')
			cpu = (int)value;
		else if (option == 'p')
			filtered = true;
		else
			exit(2);
	}
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (!flows || !rounds || !sets || (sets & (sets - 1)) ||
	    sched_setaffinity(0, sizeof(cpus), &cpus)) {
		fprintf(stderr,
			"packet_cost: FLOWS and ROUNDS > 0, SETS a power of two, CPU one "
			"of ours\n");
		exit(2);
	}
}

/* With GRO on, a veth polls, and takes frames of XDP. */
static const char *const devices =
	"for i in 99 100 101; do ip link add d$i index $i mtu 9000 address 02:00:0a:63:00:01 up type veth peer name e$i "
	"index $((i + 100)) && ip link set e$i up && ethtool -K d$i gro on || exit 1; done";

int main(int argc, char **argv)
{
	struct generator_bpf *sink;

	options_read(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(NULL); /* it complains of a clsact that is there */
	if (unshare(CLONE_NEWNET) || system(devices))
		fail("a namespace with devices");
	if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
		fail("statistics of programs");
	load();
	sink = generator_open(&ways[0]);
	attach(sink->progs.count, 99 + PEER);
	printf("%u flows, %u sets, %s, median and least of %u, ns\n", flows, sets,
	       filtered ? "filtered" : "not filtered", rounds);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		measure(&ways[i]);
	generator_bpf__destroy(sink);
	weft_bpf__destroy(skel);
	return 0;
}

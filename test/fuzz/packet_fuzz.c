/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a packet, natively: to a port, to an unguarded one, as the inner frame of a tunnel
 * packet, and from outside to a gateway that translates. First byte: which program and what the packet brings besides its bytes. Held: no step
 * outside the buffer (ASan: it has exactly the packet's size), a known verdict, every drop counted, and
 * what parse_fast accepts parse_frame reads alike.
 */
#include "packet_fuzz.h"

#include <string.h>

#include "abi/wire.h"
#include "datapath/env/native.h"
#include "native_backend.h"
#include "world.h"

static const char *const world_lines[] = {
	"config local 10.99.0.1",
	"config local fd99::1",
	"config vxlan_ifindex 101",
	"config uplink_ifindex 100",
	"let UA 02:ff:00:00:00:01",
	"network 100 mtu 1450 chunks 1 firewall",
	"network 200 mtu 1450 flood chunks 1 firewall",
	"workload a 1 if 111 vni 100 mac 02:00:00:00:01:01 id 7 10.0.0.11 fd00:a::11",
	"workload b 2 if 112 vni 100 mac 02:00:00:00:01:02 id 7 10.0.0.12 fd00:a::12",
	"workload c 3 if 113 vni 200 mac 02:00:00:00:02:01 id 9 10.0.1.21 fd00:b::21",
	"port 3 if 113 vni 200 mac c id 9 mtu 80 unguarded dhcp4",
	"vtep 1 remote 10.99.0.2 local 10.99.0.1 if 100 next 02:ff:00:00:00:02 source UA mtu 1500",
	"peer 10.99.0.2 1",
	"peer fd99::2 1",
	"mac 100 02:00:00:00:01:03 vtep:1",
	"location 100 10.0.0.13 02:00:00:00:01:03",
	"location 100 fd00:a::13 02:00:00:00:01:03",
	"mac 100 02:00:00:00:aa:01 router:1",
	"mac 200 02:00:00:00:aa:02 router:1",
	"location 100 10.0.0.1 02:00:00:00:aa:01",
	"route 1 10.0.0.0/24 vni 100 mac 02:00:00:00:aa:01",
	"route 1 10.0.1.0/24 vni 200 mac 02:00:00:00:aa:02",
	"route 1 10.0.0.1/32 local",
	"route 1 10.0.0.0/24 own 10.0.0.1",
	"route 1 fd00:a::/64 own fd00:a::1",
	"route 1 fd00:a::1/128 local",
	"route 1 fd00:b::/64 vni 200 mac 02:00:00:00:aa:02",
	"rule 9 fw-ingress accept udp sport 0/1",
	"rule 9 fw-ingress accept icmp",
	"rule 9 fw-ingress reject to 10.0.1.0/24 tcp 80",
	"rule 9 fw-ingress accept from fd00:a::/64",
	"firewall 200 02:00:00:00:aa:02 9",
	"network 0 mtu 65535",
	"physical wan if 114 mac 02:00:00:00:99:01",
	"gateway 4 if 114 mac 02:00:00:00:bb:01 device wan mtu 1500 router 1 ip4 203.0.113.5 "
	"next4 203.0.113.1 link4 203.0.113.0/24 ip6 2001:db8:e::5 next6 2001:db8:e::1 "
	"link6 2001:db8:e::/64 snat",
	"outside 114 203.0.113.5/32 4 own",
	"outside 114 203.0.113.0/24 4 link",
	"outside 114 2001:db8:e::5/128 4 own",
	"outside 114 fd00:a::/64 4",
	"mac 0 0e:77:66:00:00:01 port:4",
	"location 0 fe80::1 0e:77:66:00:00:01",
	"route 1 0.0.0.0/0 vni 0 mac 02:00:00:00:bb:01 via fe80::1",
	"route 1 ::/0 vni 0 mac 02:00:00:00:bb:01 via fe80::1",
	"share 4 0x7fffffff",
	"flood 100 0 port:1 port:2 vtep:1",
	"flood 200 0 port:3 vtep:1",
};

static struct world_backend *fuzz_world(void)
{
	static struct world_backend *backend;
	struct world world;

	if (backend)
		return backend;
	backend = native_backend_new();
	world_init(&world, backend);
	for (guint i = 0; i < G_N_ELEMENTS(world_lines); i++) {
		g_autofree char *why = NULL;

		if (!world_command(&world, world_lines[i], &why))
			g_error("%s: %s", world_lines[i], why);
	}
	world_done(&world);
	return backend;
}

static void sum_drop(const void *key, void *value, void *arg)
{
	*(guint64 *)arg += *(__u64 *)value;
}

static guint64 drops(struct native_host *host)
{
	guint64 sum = 0;

	for (__u32 i = 0; i < 5 * DP_DROP_COUNT; i++)
		sum_drop(&i, native_find(host, NATIVE_MAP_drops, &i), &sum);
	return sum;
}

/* Dropped, and sent all the same: that can only be ICMP, back to the sender. */
static void check_told(struct native_host *host, const struct native_meta *meta)
{
	struct native_output *out =
		&g_array_index(host->outputs, struct native_output, host->outputs->len - 1);
	const guint8 *frame = g_bytes_get_data(out->frame, NULL);
	gsize size = g_bytes_get_size(out->frame);

	if (out->way == NATIVE_CLONE || out->ifindex != meta->ifindex || size < 42 ||
	    size > 14 + 48 + DP_QUOTE ||
	    frame[frame[12] == 8 ? 23 : 20] != (frame[12] == 8 ? 1 : 58))
		g_error("dropped, and sent all the same");
}

/* Nothing of IPv4 goes out by the gateway but under its address. */
static void check_left(struct native_host *host)
{
	for (guint i = 0; i < host->outputs->len; i++) {
		struct native_output *out =
			&g_array_index(host->outputs, struct native_output, i);
		const guint8 *frame = g_bytes_get_data(out->frame, NULL);

		if (out->way == NATIVE_NEIGH && out->ifindex == 114 && frame[12] == 8 &&
		    memcmp(frame + 26, (guint8[]){203, 0, 113, 5}, 4) != 0)
			g_error("an inner address leaves");
	}
}

/* Twice, so that the second meets what the first has left in the tables. */
static void run(struct native_host *host, const guint8 *bytes, gsize size,
		const struct native_meta *meta, enum world_program program)
{
	static int (*const runs[])(struct native_host * host, const void *frame, size_t size,
				   const struct native_meta *meta, GBytes **left) = {
		[WORLD_PORT] = native_run_port,
		[WORLD_UPLINK] = native_run_uplink,
		[WORLD_OUTSIDE] = native_run_outside,
	};

	if (!native_parse_agrees(host, bytes, size, 0) ||
	    !native_parse_agrees(host, bytes, size, WIRE_OVERHEAD_V4))
		g_error("the two parsers disagree");
	for (int i = 0; i < 2; i++) {
		guint64 before = drops(host);
		int verdict = runs[program](host, bytes, size, meta, NULL);
		bool dropped = drops(host) != before;

		if (verdict != TC_ACT_OK && verdict != TC_ACT_SHOT &&
		    verdict != TC_ACT_REDIRECT)
			g_error("verdict %d", verdict);
		if (verdict == TC_ACT_REDIRECT && dropped)
			check_told(host, meta);
		if (verdict == TC_ACT_OK && (program == WORLD_PORT || dropped))
			g_error("passed to the host's stack");
		check_left(host);
		native_host_forget(host);
	}
}

/* The bytes behind headers that make them a tunnel packet of a known peer. */
static void run_inner(struct native_host *host, const guint8 *bytes, gsize size,
		      const struct native_meta *meta)
{
	static const guint8 outer[50] = {
		2,    255,  0,	  0,	0, 1,  2,  255, 0,    0,  0,  2, 8, 0,	0x45, 0, 0,
		0,    0,    0,	  0,	0, 64, 17, 0,	0,    10, 99, 0, 2, 10, 99,   0, 1,
		0xc3, 0x50, 0x12, 0xb5, 0, 0,  0,  0,	0x88, 0,  0,  0, 0, 0,	100,  7};
	g_autofree guint8 *frame = g_malloc(sizeof(outer) + size);

	memcpy(frame, outer, sizeof(outer));
	memcpy(frame + sizeof(outer), bytes, size);
	run(host, frame, sizeof(outer) + size, meta, WORLD_UPLINK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct native_host *host = native_backend_host(fuzz_world());
	struct native_meta meta = {};
	guint8 head;

	if (!size)
		return 0;
	head = *data++;
	size--;
	meta.ifindex = 111 + (head >> 6 & 1) * 2;
	meta.vlan_present = head >> 5 & 1;
	meta.encapsulation = head >> 4 & 1;
	meta.gso_size = head >> 3 & 1 ? 500 : 0;
	meta.gso_segs = head >> 3 & 1 ? 3 : 0;
	host->linear = head & 4 ? 40 : G_MAXUINT32;
	switch (head & 3) {
	case 0:
		run(host, data, size, &meta, WORLD_PORT);
		break;
	case 1:
		meta.csum_partial = meta.encapsulation;
		meta.ifindex = 114;
		run(host, data, size, &meta, WORLD_OUTSIDE);
		break;
	case 2:
		meta.ifindex = 100;
		run(host, data, size, &meta, WORLD_UPLINK);
		break;
	default:
		meta.ifindex = 100;
		run_inner(host, data, size, &meta);
	}
	return 0;
}

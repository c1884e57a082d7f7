/* SPDX-License-Identifier: Apache-2.0 */
/* The wire is here: what the vxlan device or our own headers send is given to the host that is named. */
#include "walk_world.h"

#include <string.h>

#include "abi/hash.h"
#include "abi/wire.h"
#include "native_backend.h"
#include "world.h"

#define UPLINK	     100
#define VXLAN	     101
#define FIRST_DEVICE 110
#define HZ	     250
#define PHYSICAL     120
#define ACCOUNTS     (WALK_OUT + 2) /* slots that anything is counted on */

static const __u8 physical_mac[6] = {2, 0, 0, 0, 0x99, 1};

struct walk_port walk_ports[WALK_PORTS];
static struct world_backend *backends[WALK_HOSTS];

struct native_host *walk_host(int host)
{
	return native_backend_host(backends[host]);
}

static int vni_of(const struct walk_port *port)
{
	return port->tenant * 2 * 100 + port->net * 100;
}

static void G_GNUC_PRINTF(2, 3) command(struct world *world, const char *format, ...)
{
	g_autofree char *why = NULL, *line = NULL;
	va_list args;

	va_start(args, format);
	line = g_strdup_vprintf(format, args);
	va_end(args);
	if (!world_command(world, line, &why))
		g_error("%s: %s", line, why);
}

static void fill_ports(void)
{
	for (int i = 0; i < WALK_PORTS; i++) {
		struct walk_port *port = &walk_ports[i];

		port->host = i / WALK_SLOTS;
		port->slot = i % WALK_SLOTS + 1;
		port->tenant = (port->slot - 1) / 2;
		port->net = (port->slot - 1) % 2 + 1;
		port->unguarded = i == WALK_PORTS - 1;
		memcpy(port->mac, (__u8[]){2, 0, 0, 0, port->net, port->host + 1}, 6);
		memcpy(port->v4, (__u8[]){10, 0, port->net, 11 + port->host}, 4);
		memset(port->v6, 0, 16);
		port->v6[0] = 0xfd;
		port->v6[3] = port->net;
		port->v6[15] = 0x11 + port->host;
	}
}

void walk_gateway(int net, __u8 mac[6], __u8 v4[4], __u8 v6[16])
{
	memcpy(mac, (__u8[]){2, 0, 0, 0, net, 0xfe}, 6);
	memcpy(v4, (__u8[]){10, 0, net, 1}, 4);
	memset(v6, 0, 16);
	v6[0] = 0xfd;
	v6[3] = net;
	v6[15] = 1;
}

static void fill_port(struct world *world, const struct walk_port *port, int host)
{
	int vni = vni_of(port), n = port->net, h = port->host;

	if (h != host) {
		command(world, "mac %d 02:00:00:00:0%d:0%d vtep:%d", vni, n, h + 1, h + 1);
		command(world, "location %d 10.0.%d.%d 02:00:00:00:0%d:0%d", vni, n, 11 + h, n,
			h + 1);
		command(world, "location %d fd00:%d::1%d 02:00:00:00:0%d:0%d", vni, n, h + 1, n,
			h + 1);
		return;
	}
	command(world,
		"workload p%u %u if %u vni %d mac 02:00:00:00:0%d:0%d id %d 10.0.%d.%d "
		"fd00:%d::1%d",
		port->slot, port->slot, FIRST_DEVICE + port->slot, vni, n, h + 1,
		7 + port->tenant, n, 11 + h, n, h + 1);
	if (port->unguarded)
		command(world, "port %u if %u vni %d mac p%u id %d mtu 1450 unguarded dhcp4",
			port->slot, FIRST_DEVICE + port->slot, vni, port->slot,
			7 + port->tenant);
}

static void fill_router(struct world *world, int tenant)
{
	int router = tenant + 1;

	for (int n = 1; n <= 2; n++) {
		int vni = tenant * 200 + n * 100;

		command(world, "mac %d 02:00:00:00:0%d:fe router:%d", vni, n, router);
		command(world, "location %d 10.0.%d.1 02:00:00:00:0%d:fe", vni, n, n);
		command(world, "location %d fd00:%d::1 02:00:00:00:0%d:fe", vni, n, n);
		command(world, "route %d 10.0.%d.0/24 vni %d mac 02:00:00:00:0%d:fe", router, n,
			vni, n);
		command(world, "route %d fd00:%d::/64 vni %d mac 02:00:00:00:0%d:fe", router, n,
			vni, n);
		command(world, "route %d 10.0.%d.1/32 local", router, n);
		command(world, "route %d fd00:%d::1/128 local", router, n);
		command(world, "route %d 10.0.%d.0/24 own 10.0.%d.1", router, n, n);
		command(world, "route %d fd00:%d::/64 own fd00:%d::1", router, n, n);
	}
}

/* The tenant's router has a gateway on WALK_EXIT. */
static void fill_gateway(struct world *world, int tenant, int host)
{
	int router = tenant + 1, slot = WALK_OUT + tenant;

	command(world, "mac 0 0e:77:66:00:00:0%d %s:%d", router,
		host == WALK_EXIT ? "port" : "vtep", host == WALK_EXIT ? slot : WALK_EXIT + 1);
	command(world, "location 0 fe80::%d 0e:77:66:00:00:0%d", router, router);
	command(world, "route %d 0.0.0.0/0 vni 0 mac 02:00:00:00:bb:0%d via fe80::%d", router,
		router, router);
	command(world, "route %d ::/0 vni 0 mac 02:00:00:00:bb:0%d via fe80::%d", router,
		router, router);
	command(world, "route %d 203.0.113.%d/32 local", router, 4 + router);
	if (host != WALK_EXIT)
		return;
	command(world,
		"gateway %d if %d mac 02:00:00:00:bb:0%d device 02:00:00:00:99:01 mtu %d "
		"router %d ip4 203.0.113.%d next4 203.0.113.1 link4 203.0.113.0/24 "
		"next6 2001:db8::1 snat",
		slot, PHYSICAL, router, WALK_MTU, router, 4 + router);
	command(world, "outside %d 203.0.113.%d/32 %d own", PHYSICAL, 4 + router, slot);
	if (!tenant) /* of one of two with the same prefix alone the world knows the way */
		command(world, "outside %d fd00::/16 %d", PHYSICAL, slot);
}

static void fill_hosts(struct world *world, int host)
{
	GString *others = g_string_new(NULL);

	for (int h = 0; h < WALK_HOSTS; h++) {
		if (h == host)
			continue;
		command(world,
			"vtep %d remote 10.99.0.%d local 10.99.0.%d if %d next 02:ff:00:00:00:0%d "
			"source 02:ff:00:00:00:0%d mtu 1500",
			h + 1, h + 1, host + 1, UPLINK, h + 1, host + 1);
		command(world, "peer 10.99.0.%d %d", h + 1, h + 1);
		g_string_append_printf(others, " vtep:%d", h + 1);
	}
	for (int s = 1; s <= WALK_SLOTS; s++)
		command(world, "flood %d 0 port:%d%s", s * 100, s, others->str);
	g_string_free(others, TRUE);
}

static void build(void)
{
	struct world world;

	fill_ports();
	for (int h = 0; h < WALK_HOSTS; h++) {
		backends[h] = native_backend_new();
		world_init(&world, backends[h]);
		command(&world, "config local 10.99.0.%d", h + 1);
		command(&world, "config vxlan_ifindex %d", VXLAN);
		command(&world, "config uplink_ifindex %d", UPLINK);
		command(&world, "config hz %d", HZ);
		/* one set: whatever is remembered is in the way of something */
		command(&world, "config flow_mask 0");
		for (int s = 1; s <= WALK_SLOTS; s++)
			command(&world, "network %d mtu %d chunks 1", s * 100, WALK_MTU);
		for (int i = 0; i < WALK_PORTS; i++)
			fill_port(&world, &walk_ports[i], h);
		command(&world, "network 0 mtu 65535");
		for (int t = 0; t < 2; t++) {
			fill_router(&world, t);
			fill_gateway(&world, t, h);
		}
		fill_hosts(&world, h);
		world_done(&world);
	}
}

void walk_forget_flows(void)
{
	__u32 zero = 0;

	for (int h = 0; h < WALK_HOSTS; h++)
		memset(native_find(walk_host(h), NATIVE_MAP_flow, &zero), 0,
		       sizeof(struct flow_set));
}

static struct port_value *port_value(const struct walk_port *port)
{
	return native_find(walk_host(port->host), NATIVE_MAP_port, &port->slot);
}

bool walk_is_up(const struct walk_port *port)
{
	return port_value(port)->flags & PORT_UP;
}

void walk_set_up(const struct walk_port *port, bool up)
{
	struct port_value *value = port_value(port);

	value->flags = up ? value->flags | PORT_UP : value->flags & ~(__u32)PORT_UP;
	native_bump(walk_host(port->host), generation_cell(GEN_PORT, port->slot));
}

/* What has been opened is no more, and counts for nothing. */
static void forget_share(int host)
{
	for (__u32 slot = WALK_OUT; slot < ACCOUNTS; slot++) {
		struct port_conns_value *share =
			native_find(walk_host(host), NATIVE_MAP_port_conns, &slot);

		share->opened = 0;
	}
}

void walk_reset(void)
{
	if (!backends[0])
		build();
	walk_forget_flows();
	for (int h = 0; h < WALK_HOSTS; h++) {
		native_clear(walk_host(h), NATIVE_MAP_conn);
		native_clear(walk_host(h), NATIVE_MAP_nat);
		forget_share(h);
		native_clear(walk_host(h), NATIVE_MAP_fragment);
	}
	for (int i = 0; i < WALK_PORTS; i++)
		if (!walk_is_up(&walk_ports[i]))
			walk_set_up(&walk_ports[i], true);
}

/* -------------------------------------------------------------- counting */

static void arrival_clear(gpointer p)
{
	g_bytes_unref(((struct walk_arrival *)p)->frame);
}

void walk_outcome_init(struct walk_outcome *out)
{
	memset(out, 0, sizeof(*out));
	out->arrivals = g_array_new(FALSE, FALSE, sizeof(struct walk_arrival));
	g_array_set_clear_func(out->arrivals, arrival_clear);
}

void walk_outcome_done(struct walk_outcome *out)
{
	g_clear_pointer(&out->arrivals, g_array_unref);
}

/* Adds what HOST has counted so far, SIGN times. */
static void count(int host, struct walk_outcome *out, __s64 sign)
{
	__u32 zero = 0;
	const __u64 *drops = native_find(walk_host(host), NATIVE_MAP_drops, &zero);
	const struct port_stats_value *stats =
		native_find(walk_host(host), NATIVE_MAP_port_stats, &zero);
	const struct host_stats_value *all =
		native_find(walk_host(host), NATIVE_MAP_host_stats, &zero);

	for (int i = 0; i < ACCOUNTS * DP_DROP_COUNT; i++)
		out->drops[host][i % DP_DROP_COUNT] += sign * drops[i];
	for (int s = 0; s < ACCOUNTS; s++) {
		out->tx[host] += sign * stats[s].tx_packets;
		out->rx[host] += sign * stats[s].rx_packets;
	}
	out->punts += sign * all->punts;
}

/* --------------------------------------------------------------- the wire */

static void arrive(struct walk_outcome *out, int host, __u32 slot, GBytes *frame)
{
	struct walk_arrival arrival = {host, slot, g_bytes_ref(frame)};

	g_array_append_val(out->arrivals, arrival);
}

/* As the vxlan device wraps FRAME; the reserved byte stays zero. */
static GBytes *wrap(const struct native_output *output, int from)
{
	gsize size, head = WIRE_OVERHEAD_V4;
	const __u8 *inner = g_bytes_get_data(output->frame, &size);
	__u8 *o = g_malloc0(head + size);
	static const __u8 fixed[] = {0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17};

	o[12] = 8;
	memcpy(o + 14, fixed, sizeof(fixed));
	o[16] = (head + size - 14) >> 8;
	o[17] = (head + size - 14) & 0xff;
	memcpy(o + 26, (__u8[]){10, 99, 0, from + 1}, 4);
	memcpy(o + 30, output->tunnel_remote.b + 12, 4);
	o[34] = 0xc0;
	o[36] = WIRE_UDP_PORT >> 8;
	o[37] = WIRE_UDP_PORT & 0xff;
	o[42] = output->tunnel_gbp ? 0x88 : 0x08;
	o[44] = output->tunnel_gbp >> 8;
	o[45] = output->tunnel_gbp & 0xff;
	o[46] = output->tunnel_vni >> 16;
	o[47] = output->tunnel_vni >> 8 & 0xff;
	o[48] = output->tunnel_vni & 0xff;
	memcpy(o + head, inner, size);
	return g_bytes_new_take(o, head + size);
}

static void collect(int host, bool tunnelled, struct walk_outcome *out);

static void carry(GBytes *frame, int from, struct walk_outcome *out)
{
	struct native_meta meta = {.ifindex = UPLINK};
	gsize size;
	const __u8 *o = g_bytes_get_data(frame, &size);
	int to = size > 33 ? o[33] - 1 : -1;

	g_assert(to >= 0 && to < WALK_HOSTS && to != from && o[12] == 8);
	arrive(out, to, 0, frame);
	walk_host(to)->jiffies += HZ;
	native_run_uplink(walk_host(to), o, size, &meta, NULL);
	collect(to, true, out);
}

/* Where HOST's outputs go. What came by tunnel may not leave by one. */
static void collect(int host, bool tunnelled, struct walk_outcome *out)
{
	g_autoptr(GArray) outputs = NULL, punts = NULL;

	native_host_take(walk_host(host), &outputs, &punts);
	for (guint i = 0; i < outputs->len; i++) {
		struct native_output *output = &g_array_index(outputs, struct native_output, i);

		g_assert(!tunnelled || output->ifindex > FIRST_DEVICE);
		if (output->ifindex == UPLINK) {
			carry(output->frame, host, out);
		} else if (output->ifindex == VXLAN) {
			g_autoptr(GBytes) frame = wrap(output, host);

			carry(frame, host, out);
		} else if (output->ifindex == PHYSICAL) {
			/* the door's MAC is still there, and says whose way out it is */
			const __u8 *bytes = g_bytes_get_data(output->frame, NULL);

			g_assert(output->way == NATIVE_NEIGH && host == WALK_EXIT);
			arrive(out, host, WALK_SLOTS + bytes[5], output->frame);
		} else {
			g_assert(output->ifindex > FIRST_DEVICE &&
				 output->ifindex <= FIRST_DEVICE + WALK_SLOTS);
			arrive(out, host, output->ifindex - FIRST_DEVICE, output->frame);
		}
	}
}

void walk_send(const struct walk_port *from, const __u8 *frame, gsize size,
	       const struct native_meta *meta, struct walk_outcome *out)
{
	struct native_host *host = walk_host(from->host);
	struct native_meta sent = *meta;

	for (int h = 0; h < WALK_HOSTS; h++)
		count(h, out, -1);
	sent.ifindex = FIRST_DEVICE + from->slot;
	host->jiffies += HZ;
	native_run_port(host, frame, size, &sent, NULL);
	collect(from->host, false, out);
	for (int h = 0; h < WALK_HOSTS; h++)
		count(h, out, 1);
}

void walk_reply(__u8 *frame, gsize size, struct walk_outcome *out)
{
	struct native_host *host = walk_host(WALK_EXIT);
	struct native_meta meta = {.ifindex = PHYSICAL};

	memcpy(frame, physical_mac, 6);
	for (int h = 0; h < WALK_HOSTS; h++)
		count(h, out, -1);
	host->jiffies += HZ;
	native_run_outside(host, frame, size, &meta, NULL);
	collect(WALK_EXIT, false, out);
	for (int h = 0; h < WALK_HOSTS; h++)
		count(h, out, 1);
}

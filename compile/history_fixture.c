/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random changes to a cloud, as the API would allow them and a few that it would not:
 * numbers, MACs and addresses are taken from small pools, so that one transaction often
 * frees and takes the same one.
 */
#include "compile/history_fixture.h"

#include "compile/acl_fixture.h"
#include "compile/firewall_fixture.h"
#include "compile/gateway_fixture.h"
#include "compile/policy_fixture.h"

#define NETWORKS 6
#define ROUTERS	 3
#define PORTS	 24
#define MACS	 10

const char *const history_hosts[HISTORY_HOSTS] = {"h0", "h1", "h2", "h3", "h4"};

struct late {
	enum kind kind;
	void *object;
};

void history_init(struct history *history, guint32 seed)
{
	world_init(&history->world);
	history->rand = g_rand_new_with_seed(seed);
	history->late = g_array_new(false, false, sizeof(struct late));
}

void history_done(struct history *history)
{
	for (guint i = 0; i < history->late->len; i++) {
		struct late *late = &g_array_index(history->late, struct late, i);

		attr_free(cloud_table(late->kind), late->object);
	}
	g_array_free(history->late, true);
	g_rand_free(history->rand);
	world_done(&history->world);
}

static void late_add(struct history *history, enum kind kind, void *object)
{
	struct late late = {kind, object};

	g_array_append_val(history->late, late);
}

static void late_apply(struct history *history)
{
	struct late late;
	guint i;

	if (!history->late->len)
		return;
	i = history_roll(history, history->late->len);
	late = g_array_index(history->late, struct late, i);
	g_array_remove_index_fast(history->late, i);
	world_apply(&history->world, late.kind, late.object);
}

int history_roll(struct history *history, int below)
{
	return g_rand_int_range(history->rand, 0, below);
}

bool history_chance(struct history *history, int percent)
{
	return history_roll(history, 100) < percent;
}

/* -------------------------------------------------------------------------- choosing */

static void *pick(struct history *history, enum kind kind)
{
	const GPtrArray *list = cloud_list(history->world.cloud, kind);

	return list->len ? list->pdata[history_roll(history, list->len)] : NULL;
}

static const char *pick_host(struct history *history)
{
	return history_chance(history, 20)
		       ? NULL
		       : history_hosts[history_roll(history, HISTORY_HOSTS)];
}

static bool vni_is_used(struct history *history, uint32_t vni)
{
	const GPtrArray *list = cloud_list(history->world.cloud, KIND_NETWORK);

	for (guint i = 0; i < history->late->len; i++) {
		const struct late *late = &g_array_index(history->late, struct late, i);

		if (late->kind == KIND_NETWORK &&
		    ((struct network *)late->object)->place.number == vni)
			return true;
	}
	for (guint i = 0; i < list->len; i++)
		if (((const struct network *)list->pdata[i])->place.number == vni)
			return true;
	return false;
}

static uint32_t pick_vni(struct history *history)
{
	uint32_t vni = 1;

	while (vni_is_used(history, vni))
		vni++;
	return vni;
}

static bool number_is_used(struct history *history, uint32_t number)
{
	const GPtrArray *list = cloud_list(history->world.cloud, KIND_ROUTER);

	for (guint i = 0; i < history->late->len; i++) {
		const struct late *late = &g_array_index(history->late, struct late, i);

		if (late->kind == KIND_ROUTER &&
		    ((struct router *)late->object)->number == number)
			return true;
	}
	for (guint i = 0; i < list->len; i++)
		if (((const struct router *)list->pdata[i])->number == number)
			return true;
	return false;
}

static uint32_t pick_number(struct history *history)
{
	uint32_t number = 1;

	while (number_is_used(history, number))
		number++;
	return number;
}

static bool pick_mac(struct history *history, struct uuid network_id, struct mac *mac)
{
	const GPtrArray *ports = cloud_list_ports(history->world.cloud, network_id);

	*mac = world_mac_n(1 + history_roll(history, MACS));
	for (guint i = 0; i < ports->len; i++)
		if (mac_equal(*mac, ((const struct port *)ports->pdata[i])->mac))
			return false;
	return true;
}

static bool ip_is_used(struct history *history, struct uuid network_id, struct ip ip)
{
	const GPtrArray *ports = cloud_list_ports(history->world.cloud, network_id);

	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];
		const struct fixed_ip *fixed = port->fixed_ips.items;

		for (uint32_t j = 0; j < port->fixed_ips.count; j++)
			if (ip_equal(ip, fixed[j].ip))
				return true;
	}
	return false;
}

static void give_ip(struct history *history, struct port *port)
{
	const GPtrArray *subnets = cloud_list_subnets(history->world.cloud, port->network_id);
	const struct subnet *subnet;
	struct ip ip;

	if (!subnets->len)
		return;
	subnet = subnets->pdata[history_roll(history, subnets->len)];
	ip = ip_add(subnet->cidr.ip, 1 + history_roll(history, 10));
	if (!ip_is_used(history, port->network_id, ip))
		world_add_ip(port, subnet->object.id, ip);
}

static void give_pair(struct history *history, struct port *port)
{
	static const char *const macs[] = {"00:00:5e:00:01:01", "00:00:5e:00:01:02",
					   "02:00:00:00:00:03", "02:00:00:00:00:04"};
	const GPtrArray *subnets = cloud_list_subnets(history->world.cloud, port->network_id);
	const char *mac = history_chance(history, 50) ? NULL : macs[history_roll(history, 4)];
	struct prefix prefix;
	char text[PREFIX_TEXT];

	if (!subnets->len)
		return;
	prefix = ((const struct subnet *)subnets->pdata[history_roll(history, subnets->len)])
			 ->cidr;
	if (history_chance(history, 80)) {
		prefix.ip = ip_add(prefix.ip, 1 + history_roll(history, 10));
		prefix.bits = 128;
	}
	world_add_pair(port, prefix_print(prefix, text), mac);
}

/* --------------------------------------------------------------------- one change each */

static void host_step(struct history *history)
{
	const char *name = history_hosts[history_roll(history, HISTORY_HOSTS)];
	const struct host *host = cloud_find_host(history->world.cloud, name);
	g_autofree char *ip =
		g_strdup_printf("10.99.%d.%d", history_roll(history, 200), name[1] - '0');

	if (!host) {
		world_apply(&history->world, KIND_HOST, world_host(&history->world, name, ip));
	} else if (history_chance(history, 30)) {
		world_delete(&history->world, KIND_HOST, host->object.id);
	} else {
		struct host *edit = world_edit(&history->world, KIND_HOST, host->object.id);

		edit->tunnel_ip = world_ip(ip);
		world_apply(&history->world, KIND_HOST, edit);
	}
}

static void network_add(struct history *history)
{
	struct network *network;

	if (cloud_list(history->world.cloud, KIND_NETWORK)->len >= NETWORKS)
		return;
	network = world_network(&history->world, pick_vni(history));
	if (history_chance(history, 15))
		network->place.type = SEGMENT_VLAN; /* only a marker: of no host's concern */
	world_apply(&history->world, KIND_NETWORK, network);
}

static void name_change(struct history *history, char **name, const char *other)
{
	g_free(*name);
	*name = history_chance(history, 50) ? g_strdup(other) : NULL;
}

static void network_edit(struct history *history)
{
	const struct network *network = pick(history, KIND_NETWORK);
	struct network *edit;

	if (!network)
		return;
	edit = world_edit(&history->world, KIND_NETWORK, network->object.id);
	switch (history_roll(history, 6)) {
	case 0:
		edit->admin_state_up = !edit->admin_state_up;
		break;
	case 1:
		edit->mtu = 1400 + history_roll(history, 3);
		break;
	case 2:
		edit->flood = !edit->flood;
		break;
	case 3:
		edit->place.number = pick_vni(history);
		break;
	case 4:
		name_change(history, &edit->dns_domain, "a.example.");
		break;
	default:
		edit->object.revision_number++; /* which no row shows */
	}
	world_apply(&history->world, KIND_NETWORK, edit);
}

/* One of the ways in which Neutron lets the two be said together. */
static void subnet_set_modes(struct history *history, struct subnet *subnet)
{
	enum ipv6_mode mode = history_roll(history, IPV6_MODE_DHCPV6_STATELESS + 1);

	subnet->ipv6_ra_mode = history_chance(history, 80) ? mode : IPV6_MODE_NONE;
	subnet->ipv6_address_mode = history_chance(history, 80) ? mode : IPV6_MODE_NONE;
}

static void subnet_add(struct history *history)
{
	const struct network *network = pick(history, KIND_NETWORK);
	g_autofree char *cidr = NULL, *gateway = NULL;
	struct subnet *subnet;
	guint n;

	if (!network)
		return;
	n = cloud_list_subnets(history->world.cloud, network->object.id)->len;
	if (n > 2)
		return;
	/* Subnets of one network may come to overlap here; rows do not mind. */
	if (n == 2)
		cidr = g_strdup_printf("fd00:%x::/64", network->place.number);
	else
		cidr = g_strdup_printf("10.%u.%u.0/24", network->place.number, n);
	gateway = n == 2 ? g_strdup_printf("fd00:%x::1", network->place.number)
			 : g_strdup_printf("10.%u.%u.1", network->place.number, n);
	subnet = world_subnet(&history->world, network->object.id, cidr, gateway);
	if (n == 2)
		subnet_set_modes(history, subnet);
	world_apply(&history->world, KIND_SUBNET, subnet);
}

/* A pool is here for the scope that its subnets are in by it: one of two, or none. */
static void pool_change(struct history *history)
{
	const struct subnetpool *pool = pick(history, KIND_SUBNETPOOL);
	const struct subnet *subnet = pick(history, KIND_SUBNET);
	struct subnetpool *edit;
	struct subnet *moved;

	if (!pool || (cloud_list(history->world.cloud, KIND_SUBNETPOOL)->len < 3 &&
		      history_chance(history, 50))) {
		edit = attr_new(&subnetpool_table);
		edit->object.id = world_id(&history->world);
		pool = edit;
	} else if (history_chance(history, 20)) {
		world_delete(&history->world, KIND_SUBNETPOOL, pool->object.id);
		return;
	} else {
		edit = world_edit(&history->world, KIND_SUBNETPOOL, pool->object.id);
	}
	edit->address_scope_id = (struct uuid){{(uint8_t)history_roll(history, 3)}};
	if (subnet) {
		moved = world_edit(&history->world, KIND_SUBNET, subnet->object.id);
		moved->subnetpool_id =
			history_chance(history, 80) ? pool->object.id : uuid_none;
		world_apply(&history->world, KIND_SUBNET, moved);
	}
	world_apply(&history->world, KIND_SUBNETPOOL, edit);
}

static void subnet_edit(struct history *history)
{
	const struct subnet *subnet = pick(history, KIND_SUBNET);
	struct subnet *edit;

	if (!subnet)
		return;
	edit = world_edit(&history->world, KIND_SUBNET, subnet->object.id);
	switch (history_roll(history, 6)) {
	case 0:
		edit->enable_dhcp = !edit->enable_dhcp;
		break;
	case 3:
		subnet_set_modes(history, edit);
		break;
	case 4:
		*(struct ip *)vec_add(&edit->dns_nameservers, sizeof(struct ip)) =
			world_ip(history_chance(history, 50) ? "fd00::53" : "9.9.9.9");
		break;
	case 1:
		edit->gateway_ip =
			history_chance(history, 50) ? ip_none : ip_add(edit->cidr.ip, 1);
		break;
	case 2:
		world_add_route(&edit->host_routes, "192.168.0.0/16", "10.1.0.9");
		break;
	default:
		edit->object.updated_at++;
	}
	world_apply(&history->world, KIND_SUBNET, edit);
}

static bool subnet_is_used(struct history *history, const struct subnet *subnet)
{
	const GPtrArray *ports = cloud_list_ports(history->world.cloud, subnet->network_id);

	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];
		const struct fixed_ip *fixed = port->fixed_ips.items;

		for (uint32_t j = 0; j < port->fixed_ips.count; j++)
			if (uuid_equal(fixed[j].subnet_id, subnet->object.id))
				return true;
	}
	return false;
}

static void subnet_del(struct history *history)
{
	const struct subnet *subnet = pick(history, KIND_SUBNET);

	if (subnet && !subnet_is_used(history, subnet))
		world_delete(&history->world, KIND_SUBNET, subnet->object.id);
}

static void router_add(struct history *history)
{
	if (cloud_list(history->world.cloud, KIND_ROUTER)->len < ROUTERS)
		world_apply(&history->world, KIND_ROUTER,
			    world_router(&history->world, pick_number(history)));
}

static void router_edit(struct history *history)
{
	const struct router *router = pick(history, KIND_ROUTER);
	struct router *edit;

	if (!router)
		return;
	edit = world_edit(&history->world, KIND_ROUTER, router->object.id);
	if (history_chance(history, 40)) {
		edit->admin_state_up = !edit->admin_state_up;
	} else if (edit->routes.count > 3) {
		edit->routes.count = history_roll(history, 3);
	} else {
		g_autofree char *to = g_strdup_printf("10.%d.0.0/%d", history_roll(history, 4),
						      history_chance(history, 50) ? 16 : 24);
		g_autofree char *via =
			g_strdup_printf("10.%d.%d.%d", history_roll(history, 4),
					history_roll(history, 2), 2 + history_roll(history, 3));

		world_add_route(&edit->routes, to, via);
	}
	world_apply(&history->world, KIND_ROUTER, edit);
}

static void router_del(struct history *history)
{
	const struct router *router = pick(history, KIND_ROUTER);

	if (router && !cloud_list_interfaces(history->world.cloud, router->object.id)->len)
		world_delete(&history->world, KIND_ROUTER, router->object.id);
}

static void interface_add(struct history *history)
{
	const struct router *router = pick(history, KIND_ROUTER);
	const struct network *network = pick(history, KIND_NETWORK);
	struct port *port;
	struct mac mac;

	if (!router || !network || !network_is_overlay(network) ||
	    !pick_mac(history, network->object.id, &mac))
		return;
	port = world_interface(&history->world, router->object.id, network->object.id, mac);
	give_ip(history, port);
	world_apply(&history->world, KIND_PORT, port);
}

static void interface_del(struct history *history)
{
	const struct router *router = pick(history, KIND_ROUTER);
	const GPtrArray *ports;

	if (!router)
		return;
	ports = cloud_list_interfaces(history->world.cloud, router->object.id);
	if (ports->len)
		world_delete(&history->world, KIND_PORT,
			     ((struct port *)ports->pdata[history_roll(history, ports->len)])
				     ->object.id);
}

static void port_add(struct history *history)
{
	const struct network *network = pick(history, KIND_NETWORK);
	struct port *port;
	struct mac mac;

	if (!network || cloud_list(history->world.cloud, KIND_PORT)->len >= PORTS ||
	    !pick_mac(history, network->object.id, &mac))
		return;
	port = world_port(&history->world, network->object.id, mac, pick_host(history));
	if (!network_is_overlay(network))
		port->binding_state = BINDING_REFUSED;
	give_ip(history, port);
	if (history_chance(history, 20))
		give_ip(history, port);
	if (history_chance(history, 30))
		give_pair(history, port);
	if (history_chance(history, 60))
		policy_give(history, port);
	world_apply(&history->world, KIND_PORT, port);
}

static void port_change(struct history *history, struct port *port)
{
	switch (history_roll(history, 11)) {
	case 0:
	case 1:
		port->host_id = g_intern_string(pick_host(history));
		break;
	case 2:
	case 3:
		give_pair(history, port);
		break;
	case 4:
		port->allowed_address_pairs.count = 0;
		break;
	case 5:
		port->admin_state_up = !port->admin_state_up;
		break;
	case 6:
		port->port_security_enabled = !port->port_security_enabled;
		break;
	case 7:
		port->fixed_ips.count = 0;
		give_ip(history, port);
		break;
	case 8:
		name_change(history, &port->dns_name, "web");
		break;
	case 9:
		name_change(history, &port->dns_domain, "b.example.");
		break;
	default:
		policy_give(history, port);
	}
}

static void port_edit(struct history *history)
{
	const struct port *port = pick(history, KIND_PORT);
	struct port *edit;

	if (!port)
		return;
	edit = world_edit(&history->world, KIND_PORT, port->object.id);
	port_change(history, edit);
	world_apply(&history->world, KIND_PORT, edit);
}

static void port_del(struct history *history)
{
	const struct port *port = pick(history, KIND_PORT);

	if (port)
		world_delete(&history->world, KIND_PORT, port->object.id);
}

/* ----------------------------------------------------------- many at once, in any order */

struct deletion {
	enum kind kind;
	struct uuid id;
};

static void doom(GArray *doomed, enum kind kind, const GPtrArray *objects)
{
	for (guint i = 0; i < objects->len; i++) {
		struct deletion deletion = {kind, ((struct object *)objects->pdata[i])->id};

		g_array_append_val(doomed, deletion);
	}
}

static void delete_shuffled(struct history *history, GArray *doomed)
{
	while (doomed->len) {
		guint i = history_roll(history, doomed->len);
		struct deletion deletion = g_array_index(doomed, struct deletion, i);

		world_delete(&history->world, deletion.kind, deletion.id);
		g_array_remove_index_fast(doomed, i);
	}
}

static void network_drop(struct history *history)
{
	const struct network *network = pick(history, KIND_NETWORK);
	g_autoptr(GArray) doomed = g_array_new(false, false, sizeof(struct deletion));
	struct deletion self = {.kind = KIND_NETWORK};
	struct cloud *cloud = history->world.cloud;

	if (!network)
		return;
	self.id = network->object.id;
	doom(doomed, KIND_PORT, cloud_list_ports(cloud, self.id));
	doom(doomed, KIND_SUBNET, cloud_list_subnets(cloud, self.id));
	g_array_append_val(doomed, self);
	delete_shuffled(history, doomed);
}

static void router_drop(struct history *history)
{
	const struct router *router = pick(history, KIND_ROUTER);
	g_autoptr(GArray) doomed = g_array_new(false, false, sizeof(struct deletion));
	struct deletion self = {.kind = KIND_ROUTER};

	if (!router)
		return;
	self.id = router->object.id;
	doom(doomed, KIND_PORT, cloud_list_interfaces(history->world.cloud, self.id));
	g_array_append_val(doomed, self);
	delete_shuffled(history, doomed);
}

/* A network with a subnet, a router on it and two ports, in any order; when LATE, some of
 * them only in a later transaction. */
static void stack_add(struct history *history, bool late)
{
	struct world *world = &history->world;
	struct {
		enum kind kind;
		void *object;
	} made[6];
	struct network *network = world_network(world, pick_vni(history));
	struct router *router = world_router(world, pick_number(history));
	g_autofree char *cidr = g_strdup_printf("10.%u.0.0/24", network->place.number);
	struct subnet *subnet = world_subnet(world, network->object.id, cidr, NULL);
	struct port *ports[3];
	guint count = G_N_ELEMENTS(made);

	ports[0] =
		world_interface(world, router->object.id, network->object.id, world_mac_n(1));
	for (int i = 1; i < 3; i++)
		ports[i] = world_port(world, network->object.id, world_mac_n(1 + i),
				      pick_host(history));
	for (int i = 0; i < 3; i++) {
		world_add_ip(ports[i], subnet->object.id, ip_add(subnet->cidr.ip, i + 1));
		made[i].kind = KIND_PORT;
		made[i].object = ports[i];
	}
	made[3].kind = KIND_NETWORK;
	made[3].object = network;
	made[4].kind = KIND_SUBNET;
	made[4].object = subnet;
	made[5].kind = KIND_ROUTER;
	made[5].object = router;
	while (count) {
		guint i = history_roll(history, count);

		if (late && history_chance(history, 30))
			late_add(history, made[i].kind, made[i].object);
		else
			world_apply(world, made[i].kind, made[i].object);
		made[i] = made[--count];
	}
}

static void stack_add_some(struct history *history)
{
	struct cloud *cloud = history->world.cloud;

	if (cloud_list(cloud, KIND_NETWORK)->len < NETWORKS &&
	    cloud_list(cloud, KIND_ROUTER)->len < ROUTERS &&
	    cloud_list(cloud, KIND_PORT)->len < PORTS)
		stack_add(history, history_chance(history, 30));
}

/* The new network most likely takes the VNI of the old one. */
static void stack_replace(struct history *history)
{
	network_drop(history);
	stack_add_some(history);
}

/* What the API would refuse: a parent goes before its children. */
static void parent_del(struct history *history)
{
	static const enum kind kinds[] = {KIND_NETWORK, KIND_SUBNET, KIND_ROUTER};
	enum kind kind = kinds[history_roll(history, 3)];
	const struct object *object = pick(history, kind);

	if (object)
		world_delete(&history->world, kind, object->id);
}

void history_end(struct history *history)
{
	g_autoptr(GArray) doomed = g_array_new(false, false, sizeof(struct deletion));

	for (int kind = 0; kind < KIND_COUNT; kind++)
		doom(doomed, kind, cloud_list(history->world.cloud, kind));
	delete_shuffled(history, doomed);
}

/* ------------------------------------------------------------------------ histories */

static const struct {
	void (*step)(struct history *history);
	int weight;
} steps[] = {
	{host_step, 8},	    {network_add, 5},	 {network_edit, 6},  {subnet_add, 7},
	{subnet_edit, 6},   {pool_change, 4},	 {subnet_del, 1},    {router_add, 4},
	{router_edit, 6},   {router_del, 1},	 {interface_add, 7}, {interface_del, 4},
	{port_add, 18},	    {port_edit, 24},	 {port_del, 6},	     {network_drop, 2},
	{router_drop, 2},   {stack_add_some, 3}, {stack_replace, 2}, {parent_del, 1},
	{late_apply, 8},    {policy_step, 32},	 {acl_step, 10},     {firewall_step, 14},
	{gateway_step, 14},
};

void history_step(struct history *history)
{
	int total = 0, at;

	for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
		total += steps[i].weight;
	at = history_roll(history, total);
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		at -= steps[i].weight;
		if (at < 0) {
			steps[i].step(history);
			return;
		}
	}
}

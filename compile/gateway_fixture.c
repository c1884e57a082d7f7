/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any network may be the external one, so a router often has interfaces in it, too. A router has
 * one gateway; its port may be of a network, or name a router, that is no more.
 */
#include "compile/gateway_fixture.h"

static const void *pick(struct history *history, enum kind kind)
{
	const GPtrArray *list = cloud_list(history->world.cloud, kind);

	return list->len ? list->pdata[history_roll(history, list->len)] : NULL;
}

static const char *pick_carrier(struct history *history)
{
	return history_chance(history, 25)
		       ? NULL
		       : g_intern_string(history_hosts[history_roll(history, HISTORY_HOSTS)]);
}

static void give_addresses(struct history *history, struct port *port)
{
	const GPtrArray *subnets = cloud_list_subnets(history->world.cloud, port->network_id);

	port->fixed_ips.count = 0;
	for (guint i = 0; i < subnets->len; i++) {
		const struct subnet *subnet = subnets->pdata[i];

		if (history_chance(history, 70))
			world_add_ip(port, subnet->object.id,
				     ip_add(subnet->cidr.ip, 20 + history_roll(history, 3)));
	}
}

static void gateway_set(struct history *history, const struct router *router)
{
	const struct network *network = pick(history, KIND_NETWORK);
	struct port *port;

	if (!network)
		return;
	port = world_gateway(&history->world, router->object.id, network->object.id,
			     world_mac_n(100 + history_roll(history, 3)),
			     pick_carrier(history));
	give_addresses(history, port);
	world_apply(&history->world, KIND_PORT, port);
}

static void gateway_change(struct history *history, const struct port *gateway)
{
	struct port *edit = world_edit(&history->world, KIND_PORT, gateway->object.id);

	switch (history_roll(history, 4)) {
	case 0:
		edit->admin_state_up = !edit->admin_state_up;
		break;
	case 1:
		give_addresses(history, edit);
		break;
	default:
		edit->host_id = pick_carrier(history);
	}
	world_apply(&history->world, KIND_PORT, edit);
}

static void snat_toggle(struct history *history, const struct router *router)
{
	struct router *edit = world_edit(&history->world, KIND_ROUTER, router->object.id);

	edit->enable_snat = !edit->enable_snat;
	world_apply(&history->world, KIND_ROUTER, edit);
}

/* The network is joined to something outside, or to something else. */
static void marker_change(struct history *history)
{
	static const char *const names[] = {NULL, "outer", "other"};
	const struct network *network = pick(history, KIND_NETWORK);
	struct segment_place *place;
	struct network *edit;

	if (!network)
		return;
	edit = world_edit(&history->world, KIND_NETWORK, network->object.id);
	if (!edit->segments.count)
		vec_add(&edit->segments, sizeof(*place));
	place = vec_at(struct segment_place, &edit->segments, 0);
	g_free(place->physical_network);
	*place = (struct segment_place){SEGMENT_VLAN, g_strdup(names[history_roll(history, 3)]),
					1 + (uint32_t)history_roll(history, 2)};
	world_apply(&history->world, KIND_NETWORK, edit);
}

void gateway_step(struct history *history)
{
	const struct router *router = pick(history, KIND_ROUTER);
	const struct port *gateway =
		router ? cloud_find_gateway(history->world.cloud, router->object.id) : NULL;

	if (!router)
		return;
	if (history_chance(history, 15))
		snat_toggle(history, router);
	else if (history_chance(history, 15))
		marker_change(history);
	else if (!gateway)
		gateway_set(history, router);
	else if (history_chance(history, 25))
		world_delete(&history->world, KIND_PORT, gateway->object.id);
	else
		gateway_change(history, gateway);
}

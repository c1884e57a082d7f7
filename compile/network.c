/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables `network` and `member`. A member is made by the first port that a host has in a
 * network and outlives the last one until the flush has told its host.
 */
#include "compile/network.h"

#include "compile/acl.h"
#include "compile/component.h"
#include "compile/host.h"
#include "compile/location.h"
#include "compile/row.h"
#include "compile/text.h"
#include "model/gateway.h"

static struct net_unit *network_new(struct compile *compile, struct uuid id)
{
	struct net_unit *net = g_new0(struct net_unit, 1);

	net->id = id;
	net->scope.rows = g_ptr_array_new();
	net->scope.links = g_hash_table_new_full(NULL, NULL, NULL, NULL);
	net->scope.members = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	net->locations = location_table_new();
	net->addresses = location_addresses_new();
	component_new(&net->scope);
	g_hash_table_insert(compile->nets, &net->id, net);
	return net;
}

static void member_queue(struct compile *compile, struct member *member)
{
	if (member->queued)
		return;
	member->queued = true;
	g_ptr_array_add(compile->dirty_members, member);
}

/* Every row of the network has the VNI in its key. */
static void network_queue_all(struct compile *compile, struct net_unit *net)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, net->scope.members);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		member_queue(compile, value);
	g_hash_table_iter_init(&iter, net->locations);
	while (g_hash_table_iter_next(&iter, &value, NULL))
		location_queue(compile, value);
}

static void network_forget(struct compile *compile, struct net_unit *net)
{
	net->known = false;
	row_retire(compile, &net->row);
	g_ptr_array_add(compile->gone, &net->scope);
	compile_mark_ports(compile, cloud_list_ports(compile->cloud, net->id));
}

void network_update(struct compile *compile, struct uuid id)
{
	const struct network *network = cloud_find_network(compile->cloud, id);
	struct net_unit *net = g_hash_table_lookup(compile->nets, &id);
	struct row_place place = {.table = COMPILE_NETWORK};
	g_autofree char *physical = NULL;
	bool ports_differ;

	if (!network) {
		if (net)
			network_forget(compile, net);
		return;
	}
	if (!net)
		net = network_new(compile, id);
	physical = gateway_print_physical(network);
	ports_differ = !net->known || net->vni.value != network_get_vni(network).value ||
		       net->mtu != network->mtu ||
		       g_strcmp0(net->dns_domain, network->dns_domain) != 0 ||
		       g_strcmp0(net->physical, physical) != 0;
	if (net->known && net->vni.value != network_get_vni(network).value)
		network_queue_all(compile, net);
	net->known = true;
	net->vni = network_get_vni(network);
	net->mtu = network->mtu;
	g_free(net->dns_domain);
	net->dns_domain = g_strdup(network->dns_domain);
	g_free(net->physical);
	net->physical = g_steal_pointer(&physical);
	if (ports_differ)
		compile_mark_ports(compile, cloud_list_ports(compile->cloud, id));
	place.list = net->scope.rows;
	place.scope = &net->scope;
	row_put(compile, &net->row, place, text_key_vni(net->vni), text_print_network(network));
}

struct member *network_add_port(struct compile *compile, struct net_unit *net,
				struct host_unit *host)
{
	struct member *member = g_hash_table_lookup(net->scope.members, host);

	if (!member) {
		member = g_new0(struct member, 1);
		member->net = net;
		member->host = host;
		g_hash_table_insert(net->scope.members, host, member);
	}
	if (!member->count++) {
		member_queue(compile, member);
		acl_join(compile, net, host);
	}
	return member;
}

void network_del_port(struct compile *compile, struct member *member)
{
	if (--member->count)
		return;
	member_queue(compile, member);
	acl_leave(compile, member->net, member->host);
}

void network_update_member(struct compile *compile, struct member *member)
{
	struct scope *scope = &member->net->scope;
	struct row_place place = {.table = COMPILE_MEMBER,
				  .list = scope->rows,
				  .scope = scope,
				  .host = member->host};

	if (!member->count) {
		row_retire(compile, &member->row);
		return;
	}
	row_put_shared(compile, &member->row, place,
		       text_key_member(member->net->vni, member->host->name), compile->empty);
}

void network_join_member(struct compile *compile, struct member *member)
{
	if (!member->count || member->joined)
		return;
	member->joined = true;
	component_join(compile, &member->net->scope, member->host);
}

void network_leave_member(struct compile *compile, struct member *member)
{
	member->queued = false;
	if (member->count)
		return;
	if (member->joined)
		component_leave(compile, &member->net->scope, member->host);
	g_hash_table_remove(member->net->scope.members, member->host);
}

void network_free(void *data)
{
	struct net_unit *net = data;

	g_hash_table_destroy(net->locations);
	g_hash_table_destroy(net->addresses);
	for (guint i = 0; i < net->scope.rows->len; i++)
		compile_row_free(net->scope.rows->pdata[i]);
	g_ptr_array_free(net->scope.rows, true);
	g_hash_table_destroy(net->scope.links);
	g_hash_table_destroy(net->scope.members);
	g_free(net->dns_domain);
	g_free(net->physical);
	g_free(net);
}

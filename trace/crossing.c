/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/crossing.h"

#include <string.h>

#include "agent/firewalls.h"
#include "trace/host_data.h"
#include "trace/packet.h"
#include "trace/stage.h"

#define PORT_DISCARD 9 /* no protocol that a stage serves */

static struct ip gateway_of(const struct row_port *port, struct ip source)
{
	for (gsize i = 0; i < port->lease_count; i++)
		if (ip_equal(port->leases[i].ip, source))
			return port->leases[i].gateway;
	return ip_none;
}

/* What a walk has looked up of routers' ports, and found. */
static GArray *list_found(const struct trace_host *host, const GArray *looks)
{
	GArray *list = g_array_new(FALSE, FALSE, sizeof(struct trace_crossing));
	uint32_t zero = 0;
	const struct dp_pkt *p = native_find(host->native, NATIVE_MAP_scratch, &zero);

	for (guint i = 0; i < looks->len; i++) {
		const struct trace_look *look = &g_array_index(looks, struct trace_look, i);
		const struct mac_value *owner;
		struct trace_crossing crossing;

		if (look->map != NATIVE_MAP_firewall || !look->value ||
		    list->len >= MIN(p->crossings, DP_CROSSINGS))
			continue;
		owner = native_find(host->native, NATIVE_MAP_mac, look->key);
		crossing = (struct trace_crossing){
			.router = owner ? PLACE_INDEX(owner->place) : 0,
			.bank = p->crossing[list->len].bank,
			.ingress = p->crossing[list->len].ingress,
		};
		g_array_append_val(list, crossing);
	}
	return list;
}

GArray *trace_crossing_list(struct trace_host *host, const struct row_port *port,
			    struct ip source, struct ip target)
{
	struct trace_packet packet = {.kind = TRACE_UDP,
				      .source = source,
				      .target = target,
				      .source_port = PORT_DISCARD,
				      .target_port = PORT_DISCARD,
				      .ttl = 64,
				      .from = port->mac};
	const struct wire *wire = state_find_wire(host->state, port->id);
	struct native_meta meta = {.ifindex = wire ? wire->ifindex : 0};
	g_autoptr(GByteArray) frame = NULL;
	GArray *looks, *found;

	if (!wire || !firewalls_find_router(host->state, port->vni, source, target,
					    gateway_of(port, source), &packet.to))
		return g_array_new(FALSE, FALSE, sizeof(struct trace_crossing));
	frame = trace_packet_build(&packet);
	trace_host_forget(host);
	looks = trace_stage_record(host);
	native_run_port(host->native, frame->data, frame->len, &meta, NULL);
	trace_stage_stop(host);
	found = list_found(host, looks);
	g_array_unref(looks);
	trace_host_forget(host);
	return found;
}

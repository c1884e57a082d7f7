/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See trace.h. One run of one program is one entry of "hosts"; what leaves by tunnel makes
 * another run. Tunnels do not lead to tunnels, and a limit sees to it that this ends anyway.
 */
#include "trace/trace.h"

#include <string.h>

#include "lib/error.h"
#include "trace/frame.h"
#include "trace/host_data.h"
#include "trace/route.h"
#include "trace/policy.h"
#include "trace/stage.h"

#define RUNS_MAX 4096

struct trace {
	trace_fetch fetch;
	void *data;
	GHashTable *hosts; /* name -> struct trace_host */
};

/* A journey under way. */
struct walk {
	struct trace *trace;
	json_t *hosts;
	json_t *results;
	guint runs;
};

/* One run of a program. */
struct run {
	struct walk *walk;
	struct trace_host *host;
	uint32_t ifindex;
	json_t *results;
	bool answers; /* what goes back to the sender is the host's own word */
};

struct trace *trace_new(trace_fetch fetch, void *data)
{
	struct trace *trace = g_new0(struct trace, 1);

	trace->fetch = fetch;
	trace->data = data;
	trace->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					     (GDestroyNotify)trace_host_free);
	return trace;
}

void trace_free(struct trace *trace)
{
	if (!trace)
		return;
	g_hash_table_unref(trace->hosts);
	g_free(trace);
}

static struct trace_host *host_get(struct trace *trace, const char *name, GError **error)
{
	struct trace_host *host = g_hash_table_lookup(trace->hosts, name);

	if (host)
		return host;
	host = trace->fetch(name, trace->data, error);
	if (host)
		g_hash_table_insert(trace->hosts, (gpointer)host->name, host);
	return host;
}

/* -------------------------------------------------------------- results */

static void add_frame(json_t *result, GBytes *frame)
{
	gsize size;
	const guint8 *bytes = g_bytes_get_data(frame, &size);
	g_autofree char *text = trace_frame_print(bytes, size);
	GString *hex = g_string_sized_new(size * 2 + 1);

	for (gsize i = 0; i < size; i++)
		g_string_append_printf(hex, "%02x", bytes[i]);
	json_object_set_new(result, "frame", json_string(text));
	json_object_set_new(result, "bytes", json_string(hex->str));
	g_string_free(hex, TRUE);
}

static void add_port(json_t *result, const struct wire *wire)
{
	char id[UUID_TEXT];

	if (!wire)
		return;
	json_object_set_new(result, "port", json_string(uuid_print(wire->id, id)));
	json_object_set_new(result, "name", json_string(wire->port ? wire->port->name : ""));
}

static json_t *result_new(const struct run *run, const char *what)
{
	json_t *result = json_pack("{s:s,s:s}", "result", what, "host", run->host->name);

	json_array_append_new(run->results, result);
	return result;
}

/* The journey of this copy ends here. */
static json_t *result_last(const struct run *run, const char *what)
{
	json_t *result = result_new(run, what);

	json_array_append(run->walk->results, result);
	return result;
}

static void add_drops(const struct run *run, const GArray *looks)
{
	json_auto_t *drops = trace_stage_list_drops(looks);
	json_t *drop;
	size_t i;

	json_array_foreach (drops, i, drop) {
		json_t *result = result_last(run, "dropped");
		uint32_t slot = (uint32_t)json_integer_value(json_object_get(drop, "slot"));

		if (slot)
			add_port(result, state_find_slot(run->host->state, slot));
		json_object_set(result, "reason", json_object_get(drop, "reason"));
		json_object_set(result, "sentence", json_object_get(drop, "sentence"));
	}
}

/* -------------------------------------------------------------- running */

static bool walk_run(struct walk *walk, struct trace_host *host, const char *from,
		     uint32_t ifindex, GBytes *frame, GError **error);

/* OUTPUT goes to another host by our headers or by the vxlan device's. */
static bool follow(const struct run *run, const struct native_output *output, GError **error)
{
	bool wrapped = output->ifindex != TRACE_VXLAN;
	GBytes *frame =
		wrapped ? g_bytes_ref(output->frame) : trace_frame_wrap(output, run->host->ip);
	g_autofree char *from = g_strdup_printf("host %s, by tunnel", run->host->name);
	const void *data;
	struct ip remote;
	const char *name = NULL;
	struct trace_host *next;
	bool good = true;
	json_t *result;
	gsize size;

	data = g_bytes_get_data(frame, &size);
	if (trace_frame_find_remote(data, size, &remote))
		name = trace_host_find_peer(run->host, remote);
	if (!name) {
		result = result_last(run, "lost");
		json_object_set_new(result, "sentence",
				    json_string("no host has the tunnel's address"));
	} else {
		result = result_new(run, "sent");
		json_object_set_new(result, "to", json_string(name));
		add_frame(result, frame);
		next = host_get(run->walk->trace, name, error);
		good = next && walk_run(run->walk, next, from, 0, frame, error);
	}
	g_bytes_unref(frame);
	return good;
}

static void deliver(const struct run *run, const struct native_output *output)
{
	bool back = run->answers && output->ifindex == run->ifindex;
	json_t *result = result_last(run, back ? "answered" : "delivered");

	add_port(result, trace_host_find_wire(run->host, output->ifindex));
	add_frame(result, output->frame);
}

/* It goes to the world by a gateway, or to another one on the same device: that is HOST's, too. */
static bool leave(const struct run *run, const struct native_output *output, GError **error)
{
	const char *physical = trace_host_find_physical(run->host, output->ifindex);
	g_autofree char *from = g_strdup_printf("host %s, as from outside", run->host->name);
	char text[IP_TEXT];
	json_t *result;
	struct ip next;

	if (output->way == NATIVE_INGRESS)
		return walk_run(run->walk, run->host, from, output->ifindex, output->frame,
				error);
	memcpy(next.b, output->next_hop.b, sizeof(next.b));
	result = result_last(run, output->way == NATIVE_NEIGH ? "left" : "answered");
	json_object_set_new(result, "physical", json_string(physical));
	if (output->way == NATIVE_NEIGH)
		json_object_set_new(result, "next_hop", json_string(ip_print(next, text)));
	add_frame(result, output->frame);
	return true;
}

static bool take_outputs(const struct run *run, const GArray *outputs, GError **error)
{
	for (guint i = 0; i < outputs->len; i++) {
		const struct native_output *output =
			&g_array_index(outputs, struct native_output, i);

		if (output->ifindex == TRACE_UPLINK || output->ifindex == TRACE_VXLAN) {
			if (!follow(run, output, error))
				return false;
		} else if (trace_host_find_physical(run->host, output->ifindex)) {
			if (!leave(run, output, error))
				return false;
		} else {
			deliver(run, output);
		}
	}
	return true;
}

/* Did a stage consume the packet, or drop it and tell? A hairpin goes by a record instead. */
static bool run_answers(const struct run *run)
{
	uint32_t zero = 0;
	const struct dp_pkt *packet = native_find(run->host->native, NATIVE_MAP_scratch, &zero);

	return run->ifindex && (packet->verdict >= 0 || json_array_size(run->results));
}

static json_t *entry_new(const struct run *run, const char *from, GBytes *frame,
			 const GArray *looks)
{
	json_t *entry =
		json_pack("{s:s,s:s,s:o,s:O}", "host", run->host->name, "from", from, "stages",
			  trace_stage_list(run->host, looks), "results", run->results);

	trace_stage_list_nat(run->host, json_object_get(entry, "stages"));
	trace_policy_list(run->host, json_object_get(entry, "stages"));
	if (run->host->note)
		json_object_set_new(entry, "note", json_string(run->host->note));
	add_port(entry, trace_host_find_wire(run->host, run->ifindex));
	add_frame(entry, frame);
	return entry;
}

/* IFINDEX: the device it comes by; 0: the uplink. */
static bool walk_run(struct walk *walk, struct trace_host *host, const char *from,
		     uint32_t ifindex, GBytes *frame, GError **error)
{
	struct native_meta meta = {.ifindex = ifindex ? ifindex : TRACE_UPLINK};
	struct run run = {walk, host, ifindex, json_array(), false};
	GArray *looks, *outputs, *punts;
	gsize size;
	const void *data = g_bytes_get_data(frame, &size);
	int verdict;
	bool good;

	if (walk->runs++ >= RUNS_MAX) {
		json_decref(run.results);
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_EXHAUSTED,
			    "packet: reaches more than %u hosts", RUNS_MAX);
		return false;
	}
	trace_host_forget(host);
	looks = trace_stage_record(host);
	if (trace_host_find_physical(host, ifindex))
		verdict = native_run_outside(host->native, data, size, &meta, NULL);
	else
		verdict = ifindex ? native_run_port(host->native, data, size, &meta, NULL)
				  : native_run_uplink(host->native, data, size, &meta, NULL);
	trace_stage_stop(host);
	native_host_take(host->native, &outputs, &punts);
	json_array_append_new(walk->hosts, entry_new(&run, from, frame, looks));
	add_drops(&run, looks);
	run.answers = run_answers(&run);
	good = take_outputs(&run, outputs, error);
	if (punts->len && g_array_index(punts, struct native_punt, 0).kind != PUNT_ASK)
		result_last(&run, "agent");
	else if (!json_array_size(run.results))
		result_last(&run, verdict == TC_ACT_OK ? "passed" : "nobody");
	g_array_unref(looks);
	g_array_unref(outputs);
	g_array_unref(punts);
	json_decref(run.results);
	return good;
}

json_t *trace_frame(struct trace *trace, struct trace_host *host, uint32_t ifindex,
		    GBytes *frame, GError **error)
{
	struct walk walk = {trace, json_array(), json_array(), 0};
	const struct wire *wire = trace_host_find_wire(host, ifindex);
	g_autofree char *name =
		wire && wire->port ? trace_stage_name_port(wire->port) : g_strdup("?");
	g_autofree char *from = g_strdup_printf("port %s", name);
	g_autofree char *text = NULL;
	gsize size;
	const void *data = g_bytes_get_data(frame, &size);
	bool good = walk_run(&walk, host, from, ifindex, frame, error);

	text = trace_frame_print(data, size);
	if (good)
		return json_pack("{s:s,s:o,s:o}", "packet", text, "hosts", walk.hosts,
				 "results", walk.results);
	json_decref(walk.hosts);
	json_decref(walk.results);
	return NULL;
}

/* --------------------------------------------------- as a workload would */

static json_t *run_packet(struct trace *trace, struct trace_host *host, uint32_t ifindex,
			  const struct trace_packet *packet, GError **error)
{
	GBytes *frame = g_byte_array_free_to_bytes(trace_packet_build(packet));
	json_t *out = trace_frame(trace, host, ifindex, frame, error);

	g_bytes_unref(frame);
	return out;
}

/* The MAC that the one answer in ANSWERS names. */
static bool read_answer(const json_t *answers, struct mac *mac)
{
	const json_t *result = json_array_get(json_object_get(answers, "results"), 0);
	const char *what = json_string_value(json_object_get(result, "result"));
	const char *hex = json_string_value(json_object_get(result, "bytes"));

	/* who answers sends from its own MAC: bytes 6 to 11 */
	if (g_strcmp0(what, "answered") || !hex || strlen(hex) < 24)
		return false;
	for (int i = 0; i < 6; i++)
		mac->b[i] = (guint8)(g_ascii_xdigit_value(hex[12 + 2 * i]) << 4 |
				     g_ascii_xdigit_value(hex[13 + 2 * i]));
	return true;
}

/* Asks who has NEXT. *ASKED is the trace of the question. */
static bool ask_neighbour(struct trace *trace, struct trace_host *host, const struct wire *wire,
			  struct ip next, struct mac *mac, json_t **asked, GError **error)
{
	struct trace_packet question = {.kind = ip_is_v4(next) ? TRACE_ARP : TRACE_ND,
					.target = next,
					.from = wire->port->mac};

	question.source = trace_route_source(wire->port, next);
	trace_packet_find_group(&question, &question.to);
	*asked = run_packet(trace, host, wire->ifindex, &question, error);
	if (!*asked)
		return false;
	if (!read_answer(*asked, mac))
		*mac = (struct mac){0};
	return true;
}

/* Source, MACs: what the user has not said. *ASKED when a neighbour was asked for. */
static bool fill(struct trace *trace, struct trace_host *host, const struct wire *wire,
		 struct trace_packet *packet, const json_t *subnets, json_t **asked,
		 GError **error)
{
	struct ip next;

	if (packet->kind == TRACE_HEX)
		return true;
	if (mac_is_none(packet->from))
		packet->from = wire->port->mac;
	if (packet->kind != TRACE_DHCP && ip_is_none(packet->source))
		packet->source = trace_route_source(wire->port, packet->target);
	if (!mac_is_none(packet->to) || trace_packet_find_group(packet, &packet->to) ||
	    trace_route_is_broadcast(subnets, packet->target, &packet->to))
		return true;
	if (!trace_route_next(subnets, packet->source, packet->target, &next)) {
		char text[IP_TEXT];

		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "packet: %s is on no subnet of the port, which has no gateway: say "
			    "to MAC",
			    ip_print(packet->target, text));
		return false;
	}
	return ask_neighbour(trace, host, wire, next, &packet->to, asked, error);
}

/* The question's hosts before the packet's. */
static json_t *join(json_t *asked, json_t *out)
{
	json_t *hosts = json_array();

	json_array_extend(hosts, json_object_get(asked, "hosts"));
	json_array_extend(hosts, json_object_get(out, "hosts"));
	json_object_set_new(out, "hosts", hosts);
	return out;
}

/* ASKED is all there is, for the packet is never sent: copies of the question are no end of it. */
static json_t *leave_unanswered(json_t *asked, const struct trace_host *host)
{
	json_t *ends = json_array(), *result;
	size_t i;

	json_array_foreach (json_object_get(asked, "results"), i, result)
		if (!strcmp(json_string_value(json_object_get(result, "result")), "dropped"))
			json_array_append(ends, result);
	json_array_append_new(ends, json_pack("{s:s,s:s,s:s}", "result", "unsent", "host",
					      host->name, "sentence",
					      "no neighbour answers the question for its MAC"));
	json_object_set_new(asked, "results", ends);
	return json_incref(asked);
}

json_t *trace_run(struct trace *trace, const char *name, struct uuid port,
		  struct trace_packet *packet, const json_t *subnets, GError **error)
{
	struct trace_host *host = host_get(trace, name, error);
	const struct wire *wire = host ? state_find_wire(host->state, port) : NULL;
	json_auto_t *asked = NULL;
	json_t *out;

	if (host && (!wire || !wire->port))
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "is not wired: host '%s' has no device for it", name);
	if (!wire || !wire->port || !fill(trace, host, wire, packet, subnets, &asked, error))
		return NULL;
	if (asked && mac_is_none(packet->to))
		return leave_unanswered(asked, host);
	out = run_packet(trace, host, wire->ifindex, packet, error);
	return out && asked ? join(asked, out) : out;
}

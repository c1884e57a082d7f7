/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines: first {"host"}, then an event each, and {"lost": N} when N events were not told. What a
 * port is asked for is worked out anew whenever a client or a port comes or goes.
 */
#include "agent/follow.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "agent/agent.h"
#include "agent/flow_filter.h"
#include "agent/flow_show.h"
#include "agent/jiffies.h"
#include "agent/reason.h"
#include "agent/sample.h"
#include "agent/watch.h"
#include "lib/error.h"
#include "lib/http_server.h"
#include "lib/log.h"

#define MODULE	     "flow"
#define QUEUE_MAX    (4u << 20) /* bytes a client may be behind before it loses events */
#define CLIENTS_MAX  64
#define LOST_SECONDS 1
#define OPEN	     (1u << SAMPLE_OPEN)
#define DENY	     (1u << SAMPLE_DENY)

struct follow {
	struct agent *agent;
	GPtrArray *clients; /* struct follower */
	GHashTable *wanted; /* slot -> kinds, not 0 */
	GHashTable *rules;  /* number -> "SET/ID": for a second, then asked for again */
	struct jiffies *jiffies;
	bool logging; /* a port's row asked for it at the last look */
	guint timer;
};

struct follower {
	struct follow *follow;
	struct http_stream *stream;
	struct flow_filter filter;
	uint64_t lost_before; /* as counted by the kernel */
	uint64_t lost;	      /* and here, not yet told */
};

/* --------------------------------------------------------------- wishes */

static uint32_t follower_kinds(const struct follower *follower)
{
	static const uint32_t kinds[] = {[FLOW_WISH_ALL] = OPEN | DENY,
					 [FLOW_WISH_ACCEPTED] = OPEN,
					 [FLOW_WISH_DENIED] = DENY};

	return kinds[follower->filter.verdict];
}

static void want(GHashTable *wanted, uint32_t slot, uint32_t kinds)
{
	uint32_t before = GPOINTER_TO_UINT(g_hash_table_lookup(wanted, GUINT_TO_POINTER(slot)));

	if (before | kinds)
		g_hash_table_insert(wanted, GUINT_TO_POINTER(slot),
				    GUINT_TO_POINTER(before | kinds));
	if (slot && kinds)
		want(wanted, 0, 1u << SAMPLE_SOME);
}

static void want_logs(const struct wire *wire, void *data)
{
	for (gsize i = 0; wire->port && i < wire->port->log_count; i++)
		want(data, wire->slot,
		     (wire->port->logs[i].accept ? OPEN : 0) |
			     (wire->port->logs[i].drop ? DENY : 0));
}

static void want_client(const struct follow *follow, const struct follower *follower,
			GHashTable *wanted)
{
	const struct wire *wire;

	if (!follower->filter.has_port) {
		want(wanted, 0, follower_kinds(follower));
		return;
	}
	wire = state_find_wire(follow->agent->state, follower->filter.port);
	if (wire)
		want(wanted, wire->slot, follower_kinds(follower));
}

uint32_t follow_get_kinds(const struct follow *follow, uint32_t slot)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(follow->wanted, GUINT_TO_POINTER(slot)));
}

/* Tells the data plane of slots whose wishes differ from those in OTHER. */
static void wishes_tell(struct follow *follow, GHashTable *wanted, GHashTable *other)
{
	GHashTableIter iter;
	gpointer slot, kinds;

	g_hash_table_iter_init(&iter, wanted);
	while (g_hash_table_iter_next(&iter, &slot, &kinds))
		if (g_hash_table_lookup(other, slot) != kinds)
			watch_wish(follow->agent->watch, GPOINTER_TO_UINT(slot));
}

static void wishes_renew(struct follow *follow)
{
	g_autoptr(GHashTable) before = follow->wanted;

	follow->wanted = g_hash_table_new(NULL, NULL);
	for (guint i = 0; i < follow->clients->len; i++)
		want_client(follow, follow->clients->pdata[i], follow->wanted);
	follow->logging = state_count_logged(follow->agent->state) > 0;
	if (follow->logging)
		state_foreach_wire(follow->agent->state, want_logs, follow->wanted);
	wishes_tell(follow, before, follow->wanted);
	wishes_tell(follow, follow->wanted, before);
}

void follow_update(struct follow *follow)
{
	if (follow->clients->len || follow->logging || state_count_logged(follow->agent->state))
		wishes_renew(follow);
}

/* ---------------------------------------------------------------- lines */

static void line_write(struct follower *follower, json_t *line)
{
	g_autofree char *text = json_dumps(line, JSON_COMPACT);
	g_autofree char *ended = g_strconcat(text, "\n", NULL);

	if (http_stream_get_queued(follower->stream) > QUEUE_MAX)
		follower->lost++;
	else
		http_stream_write(follower->stream, ended, strlen(ended));
}

/* To whom it may concern; LINE is taken over. */
static void tell(struct follow *follow, const struct wire *wire, const struct conn_key *key,
		 uint32_t kind, json_t *line)
{
	for (guint i = 0; i < follow->clients->len; i++) {
		struct follower *follower = follow->clients->pdata[i];

		if ((follower_kinds(follower) & kind) &&
		    flow_filter_match(&follower->filter, wire, key))
			line_write(follower, line);
	}
	json_decref(line);
}

/* Finding a rule is a walk over all of them. */
static const char *rule_name(struct follow *follow, uint32_t number)
{
	char *name = g_hash_table_lookup(follow->rules, GUINT_TO_POINTER(number));

	if (name || !number)
		return name;
	name = flow_find_rule(follow->agent->state, number);
	g_hash_table_insert(follow->rules, GUINT_TO_POINTER(number), name);
	return name;
}

static json_t *event_line(struct follow *follow, const struct wire *wire,
			  const struct sample_event *event, const struct sample_flow *flow)
{
	bool received = event->flags & SAMPLE_RECEIVED;
	json_t *out = flow_show_ends(wire, &flow->key);

	json_object_set_new(out, "time", json_integer(watch_real_time(event->time)));
	json_object_set_new(out, "event",
			    json_string(event->kind == SAMPLE_OPEN ? "begin" : "deny"));
	json_object_set_new(out, "verdict", json_string("accepted"));
	json_object_set_new(out, "opened_by", json_string(received ? "remote" : "local"));
	json_object_set_new(out, "tracked", json_boolean(!(event->flags & SAMPLE_FREE)));
	flow_show_peer(out, follow->agent->state, flow->identity);
	flow_show_rule(out, rule_name(follow, flow->rule));
	if (event->kind == SAMPLE_DENY)
		flow_show_denial(out, received, event->reason);
	return out;
}

static json_t *end_line(struct follow *follow, const struct wire *wire,
			const struct conn_key *key, const struct conn_value *value)
{
	json_t *out = flow_show_ends(wire, key);

	json_object_set_new(out, "time", json_integer(g_get_real_time() * 1000));
	json_object_set_new(out, "event", json_string("end"));
	json_object_set_new(out, "verdict", json_string("accepted"));
	flow_show_counts(out, value, jiffies_get(follow->jiffies));
	flow_show_peer(out, follow->agent->state, value->remote_identity);
	flow_show_rule(out, rule_name(follow, value->rule));
	return out;
}

/* ------------------------------------------------------------------ log */

/* "tcp 10.0.0.1:1000 -> 10.0.0.2:80", who opens it first. */
static char *ends_print(const struct conn_key *key, bool received)
{
	char proto[FLOW_PROTO_TEXT], local[IP_TEXT], remote[IP_TEXT];
	struct ip ips[2];
	g_autofree char *ends[2] = {NULL};

	memcpy(ips[0].b, key->local.b, sizeof(ips[0].b));
	memcpy(ips[1].b, key->remote.b, sizeof(ips[1].b));
	ends[0] = g_strdup_printf("%s:%u", ip_print(ips[0], local), ntohs(key->lport));
	ends[1] = g_strdup_printf("%s:%u", ip_print(ips[1], remote), ntohs(key->rport));
	return g_strdup_printf("%s %s -> %s", flow_proto_name(key->proto, proto),
			       ends[received], ends[!received]);
}

/* Is it of the set that the log is about? What is denied is so by all of them. */
static bool log_concerns(const struct row_log *log, const struct sample_event *event,
			 const char *rule)
{
	gsize length;

	if (event->kind == SAMPLE_DENY)
		return log->drop;
	if (!log->accept || !log->set)
		return log->accept;
	length = strlen(log->set);
	return rule && strncmp(rule, log->set, length) == 0 && rule[length] == '/';
}

/* The logs that ask for it, or "" when a rule does; NULL: none. */
static char *logs_print(const struct wire *wire, const struct sample_event *event,
			const char *rule)
{
	GString *out = g_string_new(NULL);
	bool any = event->flags & SAMPLE_LOGGED;
	char id[UUID_TEXT];

	for (gsize i = 0; wire->port && i < wire->port->log_count; i++) {
		if (!log_concerns(&wire->port->logs[i], event, rule))
			continue;
		g_string_append_printf(out, "%s%s", out->len ? " " : ", log ",
				       uuid_print(wire->port->logs[i].id, id));
		any = true;
	}
	return g_string_free(out, !any);
}

static void log_event(struct follow *follow, const struct wire *wire,
		      const struct sample_event *event, const struct sample_flow *flow)
{
	const char *rule = rule_name(follow, flow->rule);
	g_autofree char *logs = logs_print(wire, event, rule);
	const struct reason *reason = reason_find(event->reason);
	g_autofree char *ends = NULL;
	char id[UUID_TEXT];

	if (!logs)
		return;
	ends = ends_print(&flow->key, event->flags & SAMPLE_RECEIVED);
	uuid_print(wire->id, id);
	if (event->kind == SAMPLE_OPEN)
		log_info(MODULE, "port %s: accepted %s, rule %s%s", id, ends,
			 rule && *rule ? rule : "none", logs);
	else
		log_info(MODULE, "port %s: denied %s, %s, rule %s%s", id, ends,
			 reason ? reason->name : "unknown", rule && *rule ? rule : "none",
			 logs);
}

void follow_event(struct follow *follow, const struct sample_event *event)
{
	const struct wire *wire = state_find_slot(follow->agent->state, event->slot);
	struct sample_flow flow;

	if (!wire || event->size != sizeof(flow))
		return;
	memcpy(&flow, event->frame, sizeof(flow));
	log_event(follow, wire, event, &flow);
	if (follow->clients->len)
		tell(follow, wire, &flow.key, 1u << event->kind,
		     event_line(follow, wire, event, &flow));
}

void follow_ended(struct follow *follow, const struct conn_key *key,
		  const struct conn_value *value)
{
	const struct wire *wire = state_find_slot(follow->agent->state, key->slot);

	if (wire && follow->clients->len)
		tell(follow, wire, key, OPEN, end_line(follow, wire, key, value));
}

/* -------------------------------------------------------------- clients */

static void lost_add(const struct wire *wire, void *data)
{
	const struct follower *follower = ((void **)data)[0];
	uint64_t *sum = ((void **)data)[1];

	if (!follower->filter.has_port || uuid_equal(follower->filter.port, wire->id))
		*sum += watch_get_untold(follower->follow->agent->watch, wire->slot);
}

static uint64_t lost_count(const struct follower *follower)
{
	uint64_t sum = 0;
	const void *data[] = {follower, &sum};

	state_foreach_wire(follower->follow->agent->state, lost_add, data);
	return sum;
}

static gboolean lost_tell(gpointer data)
{
	struct follow *follow = data;

	g_hash_table_remove_all(follow->rules);
	for (guint i = 0; i < follow->clients->len; i++) {
		struct follower *follower = follow->clients->pdata[i];
		uint64_t now = lost_count(follower);
		json_t *line;

		/* A port that went takes its count along. */
		if (now > follower->lost_before)
			follower->lost += now - follower->lost_before;
		follower->lost_before = now;
		if (!follower->lost)
			continue;
		line = json_pack("{s:I}", "lost", (json_int_t)follower->lost);
		follower->lost = 0;
		line_write(follower, line);
		json_decref(line);
	}
	return G_SOURCE_CONTINUE;
}

static void follower_free(gpointer data)
{
	struct follower *follower = data;

	flow_filter_done(&follower->filter);
	g_free(follower);
}

static void client_gone(void *data)
{
	struct follower *follower = data;
	struct follow *follow = follower->follow;

	log_info(MODULE, "%s: a view of connections has ended", follow->agent->options->host);
	g_ptr_array_remove_fast(follow->clients, follower);
	wishes_renew(follow);
}

GError *follow_open(struct follow *follow, struct http_request *request,
		    const struct http_question *question)
{
	const char *host = follow->agent->options->host;
	struct follower *follower;
	struct flow_filter filter;
	GError *error = NULL;
	json_t *first;

	if (!flow_filter_read(question, &filter, &error))
		return error;
	if (follow->clients->len >= CLIENTS_MAX) {
		flow_filter_done(&filter);
		return g_error_new(WEFT_ERROR, WEFT_ERROR_EXHAUSTED,
				   "flows: %d clients follow them already", CLIENTS_MAX);
	}
	follower = g_new0(struct follower, 1);
	follower->follow = follow;
	follower->filter = filter;
	follower->lost_before = lost_count(follower);
	follower->stream =
		http_stream_open(request, "application/x-ndjson", client_gone, follower);
	log_info(MODULE, "%s: a view of connections has begun", host);
	g_ptr_array_add(follow->clients, follower);
	wishes_renew(follow);
	first = json_pack("{s:s}", "host", host);
	line_write(follower, first);
	json_decref(first);
	return NULL;
}

gsize follow_count(const struct follow *follow)
{
	return follow->clients->len;
}

struct follow *follow_new(struct agent *agent)
{
	struct follow *follow = g_new0(struct follow, 1);

	follow->agent = agent;
	follow->clients = g_ptr_array_new_with_free_func(follower_free);
	follow->wanted = g_hash_table_new(NULL, NULL);
	follow->rules = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	follow->jiffies = jiffies_new();
	follow->timer = g_timeout_add_seconds(LOST_SECONDS, lost_tell, follow);
	return follow;
}

void follow_free(struct follow *follow)
{
	if (!follow)
		return;
	g_source_remove(follow->timer);
	g_ptr_array_unref(follow->clients);
	g_hash_table_unref(follow->wanted);
	g_hash_table_unref(follow->rules);
	jiffies_free(follow->jiffies);
	g_free(follow);
}

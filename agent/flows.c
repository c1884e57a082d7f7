/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <bpf/bpf.h>
#include <jansson.h>

#include "abi/map.h"
#include "agent/agent.h"
#include "agent/jiffies.h"
#include "agent/policies.h"
#include "lib/error.h"
#include "lib/http_server.h"

#define STEP	    1024 /* connections of one turn of the loop */
#define LIMIT	    1000 /* shown unless asked for more */
#define LIMIT_MAX   1000000
#define WALKS_MAX   16 /* at a time */
#define PROTO_TEXT  12
#define ANY_STATE   -1
#define SHORTENED   "truncated"
#define RULE_ABSENT "" /* a rule whose row has gone */

struct flows {
	struct agent *agent;
	GPtrArray *walks; /* struct walk */
	struct jiffies *jiffies;
};

/* What a connection must be. */
struct filter {
	struct uuid port;
	bool has_port;
	const char *project; /* the question's; NULL: any */
	struct prefix address;
	bool has_address;
	int state;
	guint64 limit;
};

/* A request under way. */
struct walk {
	struct flows *flows;
	struct http_request *request;
	struct filter filter;
	guint idle;
	bool started;
	bool truncated;
	uint64_t now;
	json_t *list;
	GHashTable *rules; /* number -> "SET/ID", or RULE_ABSENT */
	uint8_t cursor[sizeof(struct conn_key)];
	struct conn_key keys[STEP];
	struct conn_value values[STEP];
};

/* ------------------------------------------------------------- printing */

static struct ip from_abi(const struct abi_ip *in)
{
	struct ip ip;

	memcpy(ip.b, in->b, sizeof(ip.b));
	return ip;
}

static void set_text(json_t *out, const char *name, const char *text)
{
	json_object_set_new(out, name, text ? json_string(text) : json_null());
}

static void set_count(json_t *out, const char *name, uint64_t count)
{
	json_object_set_new(out, name, json_integer((json_int_t)count));
}

static void set_end(json_t *out, const char *name, const char *port, const struct abi_ip *ip,
		    __be16 number)
{
	char text[IP_TEXT];

	set_text(out, name, ip_print(from_abi(ip), text));
	set_count(out, port, ntohs(number));
}

static const char *proto_name(uint32_t proto, char *text)
{
	static const struct {
		uint32_t proto;
		const char *name;
	} names[] = {{IPPROTO_TCP, "tcp"},
		     {IPPROTO_UDP, "udp"},
		     {IPPROTO_ICMP, "icmp"},
		     {IPPROTO_ICMPV6, "icmpv6"}};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (names[i].proto == proto)
			return names[i].name;
	g_snprintf(text, PROTO_TEXT, "%u", proto);
	return text;
}

/* Finding a rule is a walk over all of them: once for each number. */
static const char *rule_name(struct walk *walk, uint32_t number)
{
	const char *known = g_hash_table_lookup(walk->rules, GUINT_TO_POINTER(number));
	const struct policy_rule *rule;
	char *name;

	if (known)
		return known;
	rule = policies_find_rule(state_policies(walk->flows->agent->state), number);
	name = rule ? g_strconcat(rule->set, "/", rule->id, NULL) : g_strdup(RULE_ABSENT);
	g_hash_table_insert(walk->rules, GUINT_TO_POINTER(number), name);
	return name;
}

static json_t *show_sets(const struct agent *agent, uint32_t identity)
{
	g_autoptr(GPtrArray) sets = policies_list_sets(state_policies(agent->state), identity);
	json_t *out = json_array();

	for (guint i = 0; sets && i < sets->len; i++)
		json_array_append_new(out, json_string(g_ptr_array_index(sets, i)));
	return out;
}

static uint64_t seconds_since(const struct walk *walk, uint64_t jiffies)
{
	return walk->now > jiffies ? (walk->now - jiffies) / jiffies_hz() : 0;
}

static json_t *show(struct walk *walk, const struct wire *wire, const struct conn_key *key,
		    const struct conn_value *value)
{
	const struct row_port *port = wire->port;
	char id[UUID_TEXT], proto[PROTO_TEXT];
	json_t *out = json_object();

	set_text(out, "port", uuid_print(wire->id, id));
	set_text(out, "name", port ? port->name : "");
	set_text(out, "project", port ? port->project : "");
	set_text(out, "protocol", proto_name(key->proto, proto));
	set_end(out, "local", "local_port", &key->local, key->lport);
	set_end(out, "remote", "remote_port", &key->remote, key->rport);
	set_text(out, "state", age_state_name(value->state));
	set_text(out, "opened_by", value->origin ? "remote" : "local");
	set_count(out, "age_seconds", seconds_since(walk, value->created));
	set_count(out, "idle_seconds", seconds_since(walk, value->seen));
	set_count(out, "tx_packets", value->packets[0]);
	set_count(out, "tx_bytes", value->bytes[0]);
	set_count(out, "rx_packets", value->packets[1]);
	set_count(out, "rx_bytes", value->bytes[1]);
	set_count(out, "remote_identity", value->remote_identity);
	json_object_set_new(out, "remote_sets",
			    show_sets(walk->flows->agent, value->remote_identity));
	set_text(out, "rule", value->rule ? rule_name(walk, value->rule) : NULL);
	return out;
}

/* -------------------------------------------------------------- walking */

static bool is_wanted(const struct filter *filter, const struct wire *wire,
		      const struct conn_key *key, const struct conn_value *value)
{
	if (filter->has_port && !uuid_equal(filter->port, wire->id))
		return false;
	if (filter->project &&
	    (!wire->port || g_strcmp0(filter->project, wire->port->project) != 0))
		return false;
	if (filter->has_address && !prefix_contains(filter->address, from_abi(&key->local)) &&
	    !prefix_contains(filter->address, from_abi(&key->remote)))
		return false;
	return filter->state == ANY_STATE || filter->state == value->state;
}

/* False: enough. */
static bool take(struct walk *walk, const struct conn_key *key, const struct conn_value *value)
{
	const struct wire *wire = state_find_slot(walk->flows->agent->state, key->slot);

	if (!wire || !is_wanted(&walk->filter, wire, key, value))
		return true;
	if (json_array_size(walk->list) == walk->filter.limit) {
		walk->truncated = true;
		return false;
	}
	json_array_append_new(walk->list, show(walk, wire, key, value));
	return true;
}

/* False: the table has ended (or cannot be read), or there is enough. */
static bool walk_step(struct walk *walk)
{
	int fd = programs_find_map(walk->flows->agent->programs, "conn");
	uint8_t next[sizeof(walk->cursor)];
	uint32_t count = STEP;
	int status = bpf_map_lookup_batch(fd, walk->started ? walk->cursor : NULL, next,
					  walk->keys, walk->values, &count, NULL);

	if (status && errno != ENOENT)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!take(walk, &walk->keys[i], &walk->values[i]))
			return false;
	walk->started = true;
	memcpy(walk->cursor, next, sizeof(next));
	return status == 0;
}

static void walk_free(gpointer data)
{
	struct walk *walk = data;

	if (walk->idle)
		g_source_remove(walk->idle);
	json_decref(walk->list);
	g_hash_table_unref(walk->rules);
	g_free(walk);
}

static gboolean walk_on(gpointer data)
{
	struct walk *walk = data;
	json_t *body;

	if (walk_step(walk))
		return G_SOURCE_CONTINUE;
	walk->idle = 0;
	body = json_pack("{s:O,s:b}", "flows", walk->list, SHORTENED, walk->truncated);
	http_reply_json(walk->request, 200, json_dumps(body, JSON_COMPACT));
	json_decref(body);
	g_ptr_array_remove_fast(walk->flows->walks, walk);
	return G_SOURCE_REMOVE;
}

/* -------------------------------------------------------------- asking */

static bool refuse(GError **error, const char *name, const char *text, const char *wanted)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "parameter %s: %.64s is not %s",
		    name, text, wanted);
	return false;
}

static bool read_port(const char *text, struct filter *out, GError **error)
{
	out->has_port = true;
	return uuid_parse(text, &out->port) || refuse(error, "port", text, "a uuid");
}

static bool read_project(const char *text, struct filter *out, GError **error)
{
	out->project = text;
	return true;
}

static bool read_address(const char *text, struct filter *out, GError **error)
{
	out->has_address = true;
	return prefix_parse(text, false, &out->address) ||
	       refuse(error, "address", text, "an address or a prefix");
}

static bool read_state(const char *text, struct filter *out, GError **error)
{
	for (int state = CONN_NEW; state <= CONN_CLOSED; state++)
		if (strcmp(age_state_name(state), text) == 0) {
			out->state = state;
			return true;
		}
	return refuse(error, "state", text, "new, established, fin, closing or closed");
}

static bool read_limit(const char *text, struct filter *out, GError **error)
{
	return g_ascii_string_to_unsigned(text, 10, 1, LIMIT_MAX, &out->limit, NULL) ||
	       refuse(error, "limit", text, "a number up to 1000000");
}

static bool filter_read(const struct http_question *question, struct filter *out,
			GError **error)
{
	static const struct {
		const char *name;
		bool (*read)(const char *text, struct filter *out, GError **error);
	} parameters[] = {
		{"port", read_port},   {"project", read_project}, {"address", read_address},
		{"state", read_state}, {"limit", read_limit},
	};

	*out = (struct filter){.state = ANY_STATE, .limit = LIMIT};
	for (gsize i = 0; i < G_N_ELEMENTS(parameters); i++) {
		const char *text = http_question_find(question, parameters[i].name);

		if (text && !parameters[i].read(text, out, error))
			return false;
	}
	return true;
}

bool flows_list(struct flows *flows, struct http_request *request,
		const struct http_question *question, GError **error)
{
	struct filter filter;
	struct walk *walk;

	if (!filter_read(question, &filter, error))
		return false;
	if (filter.has_port && !state_find_wire(flows->agent->state, filter.port)) {
		char text[UUID_TEXT];

		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    "port %s: not attached on this host",
			    uuid_print(filter.port, text));
		return false;
	}
	if (flows->walks->len >= WALKS_MAX) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
			    "flows: %d lists are being made already", WALKS_MAX);
		return false;
	}
	walk = g_new0(struct walk, 1);
	walk->flows = flows;
	walk->request = request;
	walk->filter = filter;
	walk->list = json_array();
	walk->rules = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	walk->now = jiffies_get(flows->jiffies);
	g_ptr_array_add(flows->walks, walk);
	walk->idle = g_idle_add(walk_on, walk);
	return true;
}

struct flows *flows_new(struct agent *agent)
{
	struct flows *flows = g_new0(struct flows, 1);

	flows->agent = agent;
	flows->walks = g_ptr_array_new_with_free_func(walk_free);
	flows->jiffies = jiffies_new();
	return flows;
}

void flows_free(struct flows *flows)
{
	if (!flows)
		return;
	g_ptr_array_unref(flows->walks);
	jiffies_free(flows->jiffies);
	g_free(flows);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the real agent learns from its kernel is made up: devices by number, next hops that are
 * always known.
 */
#include "sim/host.h"

#include <jansson.h>
#include <string.h>

#include "agent/apply.h"
#include "agent/state.h"
#include "sim/kernel.h"
#include "sync/feed.h"

/* One that was told, and waits for its commit. */
struct told {
	char *table, *key;
	json_t *value; /* NULL: gone */
};

struct sim_host {
	unsigned int number;
	char *name, *ip_text;
	struct ip ip;
	const char *url;
	bool light;
	struct kernel *kernel;
	/* Of the agent that runs. */
	struct desired *desired;
	struct state *state;
	struct feed *feed;
	GHashTable *rows; /* "TABLE KEY" -> value, as told */
	GPtrArray *told;  /* struct told, since the last commit */
	uint32_t next_ifindex;
	/* Over all of them. */
	struct sim_host_counters before;
	GString *complaint;
};

char *sim_host_row_text(const json_t *value)
{
	return json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
}

static GHashTable *rows_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free);
}

static void complain(struct sim_host *host, const char *text)
{
	if (host->complaint->len < 4096)
		g_string_append_printf(host->complaint, "%s; ", text);
}

/* --- the agent's state --------------------------------------------------------------- */

static void on_watch(struct ip remote, struct next_hop *out, void *data)
{
	*out = (struct next_hop){.resolved = true,
				 .ifindex = 2,
				 .next = {{0x02, 0xff, 0, 0, 0, remote.b[15]}},
				 .source = {{0x02, 0xff, 0, 0, 0, 1}},
				 .mtu = 1500};
}

static void on_unwatch(struct ip remote, void *data)
{
}

static void on_state_complain(const char *text, void *data)
{
	complain(data, text);
}

static const struct state_ops state_ops = {on_watch, on_unwatch, on_state_complain};

static void ports_wire(struct sim_host *host)
{
	g_autoptr(GPtrArray) ports = state_list_ports(host->state);

	for (guint i = 0; i < ports->len; i++) {
		const struct row_port *port = ports->pdata[i];
		char id[UUID_TEXT];

		if (state_find_wire(host->state, port->id))
			continue;
		state_wire(host->state, port->id, host->next_ifindex++, true, 0, NULL);
		feed_report_port(host->feed, uuid_print(port->id, id), true);
	}
}

static void wire_note(const struct wire *wire, void *data)
{
	if (!wire->port && !wire->gateway)
		g_array_append_val(data, wire->id);
}

static void ports_unwire(struct sim_host *host)
{
	g_autoptr(GArray) gone = g_array_new(FALSE, FALSE, sizeof(struct uuid));
	char text[UUID_TEXT];

	state_foreach_wire(host->state, wire_note, gone);
	for (guint i = 0; i < gone->len; i++) {
		struct uuid id = g_array_index(gone, struct uuid, i);

		state_unwire(host->state, id);
		feed_report_gone(host->feed, uuid_print(id, text));
	}
}

static void host_apply(struct sim_host *host, uint64_t revision)
{
	struct apply_writer writer = kernel_get_writer(host->kernel);
	g_autoptr(GError) error = NULL;

	if (!state_is_full(host->state))
		return;
	ports_unwire(host);
	ports_wire(host);
	state_flush(host->state);
	if (!apply_changes(host->desired, &writer, NULL, &error)) {
		complain(host, error->message);
		return;
	}
	state_applied(host->state);
	state_slots_swept(host->state);
	feed_report_revision(host->feed, revision);
}

/* --- the feed ------------------------------------------------------------------------ */

static void told_free(void *data)
{
	struct told *told = data;

	g_free(told->table);
	g_free(told->key);
	json_decref(told->value);
	g_free(told);
}

static void told_take(struct sim_host *host, const struct told *told)
{
	g_autofree char *name = g_strconcat(told->table, " ", told->key, NULL);
	g_autoptr(GError) error = NULL;

	if (!(told->value ? state_put(host->state, told->table, told->key, told->value, &error)
			  : state_del(host->state, told->table, told->key, &error)))
		complain(host, error->message);
	if (told->value)
		g_hash_table_replace(host->rows, g_steal_pointer(&name),
				     sim_host_row_text(told->value));
	else
		g_hash_table_remove(host->rows, name);
}

/* The order within a transaction means nothing, nor does a row that comes twice. */
static void told_shuffle(struct sim_host *host)
{
	for (guint i = host->told->len; i > 1; i--) {
		guint j = (guint)g_random_int_range(0, (gint32)i);
		gpointer other = host->told->pdata[j];

		host->told->pdata[j] = host->told->pdata[i - 1];
		host->told->pdata[i - 1] = other;
	}
}

static void told_take_all(struct sim_host *host)
{
	told_shuffle(host);
	for (guint i = 0; i < host->told->len; i++) {
		told_take(host, host->told->pdata[i]);
		if (g_random_int_range(0, 8) == 0)
			told_take(host,
				  host->told->pdata[g_random_int_range(0, (gint32)i + 1)]);
	}
	g_ptr_array_set_size(host->told, 0);
}

static void feed_begin(uint64_t revision, void *data)
{
	struct sim_host *host = data;

	g_ptr_array_set_size(host->told, 0);
	g_hash_table_remove_all(host->rows);
	state_begin(host->state);
}

static void feed_end(uint64_t revision, void *data)
{
	struct sim_host *host = data;

	told_take_all(host);
	state_end(host->state, G_MAXUINT);
	host_apply(host, revision);
}

static void feed_row(const char *table, const char *key, json_t *value, uint64_t revision,
		     void *data)
{
	struct told *told = g_new0(struct told, 1);

	told->table = g_strdup(table);
	told->key = g_strdup(key);
	told->value = json_incref(value);
	g_ptr_array_add(((struct sim_host *)data)->told, told);
}

static void feed_commit(uint64_t revision, void *data)
{
	told_take_all(data);
	host_apply(data, revision);
}

static void feed_nothing(uint64_t revision, void *data)
{
	feed_report_revision(((struct sim_host *)data)->feed, revision);
}

static void feed_no_begin(uint64_t revision, void *data)
{
}

static void feed_no_row(const char *table, const char *key, json_t *value, uint64_t revision,
			void *data)
{
}

static void feed_connected(bool connected, void *data)
{
}

/* Connections break here all the time; a refused line is counted. */
static void feed_complain(const char *text, void *data)
{
}

static const struct feed_ops feed_ops = {
	.begin = feed_begin,
	.end = feed_end,
	.row = feed_row,
	.commit = feed_commit,
	.connected = feed_connected,
	.complain = feed_complain,
};

static const struct feed_ops light_ops = {
	.begin = feed_no_begin,
	.end = feed_nothing,
	.row = feed_no_row,
	.commit = feed_nothing,
	.connected = feed_connected,
	.complain = feed_complain,
};

/* --- a life -------------------------------------------------------------------------- */

struct adoption {
	struct state *to;
	struct sim_host *host;
};

/* As ports.c does with the devices that it finds. */
static void wire_adopt(const struct wire *wire, void *data)
{
	const struct adoption *adoption = data;

	if (!wire->gateway &&
	    !state_wire(adoption->to, wire->id, wire->ifindex, wire->veth, wire->slot, NULL))
		complain(adoption->host, "a slot is taken");
}

static void agent_start(struct sim_host *host)
{
	const char *const controllers[] = {host->url, NULL};
	const struct feed_config config = {.controllers = controllers,
					   .host = host->name,
					   .tunnel_ip = host->ip_text,
					   .backoff_min_ms = 20,
					   .backoff_max_ms = 500};

	host->rows = rows_new();
	host->told = g_ptr_array_new_with_free_func(told_free);
	host->feed = feed_new(&config, host->light ? &light_ops : &feed_ops, host);
}

static void feed_end_life(struct sim_host *host)
{
	host->before = sim_host_get_counters(host);
	feed_free(g_steal_pointer(&host->feed));
	g_hash_table_unref(host->rows);
	g_ptr_array_unref(host->told);
}

struct sim_host *sim_host_new(unsigned int number, const char *url, bool light)
{
	struct sim_host *host = g_new0(struct sim_host, 1);

	host->number = number;
	host->name = g_strdup_printf("h%u", number);
	host->ip_text = g_strdup_printf("10.99.%u.%u", number / 250, number % 250 + 1);
	ip_parse(host->ip_text, &host->ip);
	host->url = url;
	host->light = light;
	host->kernel = kernel_new();
	host->desired = desired_new();
	host->state = state_new(host->name, host->ip, host->desired, &state_ops, host);
	host->next_ifindex = 10;
	host->complaint = g_string_new(NULL);
	agent_start(host);
	return host;
}

void sim_host_restart(struct sim_host *host)
{
	struct state *old_state = host->state;
	struct desired *old_desired = host->desired;
	struct adoption adoption = {.host = host};

	feed_end_life(host);
	host->before.restarts++;
	host->desired = desired_new();
	kernel_load(host->kernel, host->desired);
	host->state = state_new(host->name, host->ip, host->desired, &state_ops, host);
	kernel_recover(host->kernel, host->state);
	adoption.to = host->state;
	state_foreach_wire(old_state, wire_adopt, &adoption);
	state_free(old_state);
	desired_free(old_desired);
	agent_start(host);
}

void sim_host_free(struct sim_host *host)
{
	feed_end_life(host);
	state_free(host->state);
	desired_free(host->desired);
	kernel_free(host->kernel);
	g_string_free(host->complaint, TRUE);
	g_free(host->name);
	g_free(host->ip_text);
	g_free(host);
}

const char *sim_host_name(const struct sim_host *host)
{
	return host->name;
}

bool sim_host_is_connected(const struct sim_host *host)
{
	return feed_is_connected(host->feed);
}

uint64_t sim_host_revision(const struct sim_host *host)
{
	return feed_get_revision(host->feed);
}

gsize sim_host_entries(const struct sim_host *host)
{
	return kernel_count(host->kernel);
}

struct sim_host_counters sim_host_get_counters(const struct sim_host *host)
{
	struct sim_host_counters counters = host->before;
	struct feed_counters feed;

	if (!host->feed)
		return counters;
	feed = feed_get_counters(host->feed);
	counters.rows += feed.rows;
	counters.fulls += feed.fulls;
	counters.resumes += feed.resumes;
	counters.connects += feed.connects;
	return counters;
}

/* --- comparisons --------------------------------------------------------------------- */

char *sim_host_compare_rows(const struct sim_host *host, GHashTable *rows)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, rows);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const char *held = g_hash_table_lookup(host->rows, key);

		if (g_strcmp0(held, value) != 0)
			return g_strdup_printf("%s: row %s: is %s, should be %s", host->name,
					       (char *)key, held ? held : "missing",
					       (char *)value);
	}
	g_hash_table_iter_init(&iter, host->rows);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (!g_hash_table_contains(rows, key))
			return g_strdup_printf("%s: row %s: is %s, should be gone", host->name,
					       (char *)key, (char *)value);
	return NULL;
}

static void state_fill(struct state *state, GHashTable *rows, struct sim_host *host)
{
	GHashTableIter iter;
	gpointer name, text;

	g_hash_table_iter_init(&iter, rows);
	while (g_hash_table_iter_next(&iter, &name, &text)) {
		const char *key = strchr(name, ' ') + 1;
		g_autofree char *table = g_strndup(name, (gsize)(key - 1 - (char *)name));
		json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

		if (!state_put(state, table, key, value, NULL))
			complain(host, "a row that was taken is refused");
		json_decref(value);
	}
}

char *sim_host_compare_entries(const struct sim_host *host)
{
	struct desired *desired = desired_new();
	struct state *state =
		state_new(host->name, host->ip, desired, &state_ops, (void *)host);
	struct adoption adoption = {state, (struct sim_host *)host};
	char *difference, *line;

	kernel_recover(host->kernel, state);
	state_foreach_wire(host->state, wire_adopt, &adoption);
	state_begin(state);
	state_fill(state, host->rows, (struct sim_host *)host);
	state_end(state, G_MAXUINT);
	state_flush(state);
	difference = kernel_compare(host->kernel, desired);
	state_free(state);
	desired_free(desired);
	line = difference ? g_strdup_printf("%s: %s", host->name, difference) : NULL;
	g_free(difference);
	return line;
}

char *sim_host_take_complaint(struct sim_host *host)
{
	uint64_t bad = feed_get_counters(host->feed).bad_lines;
	char *text;

	if (host->complaint->len == 0 && bad == 0)
		return NULL;
	text = g_strdup_printf("%s: %s%" G_GUINT64_FORMAT " bad lines", host->name,
			       host->complaint->str, bad);
	g_string_truncate(host->complaint, 0);
	return text;
}

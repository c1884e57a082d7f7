/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host gets the rules of all sets that its own ports are in, the addresses these rules name, and
 * the identities: of its own ports, and those that are in a set which these rules name.
 */
#include "compile/full_policy.h"

#include "compile/text.h"
#include "compile/text_policy.h"
#include "compile/text_selector.h"

/* A set that a policy of a project speaks of. */
struct selected {
	struct selection selection;
	struct selector selector;
	char *port_name;
};

/* A row of a policy's rule. */
struct full_rule {
	char *set;
	char *remote;
	char *key;
	char *value;
};

struct full {
	const struct cloud *cloud;
	GHashTable *selected; /* name -> struct selected, of all projects */
	GPtrArray *rules;     /* struct full_rule, of all policies */
	GHashTable *own;      /* set of identities that this host's ports have */
	GHashTable *remotes;  /* names of the sets that their rules name */
	void (*put)(enum compile_table table, char *key, char *value, void *data);
	void *data;
};

static void selected_free(void *data)
{
	struct selected *selected = data;

	selector_done(&selected->selector);
	g_free(selected->port_name);
	g_free(selected);
}

static void rule_free(void *data)
{
	struct full_rule *rule = data;

	g_free(rule->set);
	g_free(rule->remote);
	g_free(rule->key);
	g_free(rule->value);
	g_free(rule);
}

/* Ports that are somewhere: those that hosts are told of. */
static bool is_real(const struct full *full, const struct port *port)
{
	return text_is_workload(port) && cloud_find_network(full->cloud, port->network_id);
}

/* ----------------------------------------------------------- what policies say */

static gint number_compare(gconstpointer a, gconstpointer b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static GArray *list_numbers(const char *project, const char *name, int protocol, void *data)
{
	const struct full *full = data;
	const GPtrArray *ports = cloud_list(full->cloud, KIND_PORT);
	GArray *all = g_array_new(FALSE, FALSE, sizeof(uint16_t));
	guint kept = 0;

	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];

		if (port->object.project_id != project || !is_real(full, port))
			continue;
		for (uint32_t n = 0; n < port->named_ports.count; n++) {
			const struct named_port *named =
				vec_at(struct named_port, &port->named_ports, n);
			uint16_t number = (uint16_t)named->port;

			if (g_str_equal(named->name, name) &&
			    named_port_get_protocol(named) == protocol)
				g_array_append_val(all, number);
		}
	}
	g_array_sort(all, number_compare);
	for (guint i = 0; i < all->len; i++) {
		uint16_t number = g_array_index(all, uint16_t, i);

		if (!kept || g_array_index(all, uint16_t, kept - 1) != number)
			g_array_index(all, uint16_t, kept++) = number;
	}
	g_array_set_size(all, kept);
	return all;
}

static void note_selection(struct full *full, const char *name,
			   const struct selection *selection)
{
	struct selected *selected = g_new0(struct selected, 1);

	selector_copy(&selected->selector, selection->selector);
	selected->port_name = g_strdup(selection->port_name);
	selected->selection = *selection;
	selected->selection.selector = &selected->selector;
	selected->selection.port_name = selected->port_name;
	g_hash_table_replace(full->selected, g_strdup(name), selected);
}

static void note_rule(struct text_rule *text, void *data)
{
	struct full *full = data;
	struct full_rule *rule = g_new0(struct full_rule, 1);

	note_selection(full, text->set, &text->subject);
	if (text->has_peer)
		note_selection(full, text->remote, &text->peer);
	rule->set = g_strdup(text->set);
	rule->remote = g_strdup(text->remote);
	rule->key = g_steal_pointer(&text->key);
	rule->value = g_steal_pointer(&text->value);
	g_ptr_array_add(full->rules, rule);
}

static void note_policies(struct full *full)
{
	const GPtrArray *policies = cloud_list(full->cloud, KIND_POLICY);

	for (guint i = 0; i < policies->len; i++)
		text_visit_policy(policies->pdata[i], list_numbers, note_rule, full);
}

/* ------------------------------------------------------------------- who is in */

/* Names of the sets that PORT is in. */
static GPtrArray *list_sets(const struct full *full, const struct port *port)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	gpointer name, selected;

	for (uint32_t i = 0; i < port->security_groups.count; i++)
		g_ptr_array_add(names,
				text_set(*vec_at(struct uuid, &port->security_groups, i)));
	g_hash_table_iter_init(&iter, full->selected);
	while (g_hash_table_iter_next(&iter, &name, &selected))
		if (selection_has(&((struct selected *)selected)->selection,
				  port->object.project_id, &port->labels, &port->named_ports))
			g_ptr_array_add(names, g_strdup(name));
	return names;
}

static bool is_in(GPtrArray *names, const char *name)
{
	return g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL);
}

static bool is_named(const struct full *full, GPtrArray *names)
{
	for (guint i = 0; i < names->len; i++)
		if (g_hash_table_contains(full->remotes, names->pdata[i]))
			return true;
	return false;
}

/* ------------------------------------------------------------------------ rows */

static void put_group_rules(struct full *full, struct uuid id)
{
	const GPtrArray *rules = cloud_list_rules(full->cloud, id);

	for (guint n = 0; n < rules->len; n++) {
		const struct security_rule *rule = rules->pdata[n];
		char *remote = text_rule_remote(rule);

		full->put(COMPILE_RULE, text_key_rule(rule),
			  text_print_rule(rule, cloud_find_group(full->cloud, id)), full->data);
		if (remote)
			g_hash_table_add(full->remotes, remote);
	}
}

static void put_own(struct full *full, const struct port *port)
{
	g_autoptr(GPtrArray) names = list_sets(full, port);

	g_hash_table_add(full->own, GUINT_TO_POINTER(port->identity));
	for (uint32_t i = 0; i < port->security_groups.count; i++)
		put_group_rules(full, *vec_at(struct uuid, &port->security_groups, i));
	for (guint i = 0; i < full->rules->len; i++) {
		const struct full_rule *rule = full->rules->pdata[i];

		if (!is_in(names, rule->set))
			continue;
		full->put(COMPILE_RULE, g_strdup(rule->key), g_strdup(rule->value), full->data);
		if (rule->remote)
			g_hash_table_add(full->remotes, g_strdup(rule->remote));
	}
}

static void put_identity(struct full *full, const struct port *port)
{
	g_autoptr(GPtrArray) names = list_sets(full, port);

	if (g_hash_table_contains(full->own, GUINT_TO_POINTER(port->identity)) ||
	    is_named(full, names))
		full->put(COMPILE_IDENTITY, g_strdup_printf("%u", port->identity),
			  text_print_identity(names), full->data);
}

static void put_addresses(struct full *full)
{
	const GPtrArray *groups = cloud_list(full->cloud, KIND_ADDRESS_GROUP);

	for (guint i = 0; i < groups->len; i++) {
		const struct address_group *group = groups->pdata[i];
		g_autofree char *set = text_address_set(group->object.id);
		char prefix[PREFIX_TEXT];

		if (!g_hash_table_contains(full->remotes, set))
			continue;
		for (uint32_t n = 0; n < group->addresses.count; n++)
			full->put(COMPILE_ADDRESSES,
				  g_strdup_printf("%s/%s", set,
						  prefix_print(*vec_at(struct prefix,
								       &group->addresses, n),
							       prefix)),
				  text_print_member(), full->data);
	}
}

void full_policies(const struct cloud *cloud, const char *host,
		   void (*put)(enum compile_table table, char *key, char *value, void *data),
		   void *data)
{
	g_autoptr(GHashTable) selected =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, selected_free);
	g_autoptr(GHashTable) remotes =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) own = g_hash_table_new(NULL, NULL);
	g_autoptr(GPtrArray) rules = g_ptr_array_new_with_free_func(rule_free);
	struct full full = {cloud, selected, rules, own, remotes, put, data};
	const GPtrArray *ports = cloud_list(cloud, KIND_PORT);

	note_policies(&full);
	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];

		if (is_real(&full, port) && text_is_filtered(port) &&
		    g_str_equal(port->host_id, host))
			put_own(&full, port);
	}
	for (guint i = 0; i < ports->len; i++)
		if (is_real(&full, ports->pdata[i]))
			put_identity(&full, ports->pdata[i]);
	put_addresses(&full);
}

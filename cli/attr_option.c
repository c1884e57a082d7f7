/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An option is called like its attribute with '-'. Where openstackclient has taught
 * people another name, that is the one shown, and both are understood.
 */
#include "cli/attr_option.h"

#include <string.h>
#include "cli/value.h"
#include "lib/error.h"
#include "lib/http_client.h"

/* Names that are not the attribute's. Lists are named by one item. */
static const struct {
	const char *attribute, *option;
} names[] = {
	{"binding:host_id", "host"},
	{"binding:vnic_type", "vnic-type"},
	{"binding:profile", "binding-profile"},
	{"provider:segmentation_id", "provider-segment"},
	{"provider:network_type", "provider-network-type"},
	{"provider:physical_network", "provider-physical-network"},
	{"segmentation_id", "segment"},
	{"segment_id", "network-segment"},
	{"cidr", "subnet-range"},
	{"gateway_ip", "gateway"},
	{"device_id", "device"},
	{"project_id", "project"},
	{"allowed_address_pairs", "allowed-address"},
	{"extra_dhcp_opts", "extra-dhcp-option"},
	{"remote_ip_prefix", "remote-ip"},
	{"addresses", "address"},
	{"target_tenant", "target-project"},
	{"prefixes", "pool-prefix"},
	{"subnetpool_id", "subnet-pool"},
};

/* Dictionaries whose keys have options of their own. */
static const struct {
	const char *dictionary, *key, *option;
	bool unset; /* ... which takes all of it away */
} keys[] = {
	{"external_gateway_info", "network_id", "external-gateway", true},
	{"external_gateway_info", "external_fixed_ips", "fixed-ip", false},
};

/* Further names of the same. */
static const struct {
	const char *attribute, *option, *help;
} synonyms[] = {
	{"port_range_min", "icmp-type", "--port-range-min of ICMP"},
	{"port_range_max", "icmp-code", "--port-range-max of ICMP"},
};

/* Both ends in one option. */
static const struct {
	const char *first, *last, *option, *help;
} ranges[] = {
	{"port_range_min", "port_range_max", "dst-port", "--port-range-min, --port-range-max"},
};

/* Words for nothing. */
static const struct {
	const char *attribute, *word;
} nothings[] = {
	{"protocol", "any"},
};

static const struct attr_action actions[] = {
	{"addresses", "add_addresses", "remove_addresses"},
	{"prefixes", "add_prefixes", "remove_prefixes"},
};

/* Values as words. */
static const struct {
	const char *attribute, *option, *value, *help;
} flags[] = {
	{"admin_state_up", "enable", "true", "--admin-state-up true"},
	{"admin_state_up", "disable", "false", "--admin-state-up false"},
	{"shared", "share", "true", "--shared true"},
	{"shared", "no-share", "false", "--shared false"},
	{"is_default", "default", "true", "--is-default true"},
	{"is_default", "no-default", "false", "--is-default false"},
	{"use_default_subnetpool", "use-default-subnet-pool", "true",
	 "--use-default-subnetpool true"},
	{"router:external", "external", "true", "--router-external true"},
	{"router:external", "internal", "false", "--router-external false"},
	{"enable_dhcp", "dhcp", "true", "--enable-dhcp true"},
	{"enable_dhcp", "no-dhcp", "false", "--enable-dhcp false"},
	{"target_tenant", "target-all-projects", "*", "--target-project '*'"},
	{"direction", "ingress", "ingress", "--direction ingress"},
	{"direction", "egress", "egress", "--direction egress"},
	{"stateful", "stateless", "false", "--stateful false"},
	{"port_security_enabled", "enable-port-security", "true",
	 "--port-security-enabled true"},
	{"port_security_enabled", "disable-port-security", "false",
	 "--port-security-enabled false"},
};

static const struct {
	const char *attribute;
	enum kind kind;
} references[] = {
	{"network_id", KIND_NETWORK},
	{"subnet_id", KIND_SUBNET},
	{"router_id", KIND_ROUTER},
	{"port_id", KIND_PORT},
	{"security_group_id", KIND_SECURITY_GROUP},
	{"security_groups", KIND_SECURITY_GROUP},
	{"remote_group_id", KIND_SECURITY_GROUP},
	{"resource_id", KIND_SECURITY_GROUP},
	{"target_id", KIND_PORT},
	{"remote_address_group_id", KIND_ADDRESS_GROUP},
	{"subnetpool_id", KIND_SUBNETPOOL},
	{"address_scope_id", KIND_ADDRESS_SCOPE},
	{"network_acl_id", KIND_NETWORK_ACL},
	{"segment_id", KIND_SEGMENT},
	{"firewall_rules", KIND_FIREWALL_RULE},
	{"firewall_policy_id", KIND_FIREWALL_POLICY},
	{"ingress_firewall_policy_id", KIND_FIREWALL_POLICY},
	{"egress_firewall_policy_id", KIND_FIREWALL_POLICY},
	{"ports", KIND_PORT},
	{"flavor_id", KIND_FLAVOR},
};

static bool find_reference(const char *attribute, enum kind *kind)
{
	for (size_t i = 0; i < G_N_ELEMENTS(references); i++)
		if (!strcmp(references[i].attribute, attribute)) {
			*kind = references[i].kind;
			return true;
		}
	return false;
}

/* "binding:host_id" is "binding-host-id". */
static const char *plain_name(const char *attribute)
{
	g_autofree char *name = g_strdelimit(g_strdup(attribute), "_:", '-');

	return g_intern_string(name);
}

const char *attr_option_name(const struct attr *attr)
{
	const char *plain = plain_name(attr->name);
	g_autofree char *shorter = NULL;
	enum kind kind;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (!strcmp(names[i].attribute, attr->name))
			return names[i].option;
	if (attr->type == ATTR_UUID && find_reference(attr->name, &kind))
		shorter = g_strndup(plain, strlen(plain) - strlen("-id"));
	else if (attr->type == ATTR_LIST && g_str_has_suffix(plain, "s"))
		shorter = g_strndup(plain, strlen(plain) - 1);
	return shorter ? g_intern_string(shorter) : plain;
}

/* Lists whose items have a form of their own (policy_text.h), or fields other names (value.c). */
static const struct {
	const char *list, *metavar;
} texts[] = {
	{"rules", "'ingress|egress [ACTION] [from|to PEER] [SERVICE…] [log]'"},
	{"match_expressions", "KEY[[!]=VALUE|…]"},
	{"segments", "network-type=…,physical-network=…,segment=…"},
};

/* What a value looks like. */
static const char *metavar_of(const struct attr *attr)
{
	g_autofree char *text = NULL;
	g_autoptr(GString) items = NULL;
	const char *word;
	enum kind kind;

	switch (attr->type) {
	case ATTR_BOOL:
		return "true|false";
	case ATTR_INT:
	case ATTR_U32:
		return "N";
	case ATTR_UUID:
		if (find_reference(attr->name, &kind)) {
			word = strrchr(cloud_table(kind)->singular, '_');
			text = g_ascii_strup(word ? word + 1 : cloud_table(kind)->singular, -1);
			return g_intern_string(text);
		}
		return "ID";
	case ATTR_IP:
		return "ADDRESS";
	case ATTR_PREFIX:
		return "PREFIX";
	case ATTR_MAC:
		return "MAC";
	case ATTR_DICT:
		return "JSON";
	case ATTR_ENUM:
		text = g_strjoinv("|", (char **)attr->names);
		return g_intern_string(*text == '|' ? text + 1 : text);
	case ATTR_LIST:
		if (value_is_scalar_list(attr))
			return metavar_of(&(struct attr){.name = attr->name,
							 .type = attr->item->attrs[0].type,
							 .names = attr->item->attrs[0].names});
		if (attr_is_map(attr))
			return "KEY=VALUE";
		for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
			if (!strcmp(texts[i].list, attr->name))
				return texts[i].metavar;
		items = g_string_new(NULL);
		for (const struct attr *part = attr->item->attrs; part->name; part++)
			g_string_append_printf(items, "%s%s=…", items->len ? "," : "",
					       attr_option_name(part));
		return g_intern_string(items->str);
	default:
		return "TEXT";
	}
}

static bool has_option(const GArray *options, const char *name)
{
	for (guint i = 0; i < options->len; i++)
		if (!strcmp(g_array_index(options, struct option, i).name, name))
			return true;
	return false;
}

static void add(GArray *options, struct option option)
{
	if (!has_option(options, option.name))
		g_array_append_val(options, option);
}

static void add_flags(GArray *options, const struct attr *attr)
{
	for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
		if (!strcmp(flags[i].attribute, attr->name))
			add(options, (struct option){.name = flags[i].option,
						     .help = flags[i].help,
						     .attr = attr,
						     .preset = flags[i].value});
}

static void add_synonyms(GArray *options, enum kind kind, const struct attr *attr)
{
	for (size_t i = 0; i < G_N_ELEMENTS(synonyms); i++)
		if (!strcmp(synonyms[i].attribute, attr->name))
			add(options, (struct option){.name = synonyms[i].option,
						     .metavar = "N",
						     .help = synonyms[i].help,
						     .attr = attr});
	for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++)
		if (!strcmp(ranges[i].first, attr->name))
			add(options, (struct option){.name = ranges[i].option,
						     .metavar = "N[:N]",
						     .help = ranges[i].help,
						     .attr = attr,
						     .last = attr_find(cloud_table(kind),
								       ranges[i].last)});
}

static const char *key_option(const struct attr *attr, const struct attr *key, bool *unset)
{
	*unset = false;
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (strcmp(keys[i].dictionary, attr->name) != 0 ||
		    strcmp(keys[i].key, key->name) != 0)
			continue;
		*unset = keys[i].unset;
		return keys[i].option;
	}
	return attr_option_name(key);
}

/* Truths are said by flags alone. */
static void add_key_flags(GArray *options, const struct attr *attr, const struct attr *key)
{
	const char *name = plain_name(key->name);
	const char *const values[] = {"true", "false"};
	g_autofree char *no = NULL;

	no = g_str_has_prefix(name, "enable-") ? g_strconcat("disable-", name + 7, NULL)
					       : g_strconcat("no-", name, NULL);
	for (int i = 0; i < 2; i++)
		add(options, (struct option){.name = i ? g_intern_string(no) : name,
					     .help = i ? "not so" : key->help,
					     .attr = attr,
					     .part = key,
					     .preset = values[i]});
}

static void add_keys(GArray *options, const struct attr *attr, bool unset)
{
	for (const struct attr *key = attr->item->attrs; key->name; key++) {
		bool takes_all;
		const char *name = key_option(attr, key, &takes_all);
		struct option option = {.name = name, .help = key->help, .attr = attr};

		if (unset) {
			option.help = attr->help;
			if (takes_all)
				add(options, option);
			continue;
		}
		if (key->type == ATTR_BOOL) {
			add_key_flags(options, attr, key);
			continue;
		}
		option.metavar = metavar_of(key);
		option.repeated = key->type == ATTR_LIST;
		option.part = key;
		add(options, option);
	}
}

static void add_none(GArray *options, const struct attr *attr)
{
	g_autofree char *name = g_strconcat("no-", attr_option_name(attr), NULL);

	add(options, (struct option){.name = g_intern_string(name),
				     .help = "begin with an empty list",
				     .attr = attr,
				     .preset = ""});
}

static void add_attribute(GArray *options, enum kind kind, const struct attr *attr,
			  enum attr_flag use, bool unset)
{
	bool list = attr->type == ATTR_LIST;
	bool keyed = attr->type == ATTR_DICT && attr->item && use != ATTR_FILTER;
	struct option option = {.name = attr_option_name(attr),
				.metavar = unset && !list ? NULL : metavar_of(attr),
				.help = attr->help ? attr->help : "",
				.repeated = list || use == ATTR_FILTER,
				.attr = attr};

	if (keyed)
		add_keys(options, attr, unset);
	option.help = keyed ? NULL : option.help; /* understood, but there are better ways */
	add(options, option);
	if (!unset)
		add_flags(options, attr);
	if (!unset && use != ATTR_FILTER) {
		add_synonyms(options, kind, attr);
		if (list)
			add_none(options, attr);
	}
	option.name = plain_name(attr->name);
	option.help = NULL;
	add(options, option);
}

const struct attr_action *attr_option_find_action(const char *attribute)
{
	for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
		if (!strcmp(actions[i].attribute, attribute))
			return &actions[i];
	return NULL;
}

const struct attr *attr_option_word(enum kind kind)
{
	const struct attr_table *table = cloud_table(kind);
	const struct attr *attr = attr_find(table, "name");

	if (attr)
		return attr;
	for (attr = table->attrs; attr->name; attr++)
		if (attr->type == ATTR_UUID && attr->flags & ATTR_REQUIRED)
			return attr;
	for (attr = table->attrs; attr->name; attr++)
		if (attr->flags & ATTR_REQUIRED)
			return attr;
	for (attr = table->attrs; !(attr->flags & ATTR_POST); attr++)
		;
	return attr;
}

const char *attr_option_word_name(enum kind kind)
{
	const struct attr *attr = attr_option_word(kind);
	enum kind other;

	return attr->type != ATTR_UUID || find_reference(attr->name, &other) ? metavar_of(attr)
									     : "OBJECT";
}

/* Tags have requests of their own, so their flags do not tell. A filter by tags is an
 * option of "list" itself. */
static bool is_allowed(enum kind kind, const struct attr *attr, enum attr_flag use)
{
	if (!strcmp(attr->name, "tags"))
		return use != ATTR_FILTER;
	if (use == ATTR_PUT && attr_option_find_action(attr->name))
		return true;
	return (attr->flags & use) && !(use == ATTR_POST && attr == attr_option_word(kind));
}

void attr_option_add(GArray *options, enum kind kind, enum attr_flag use, bool unset)
{
	for (const struct attr *attr = cloud_table(kind)->attrs; attr->name; attr++)
		if (is_allowed(kind, attr, use))
			add_attribute(options, kind, attr, use, unset);
}

/* Names of networks and the like in VALUE become ids. */
static json_t *resolve(struct client *client, const struct attr *attr, json_t *value,
		       GError **error)
{
	const char *text = json_string_value(value);
	g_autofree char *id = NULL;
	enum kind kind;

	if (!text || attr->type != ATTR_UUID || !find_reference(attr->name, &kind))
		return json_incref(value);
	id = client_find_id(client, kind, text, error);
	return id ? json_string(id) : NULL;
}

/* The fields of one list item. */
static bool resolve_item(struct client *client, const struct attr *attr, json_t *item,
			 GError **error)
{
	for (const struct attr *part = attr->item->attrs; part->name; part++) {
		json_t *field = json_object_get(item, part->name);
		json_t *done;

		if (!field)
			continue;
		done = resolve(client, part, field, error);
		if (!done)
			return false;
		json_object_set_new(item, part->name, done);
	}
	return true;
}

static json_t *read_scalar(struct client *client, const struct attr *attr, const char *text,
			   GError **error)
{
	json_auto_t *written = NULL;
	enum kind kind;

	for (size_t i = 0; i < G_N_ELEMENTS(nothings); i++)
		if (!strcmp(nothings[i].attribute, attr->name) &&
		    !strcmp(nothings[i].word, text))
			return json_null();
	if (attr->type != ATTR_UUID || !find_reference(attr->name, &kind))
		return value_parse(attr, text, error);
	written = json_string(text);
	return written ? resolve(client, attr, written, error) : NULL;
}

json_t *attr_option_read_word(struct client *client, enum kind kind, const char *text,
			      GError **error)
{
	const struct attr *attr = attr_option_word(kind);

	return attr->type == ATTR_UUID ? read_scalar(client, attr, text, error)
				       : json_string(text);
}

/* An item that is the id of something, or its name. */
static json_t *read_reference(struct client *client, enum kind kind, const char *text,
			      GError **error)
{
	g_autofree char *id = client_find_id(client, kind, text, error);

	return id ? json_string(id) : NULL;
}

/* A rule's peers may be address groups, by their names. */
static bool resolve_peers(struct client *client, const json_t *item, GError **error)
{
	json_t *peer;
	size_t i;

	json_array_foreach (json_object_get(item, "peers"), i, peer) {
		const char *name = json_string_value(json_object_get(peer, "address_group_id"));
		json_t *id =
			name ? read_reference(client, KIND_ADDRESS_GROUP, name, error) : NULL;

		if (name && !id)
			return false;
		if (id)
			json_object_set_new(peer, "address_group_id", id);
	}
	return true;
}

static json_t *read_item(struct client *client, const struct attr *attr, const char *text,
			 GError **error)
{
	json_auto_t *item = NULL, *list = NULL, *done = NULL;
	enum kind kind;

	if (value_is_scalar_list(attr) && find_reference(attr->name, &kind))
		return read_reference(client, kind, text, error);
	item = value_parse(attr, text, error);
	if (!item || (json_is_object(item) && !resolve_item(client, attr, item, error)) ||
	    !resolve_peers(client, item, error))
		return NULL;
	list = json_pack("[O]", item);
	done = value_convert(attr, list, error);
	return done ? json_incref(json_array_get(done, 0)) : NULL;
}

/* "80:443", or "80" for both. */
static bool collect_range(const struct given *given, json_t *out, GError **error)
{
	const struct option *option = given->option;
	g_auto(GStrv) ends = g_strsplit(given->text, ":", 2);
	const char *second = ends[0] && ends[1] ? ends[1] : given->text;
	json_t *first = value_parse(option->attr, ends[0] ? ends[0] : "", error);
	json_t *last = first ? value_parse(option->last, second, error) : NULL;

	if (!last) {
		json_decref(first);
		return false;
	}
	json_object_set_new(out, option->attr->name, first);
	return json_object_set_new(out, option->last->name, last) == 0;
}

/* Of a map; "" begins it anew. */
static bool collect_pair(const struct given *given, json_t *out, GError **error)
{
	const struct attr *attr = given->option->attr;
	json_t *map = json_object_get(out, attr->name), *pair;

	if (!map) {
		map = json_object();
		json_object_set_new(out, attr->name, map);
	}
	if (!given->option->metavar) {
		json_object_clear(map);
		return json_object_set_new(map, "", json_null()) == 0;
	}
	pair = value_parse(attr, given->text, error);
	if (!pair)
		return false;
	json_object_update(map, pair);
	json_decref(pair);
	return true;
}

/* Into the dictionary of them. */
static bool collect_key(struct client *client, const struct given *given, json_t *out,
			GError **error)
{
	const struct attr *attr = given->option->attr, *part = given->option->part;
	json_t *dictionary = json_object_get(out, attr->name), *list, *value;

	if (!json_is_object(dictionary)) {
		dictionary = json_object();
		json_object_set_new(out, attr->name, dictionary);
	}
	value = part->type == ATTR_LIST ? read_item(client, part, given->text, error)
					: read_scalar(client, part, given->text, error);
	if (!value || part->type != ATTR_LIST)
		return value && json_object_set_new(dictionary, part->name, value) == 0;
	list = json_object_get(dictionary, part->name);
	if (!list) {
		list = json_array();
		json_object_set_new(dictionary, part->name, list);
	}
	return json_array_append_new(list, value) == 0;
}

static bool collect_one(struct client *client, const struct given *given, json_t *out,
			GError **error)
{
	const struct attr *attr = given->option->attr;
	json_t *list, *value;

	if (!given->text) /* "unset" of a scalar: which one is all there is to say */
		return json_object_set_new(out, attr->name, json_null()) == 0;
	if (given->option->part)
		return collect_key(client, given, out, error);
	if (given->option->last)
		return collect_range(given, out, error);
	if (attr->type != ATTR_LIST) {
		value = read_scalar(client, attr, given->text, error);
		return value && json_object_set_new(out, attr->name, value) == 0;
	}
	if (attr_is_map(attr))
		return collect_pair(given, out, error);
	list = json_object_get(out, attr->name);
	if (!list) {
		list = json_array();
		json_object_set_new(out, attr->name, list);
	}
	if (!given->option->metavar) {
		json_array_clear(list);
		return json_array_append_new(list, json_null()) == 0;
	}
	value = read_item(client, attr, given->text, error);
	return value && json_array_append_new(list, value) == 0;
}

json_t *attr_option_collect(struct client *client, const struct arguments *arguments,
			    GError **error)
{
	json_auto_t *out = json_object();

	for (guint i = 0; i < arguments->given->len; i++) {
		const struct given *given = &g_array_index(arguments->given, struct given, i);

		if (given->option->attr && !collect_one(client, given, out, error))
			return NULL;
	}
	return g_steal_pointer(&out);
}

static void add_term(GString *query, const char *name, const char *value)
{
	g_autofree char *escaped = http_escape(value);
	g_autofree char *key = http_escape(name);

	g_string_append_printf(query, "%s%s=%s", query->len ? "&" : "", key, escaped);
}

/* A list is asked for by the fields of an item: fixed_ips=ip_address=10.0.0.5. */
static bool add_item_terms(GString *query, struct client *client, const struct attr *attr,
			   const char *text, GError **error)
{
	json_auto_t *item = NULL;
	const char *key;
	json_t *value;
	enum kind kind;

	item = value_is_scalar_list(attr) && find_reference(attr->name, &kind)
		       ? read_reference(client, kind, text, error)
		       : value_parse(attr, text, error);
	if (!item)
		return false;
	if (!json_is_object(item)) {
		g_autofree char *plain = value_print(item);

		add_term(query, attr->name, plain);
		return true;
	}
	if (!resolve_item(client, attr, item, error))
		return false;
	json_object_foreach (item, key, value) {
		g_autofree char *term = g_strdup_printf("%s=%s", key, json_string_value(value));

		add_term(query, attr->name, term);
	}
	return true;
}

char *attr_option_query(struct client *client, const struct arguments *arguments,
			GError **error)
{
	g_autoptr(GString) query = g_string_new(NULL);

	for (guint i = 0; i < arguments->given->len; i++) {
		const struct given *given = &g_array_index(arguments->given, struct given, i);
		const struct attr *attr = given->option->attr;
		json_auto_t *value = NULL;
		g_autofree char *text = NULL;

		if (!attr)
			continue;
		if (attr_is_map(attr)) {
			add_term(query, attr->name, given->text);
			continue;
		}
		if (attr->type == ATTR_LIST) {
			if (!add_item_terms(query, client, attr, given->text, error))
				return NULL;
			continue;
		}
		value = attr->type == ATTR_UUID ? read_scalar(client, attr, given->text, error)
						: json_string(given->text);
		if (!value)
			return NULL;
		text = value_print(value);
		add_term(query, attr->name, text);
	}
	return g_strdup(query->str);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's half of an attribute table. It refuses only what can be no value at
 * all (a MAC that is none); what the cloud thinks of a value is the API's to say.
 */
#include "cli/value.h"

#include <string.h>
#include "cli/policy_text.h"
#include "lib/error.h"
#include "lib/ip.h"
#include "lib/uuid.h"

bool value_is_scalar_list(const struct attr *attr)
{
	return attr->type == ATTR_LIST && attr_table_is_scalar(attr->item);
}

static const char *name_of(const struct attr *attr)
{
	return attr->name ? attr->name : "item";
}

static json_t *refuse(const struct attr *attr, const json_t *value, const char *what,
		      GError **error)
{
	g_autofree char *text = value_print(value);

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s: '%s' is not %s", name_of(attr),
		    text, what);
	return NULL;
}

static json_t *convert_bool(const struct attr *attr, const json_t *value, GError **error)
{
	static const char *const yes[] = {"true", "yes", "on", "1", NULL};
	static const char *const no[] = {"false", "no", "off", "0", NULL};
	g_autofree char *text = NULL;
	g_autofree char *lower = NULL;

	if (json_is_boolean(value))
		return json_incref((json_t *)value);
	text = value_print(value);
	lower = g_ascii_strdown(text, -1);
	if (g_strv_contains(yes, lower))
		return json_true();
	return g_strv_contains(no, lower) ? json_false()
					  : refuse(attr, value, "true or false", error);
}

static json_t *convert_int(const struct attr *attr, const json_t *value, GError **error)
{
	const char *text = json_string_value(value);
	g_autofree char *range = NULL;
	gint64 number;

	if (json_is_integer(value))
		number = json_integer_value(value);
	else if (!text ||
		 !g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &number, NULL))
		return refuse(attr, value, "a number", error);
	if ((attr->min || attr->max) && (number < attr->min || number > attr->max)) {
		range = g_strdup_printf("between %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT,
					attr->min, attr->max);
		return refuse(attr, value, range, error);
	}
	return json_integer(number);
}

static json_t *convert_string(const struct attr *attr, const json_t *value, GError **error)
{
	g_autofree char *text = value_print(value);
	g_autofree char *limit = NULL;

	if (json_is_array(value) || json_is_object(value))
		return refuse(attr, value, "a text", error);
	if (attr->max && g_utf8_strlen(text, -1) > attr->max) {
		limit = g_strdup_printf("a text of at most %" G_GINT64_FORMAT " characters",
					attr->max);
		return refuse(attr, value, limit, error);
	}
	return json_string(text);
}

static json_t *convert_enum(const struct attr *attr, const json_t *value, GError **error)
{
	g_autofree char *text = value_print(value), *list = NULL, *what = NULL;

	for (const char *const *name = attr->names; *name; name++)
		if (!strcmp(*name, text))
			return json_string(text);
	list = g_strjoinv(", ", (char **)attr->names);
	what = g_strdup_printf("one of %s", list);
	return refuse(attr, value, what, error);
}

static json_t *convert_address(const struct attr *attr, const json_t *value, GError **error)
{
	const char *text = json_string_value(value);
	char printed[PREFIX_TEXT];
	struct prefix prefix;
	struct uuid uuid;
	struct mac mac;
	struct ip ip;

	switch (attr->type) {
	case ATTR_UUID:
		if (text && uuid_parse(text, &uuid))
			return json_string(uuid_print(uuid, printed));
		return refuse(attr, value, "an id", error);
	case ATTR_IP:
		if (text && ip_parse(text, &ip))
			return json_string(ip_print(ip, printed));
		return refuse(attr, value, "an address", error);
	case ATTR_MAC:
		if (text && mac_parse(text, &mac))
			return json_string(mac_print(mac, printed));
		return refuse(attr, value, "a MAC address", error);
	default:
		if (text && prefix_parse(text, false, &prefix))
			return json_string((attr->flags & ATTR_BARE) && prefix.bits == 128
						   ? ip_print(prefix.ip, printed)
						   : prefix_print(prefix, printed));
		return refuse(attr, value, "a prefix such as 10.0.0.0/24", error);
	}
}

static json_t *convert_item(const struct attr *attr, const json_t *value, GError **error)
{
	const struct attr_table *table = attr->item;
	json_auto_t *item = json_object();
	const char *key;
	json_t *field;

	if (value_is_scalar_list(attr)) {
		struct attr one = table->attrs[0];

		one.name = attr->name;
		return value_convert(&one, value, error);
	}
	if (!json_is_object(value))
		return refuse(attr, value, "a mapping", error);
	json_object_foreach ((json_t *)value, key, field) {
		const struct attr *part = attr_find(table, key);
		json_t *done;

		if (!part) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "%s: '%s' is not known", name_of(attr), key);
			return NULL;
		}
		if (json_is_null(field))
			continue;
		done = value_convert(part, field, error);
		if (!done) {
			g_prefix_error(error, "%s: ", name_of(attr));
			return NULL;
		}
		json_object_set_new(item, part->name, done);
	}
	return g_steal_pointer(&item);
}

static json_t *convert_dict(const struct attr *attr, const json_t *value, GError **error)
{
	json_auto_t *dict = json_is_string(value)
				    ? json_loads(json_string_value(value), 0, NULL)
				    : json_incref((json_t *)value);

	if (!json_is_object(dict))
		return refuse(attr, value, "a mapping", error);
	return attr->item && json_object_size(dict) ? convert_item(attr, dict, error)
						    : g_steal_pointer(&dict);
}

static json_t *convert_map(const struct attr *attr, const json_t *value, GError **error)
{
	json_auto_t *map = json_object();
	const char *key;
	json_t *text;

	if (!json_is_object(value))
		return refuse(attr, value, "a mapping", error);
	json_object_foreach ((json_t *)value, key, text) {
		json_t *done = convert_string(&attr->item->attrs[1], text, error);

		if (!done) {
			g_prefix_error(error, "%s: ", name_of(attr));
			return NULL;
		}
		json_object_set_new(map, key, done);
	}
	return g_steal_pointer(&map);
}

static json_t *convert_list(const struct attr *attr, const json_t *value, GError **error)
{
	json_auto_t *list = json_array();
	json_t *item;
	size_t i;

	if (!json_is_array(value))
		return refuse(attr, value, "a list", error);
	json_array_foreach (value, i, item) {
		json_t *done = convert_item(attr, item, error);

		if (!done)
			return NULL;
		json_array_append_new(list, done);
	}
	return g_steal_pointer(&list);
}

json_t *value_convert(const struct attr *attr, const json_t *value, GError **error)
{
	if (json_is_null(value)) {
		if (attr->flags & ATTR_NULLABLE)
			return json_null();
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s: has no value",
			    name_of(attr));
		return NULL;
	}
	switch (attr->type) {
	case ATTR_BOOL:
		return convert_bool(attr, value, error);
	case ATTR_INT:
	case ATTR_U32:
		return convert_int(attr, value, error);
	case ATTR_STRING:
	case ATTR_SYMBOL:
	case ATTR_TIME:
		return convert_string(attr, value, error);
	case ATTR_ENUM:
		return convert_enum(attr, value, error);
	case ATTR_DICT:
		return convert_dict(attr, value, error);
	case ATTR_LIST:
		return attr_is_map(attr) ? convert_map(attr, value, error)
					 : convert_list(attr, value, error);
	default:
		return convert_address(attr, value, error);
	}
}

/* What openstackclient calls the fields of items, beside their own names with '-'. */
static const struct {
	const char *list, *written, *field;
} field_names[] = {
	{"fixed_ips", "subnet", "subnet_id"},
	{"external_fixed_ips", "subnet", "subnet_id"},
	{"host_routes", "gateway", "nexthop"},
	{"routes", "gateway", "nexthop"},
	{"extra_dhcp_opts", "name", "opt_name"},
	{"extra_dhcp_opts", "value", "opt_value"},
	{"segments", "network-type", "provider:network_type"},
	{"segments", "physical-network", "provider:physical_network"},
	{"segments", "segment", "provider:segmentation_id"},
};

static char *to_field(const struct attr *attr, const char *written)
{
	for (size_t i = 0; i < G_N_ELEMENTS(field_names); i++)
		if (!strcmp(field_names[i].list, attr->name) &&
		    !strcmp(field_names[i].written, written))
			return g_strdup(field_names[i].field);
	return g_strdelimit(g_strdup(written), "-", '_');
}

/* "subnet=blue,ip-address=10.0.0.5"; a part without '=' continues the value before it. */
static json_t *parse_item(const struct attr *attr, const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);
	json_auto_t *item = json_object();

	for (char **part = parts; *part; part++) {
		char *value = strchr(*part, '=');
		g_autofree char *field = NULL;

		if (!value || value == *part) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "%s: '%s' is not written KEY=VALUE,…", attr->name, text);
			return NULL;
		}
		*value++ = '\0';
		field = to_field(attr, *part);
		if (!attr_find(attr->item, field)) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "%s: '%s' is not known", attr->name, *part);
			return NULL;
		}
		if (json_object_get(item, field)) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "%s: '%s' stands twice", attr->name, *part);
			return NULL;
		}
		json_object_set_new(item, field, json_string(value));
	}
	return g_steal_pointer(&item);
}

/* "app=web" */
static json_t *parse_pair(const struct attr *attr, const char *text, GError **error)
{
	const char *equals = strchr(text, '=');
	g_autofree char *key = g_strndup(text, equals ? (gsize)(equals - text) : 0);
	json_t *pair = *key ? json_pack("{s:s}", key, equals + 1) : NULL;

	if (!pair)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "%s: '%s' is not written KEY=VALUE", attr->name, text);
	return pair;
}

/* Items that are more than KEY=VALUE can say; they are known by a MARK that others lack. */
static const struct {
	const char *list, *mark;
	json_t *(*parse)(const char *text, GError **error);
	char *(*print)(const json_t *item);
} item_texts[] = {
	{"rules", "services", policy_text_parse_rule, policy_text_print_rule},
	{"match_expressions", "operator", policy_text_parse_requirement,
	 policy_text_print_requirement},
};

static bool parse_text(const struct attr *attr, const char *text, json_t **out, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(item_texts); i++) {
		if (strcmp(item_texts[i].list, attr->name))
			continue;
		*out = item_texts[i].parse(text, error);
		if (!*out)
			g_prefix_error(error, "%s: ", attr->name);
		return true;
	}
	return false;
}

json_t *value_parse(const struct attr *attr, const char *text, GError **error)
{
	json_auto_t *value = NULL;

	if (attr_is_map(attr))
		return parse_pair(attr, text, error);
	if (attr->type == ATTR_LIST && parse_text(attr, text, &value, error))
		return g_steal_pointer(&value);
	if (attr->type == ATTR_LIST && !value_is_scalar_list(attr))
		return parse_item(attr, text, error);
	if ((attr->flags & ATTR_NULLABLE) && !strcmp(text, "none"))
		return json_null();
	value = json_string(text);
	if (!value) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s: not UTF-8",
			    name_of(attr));
		return NULL;
	}
	if (attr->type == ATTR_LIST)
		return convert_item(attr, value, error);
	return value_convert(attr, value, error);
}

static void print_into(GString *out, const json_t *value, unsigned int depth);

static void print_map(GString *out, const json_t *value, unsigned int depth)
{
	const char *key, *separator = "";
	json_t *item;

	json_object_foreach ((json_t *)value, key, item) {
		g_string_append_printf(out, "%s%s=", separator, key);
		print_into(out, item, depth + 1);
		separator = depth ? "," : ", ";
	}
}

static bool print_text(GString *out, const json_t *item)
{
	for (size_t i = 0; i < G_N_ELEMENTS(item_texts); i++) {
		g_autofree char *text = NULL;

		if (!json_object_get(item, item_texts[i].mark))
			continue;
		text = item_texts[i].print(item);
		g_string_append(out, text);
		return true;
	}
	return false;
}

static void print_into(GString *out, const json_t *value, unsigned int depth)
{
	const char *separator = "";
	json_t *item;
	size_t i;

	switch (json_typeof(value)) {
	case JSON_STRING:
		g_string_append(out, json_string_value(value));
		break;
	case JSON_INTEGER:
		g_string_append_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		g_string_append_printf(out, "%.15g", json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		g_string_append(out, json_is_true(value) ? "true" : "false");
		break;
	case JSON_NULL:
		break;
	case JSON_OBJECT:
		print_map(out, value, depth);
		break;
	case JSON_ARRAY:
		json_array_foreach (value, i, item) {
			g_string_append(out, separator);
			if (!print_text(out, item))
				print_into(out, item, depth + 1);
			separator = ", ";
		}
		break;
	}
}

char *value_print(const json_t *value)
{
	GString *out = g_string_new(NULL);

	if (value)
		print_into(out, value, 0);
	return g_string_free(out, FALSE);
}

static bool is_part_of(const json_t *wanted, const json_t *current);

static bool items_are_part_of(const json_t *wanted, const json_t *current)
{
	json_t *item;
	size_t i;

	if (json_array_size(wanted) != json_array_size(current))
		return false;
	json_array_foreach (wanted, i, item)
		if (!is_part_of(item, json_array_get(current, i)))
			return false;
	return true;
}

/* Every key of WANTED has its value in CURRENT. */
static bool is_part_of(const json_t *wanted, const json_t *current)
{
	const char *key;
	json_t *value;

	if (json_is_array(wanted) && json_is_array(current))
		return items_are_part_of(wanted, current);
	if (!json_is_object(wanted) || !json_is_object(current))
		return json_equal(wanted, current);
	json_object_foreach ((json_t *)wanted, key, value)
		if (!is_part_of(value, json_object_get(current, key)))
			return false;
	return true;
}

/* Greedy pairing, exact matches first: lists here are a handful long. */
static bool list_matches(const json_t *wanted, const json_t *current)
{
	size_t count = json_array_size(current);
	g_autofree bool *taken = g_new0(bool, count + 1);
	g_autofree bool *placed = g_new0(bool, json_array_size(wanted) + 1);
	size_t left = json_array_size(wanted);

	if (left != count)
		return false;
	for (int exact = 1; exact >= 0; exact--) {
		json_t *item;
		size_t i;

		json_array_foreach (wanted, i, item)
			for (size_t k = 0; k < count && !placed[i]; k++) {
				const json_t *other = json_array_get(current, k);

				if (taken[k] || (exact ? !json_equal(item, other)
						       : !is_part_of(item, other)))
					continue;
				taken[k] = placed[i] = true;
				left--;
			}
	}
	return left == 0;
}

/* What WANTED says of a dictionary; the API fills in the rest. */
static bool keys_match(const struct attr *attr, const json_t *wanted, const json_t *current)
{
	const char *name;
	json_t *value;

	if (!json_is_object(wanted) || !json_is_object(current))
		return json_equal(wanted, current);
	json_object_foreach ((json_t *)wanted, name, value) {
		const struct attr *key = attr_find(attr->item, name);

		if (!key || !value_matches(key, value, json_object_get(current, name)))
			return false;
	}
	return true;
}

bool value_matches(const struct attr *attr, const json_t *wanted, const json_t *current)
{
	json_auto_t *canonical = NULL;

	if (!current)
		return false;
	canonical = value_convert(attr, current, NULL);
	if (!canonical)
		canonical = json_incref((json_t *)current);
	if (attr->flags & ATTR_ORDERED)
		return is_part_of(wanted, canonical);
	if (attr->type == ATTR_LIST && json_is_array(canonical))
		return list_matches(wanted, canonical);
	if (attr->type == ATTR_DICT && attr->item)
		return keys_match(attr, wanted, canonical);
	return json_equal(wanted, canonical);
}

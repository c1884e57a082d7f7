/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON from our value types: addresses and ids are strings.
 */
#include "compile/value.h"

#include "model/attr_json.h"

json_t *value_from_text(const char *text)
{
	json_t *value = json_string(text ? text : "");

	/* Not UTF-8, which the API does not let in; null shows it without losing the row. */
	return value ? value : json_null();
}

json_t *value_from_ip(struct ip ip)
{
	char text[IP_TEXT];

	return json_string(ip_print(ip, text));
}

json_t *value_from_mac(struct mac mac)
{
	char text[MAC_TEXT];

	return json_string(mac_print(mac, text));
}

json_t *value_from_prefix(struct prefix prefix)
{
	char text[PREFIX_TEXT];

	return json_string(prefix_print(prefix, text));
}

json_t *value_from_uuid(struct uuid uuid)
{
	char text[UUID_TEXT];

	return json_string(uuid_print(uuid, text));
}

char *value_dump(json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);

	json_decref(value);
	return text;
}

static void append_name(GString *out, const char *name)
{
	char last = out->str[out->len - 1];

	if (last != '{' && last != '[')
		g_string_append_c(out, ',');
	if (!name)
		return;
	g_string_append_c(out, '"');
	g_string_append(out, name);
	g_string_append_len(out, "\":", 2);
}

/* What needs no escape. */
static void append_plain(GString *out, const char *name, const char *text)
{
	append_name(out, name);
	g_string_append_c(out, '"');
	g_string_append(out, text);
	g_string_append_c(out, '"');
}

void value_append_open(GString *out, const char *name, char bracket)
{
	append_name(out, name);
	g_string_append_c(out, bracket);
}

void value_append_text(GString *out, const char *name, const char *text)
{
	append_name(out, name);
	attr_encode_string(out, text ? text : "");
}

void value_append_int(GString *out, const char *name, int64_t number)
{
	append_name(out, name);
	g_string_append_printf(out, "%" G_GINT64_FORMAT, number);
}

void value_append_bool(GString *out, const char *name, bool is)
{
	append_name(out, name);
	g_string_append(out, is ? "true" : "false");
}

void value_append_ip(GString *out, const char *name, struct ip ip)
{
	char text[IP_TEXT];

	append_plain(out, name, ip_print(ip, text));
}

void value_append_mac(GString *out, const char *name, struct mac mac)
{
	char text[MAC_TEXT];

	append_plain(out, name, mac_print(mac, text));
}

void value_append_prefix(GString *out, const char *name, struct prefix prefix)
{
	char text[PREFIX_TEXT];

	append_plain(out, name, prefix_print(prefix, text));
}

void value_append_uuid(GString *out, const char *name, struct uuid uuid)
{
	char text[UUID_TEXT];

	append_plain(out, name, uuid_print(uuid, text));
}

void value_append_json(GString *out, const char *name, json_t *value)
{
	g_autofree char *text = value_dump(value);

	append_name(out, name);
	g_string_append(out, text);
}

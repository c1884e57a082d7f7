/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON from our value types: addresses and ids are strings.
 */
#include "compile/value.h"

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

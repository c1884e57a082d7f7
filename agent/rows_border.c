/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rows_border.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/row_field.h"
#include "lib/error.h"

bool rows_border_key(const char *text, struct row_key *out)
{
	const char *slash = strchr(text, '/');
	g_autofree char *number = slash ? g_strndup(text, (gsize)(slash - text)) : NULL;
	struct prefix prefix;
	guint64 vni;

	if (!number || *number == '0' || *number == '+' ||
	    !g_ascii_string_to_unsigned(number, 10, 1, ROW_VNI_MAX, &vni, NULL) ||
	    !prefix_parse(slash + 1, true, &prefix))
		return false;
	out->vni = (uint32_t)vni;
	out->bits = prefix.bits;
	memcpy(out->b, prefix.ip.b, sizeof(prefix.ip.b));
	return true;
}

bool rows_border_read(struct row *row, const char *key, json_t *value, GError **error)
{
	static const struct row_field fields[] = {
		{"acl", row_read_set, true, offsetof(struct row, u.acl)},
		{0},
	};

	return row_fields_read(fields, value, row, error);
}

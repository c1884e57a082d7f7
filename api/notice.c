/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of what Nova is owed.
 */
#include "api/notice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const notice_names[NOTICE_COUNT] = {
	[NOTICE_PLUGGED] = "network-vif-plugged",
	[NOTICE_UNPLUGGED] = "network-vif-unplugged",
	[NOTICE_DELETED] = "network-vif-deleted",
	[NOTICE_CHANGED] = "network-changed",
};

const char *const notice_status[NOTICE_COUNT] = {
	[NOTICE_PLUGGED] = "completed",
	[NOTICE_UNPLUGGED] = "completed",
};

bool notice_is_due(const struct port *port)
{
	struct uuid server;

	return port->device_owner && g_str_has_prefix(port->device_owner, PORT_OWNER_COMPUTE) &&
	       port->device_id && uuid_parse(port->device_id, &server);
}

void notice_print(const struct port *port, enum notice notice, int64_t now, char *key,
		  char *value)
{
	char id[UUID_TEXT];

	snprintf(key, NOTICE_TEXT, KEY_NOVA "%s/%s", uuid_print(port->object.id, id),
		 notice_names[notice]);
	snprintf(value, NOTICE_TEXT, "%.36s %" G_GINT64_FORMAT, port->device_id, now);
}

static bool event_parse(const char *name, enum notice *notice)
{
	for (unsigned int i = 0; i < NOTICE_COUNT; i++) {
		if (strcmp(name, notice_names[i]) != 0)
			continue;
		*notice = (enum notice)i;
		return true;
	}
	return false;
}

bool notice_parse(const char *key, const char *value, gsize size, struct uuid *port,
		  enum notice *notice, struct uuid *server, int64_t *since)
{
	g_autofree char *text = g_strndup(value, size);
	g_auto(GStrv) words = g_strsplit(text, " ", 2);
	g_auto(GStrv) parts = g_strsplit(key, "/", 3);

	if (g_strv_length(parts) != 3 || g_strv_length(words) != 2 ||
	    !uuid_parse(parts[1], port) || !event_parse(parts[2], notice) ||
	    !uuid_parse(words[0], server))
		return false;
	*since = g_ascii_strtoll(words[1], NULL, 10);
	return true;
}

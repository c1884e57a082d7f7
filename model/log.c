/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes of logs. */
#include "model/log.h"

#include "model/port.h"

static const char *const events[] = {"ALL", "ACCEPT", "DROP", NULL};

static const struct attr log_attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "enabled",
	 .type = ATTR_BOOL,
	 .flags = ATTR_POST | ATTR_PUT | ATTR_VISIBLE | ATTR_FIND | ATTR_COLUMN,
	 .offset = offsetof(struct flow_log, enabled),
	 .initial = "true",
	 .help = "false: nothing is logged"},
	{.name = "resource_type",
	 .type = ATTR_STRING,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_REQUIRED,
	 .offset = offsetof(struct flow_log, resource_type),
	 .max = 255,
	 .help = "security_group"},
	{.name = "event",
	 .type = ATTR_ENUM,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_COLUMN,
	 .offset = offsetof(struct flow_log, event),
	 .names = events,
	 .initial = "ALL",
	 .help = "what is accepted, what is dropped, or both"},
	{.name = "resource_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct flow_log, resource_id),
	 .help = "only of ports in this security group"},
	{.name = "target_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct flow_log, target_id),
	 .help = "only of this port"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table flow_log_table = {
	.singular = "log",
	.plural = "logs",
	.path = "log/logs",
	.title = "LogResource",
	.size = sizeof(struct flow_log),
	.attrs = log_attrs,
	.help = "Has the hosts log connections and denials of ports.",
};

static bool is_in(const struct port *port, struct uuid group)
{
	for (uint32_t i = 0; i < port->security_groups.count; i++)
		if (uuid_equal(*vec_at(struct uuid, &port->security_groups, i), group))
			return true;
	return false;
}

bool flow_log_concerns(const struct flow_log *log, const struct port *port)
{
	if (!uuid_is_none(log->target_id) && !uuid_equal(log->target_id, port->object.id))
		return false;
	if (!uuid_is_none(log->resource_id))
		return is_in(port, log->resource_id);
	return !uuid_is_none(log->target_id) ||
	       log->object.project_id == port->object.project_id;
}

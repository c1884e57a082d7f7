/* SPDX-License-Identifier: Apache-2.0 */
/* Logs: whose connections and denials the hosts write down. */
#pragma once

#include "model/object.h"

struct port;

enum log_event {
	LOG_EVENT_ALL,
	LOG_EVENT_ACCEPT,
	LOG_EVENT_DROP,
};

/* LOG_ is lib/log.h's, and struct log would be anybody's. */
struct flow_log {
	struct object object;
	bool enabled;
	uint32_t event; /* enum log_event */
	char *resource_type;
	struct uuid resource_id; /* a security group; none: any */
	struct uuid target_id;	 /* a port; none: any of the project's */
};

#define FLOW_LOG_TYPE "security_group" /* the one resource_type that there is */

extern const struct attr_table flow_log_table;

/* Is PORT one whose flows it is about? Of a disabled one, too. */
bool flow_log_concerns(const struct flow_log *log, const struct port *port);

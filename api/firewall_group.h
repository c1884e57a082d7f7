/* SPDX-License-Identifier: Apache-2.0 */
/* Groups that set policies of firewalls before the interfaces of routers. */
#pragma once

#include "api/resource.h"

extern const struct resource api_firewall_group;

/* The interface PORT goes, and leaves its group. */
void firewall_forget_port(struct job *job, const struct port *port);

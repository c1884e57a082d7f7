/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A router's interfaces: ports that it owns, one for each subnet it joins.
 */
#pragma once

#include "api/resource.h"

/*
 * {"subnet_id":..} or {"port_id":..}; as resource_action. The reply is {"id","tenant_id",
 * "project_id","port_id","network_id","subnet_id","subnet_ids"}.
 */
bool interface_add(struct job *job, struct uuid router, json_t *body, GString *reply,
		   GError **error);
bool interface_remove(struct job *job, struct uuid router, json_t *body, GString *reply,
		      GError **error);

/* ROUTER gets an interface on the subnet, by its gateway_ip; as interface_add by subnet_id. */
bool interface_join(struct job *job, const struct router *router, struct uuid subnet,
		    GError **error);
/* The interface PORT goes, whatever needs it. */
void interface_drop(struct job *job, const struct port *port);
/* SUBNET shares no address with those that ROUTER's interfaces are on. */
bool interface_check_overlap(struct job *job, const struct router *router,
			     const struct subnet *subnet, GError **error);
/* PORT, an interface that was BEFORE, has other addresses. */
bool interface_update(struct job *job, const struct port *before, const struct port *port,
		      GError **error);

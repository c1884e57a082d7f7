/* SPDX-License-Identifier: Apache-2.0 */
/* The text of rows of firewall groups' rules; see text.h. */
#pragma once

#include <jansson.h>

#include "compile/route.h"

/* How the row of a router's interface names its group; owned. */
char *text_firewall(struct uuid group_id);
/* ... and whose it is, into the row of an interface that it stands at. */
void text_set_firewall(json_t *row, const struct firewall_group *group);
/* Each rule of GROUP, ingress and egress; of one that is not up none: it denies. */
void text_visit_firewall(const struct cloud *cloud, const struct firewall_group *group,
			 route_visit visit, void *data);

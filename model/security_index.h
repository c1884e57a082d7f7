/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has what to do with which security group: its rules, the rules that name it, its ports.
 * cloud.c keeps it; the objects are the cloud's.
 */
#pragma once

#include "model/port.h"
#include "model/security.h"

struct security_index;

struct security_index *security_index_new(void);
void security_index_free(struct security_index *index);

void security_index_link_group(struct security_index *index,
			       const struct security_group *group);
void security_index_unlink_group(struct security_index *index,
				 const struct security_group *group);
void security_index_link_rule(struct security_index *index, const struct security_rule *rule);
void security_index_unlink_rule(struct security_index *index, const struct security_rule *rule);
void security_index_link_port(struct security_index *index, const struct port *port);
void security_index_unlink_port(struct security_index *index, const struct port *port);

/* Borrowed; NULL: none. */
const GPtrArray *security_index_rules(const struct security_index *index, struct uuid group);
/* Rules that name the group, of either kind, as remote. */
const GPtrArray *security_index_remotes(const struct security_index *index, struct uuid group);
gsize security_index_count_ports(const struct security_index *index, struct uuid group);
const struct security_group *security_index_default(const struct security_index *index,
						    const char *project);

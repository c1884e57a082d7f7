/* SPDX-License-Identifier: Apache-2.0 */
/* Security groups and their rules; see resource.h. */
#pragma once

#include "api/resource.h"

extern const struct resource api_security_group;
extern const struct resource api_security_rule;

/*
 * The default group of PROJECT as JOB sees it, made when there is none yet. NULL: another
 * request is making it at this very moment, and the job runs again.
 */
const struct security_group *security_get_default(struct job *job, const char *project);

/* PORT's groups: those of the request exist and are seen, or the default one is given. */
bool security_complete_port(struct job *job, const struct port *before, struct port *port,
			    uint64_t given, GError **error);
/* What the port's identity stands for; owned. */
char *security_print_label(const struct port *port);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that hold unless the operator says otherwise: those of OpenStack Networking's
 * current release for what Weft serves, with the roles reader, member, manager, admin and
 * service; and those of Weft's own resources.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct rule_default {
	const char *name;
	const char *check;
	const char *help;
	bool any_scope; /* not only for tokens of a project */
};

extern const struct rule_default rule_defaults[];
extern const size_t rule_defaults_count;

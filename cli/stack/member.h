/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of a stack are told by their tags; there is no other record of them.
 */
#pragma once

#include "cli/client.h"
#include "cli/stack/property.h"

struct member_tag {
	enum member member;
	const char *prefix;
};

struct stack_member {
	char *key;
	enum member member;
	enum kind kind; /* of the object that has the tag */
	json_t *object;
};

/* "stack:NAME", on every object of the stack. Owned. */
char *member_stack_tag(const char *stack);
/* What says that an object is KEY of its stack. */
char *member_key_tag(enum member member, const char *key);
/* The stack's name in TAG, or NULL: borrowed. */
const char *member_parse_stack(const char *tag);

/* A template can make it; what none can make may be nothing that this caller may even list. */
bool member_can_be(enum kind kind);
bool member_has_tag(const json_t *object, const char *tag);

/* All members of STACK: struct stack_member; networks, subnets ... each by key. */
GPtrArray *member_read(struct client *client, const char *stack, GError **error);

/* Heat's name for what MEMBER is. */
const char *member_type_name(const struct stack_member *member);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every main resource has: the standard attributes.
 */
#pragma once

#include "lib/uuid.h"
#include "model/attr.h"

/* The first member of every resource. */
struct object {
	struct uuid id;
	const char *project_id; /* interned */
	char *name;
	char *description;
	struct vec tags; /* char *, owned, sorted */
	int64_t revision_number;
	int64_t created_at;
	int64_t updated_at;
	uint64_t store_revision; /* of the store's key; for comparisons, never printed */
	uint32_t places[3];	 /* in the cloud's lists; only cloud.c looks */
};

enum status {
	STATUS_DOWN = 0,
	STATUS_BUILD = 1,
	STATUS_ACTIVE = 2,
	STATUS_ERROR = 3,
};

extern const char *const status_names[]; /* "DOWN", "BUILD", "ACTIVE", "ERROR" */

/* What kinds of objects there are, in the order in which they depend on each other. */
enum kind {
	KIND_HOST,
	KIND_ADDRESS_SCOPE,
	KIND_SUBNETPOOL,
	KIND_SEGMENT_RANGE,
	KIND_NETWORK,
	KIND_SEGMENT,
	KIND_NETWORK_ACL,
	KIND_NETWORK_ACL_RULE,
	KIND_SUBNET,
	KIND_SERVICE_PROFILE,
	KIND_FLAVOR,
	KIND_ROUTER,
	KIND_ADDRESS_GROUP,
	KIND_SECURITY_GROUP,
	KIND_SECURITY_RULE,
	KIND_DEFAULT_RULE,
	KIND_POLICY,
	KIND_FIREWALL_RULE,
	KIND_FIREWALL_POLICY,
	KIND_PORT,
	KIND_FIREWALL_GROUP,
	KIND_LOG,
	KIND_RBAC_POLICY,
	KIND_COUNT,
};

/* What attributes mostly are: given on create, also on update; looked for. */
#define ATTR_ONCE (ATTR_POST | ATTR_VISIBLE)
#define ATTR_BOTH (ATTR_POST | ATTR_PUT | ATTR_VISIBLE)
#define ATTR_FIND (ATTR_FILTER | ATTR_SORT)

/* The standard attributes, for the head and the tail of every table. */
#define OBJECT_HEAD                                                                            \
	{                                                                                      \
		.name = "id", .type = ATTR_UUID,                                               \
		.flags = ATTR_VISIBLE | ATTR_FILTER | ATTR_SORT | ATTR_COLUMN,                 \
		.offset = offsetof(struct object, id), .help = "its id, made by the server"    \
	}

#define OBJECT_NAME                                                                            \
	{                                                                                      \
		.name = "name", .type = ATTR_STRING,                                           \
		.flags = ATTR_POST | ATTR_PUT | ATTR_VISIBLE | ATTR_FILTER | ATTR_SORT |       \
			 ATTR_COLUMN,                                                          \
		.offset = offsetof(struct object, name), .max = 255,                           \
		.help = "a name, not necessarily unique"                                       \
	}

#define OBJECT_PROJECT                                                                         \
	{                                                                                      \
		.name = "project_id", .alias = "tenant_id", .type = ATTR_SYMBOL,               \
		.flags = ATTR_POST | ATTR_VISIBLE | ATTR_FILTER | ATTR_SORT,                   \
		.offset = offsetof(struct object, project_id), .max = 255,                     \
		.help = "the project that owns it"                                             \
	}

#define OBJECT_TAGS                                                                            \
	{                                                                                      \
		.name = "tags", .type = ATTR_LIST, .flags = ATTR_POST | ATTR_VISIBLE,          \
		.offset = offsetof(struct object, tags), .item = &object_tag_table,            \
		.help = "labels; filtered by tags, tags-any, not-tags, not-tags-any"           \
	}

#define OBJECT_TAIL                                                                            \
	{.name = "description",                                                                \
	 .type = ATTR_STRING,                                                                  \
	 .flags = ATTR_POST | ATTR_PUT | ATTR_VISIBLE | ATTR_FILTER | ATTR_SORT |              \
		  ATTR_MULTILINE,                                                              \
	 .offset = offsetof(struct object, description),                                       \
	 .max = 255,                                                                           \
	 .help = "free text"},                                                                 \
		OBJECT_TAGS,                                                                   \
		{.name = "revision_number",                                                    \
		 .type = ATTR_INT,                                                             \
		 .flags = ATTR_VISIBLE | ATTR_FILTER | ATTR_SORT,                              \
		 .offset = offsetof(struct object, revision_number),                           \
		 .help = "grows with every change"},                                           \
		{.name = "created_at",                                                         \
		 .type = ATTR_TIME,                                                            \
		 .flags = ATTR_VISIBLE | ATTR_FILTER | ATTR_SORT,                              \
		 .offset = offsetof(struct object, created_at),                                \
		 .help = "when it was made"},                                                  \
	{                                                                                      \
		.name = "updated_at", .type = ATTR_TIME,                                       \
		.flags = ATTR_VISIBLE | ATTR_FILTER | ATTR_SORT,                               \
		.offset = offsetof(struct object, updated_at),                                 \
		.help = "when it was changed last"                                             \
	}

#define OBJECT_END                                                                             \
	{                                                                                      \
		.name = NULL                                                                   \
	}

#define OBJECT_TAG_MAX	 255 /* characters */
#define OBJECT_TAG_COUNT 50

extern const struct attr_table object_tag_table;

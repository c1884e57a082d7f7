/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes of flavors and service profiles. */
#include "model/flavor.h"

const char *const service_type_names[] = {"L3_ROUTER_NAT", "FLAVORS", NULL};

#define DESCRIPTION                                                                            \
	{                                                                                      \
		.name = "description", .type = ATTR_STRING,                                    \
		.flags = ATTR_BOTH | ATTR_FIND | ATTR_MULTILINE | ATTR_NULL_IN,                \
		.offset = offsetof(struct object, description), .max = 1024,                   \
		.help = "free text"                                                            \
	}

static const struct attr profile_attrs[] = {
	OBJECT_HEAD,
	{.name = "driver",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_COLUMN,
	 .offset = offsetof(struct service_profile, driver),
	 .max = 1024,
	 .help = "the driver of a provider: " PROVIDER_DRIVER},
	{.name = "metainfo",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_SORT | ATTR_MULTILINE,
	 .offset = offsetof(struct service_profile, metainfo),
	 .max = 4096,
	 .help = "what the driver is told; Weft's own asks for nothing"},
	{.name = "enabled",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_COLUMN,
	 .offset = offsetof(struct service_profile, enabled),
	 .initial = "true",
	 .help = "false: nothing new is made with it"},
	DESCRIPTION,
	OBJECT_END,
};

const struct attr_table service_profile_table = {
	.singular = "service_profile",
	.plural = "service_profiles",
	.title = "ServiceProfile",
	.size = sizeof(struct service_profile),
	.attrs = profile_attrs,
	.help = "Who makes what is made with a flavor.",
};

static const struct attr_table profile_id_table = {
	.singular = "service_profile",
	.size = sizeof(struct uuid),
	.attrs = (const struct attr[]){{.type = ATTR_UUID}},
};

static const struct attr flavor_attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "service_type",
	 .type = ATTR_ENUM,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct flavor, service_type),
	 .names = service_type_names,
	 .help = "what is made with it: L3_ROUTER_NAT"},
	{.name = "enabled",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_COLUMN,
	 .offset = offsetof(struct flavor, enabled),
	 .initial = "true",
	 .help = "false: nothing new is made with it"},
	{.name = "service_profiles",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH | ATTR_ORDERED,
	 .offset = offsetof(struct flavor, profiles),
	 .item = &profile_id_table,
	 .max = FLAVOR_PROFILE_MAX,
	 .help = "its profiles; the first that is enabled is used"},
	DESCRIPTION,
	OBJECT_END,
};

const struct attr_table flavor_table = {
	.singular = "flavor",
	.plural = "flavors",
	.title = "Flavor",
	.size = sizeof(struct flavor),
	.attrs = flavor_attrs,
	.help = "What an administrator offers under a name.",
};

bool flavor_has(const struct flavor *flavor, struct uuid profile, uint32_t *at)
{
	for (*at = 0; *at < flavor->profiles.count; ++*at)
		if (uuid_equal(*vec_at(struct uuid, &flavor->profiles, *at), profile))
			return true;
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all resources share.
 */
#include "model/object.h"

const char *const status_names[] = {
	[STATUS_DOWN] = "DOWN",
	[STATUS_BUILD] = "BUILD",
	[STATUS_ACTIVE] = "ACTIVE",
	[STATUS_ERROR] = "ERROR",
	NULL,
};

const struct attr_table object_tag_table = {
	.singular = "tag",
	.plural = "tags",
	.title = "Tag",
	.size = sizeof(char *),
	.attrs = (const struct attr[]){{.type = ATTR_STRING, .max = OBJECT_TAG_MAX}},
	.help = "A label.",
};

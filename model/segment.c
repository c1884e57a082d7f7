/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of segments, and what can be said of a place without its neighbours.
 */
#include "model/segment.h"

#include <stdio.h>
#include <string.h>

#include "lib/error.h"

const char *const segment_types[] = {"vxlan", "flat", "vlan", NULL};

const struct attr_table segment_place_table = {
	.singular = "segment",
	.size = sizeof(struct segment_place),
	.attrs =
		(const struct attr[]){
			{.name = "provider:network_type",
			 .type = ATTR_ENUM,
			 .flags = ATTR_REQUIRED,
			 .offset = offsetof(struct segment_place, type),
			 .names = segment_types},
			{.name = "provider:physical_network",
			 .type = ATTR_STRING,
			 .flags = ATTR_NULLABLE,
			 .offset = offsetof(struct segment_place, physical_network),
			 .max = SEGMENT_PHYSICAL_MAX},
			{.name = "provider:segmentation_id",
			 .type = ATTR_U32,
			 .flags = ATTR_NULLABLE,
			 .offset = offsetof(struct segment_place, number),
			 .min = 1,
			 .max = SEGMENT_VNI_MAX},
			{.name = NULL},
		},
};

static const struct attr attrs[] = {
	OBJECT_HEAD,
	{.name = "name",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct object, name),
	 .max = 255,
	 .help = "a name, not necessarily unique"},
	{.name = "network_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct segment, network_id),
	 .help = "the network it is of"},
	{.name = "network_type",
	 .type = ATTR_ENUM,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct segment, place.type),
	 .names = segment_types,
	 .help = "vxlan: the overlay; flat, vlan: a marker of an external network"},
	{.name = "physical_network",
	 .type = ATTR_STRING,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULLABLE,
	 .offset = offsetof(struct segment, place.physical_network),
	 .max = SEGMENT_PHYSICAL_MAX,
	 .help = "of flat and vlan: whose it is"},
	{.name = "segmentation_id",
	 .type = ATTR_U32,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct segment, place.number),
	 .min = 1,
	 .max = SEGMENT_VNI_MAX,
	 .help = "its VNI or VLAN; default: a free one"},
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table segment_table = {
	.singular = "segment",
	.plural = "segments",
	.title = "Segment",
	.size = sizeof(struct segment),
	.attrs = attrs,
	.help = "What a network is made of: the overlay, and markers of physical networks.",
};

static bool refuse(const struct segment_place *place, const char *what, GError **error)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "InvalidInput: Invalid input for operation: %s for %s provider network.",
		    what, segment_types[place->type]);
	return false;
}

bool segment_place_check(struct segment_place *place, GError **error)
{
	if (place->physical_network && !*place->physical_network)
		g_clear_pointer(&place->physical_network, g_free);
	if (place->type == SEGMENT_VXLAN && place->physical_network)
		return refuse(place, "physical_network specified", error);
	if (place->type != SEGMENT_VXLAN && !place->physical_network)
		return refuse(place, "physical_network required", error);
	if (place->type == SEGMENT_FLAT && place->number)
		return refuse(place, "segmentation_id specified", error);
	if (place->type == SEGMENT_VLAN && place->number > SEGMENT_VLAN_MAX)
		return refuse(place, "segmentation_id out of range (1 through 4094)", error);
	return true;
}

void segment_place_copy(struct segment_place *to, const struct segment_place *from)
{
	g_free(to->physical_network);
	*to = *from;
	to->physical_network = g_strdup(from->physical_network);
}

bool segment_place_equal(const struct segment_place *a, const struct segment_place *b)
{
	return a->type == b->type && a->number == b->number &&
	       g_strcmp0(a->physical_network, b->physical_network) == 0;
}

char *segment_place_print(const struct segment_place *place, char *text)
{
	if (place->type == SEGMENT_VXLAN)
		snprintf(text, SEGMENT_PLACE_TEXT, "Tunnel ID %u", place->number);
	else if (place->type == SEGMENT_VLAN)
		snprintf(text, SEGMENT_PLACE_TEXT, "VLAN %u on physical network %s",
			 place->number, place->physical_network);
	else
		snprintf(text, SEGMENT_PLACE_TEXT, "physical network %s",
			 place->physical_network);
	return text;
}

guint segment_place_hash(gconstpointer key)
{
	const struct segment_place *place = key;
	guint name = place->physical_network ? g_str_hash(place->physical_network) : 0;

	return (place->number << 2 | place->type) * 2654435761u ^ name;
}

gboolean segment_place_same(gconstpointer a, gconstpointer b)
{
	return segment_place_equal(a, b);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of ranges of segments, and what is in one.
 */
#include "model/segment_range.h"

#include "lib/error.h"
#include "model/cloud.h"

/* As the reference calls those that have ranges there; the last two are refused by a type. */
enum range_type {
	RANGE_VXLAN,
	RANGE_VLAN,
	RANGE_GRE,
	RANGE_GENEVE,
};

static const char *const types[] = {"vxlan", "vlan", "gre", "geneve", NULL};

static json_t *range_print_available(const void *object, const void *world)
{
	const struct segment_range *range = object;
	json_t *list = json_array();
	struct segment_place place = {.physical_network = range->physical_network};
	enum segment_type type;

	if (!world || !segment_range_get_type(range, &type))
		return list;
	place.type = type;
	for (int64_t number = range->minimum;
	     number <= range->maximum && json_array_size(list) < SEGMENT_RANGE_LISTED;
	     number++) {
		place.number = (uint32_t)number;
		if (!cloud_find_segment(world, &place))
			json_array_append_new(list, json_integer(number));
	}
	return list;
}

static json_t *range_print_used(const void *object, const void *world)
{
	const GPtrArray *segments = world ? cloud_list(world, KIND_SEGMENT) : NULL;
	json_t *used = json_object();

	for (guint i = 0; segments && i < segments->len; i++) {
		const struct segment *segment = segments->pdata[i];
		const struct network *network = cloud_find_network(world, segment->network_id);
		const char *project = network ? network->object.project_id : NULL;
		char number[16];

		if (!segment_range_has(object, &segment->place))
			continue;
		g_snprintf(number, sizeof(number), "%u", segment->place.number);
		json_object_set_new(used, number, json_string(project ? project : ""));
	}
	return used;
}

static const struct attr attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "default",
	 .type = ATTR_BOOL,
	 .flags = ATTR_VISIBLE | ATTR_FILTER,
	 .offset = offsetof(struct segment_range, is_default),
	 .initial = "false",
	 .help = "the range of weftd's options: nobody changes it"},
	{.name = "shared",
	 .type = ATTR_BOOL,
	 .flags = ATTR_ONCE | ATTR_FILTER | ATTR_COLUMN,
	 .offset = offsetof(struct segment_range, shared),
	 .initial = "true",
	 .help = "false: networks of its project get its numbers first, and nobody else does"},
	{.name = "network_type",
	 .type = ATTR_ENUM,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct segment_range, type),
	 .names = types,
	 .help = "vxlan or vlan; there are no gre and geneve segments"},
	{.name = "physical_network",
	 .type = ATTR_STRING,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULLABLE,
	 .offset = offsetof(struct segment_range, physical_network),
	 .max = SEGMENT_PHYSICAL_MAX,
	 .help = "of vlan: whose VLANs"},
	{.name = "minimum",
	 .type = ATTR_INT,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct segment_range, minimum),
	 .min = 1,
	 .max = UINT32_MAX,
	 .help = "the first number"},
	{.name = "maximum",
	 .type = ATTR_INT,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct segment_range, maximum),
	 .min = 1,
	 .max = UINT32_MAX,
	 .help = "the last number"},
	{.name = "available",
	 .type = ATTR_LIST,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED,
	 .print = range_print_available,
	 .help = "numbers that no segment has, the lowest 4096 of them"},
	{.name = "used",
	 .type = ATTR_DICT,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED,
	 .print = range_print_used,
	 .help = "numbers that segments have, and the projects of their networks"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table segment_range_table = {
	.singular = "network_segment_range",
	.plural = "network_segment_ranges",
	.title = "NetworkSegmentRange",
	.size = sizeof(struct segment_range),
	.attrs = attrs,
	.help = "Numbers of segments, and whose networks get them.",
};

bool segment_range_get_type(const struct segment_range *range, enum segment_type *out)
{
	*out = range->type == RANGE_VLAN ? SEGMENT_VLAN : SEGMENT_VXLAN;
	return range->type == RANGE_VXLAN || range->type == RANGE_VLAN;
}

static bool refuse(const struct segment_range *range, const char *why, GError **error)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "BadRequest: Bad network_segment_range request: %" G_GINT64_FORMAT
		    " to %" G_GINT64_FORMAT " of %s: %s.",
		    range->minimum, range->maximum, types[range->type], why);
	return false;
}

bool segment_range_check(struct segment_range *range, GError **error)
{
	enum segment_type type;

	if (range->physical_network && !*range->physical_network)
		g_clear_pointer(&range->physical_network, g_free);
	if (!segment_range_get_type(range, &type)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "NetworkSegmentRangeNetTypeNotSupported: Network type %s does not "
			    "support network segment ranges.",
			    types[range->type]);
		return false;
	}
	if (type == SEGMENT_VLAN && !range->physical_network)
		return refuse(range, "physical_network is required", error);
	if (type == SEGMENT_VXLAN && range->physical_network)
		return refuse(range, "it has no physical_network", error);
	if (range->minimum > range->maximum)
		return refuse(range, "minimum is above maximum", error);
	if (range->maximum > (type == SEGMENT_VLAN ? SEGMENT_VLAN_MAX : SEGMENT_VNI_MAX))
		return refuse(range, "maximum is above the last number that there is", error);
	return true;
}

bool segment_range_has(const struct segment_range *range, const struct segment_place *place)
{
	enum segment_type type;

	return segment_range_get_type(range, &type) && type == place->type &&
	       place->number >= range->minimum && place->number <= range->maximum &&
	       g_strcmp0(place->physical_network, range->physical_network) == 0;
}

bool segment_range_meets(const struct segment_range *a, const struct segment_range *b)
{
	return a->type == b->type && a->minimum <= b->maximum && b->minimum <= a->maximum &&
	       g_strcmp0(a->physical_network, b->physical_network) == 0;
}

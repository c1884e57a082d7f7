/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers are taken by their claims. Ranges are made and moved one at a time, under the default
 * one's guard, and none goes from under a network that takes a number of it.
 */
#include "api/segment_range.h"

#include "api/claim.h"
#include "api/segment.h"
#include "lib/error.h"

const struct uuid segment_range_default_id = {{0x77, 0x65, 0x66, 0x74, 0x00, 0x00, 0x50, 0x00,
					       0x80, 0x00, 0x76, 0x78, 0x6c, 0x61, 0x6e, 0x00}};

/* --- taking a number ------------------------------------------------------------------ */

struct hunt {
	struct job *job;
	struct segment_place *place;
	const struct network *network;
	bool wait; /* also a number that another request is about to take, or not */
};

/* Of the place's kind, whatever its numbers. */
static bool range_suits(const struct segment_range *range, const struct segment_place *place)
{
	enum segment_type type;

	return segment_range_get_type(range, &type) && type == place->type &&
	       g_strcmp0(range->physical_network, place->physical_network) == 0;
}

static bool hunt_try(const struct hunt *hunt, int64_t number)
{
	const struct api *api = job_api(hunt->job);
	char key[CLAIM_TEXT];

	hunt->place->number = (uint32_t)number;
	if (!hunt->wait &&
	    g_hash_table_contains(api->inflight, claim_print_place(hunt->place, key)))
		return false;
	return segment_claim(hunt->job, hunt->place, hunt->network);
}

/* The last of the numbers from NUMBER on that are one other project's; below NUMBER: it is none. */
static int64_t hunt_skip(const struct hunt *hunt, int64_t number)
{
	const GPtrArray *ranges = cloud_list(job_cloud(hunt->job), KIND_SEGMENT_RANGE);

	for (guint i = 0; i < ranges->len; i++) {
		const struct segment_range *range = ranges->pdata[i];

		if (!range->shared && range_suits(range, hunt->place) &&
		    number >= range->minimum && number <= range->maximum)
			return range->maximum;
	}
	return number - 1;
}

/* From the top; controllers that share a store begin anywhere, so as not to race for each. */
static bool hunt_own(const struct hunt *hunt, const struct segment_range *range)
{
	int64_t count = range->maximum - range->minimum + 1, start = 0;

	if (store_is_shared(job_api(hunt->job)->store))
		start = g_random_int() % count;
	for (int64_t i = 0; i < count; i++)
		if (hunt_try(hunt, range->maximum - (start + i) % count))
			return true;
	return false;
}

static bool hunt_between(const struct hunt *hunt, int64_t first, int64_t last)
{
	for (int64_t number = first; number <= last; number++) {
		number = MAX(number, hunt_skip(hunt, number) + 1);
		if (number <= last && hunt_try(hunt, number))
			return true;
	}
	return false;
}

/* On from where the last one was found. */
static bool hunt_shared(const struct hunt *hunt, const struct segment_range *range)
{
	struct api *api = job_api(hunt->job);
	int64_t from = range->minimum;

	if (hunt->place->type == SEGMENT_VXLAN && api->next_vni >= range->minimum &&
	    api->next_vni <= range->maximum)
		from = api->next_vni;
	if (!hunt_between(hunt, from, range->maximum) &&
	    !hunt_between(hunt, range->minimum, from - 1))
		return false;
	if (hunt->place->type == SEGMENT_VXLAN)
		api->next_vni = hunt->place->number + 1;
	return true;
}

static bool hunt_ranges(const struct hunt *hunt, bool shared)
{
	const GPtrArray *ranges = cloud_list(job_cloud(hunt->job), KIND_SEGMENT_RANGE);
	const char *project = hunt->network->object.project_id;

	for (guint i = 0; i < ranges->len; i++) {
		const struct segment_range *range = ranges->pdata[i];

		if (range->shared != shared || range->is_default ||
		    !range_suits(range, hunt->place) ||
		    (!shared && g_strcmp0(range->object.project_id, project) != 0) ||
		    !(shared ? hunt_shared : hunt_own)(hunt, range))
			continue;
		job_rely(hunt->job, KIND_SEGMENT_RANGE, range->object.id);
		return true;
	}
	return false;
}

/* Of our options until the store has it. */
static bool hunt_default(const struct hunt *hunt)
{
	const struct api_config *config = &job_api(hunt->job)->config;
	const struct segment_range *range =
		cloud_find(job_cloud(hunt->job), KIND_SEGMENT_RANGE, segment_range_default_id);
	const struct segment_range own = {.minimum = config->vni_min,
					  .maximum = config->vni_max};

	return hunt->place->type == SEGMENT_VXLAN && hunt_shared(hunt, range ? range : &own);
}

bool segment_range_take(struct job *job, struct segment_place *place,
			const struct network *network, GError **error)
{
	struct hunt hunt = {job, place, network, false};

	for (unsigned int pass = 0; pass < 2; pass++, hunt.wait = true)
		if (hunt_ranges(&hunt, false) || hunt_default(&hunt) ||
		    hunt_ranges(&hunt, true))
			return true;
	place->number = 0;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
		    "NoNetworkAvailable: Unable to create the network. No tenant network is "
		    "available for allocation.");
	return false;
}

/* --- the resource --------------------------------------------------------------------- */

static bool range_refuse(enum weft_error code, const char *type, const struct uuid *id,
			 const char *why, GError **error)
{
	char text[UUID_TEXT];

	g_set_error(error, WEFT_ERROR, (gint)code, "%s: Network Segment Range %s %s.", type,
		    uuid_print(*id, text), why);
	return false;
}

static bool range_check_default(const struct segment_range *range, GError **error)
{
	return !range->is_default ||
	       range_refuse(WEFT_ERROR_INVALID, "NetworkSegmentRangeDefaultReadOnly",
			    &range->object.id,
			    "is the default segment range, which weftd's options say", error);
}

static bool range_check_overlap(const struct segment_range *range, const GPtrArray *others,
				GError **error)
{
	for (guint i = 0; i < others->len; i++) {
		const struct segment_range *other = others->pdata[i];

		if (!other->is_default && !uuid_equal(other->object.id, range->object.id) &&
		    segment_range_meets(other, range))
			return range_refuse(WEFT_ERROR_CONFLICT, "NetworkSegmentRangeOverlaps",
					    &other->object.id, "has some of these numbers",
					    error);
	}
	return true;
}

/* The lowest and the highest number of RANGE that a segment has; false: none has. */
static bool range_find_used(struct job *job, const struct segment_range *range, int64_t *lowest,
			    int64_t *highest)
{
	const GPtrArray *segments = cloud_list(job_cloud(job), KIND_SEGMENT);

	*lowest = INT64_MAX;
	*highest = 0;
	for (guint i = 0; i < segments->len; i++) {
		const struct segment_place *place =
			&((const struct segment *)segments->pdata[i])->place;

		if (!segment_range_has(range, place))
			continue;
		*lowest = MIN(*lowest, place->number);
		*highest = MAX(*highest, place->number);
	}
	return *highest;
}

static bool range_is_used(const struct segment_range *range, GError **error)
{
	return range_refuse(WEFT_ERROR_CONFLICT, "NetworkSegmentRangeReferencedByProject",
			    &range->object.id, "has numbers that networks use", error);
}

/* A bound that moves inwards stops before a number that is used, as it does in the reference of
 * Debian 12. */
static bool range_check_moved(struct job *job, const struct segment_range *before,
			      const struct segment_range *range, GError **error)
{
	int64_t lowest, highest;

	if (!range_find_used(job, before, &lowest, &highest))
		return true;
	if ((range->minimum > before->minimum && range->minimum >= lowest) ||
	    (range->maximum < before->maximum && range->maximum <= highest))
		return range_is_used(before, error);
	return true;
}

static bool range_set_project(struct segment_range *range, GError **error)
{
	const char *project = range->object.project_id;

	if (range->shared)
		range->object.project_id = NULL;
	if (range->shared || (project && *project))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "BadRequest: Bad network_segment_range request: project_id is required "
		    "when it is not shared.");
	return false;
}

static bool range_put(struct job *job, const void *before_object, void *object, uint64_t given,
		      GError **error)
{
	const struct segment_range *before = before_object;
	struct segment_range *range = object;
	g_autoptr(GPtrArray) own = job_list_changed(job, KIND_SEGMENT_RANGE);

	if (before && !range_check_default(before, error))
		return false;
	if (!segment_range_check(range, error) || !range_set_project(range, error))
		return false;
	if (before && before->minimum == range->minimum && before->maximum == range->maximum)
		return true;
	if (!range_check_overlap(range, cloud_list(job_cloud(job), KIND_SEGMENT_RANGE),
				 error) ||
	    !range_check_overlap(range, own, error) ||
	    (before && !range_check_moved(job, before, range, error)))
		return false;
	job_take_turn(job, KIND_SEGMENT_RANGE, segment_range_default_id);
	if (before)
		job_take_turn(job, KIND_SEGMENT_RANGE, range->object.id);
	return true;
}

static bool range_del(struct job *job, const void *object, GError **error)
{
	const struct segment_range *range = object;
	int64_t lowest, highest;

	if (!range_check_default(range, error))
		return false;
	if (range_find_used(job, range, &lowest, &highest))
		return range_is_used(range, error);
	job_close_guard(job, KIND_SEGMENT_RANGE, range->object.id);
	return true;
}

const struct resource api_segment_range = {
	.kind = KIND_SEGMENT_RANGE,
	.admin_only = true,
	.put = range_put,
	.del = range_del,
};

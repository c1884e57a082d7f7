/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job for a few networks at a time. Their segments' ids follow from theirs: two controllers that
 * do the same make the same key, and one of them finds it done.
 */
#include "api/segment_upkeep.h"

#include "api/job.h"
#include "api/segment_range.h"

#define PART	      16 /* networks in one transaction: etcd takes 128 operations */
#define AGAIN_SECONDS 10

/* --- what is missing ------------------------------------------------------------------ */

static bool range_is_right(const struct api *api)
{
	const struct segment_range *range =
		cloud_find(api->cloud, KIND_SEGMENT_RANGE, segment_range_default_id);

	return range && range->minimum == api->config.vni_min &&
	       range->maximum == api->config.vni_max;
}

/* Up to PART networks; borrowed. */
static GPtrArray *list_bare(const struct api *api)
{
	const GPtrArray *networks = cloud_list(api->cloud, KIND_NETWORK);
	GPtrArray *bare = g_ptr_array_new();

	for (guint i = 0; i < networks->len && bare->len < PART; i++) {
		const struct network *network = networks->pdata[i];

		if (cloud_list_segments(api->cloud, network->object.id)->len == 0)
			g_ptr_array_add(bare, networks->pdata[i]);
	}
	return bare;
}

/* --- making it ------------------------------------------------------------------------ */

static void range_make(struct job *job)
{
	const struct api_config *config = &job_api(job)->config;
	struct segment_range *range =
		job_edit(job, KIND_SEGMENT_RANGE, segment_range_default_id);

	if (!range)
		range = job_add_as(job, KIND_SEGMENT_RANGE, segment_range_default_id,
				   attr_new(&segment_range_table));
	g_free(range->object.name);
	range->object.name = g_strdup("default");
	range->is_default = range->shared = true;
	range->minimum = config->vni_min;
	range->maximum = config->vni_max;
}

static void segment_make(struct job *job, const struct network *network)
{
	struct uuid id = uuid_from_name(network->object.id, "segment");
	struct segment *segment = job_add_as(job, KIND_SEGMENT, id, attr_new(&segment_table));

	segment->network_id = network->object.id;
	segment_place_copy(&segment->place, &network->place);
	job_expect(job, KIND_NETWORK, network->object.id);
}

static bool upkeep_build(struct job *job, GError **error)
{
	g_autoptr(GPtrArray) bare = list_bare(job_api(job));

	if (!range_is_right(job_api(job)))
		range_make(job);
	for (guint i = 0; i < bare->len; i++)
		segment_make(job, bare->pdata[i]);
	return true;
}

static gboolean upkeep_again(void *data)
{
	struct api *api = data;

	api->upkeep = 0;
	segment_upkeep_start(api);
	return G_SOURCE_REMOVE;
}

/* What cannot be written now is tried later; the API says why if anybody asks. */
static void upkeep_finish(struct job *job, const GError *error)
{
	struct api *api = job_api(job);

	if (!api->ending)
		api->upkeep = error ? g_timeout_add_seconds(AGAIN_SECONDS, upkeep_again, api)
				    : g_idle_add(upkeep_again, api);
}

static const struct job_ops upkeep_ops = {
	.build = upkeep_build,
	.finish = upkeep_finish,
};

void segment_upkeep_start(struct api *api)
{
	const struct caller nobody = {.project_id = "", .admin = true};
	g_autoptr(GPtrArray) bare = list_bare(api);

	if (bare->len || !range_is_right(api))
		job_start(api, &nobody, &upkeep_ops, NULL);
}

void segment_upkeep_stop(struct api *api)
{
	g_clear_handle_id(&api->upkeep, g_source_remove);
}

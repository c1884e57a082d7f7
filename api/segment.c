/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network knows its places ("provider:*", "segments"), a segment is an object for each of them;
 * both are changed by the same transaction, under the network's revision.
 */
#include "api/segment.h"

#include "api/claim.h"
#include "api/segment_range.h"
#include "lib/error.h"

/* A network of an older weftd may have no segment yet. */
static bool place_is_free(const struct cloud *cloud, const struct segment_place *place)
{
	return !cloud_find_segment(cloud, place) &&
	       (place->type != SEGMENT_VXLAN ||
		!cloud_find_network_by_vni(cloud, (struct vni){place->number}));
}

bool segment_claim(struct job *job, const struct segment_place *place,
		   const struct network *network)
{
	char key[CLAIM_TEXT], owner[UUID_TEXT];

	return place_is_free(job_cloud(job), place) &&
	       job_claim(job, claim_print_place(place, key),
			 uuid_print(network->object.id, owner));
}

/* --- making --------------------------------------------------------------------------- */

static bool place_is_taken(const struct segment_place *place, GError **error)
{
	static const char *const types[] = {"TunnelIdInUse", "FlatNetworkInUse", "VlanIdInUse"};
	char text[SEGMENT_PLACE_TEXT];

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "%s: Unable to create the network. %s is in use.", types[place->type],
		    segment_place_print(place, text));
	return false;
}

static bool place_take(struct job *job, struct segment_place *place,
		       const struct network *network, GError **error)
{
	if (!segment_place_check(place, error))
		return false;
	if (place->type != SEGMENT_VXLAN && !segment_check_external(network, error))
		return false;
	if (place->type != SEGMENT_FLAT && !place->number)
		return segment_range_take(job, place, network, error);
	return segment_claim(job, place, network) || place_is_taken(place, error);
}

static bool network_add(struct job *job, const struct network *network,
			struct segment_place *place, GError **error)
{
	struct segment *segment;

	if (!place_take(job, place, network, error))
		return false;
	segment = job_add(job, KIND_SEGMENT, attr_new(&segment_table));
	segment->network_id = network->object.id;
	segment_place_copy(&segment->place, place);
	return true;
}

/* What is to be chosen yet is no twin of anything. */
static bool places_check(const struct network *network, uint64_t given, GError **error)
{
	static const char *const own[] = {"provider:network_type", "provider:physical_network",
					  "provider:segmentation_id"};
	const struct segment_place *list = network->segments.items;
	bool overlay = false;

	for (gsize i = 0; i < G_N_ELEMENTS(own); i++)
		if (given & attr_bit_of(&network_table, own[i])) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "SegmentsSetInConjunctionWithProviders: Segments and "
				    "provider values cannot both be set.");
			return false;
		}
	for (uint32_t i = 0; i < network->segments.count; i++) {
		bool twin = overlay && list[i].type == SEGMENT_VXLAN;

		overlay |= list[i].type == SEGMENT_VXLAN;
		for (uint32_t j = 0; j < i && (list[i].number || list[i].type == SEGMENT_FLAT);
		     j++)
			twin |= segment_place_equal(&list[i], &list[j]);
		if (!twin)
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "SegmentsContainDuplicateEntry: Duplicate segment entry in "
			    "request, or more than one of the overlay.");
		return false;
	}
	return true;
}

/* Which of several is told to hosts, and tells whether they are: the one on the overlay. */
static void network_choose_own(struct network *network)
{
	const struct segment_place *list = network->segments.items;
	uint32_t own = 0;

	for (uint32_t i = 0; i < network->segments.count; i++)
		if (list[i].type == SEGMENT_VXLAN)
			own = i;
	if (network->segments.count)
		segment_place_copy(&network->place, &list[own]);
	if (network->segments.count == 1)
		vec_done(&network->segments, &segment_place_table);
}

bool segment_make_all(struct job *job, struct network *network, uint64_t given, GError **error)
{
	if (network->segments.count == 0)
		return network_add(job, network, &network->place, error);
	if (!places_check(network, given, error))
		return false;
	for (uint32_t i = 0; i < network->segments.count; i++)
		if (!network_add(job, network,
				 vec_at(struct segment_place, &network->segments, i), error))
			return false;
	network_choose_own(network);
	return true;
}

bool segment_check_external(const struct network *network, GError **error)
{
	if (network->external)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "InvalidInput: Invalid input for operation: network '%s': flat and vlan "
		    "are for router:external networks only: no port of a host is on a physical "
		    "network.",
		    network->object.name ? network->object.name : "");
	return false;
}

/* --- one by one ----------------------------------------------------------------------- */

static bool segment_refuse(const struct network *network, const char *why, GError **error)
{
	char id[UUID_TEXT];

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "InvalidInput: Invalid input for operation: network %s: %s.",
		    uuid_print(network->object.id, id), why);
	return false;
}

static void network_append(struct network *network, const struct segment_place *place)
{
	segment_place_copy(vec_add(&network->segments, sizeof(*place)), place);
}

static bool segment_put_new(struct job *job, struct segment *segment, GError **error)
{
	struct network *network = job_edit(job, KIND_NETWORK, segment->network_id);

	if (!network)
		return resource_not_found(resource_get(KIND_NETWORK), segment->network_id,
					  error);
	if (segment->place.type == SEGMENT_VXLAN)
		return segment_refuse(
			network, "the segment of the overlay is made with it, or never", error);
	if (network->segments.count == SEGMENT_MAX)
		return segment_refuse(network, "it has 16 segments already", error);
	if (!place_take(job, &segment->place, network, error))
		return false;
	if (network->segments.count == 0)
		network_append(network, &network->place);
	network_append(network, &segment->place);
	return true;
}

static bool segment_put(struct job *job, const void *before, void *object, uint64_t given,
			GError **error)
{
	return before || segment_put_new(job, object, error);
}

static bool segment_in_use(const struct segment *segment, const char *why, GError **error)
{
	char id[UUID_TEXT];

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "SegmentInUse: Segment '%s' cannot be deleted: %s.",
		    uuid_print(segment->object.id, id), why);
	return false;
}

static void network_remove(struct network *network, const struct segment_place *place)
{
	struct segment_place *list = network->segments.items;

	for (uint32_t i = 0; i < network->segments.count; i++) {
		if (!segment_place_equal(&list[i], place))
			continue;
		g_free(list[i].physical_network);
		list[i] = list[--network->segments.count];
		break;
	}
	network_choose_own(network);
}

static bool segment_del(struct job *job, const void *object, GError **error)
{
	const struct segment *segment = object;
	const GPtrArray *subnets = cloud_list_subnets(job_cloud(job), segment->network_id);
	struct network *network = job_edit(job, KIND_NETWORK, segment->network_id);
	char key[CLAIM_TEXT];

	if (segment->place.type == SEGMENT_VXLAN)
		return segment_in_use(segment, "the network's hosts are joined by it", error);
	if (!network || network->segments.count == 0)
		return segment_in_use(segment, "it is the only one of its network", error);
	for (guint i = 0; i < subnets->len; i++)
		if (uuid_equal(((const struct subnet *)subnets->pdata[i])->segment_id,
			       segment->object.id))
			return segment_in_use(segment, "a subnet is associated with it", error);
	network_remove(network, &segment->place);
	job_unclaim(job, claim_print_place(&segment->place, key));
	job_close_guard(job, KIND_SEGMENT, segment->object.id);
	return true;
}

const struct resource api_segment = {
	.kind = KIND_SEGMENT,
	.put = segment_put,
	.del = segment_del,
};

void segment_drop_all(struct job *job, const struct network *network)
{
	const GPtrArray *segments = cloud_list_segments(job_cloud(job), network->object.id);
	char key[CLAIM_TEXT];

	for (guint i = 0; i < segments->len; i++) {
		const struct segment *segment = segments->pdata[i];

		job_unclaim(job, claim_print_place(&segment->place, key));
		job_close_guard(job, KIND_SEGMENT, segment->object.id);
		job_del(job, KIND_SEGMENT, segment->object.id);
	}
	/* One from an older weftd may have none yet. */
	job_unclaim(job, claim_print_place(&network->place, key));
}

/* --- subnets -------------------------------------------------------------------------- */

static bool subnet_refuse(const char *type, const char *why, GError **error)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s: %s.", type, why);
	return false;
}

/* All of a network's subnets name segments, or none does. */
static bool subnets_agree(const GPtrArray *subnets, const struct subnet *subnet)
{
	for (guint i = 0; i < subnets->len; i++) {
		const struct subnet *other = subnets->pdata[i];

		if (uuid_equal(other->network_id, subnet->network_id) &&
		    !uuid_equal(other->object.id, subnet->object.id) &&
		    uuid_is_none(other->segment_id) != uuid_is_none(subnet->segment_id))
			return false;
	}
	return true;
}

static bool subnet_check_change(struct job *job, const struct subnet *before, GError **error)
{
	const GPtrArray *segments = cloud_list_segments(job_cloud(job), before->network_id);

	if (!uuid_is_none(before->segment_id))
		return subnet_refuse("SubnetSegmentAssociationChangeNotAllowed",
				     "A subnet that is already associated with a segment "
				     "cannot have its segment association changed",
				     error);
	if (segments->len > 1)
		return subnet_refuse("NoUpdateSubnetWhenMultipleSegmentsOnNetwork",
				     "The network has multiple segments, it is only possible "
				     "to associate an existing subnet with a segment on "
				     "networks with a single segment",
				     error);
	return true;
}

bool segment_guard_subnet(struct job *job, const struct subnet *before,
			  const struct subnet *subnet, GError **error)
{
	const struct segment *segment = job_find(job, KIND_SEGMENT, subnet->segment_id);
	g_autoptr(GPtrArray) own = job_list_changed(job, KIND_SUBNET);
	struct uuid id = subnet->segment_id;

	if (before && uuid_equal(before->segment_id, id))
		return true;
	if (before && !subnet_check_change(job, before, error))
		return false;
	if (!uuid_is_none(id) && !segment)
		return resource_not_found(&api_segment, id, error);
	if (segment && !uuid_equal(segment->network_id, subnet->network_id))
		return subnet_refuse("NetworkIdsDontMatch",
				     "The subnet's network id does not match the network_id "
				     "of its segment",
				     error);
	if (!subnets_agree(cloud_list_subnets(job_cloud(job), subnet->network_id), subnet) ||
	    !subnets_agree(own, subnet))
		return subnet_refuse("SubnetsNotAllAssociatedWithSegments",
				     "All of the subnets on a network must either all be "
				     "associated with segments or all not associated with "
				     "any segment",
				     error);
	if (segment)
		job_rely(job, KIND_SEGMENT, id);
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks: the VNI, the MTU, sharing, and that nobody is left on one that goes.
 */
#include "api/network.h"

#include <string.h>

#include "api/claim.h"
#include "api/rbac.h"
#include "api/subnet.h"
#include "api/zone.h"
#include "lib/error.h"
#include "model/dns.h"

static bool network_claim_vni(struct job *job, const struct network *network)
{
	char key[CLAIM_TEXT], owner[UUID_TEXT];

	if (cloud_find_network_by_vni(job_cloud(job), network->vni))
		return false;
	return job_claim(job, claim_print_vni(network->vni, key),
			 uuid_print(network->object.id, owner));
}

static bool network_pick_vni(struct job *job, struct network *network, GError **error)
{
	struct api *api = job_api(job);
	uint32_t min = api->config.vni_min, count = api->config.vni_max - min + 1;

	for (uint32_t i = 0; i < count; i++) {
		network->vni.value = min + (api->next_vni - min + i) % count;
		if (!network_claim_vni(job, network))
			continue;
		api->next_vni = min + (network->vni.value + 1 - min) % count;
		return true;
	}
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
		    "NoNetworkAvailable: Unable to create the network. No tenant network is "
		    "available for allocation.");
	return false;
}

static bool network_take_vni(struct job *job, struct network *network, GError **error)
{
	if (network->vni.value == 0)
		return network_pick_vni(job, network, error);
	if (network_claim_vni(job, network))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "TunnelIdInUse: Unable to create the network. The tunnel ID %u is in use.",
		    network->vni.value);
	return false;
}

static bool network_check_mtu(struct job *job, struct network *network, GError **error)
{
	const struct api_config *config = &job_api(job)->config;
	int64_t max = config->underlay_mtu -
		      (config->underlay_v6 ? API_OVERHEAD_V6 : API_OVERHEAD_V4),
		min = NETWORK_MTU_MIN_V4;
	const GPtrArray *subnets = cloud_list_subnets(job_cloud(job), network->object.id);

	if (network->mtu == 0)
		network->mtu = max;
	for (guint i = 0; i < subnets->len; i++)
		if (((const struct subnet *)subnets->pdata[i])->ip_version == 6)
			min = NETWORK_MTU_MIN_V6;
	if (network->mtu <= max && network->mtu >= min)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "InvalidInput: Invalid input for operation: Requested MTU %" G_GINT64_FORMAT
		    " is not between %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT ".",
		    network->mtu, min, max);
	return false;
}

/* A network is not taken back from under others who use it. */
static bool network_set_shared(struct job *job, const struct network *before,
			       const struct network *network, GError **error)
{
	bool was_external = before && before->external;

	if (network->external != was_external)
		rbac_set_external(job, network, network->external);
	if (network->shared == (before && before->shared) ||
	    rbac_share(job, KIND_NETWORK, network, network->shared))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "InvalidSharedSetting: Unable to reconfigure sharing settings for network "
		    "%s. Multiple tenants are using it.",
		    network->object.name ? network->object.name : "");
	return false;
}

static bool network_put(struct job *job, const void *before, void *object, uint64_t given,
			GError **error)
{
	struct network *network = object;

	if (network->dns_domain)
		for (char *at = network->dns_domain; *at; at++)
			*at = g_ascii_tolower(*at);
	return dns_check_name("dns_domain", network->dns_domain, true, error) &&
	       (before || zone_check_hints(job, &network->zone_hints, error)) &&
	       network_check_mtu(job, network, error) &&
	       network_set_shared(job, before, network, error) &&
	       (before || network_take_vni(job, network, error));
}

/* Subnets go with their network; ports must be gone before. */
static bool network_del(struct job *job, const void *object, GError **error)
{
	const struct network *network = object;
	const struct uuid id = network->object.id;
	const GPtrArray *subnets = cloud_list_subnets(job_cloud(job), id);
	char key[CLAIM_TEXT], text[UUID_TEXT];

	if (cloud_list_ports(job_cloud(job), id)->len) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			"NetworkInUse: Unable to complete operation on network %s. There are "
			"one or more ports still in use on the network.",
			uuid_print(id, text));
		return false;
	}
	for (guint i = 0; i < subnets->len; i++) {
		const struct subnet *subnet = subnets->pdata[i];

		job_close_guard(job, KIND_SUBNET, subnet->object.id);
		job_del(job, KIND_SUBNET, subnet->object.id);
	}
	job_unclaim(job, claim_print_vni(network->vni, key));
	rbac_forget(job, id);
	job_close_guard(job, KIND_NETWORK, id);
	return true;
}

const struct resource api_network = {
	.kind = KIND_NETWORK,
	.late = true, /* shared is what its policies say */
	.put = network_put,
	.del = network_del,
};

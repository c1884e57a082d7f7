/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks: segments, the MTU, sharing, the default one, and that nobody is left on one that goes.
 */
#include "api/network.h"

#include <string.h>

#include "api/claim.h"
#include "api/gateway.h"
#include "api/rbac.h"
#include "api/segment.h"
#include "api/subnet.h"
#include "api/zone.h"
#include "lib/error.h"
#include "model/dns.h"

/* What is only outside crosses no tunnel. */
static int64_t network_get_overhead(const struct network *network, bool v6)
{
	if (!network_is_overlay(network))
		return 0;
	return v6 ? API_OVERHEAD_V6 : API_OVERHEAD_V4;
}

static bool network_check_mtu(struct job *job, struct network *network, GError **error)
{
	const struct api_config *config = &job_api(job)->config;
	int64_t max = config->underlay_mtu - network_get_overhead(network, config->underlay_v6),
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

void network_drop_default(struct job *job, struct network *network)
{
	char key[CLAIM_TEXT];

	if (!network->is_default || network->external)
		return;
	network->is_default = false;
	job_unclaim(job, claim_print_default_network(key));
}

/* There is one default. */
static bool network_set_default(struct job *job, const struct network *before,
				struct network *network, uint64_t given, GError **error)
{
	const GPtrArray *networks = cloud_list(job_cloud(job), KIND_NETWORK);
	bool was = before && before->is_default;
	char key[CLAIM_TEXT], id[UUID_TEXT];
	const struct network *other = NULL;

	if (was && !network->external && !(given & attr_bit_of(&network_table, "is_default")))
		network_drop_default(job, network);
	if (network->is_default && !network->external) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "InvalidInput: Invalid input for operation: is_default: network %s "
			    "is not external.",
			    uuid_print(network->object.id, id));
		return false;
	}
	claim_print_default_network(key);
	if (was && !network->is_default)
		job_unclaim(job, key);
	if (was || !network->is_default)
		return true;
	for (guint i = 0; i < networks->len && !other; i++)
		if (((const struct network *)networks->pdata[i])->is_default)
			other = networks->pdata[i];
	if (!other && job_claim(job, key, uuid_print(network->object.id, id)))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "DefaultExternalNetworkExists: A default external network already exists: "
		    "%s.",
		    other ? uuid_print(other->object.id, id) : "another of this request");
	return false;
}

/* A way out is not taken from routers that have gateways on it. */
static bool network_check_gateways(struct job *job, const struct network *before,
				   const struct network *network, GError **error)
{
	char id[UUID_TEXT];

	if (!before || !before->external || network->external)
		return true;
	job_expect_guard(job, KIND_NETWORK, network->object.id);
	if (!gateway_is_used(job_cloud(job), network->object.id))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "ExternalNetworkInUse: External network %s cannot be updated to be made "
		    "non-external, since it has existing gateway ports.",
		    uuid_print(network->object.id, id));
	return false;
}

static bool network_check_external(const struct network *network, GError **error)
{
	return (network_is_overlay(network) && network->segments.count == 0) ||
	       segment_check_external(network, error);
}

static bool network_put(struct job *job, const void *before, void *object, uint64_t given,
			GError **error)
{
	struct network *network = object;

	if (network->dns_domain)
		for (char *at = network->dns_domain; *at; at++)
			*at = g_ascii_tolower(*at);
	return dns_check_name("dns_domain", network->dns_domain, true, error) &&
	       network_check_gateways(job, before, network, error) &&
	       (before || zone_check_hints(job, &network->zone_hints, error)) &&
	       (before ? network_check_external(network, error)
		       : segment_make_all(job, network, given, error)) &&
	       network_check_mtu(job, network, error) &&
	       network_set_default(job, before, network, given, error) &&
	       network_set_shared(job, before, network, error);
}

/* Subnets go with their network. */
static void network_release(struct job *job, const struct network *network)
{
	const struct uuid id = network->object.id;
	const GPtrArray *subnets = cloud_list_subnets(job_cloud(job), id);
	char key[CLAIM_TEXT];

	for (guint i = 0; i < subnets->len; i++) {
		const struct subnet *subnet = subnets->pdata[i];

		job_close_guard(job, KIND_SUBNET, subnet->object.id);
		job_del(job, KIND_SUBNET, subnet->object.id);
	}
	if (network->is_default)
		job_unclaim(job, claim_print_default_network(key));
	segment_drop_all(job, network);
	rbac_forget(job, id);
	job_close_guard(job, KIND_NETWORK, id);
}

void network_drop(struct job *job, const struct network *network)
{
	network_release(job, network);
	job_del(job, KIND_NETWORK, network->object.id);
}

/* Ports must be gone before. */
static bool network_del(struct job *job, const void *object, GError **error)
{
	const struct network *network = object;
	char text[UUID_TEXT];

	if (cloud_list_ports(job_cloud(job), network->object.id)->len) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			"NetworkInUse: Unable to complete operation on network %s. There are "
			"one or more ports still in use on the network.",
			uuid_print(network->object.id, text));
		return false;
	}
	network_release(job, network);
	return true;
}

const struct resource api_network = {
	.kind = KIND_NETWORK,
	.late = true, /* shared is what its policies say */
	.put = network_put,
	.del = network_del,
};

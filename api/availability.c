/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many addresses of each network there are, and are in use. Counted as the reference does it:
 * there are those of the pools, in use is whatever a port has, a router at its gateway included,
 * so that the latter may be more.
 */
#include "api/availability.h"

#include <string.h>

#include "api/access.h"
#include "api/made.h"
#include "api/reply.h"
#include "model/cloud.h"
#include "model/ipam.h"

struct subnet_availability {
	struct uuid subnet_id;
	char *subnet_name;
	struct prefix cidr;
	int64_t ip_version;
	unsigned __int128 total;
	int64_t used;
};

struct availability {
	struct uuid network_id;
	char *network_name;
	const char *project_id;
	struct vec versions; /* int64_t: of its subnets */
	struct vec subnets;  /* struct subnet_availability */
	unsigned __int128 total;
	int64_t used;
};

static const struct attr_table subnet_availability_table = {
	.singular = "subnet_ip_availability",
	.size = sizeof(struct subnet_availability),
	.attrs =
		(const struct attr[]){
			{.name = "subnet_id",
			 .type = ATTR_UUID,
			 .offset = offsetof(struct subnet_availability, subnet_id)},
			{.name = "subnet_name",
			 .type = ATTR_STRING,
			 .offset = offsetof(struct subnet_availability, subnet_name)},
			{.name = "cidr",
			 .type = ATTR_PREFIX,
			 .offset = offsetof(struct subnet_availability, cidr)},
			{.name = "ip_version",
			 .type = ATTR_INT,
			 .offset = offsetof(struct subnet_availability, ip_version)},
			{.name = "total_ips",
			 .type = ATTR_COUNT,
			 .offset = offsetof(struct subnet_availability, total)},
			{.name = "used_ips",
			 .type = ATTR_INT,
			 .offset = offsetof(struct subnet_availability, used)},
			{.name = NULL},
		},
};

static const struct attr_table version_table = {
	.singular = "version",
	.size = sizeof(int64_t),
	.attrs = (const struct attr[]){{.type = ATTR_INT}},
};

static const struct attr_table availability_table = {
	.singular = "network_ip_availability",
	.plural = "network_ip_availabilities",
	.title = "NetworkIPAvailability",
	.size = sizeof(struct availability),
	.attrs =
		(const struct attr[]){
			{.name = "network_id",
			 .type = ATTR_UUID,
			 .flags = ATTR_VISIBLE | ATTR_FIND,
			 .offset = offsetof(struct availability, network_id),
			 .help = "the network"},
			{.name = "network_name",
			 .type = ATTR_STRING,
			 .flags = ATTR_VISIBLE | ATTR_FIND,
			 .offset = offsetof(struct availability, network_name),
			 .help = "its name"},
			{.name = "project_id",
			 .alias = "tenant_id",
			 .type = ATTR_SYMBOL,
			 .flags = ATTR_VISIBLE | ATTR_FIND,
			 .offset = offsetof(struct availability, project_id),
			 .help = "whose it is"},
			{.name = "ip_version",
			 .type = ATTR_LIST,
			 .flags = ATTR_FILTER,
			 .offset = offsetof(struct availability, versions),
			 .item = &version_table,
			 .help = "subnets of it only"},
			{.name = "subnet_ip_availability",
			 .type = ATTR_LIST,
			 .flags = ATTR_VISIBLE,
			 .offset = offsetof(struct availability, subnets),
			 .item = &subnet_availability_table,
			 .help = "the same of each subnet"},
			{.name = "total_ips",
			 .type = ATTR_COUNT,
			 .flags = ATTR_VISIBLE | ATTR_SORT,
			 .offset = offsetof(struct availability, total),
			 .help = "addresses of the pools; of the range, where there are none"},
			{.name = "used_ips",
			 .type = ATTR_INT,
			 .flags = ATTR_VISIBLE | ATTR_SORT,
			 .offset = offsetof(struct availability, used),
			 .help = "addresses that ports have"},
			{.name = NULL},
		},
	.help = "How many addresses of a network there are, and are in use.",
};

static void availability_free(void *availability)
{
	attr_free(&availability_table, availability);
}

/* A question of a version is of the subnets, too; a wrong one is refused by the filter. */
static bool is_asked(const struct http_question *question, int64_t version)
{
	bool any = false;

	for (gsize i = 0; i < question->query_count; i++) {
		const struct http_pair *pair = &question->query[i];

		if (strcmp(pair->name, "ip_version") != 0)
			continue;
		if (g_ascii_strtoll(pair->value, NULL, 10) == version)
			return true;
		any = true;
	}
	return !any;
}

static void availability_add(struct availability *availability, const struct cloud *cloud,
			     const struct subnet *subnet)
{
	struct subnet_availability *of_subnet =
		vec_add(&availability->subnets, sizeof(*of_subnet));

	*of_subnet = (struct subnet_availability){
		.subnet_id = subnet->object.id,
		.subnet_name = g_strdup(subnet->object.name),
		.cidr = subnet->cidr,
		.ip_version = subnet->ip_version,
		.total = ipam_total(subnet),
		.used = ipam_count(cloud_find_ipam(cloud, subnet->object.id)),
	};
	availability->total += of_subnet->total;
	availability->used += of_subnet->used;
	*(int64_t *)vec_add(&availability->versions, sizeof(int64_t)) = subnet->ip_version;
}

/* QUESTION: NULL, or of which versions. */
static struct availability *availability_new(const struct cloud *cloud,
					     const struct network *network,
					     const struct http_question *question)
{
	const GPtrArray *subnets = cloud_list_subnets(cloud, network->object.id);
	struct availability *availability = attr_new(&availability_table);

	availability->network_id = network->object.id;
	availability->network_name = g_strdup(network->object.name);
	availability->project_id = network->object.project_id;
	for (guint i = 0; i < subnets->len; i++) {
		const struct subnet *subnet = subnets->pdata[i];

		if (!question || is_asked(question, subnet->ip_version))
			availability_add(availability, cloud, subnet);
	}
	return availability;
}

static bool network_is_seen(const struct ask *ask, const struct network *network)
{
	return access_sees_by(ask->api->access, ask->caller, "get_network_ip_availability",
			      resource_get(KIND_NETWORK), network);
}

static void availability_list(const struct ask *ask)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(availability_free);
	const GPtrArray *networks = cloud_list(ask->api->cloud, KIND_NETWORK);
	g_autoptr(GError) error = NULL;
	char *text;
	gsize size;

	for (guint i = 0; i < networks->len; i++)
		if (network_is_seen(ask, networks->pdata[i]))
			g_ptr_array_add(list,
					availability_new(ask->api->cloud, networks->pdata[i],
							 ask->question));
	text = made_list(&availability_table, list, NULL, ask->question, &size, &error);
	if (text)
		reply_json(ask->request, 200, text, size);
	else
		reply_error(ask->request, error);
}

static void availability_show(const struct ask *ask)
{
	const struct network *network = NULL;
	g_autofree char *message = NULL;
	struct availability *availability;
	struct uuid id;
	gsize size;
	char *text;

	if (uuid_parse(ask->id, &id))
		network = cloud_find_network(ask->api->cloud, id);
	if (!network || !network_is_seen(ask, network)) {
		message = g_strdup_printf("Network %s could not be found.", ask->id);
		reply_plain_error(ask->request, 404, "NetworkNotFound", message);
		return;
	}
	availability = availability_new(ask->api->cloud, network, NULL);
	text = made_show(&availability_table, availability, NULL, ask->question, &size);
	availability_free(availability);
	reply_json(ask->request, 200, text, size);
}

void availability_serve(const struct ask *ask)
{
	if (ask->action)
		reply_no_resource(ask->request);
	else if (strcmp(ask->question->method, "GET") != 0)
		reply_bad_method(ask->request);
	else if (ask->id)
		availability_show(ask);
	else
		availability_list(ask);
}

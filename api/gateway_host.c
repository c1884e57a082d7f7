/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway's host is written by a transaction that requires its port as it was: controllers that
 * do it at the same time, and a router that is changed, exclude each other.
 */
#include "api/gateway_host.h"

#include "api/port.h"
#include "model/gateway.h"

static void gateway_bind(struct job *job, struct port *port)
{
	const struct network *network = cloud_find_network(job_cloud(job), port->network_id);
	const struct host *host = NULL;
	struct uuid router;

	if (network && uuid_parse(port->device_id, &router))
		host = gateway_choose_host(job_cloud(job), router, network);
	port->host_id = host ? g_intern_string(host->object.name) : NULL;
}

void gateway_leave(struct job *job, const struct host *host)
{
	const GPtrArray *ports = cloud_list_host_ports(job_cloud(job), host->object.name);

	for (guint i = 0; i < ports->len; i++)
		if (port_is_gateway(ports->pdata[i]))
			gateway_bind(job, job_edit(job, KIND_PORT,
						   ((struct object *)ports->pdata[i])->id));
}

/* Its host is joined to its network no more, or is gone. */
static bool gateway_is_cut(const struct cloud *cloud, const struct port *port,
			   const struct network *network)
{
	const struct host *host = cloud_find_host(cloud, port->host_id);
	g_autofree char *physical = gateway_print_physical(network);

	return !host || !physical || !gateway_is_on(host, physical);
}

static bool gateway_needs_host(const struct cloud *cloud, const struct port *port, bool lost)
{
	const struct network *network = cloud_find_network(cloud, port->network_id);
	const struct host *host;
	struct uuid router;

	if (!network || !port->device_id || !uuid_parse(port->device_id, &router))
		return false;
	if (port->host_id && *port->host_id) {
		if (gateway_is_cut(cloud, port, network))
			return true;
		host = cloud_find_host(cloud, port->host_id);
		if (host->admin_state_up &&
		    (!lost || cloud_is_host_alive(cloud, port->host_id)))
			return false;
	}
	/* One that is closed, and nobody else is there, goes on; one that is lost may come back, and
	 * its data plane may go on without us: it keeps the gateway. */
	return gateway_choose_host(cloud, router, network);
}

/* A subnet has come after it. */
static bool gateway_needs_address(const struct cloud *cloud, const struct port *port)
{
	const GPtrArray *subnets = cloud_list_subnets(cloud, port->network_id);

	for (guint i = 0; i < subnets->len && port->fixed_ips.count == 0; i++)
		if (subnet_serves(subnets->pdata[i], PORT_OWNER_GATEWAY))
			return true;
	return false;
}

bool gateway_is_needy(const struct cloud *cloud, const struct port *port, bool lost)
{
	return gateway_needs_address(cloud, port) || gateway_needs_host(cloud, port, lost);
}

struct mending {
	struct uuid id;
	char *lost;
	const char *from, *to; /* interned */
	gateway_mended done;
	void *data;
};

static bool mending_address(struct job *job, const struct port *before, struct port *port,
			    GError **error)
{
	const GPtrArray *subnets = cloud_list_subnets(job_cloud(job), port->network_id);

	for (int64_t version = 4; version <= 6; version += 2) {
		for (guint i = 0; i < subnets->len; i++) {
			const struct subnet *subnet = subnets->pdata[i];
			struct fixed_ip *fixed;

			if (subnet->ip_version != version ||
			    !subnet_serves(subnet, port->device_owner))
				continue;
			fixed = vec_add(&port->fixed_ips, sizeof(*fixed));
			fixed->subnet_id = subnet->object.id;
			break;
		}
	}
	return api_port_complete(job, before, port, attr_bit_of(&port_table, "fixed_ips"),
				 error);
}

static bool mending_build(struct job *job, GError **error)
{
	struct mending *mending = job_data(job);
	const struct cloud *cloud = job_cloud(job);
	const struct port *before = cloud_find_port(cloud, mending->id);
	bool lost = before && g_strcmp0(mending->lost, before->host_id) == 0;
	struct port *port;

	mending->from = mending->to = NULL;
	if (!before || !port_is_gateway(before) || !gateway_is_needy(cloud, before, lost))
		return true;
	port = job_edit(job, KIND_PORT, mending->id);
	if (gateway_needs_host(cloud, before, lost)) {
		gateway_bind(job, port);
		mending->from = before->host_id;
		mending->to = port->host_id;
	}
	return !gateway_needs_address(cloud, before) ||
	       mending_address(job, before, port, error);
}

static void mending_finish(struct job *job, const GError *error)
{
	const struct mending *mending = job_data(job);

	mending->done(mending->id, mending->from, mending->to, error, mending->data);
}

static void mending_free(void *data)
{
	struct mending *mending = data;

	g_free(mending->lost);
	g_free(mending);
}

static const struct job_ops mending_ops = {
	.build = mending_build,
	.finish = mending_finish,
	.free = mending_free,
};

void gateway_mend(struct api *api, struct uuid port_id, const char *lost, gateway_mended done,
		  void *data)
{
	const struct caller self = {.project_id = "", .admin = true};
	struct mending *mending = g_new0(struct mending, 1);

	mending->id = port_id;
	mending->lost = g_strdup(lost);
	mending->done = done;
	mending->data = data;
	job_start(api, &self, &mending_ops, mending);
}

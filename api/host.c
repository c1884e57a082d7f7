/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts: a name and a tunnel address that nobody else has. A host that connects makes
 * itself known.
 */
#include "api/host.h"

#include "api/agent.h"
#include "api/claim.h"
#include "api/gateway_host.h"
#include "lib/error.h"

static bool host_conflict(const struct host *host, const char *what, GError **error)
{
	char text[IP_TEXT];

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "Conflict: Host %s (%s): another host has this %s.", host->object.name,
		    ip_print(host->tunnel_ip, text), what);
	return false;
}

static bool host_put(struct job *job, const void *object_before, void *object, uint64_t given,
		     GError **error)
{
	const struct host *before = object_before, *other;
	struct host *host = object;
	char owner[UUID_TEXT], name[CLAIM_TEXT], tunnel[CLAIM_TEXT];

	if (!host_validate(host, error))
		return false;
	claim_print_hostname(host->object.name, name);
	claim_print_tunnel(host->tunnel_ip, tunnel);
	uuid_print(host->object.id, owner);
	if (!before && (cloud_find_host(job_cloud(job), host->object.name) ||
			!job_claim(job, name, owner)))
		return host_conflict(host, "name", error);
	other = cloud_find_host_by_ip(job_cloud(job), host->tunnel_ip);
	if (other && !uuid_equal(other->object.id, host->object.id))
		return host_conflict(host, "tunnel_ip", error);
	if (before && ip_equal(before->tunnel_ip, host->tunnel_ip))
		return true;
	if (!job_claim(job, tunnel, owner))
		return host_conflict(host, "tunnel_ip", error);
	if (before)
		job_unclaim(job, claim_print_tunnel(before->tunnel_ip, tunnel));
	return true;
}

/* Gateways are no reason to keep it: they go to others. */
static guint host_count_workloads(const struct cloud *cloud, const struct host *host)
{
	const GPtrArray *ports = cloud_list_host_ports(cloud, host->object.name);
	guint count = 0;

	for (guint i = 0; i < ports->len; i++)
		count += !port_is_gateway(ports->pdata[i]);
	return count;
}

static bool host_del(struct job *job, const void *object, GError **error)
{
	const struct host *host = object;
	guint ports = host_count_workloads(job_cloud(job), host);
	char claim[CLAIM_TEXT];

	if (ports || cloud_is_host_alive(job_cloud(job), host->object.name)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "Conflict: Host %s is in use: %s, %u ports are bound to it.",
			    host->object.name,
			    cloud_is_host_alive(job_cloud(job), host->object.name)
				    ? "its agent is connected"
				    : "its agent is not connected",
			    ports);
		return false;
	}
	gateway_leave(job, host);
	job_unclaim(job, claim_print_hostname(host->object.name, claim));
	job_unclaim(job, claim_print_tunnel(host->tunnel_ip, claim));
	return true;
}

/* Agents are as their hosts are. */
const struct resource api_agent = {
	.kind = KIND_HOST,
	.view = &agent_table,
	.put = host_put,
	.del = host_del,
};

const struct resource api_host = {
	.kind = KIND_HOST,
	.put = host_put,
	.del = host_del,
	.admin_only = true,
};

/* Connecting */

struct admission {
	char *name;
	struct ip tunnel_ip;
	char *zone; /* NULL: it names none */
	char *physical;
	api_admitted done;
	void *data;
};

static bool admission_is_known(const struct admission *admission, const struct vec *physical,
			       const struct host *host)
{
	return host_physical_equal(&host->physical, physical) &&
	       (ip_is_none(admission->tunnel_ip) ||
		ip_equal(host->tunnel_ip, admission->tunnel_ip)) &&
	       (!admission->zone || g_strcmp0(host->zone, admission->zone) == 0);
}

static bool admission_build(struct job *job, GError **error)
{
	const struct admission *admission = job_data(job);
	const struct host *before = cloud_find_host(job_cloud(job), admission->name);
	struct vec physical;
	struct host *host;

	if (!host_read_physical(admission->physical, &physical, error))
		return false;
	if (before && admission_is_known(admission, &physical, before)) {
		host_free_physical(&physical);
		return true;
	}
	if (before)
		host = job_edit(job, KIND_HOST, before->object.id);
	else
		host = job_add(job, KIND_HOST, attr_new(&host_table));
	host_free_physical(&host->physical);
	host->physical = physical;
	if (!ip_is_none(admission->tunnel_ip))
		host->tunnel_ip = admission->tunnel_ip;
	if (admission->zone) {
		g_free(host->zone);
		host->zone = g_strdup(admission->zone);
	}
	if (!before)
		host->object.name = g_strdup(admission->name);
	return host_put(job, before, host, 0, error);
}

static void admission_finish(struct job *job, const GError *error)
{
	const struct admission *admission = job_data(job);

	admission->done(error, admission->data);
}

static void admission_free(void *data)
{
	struct admission *admission = data;

	g_free(admission->name);
	g_free(admission->zone);
	g_free(admission->physical);
	g_free(admission);
}

static const struct job_ops admission_ops = {
	.build = admission_build,
	.finish = admission_finish,
	.free = admission_free,
};

void api_admit_host(struct api *api, const char *name, const char *tunnel_ip, const char *zone,
		    const char *physical, api_admitted done, void *data)
{
	const struct caller agent = {.project_id = "", .admin = true, .host = "*"};
	struct admission *admission = g_new0(struct admission, 1);

	admission->name = g_strdup(name);
	admission->zone = g_strdup(zone);
	admission->physical = g_strdup(physical);
	admission->done = done;
	admission->data = data;
	if (tunnel_ip && !ip_parse(tunnel_ip, &admission->tunnel_ip))
		admission->tunnel_ip = ip_none;
	job_start(api, &agent, &admission_ops, admission);
}

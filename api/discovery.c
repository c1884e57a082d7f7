/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents by which clients find out what is here. An extension is listed only
 * when the data plane honours it.
 */
#include "api/discovery.h"

#include <string.h>

#include "api/openapi.h"
#include "api/reply.h"
#include "model/attr_json.h"
#include "model/cloud.h"

static const struct {
	const char *alias, *name, *description;
} extensions[] = {
	{"address-group", "Address group", "Addresses that rules name together"},
	{"address-scope", "Address scope", "What routers may route between"},
	{"agent", "agent", "Agents of hosts: alive, and whether they take new ports"},
	{"agent_sort_key", "Agent Sort Key", "sort_key in lists of agents"},
	{"allowed-address-pairs", "Allowed Address Pairs",
	 "Further addresses a port may send with"},
	{"auto-allocated-topology", "Auto Allocated Topology Services",
	 "A network with a way out, made when it is asked for"},
	{"availability_zone", "Availability Zone", "Zones in which there are hosts"},
	{"availability_zone_filter", "Availability zone filter extension",
	 "Zones by name, resource and state"},
	{"binding", "Port Binding", "The host that wires a port"},
	{"binding-extended", "Port Bindings Extended",
	 "Further bindings of a port, and their activation"},
	{"default-subnetpools", "Default Subnetpools", "The subnet pool of who names none"},
	{"dns-domain-ports", "dns_domain for ports", "The domain of a port"},
	{"dns-integration", "DNS Integration",
	 "Names of ports, which DHCP tells them, and domains"},
	{"empty-string-filtering", "Empty String Filtering Extension",
	 "name= finds what has no name"},
	{"ext-gw-mode", "Neutron L3 Configurable external gateway mode",
	 "Whether IPv4 leaves by the gateway's address"},
	{"external-net", "Neutron external network", "Networks that are a way out for all"},
	{"extra_dhcp_opt", "Extra DHCP options", "Further DHCP options of a port"},
	{"extraroute", "Extra Route", "Static routes of a router"},
	{"extraroute-atomic", "Atomic extra routes", "Routes added and removed one by one"},
	{"filter-validation", "Filter parameters validation",
	 "A filter that is none of the resource's is refused"},
	{"flavors", "Neutron Service Flavors", "What administrators offer under a name"},
	{"fwaas_v2", "FWaaS v2", "Firewalls of routers: rules, policies, groups"},
	{"ip-substring-filtering", "IP address substring filtering",
	 "Ports by a part of an address: fixed_ips=ip_address_substr=TEXT"},
	{"l3-flavors", "Router Flavor Extension", "Routers made with a flavor"},
	{"logging", "Logging API Extension", "Connections and denials of ports are logged"},
	{"ip_allocation", "IP Allocation", "Whether a port has been given addresses"},
	{"multi-provider", "Multi Provider Network",
	 "Networks with several segments: the overlay and markers"},
	{"network-acl", "Network ACL", "Numbered rules at the borders of subnets"},
	{"net-mtu", "Network MTU", "The MTU of a network"},
	{"net-mtu-writable", "Network MTU (writable)", "The MTU of a network may be set"},
	{"network-ip-availability", "Network IP Availability",
	 "How many addresses of a network there are, and are in use"},
	{"network-segment-range", "Neutron Network Segment Range",
	 "Numbers of segments, and whose networks get them"},
	{"network_availability_zone", "Network Availability Zone",
	 "Zones that a network was asked for and is in"},
	{"pagination", "Pagination support", "limit, marker and page_reverse in lists"},
	{"port-mac-address-regenerate", "Port MAC address regenerate",
	 "A null MAC address makes a new one"},
	{"port-security", "Port Security", "Source addresses are guarded"},
	{"port-security-groups-filtering", "Port filtering on security groups",
	 "Ports by the groups they are in"},
	{"project-id", "project_id field enabled", "project_id beside tenant_id"},
	{"provider", "Provider Network",
	 "Type and number of a network; flat and vlan: what an external one is outside"},
	{"quota-check-limit", "Quota check limit", "check_limit: not below what is in use"},
	{"quota_details", "Quota details", "What of a quota is in use"},
	{"quotas", "Quota management support", "Limits of projects"},
	{"rbac-address-group", "Add address_group type to RBAC",
	 "Address groups that other projects' rules may name"},
	{"rbac-address-scope", "Add address_scope type to RBAC",
	 "Address scopes that other projects' pools may be in"},
	{"rbac-policies", "RBAC Policies", "Networks that chosen projects may use"},
	{"rbac-security-groups", "Add security_group type to network RBAC",
	 "Security groups that other projects' ports may be in"},
	{"rbac-subnetpool", "Add subnetpool type to RBAC",
	 "Subnet pools that other projects may take from"},
	{"revision-if-match", "If-Match constraints", "If-Match: revision_number=N"},
	{"router", "L3 Router", "Routers and their interfaces"},
	{"router_availability_zone", "Router Availability Zone",
	 "Zones that a router was asked for and is in"},
	{"security-group", "security-group", "Rules of what a port may send and receive"},
	{"security-groups-default-rules", "Default rules for security groups",
	 "What new security groups begin with"},
	{"security-groups-normalized-cidr", "Normalized CIDR field for security group rules",
	 "normalized_cidr beside remote_ip_prefix"},
	{"security-groups-remote-address-group", "Remote address group id field",
	 "Rules that name an address group"},
	{"security-groups-shared-filtering", "Security group filtering on the shared field",
	 "Security groups by shared"},
	{"segment", "Segment", "What networks are made of, and where their subnets are"},
	{"service-type", "Neutron Service Type Management", "Who does what"},
	{"sorting", "Sorting support", "sort_key and sort_dir in lists"},
	{"sort-key-validation", "Sort key validation", "Unknown sort keys are refused"},
	{"standard-attr-description", "standard-attr-description", "Descriptions"},
	{"standard-attr-fwaas-v2", "Standard attributes of FWaaS v2",
	 "Revisions, times and tags of firewall rules, policies and groups"},
	{"standard-attr-revisions", "Resource revision numbers", "revision_number"},
	{"standard-attr-segment", "Standard Attribute Segment Extension",
	 "Descriptions, revisions and times of segments"},
	{"standard-attr-tag", "Tag support for resources", "Tags and filters by tags"},
	{"standard-attr-timestamp", "Resource timestamps", "created_at and updated_at"},
	{"stateful-security-group", "Stateful security group",
	 "Groups whose replies need rules of their own"},
	{"tag-creation", "Tag creation extension", "Tags may be added by POST"},
	{"subnet-segmentid-writable", "Subnet SegmentID (writable)",
	 "Subnets may be put on a segment later"},
	{"subnet-service-types", "Subnet service types",
	 "Subnets that give addresses to some kinds of ports only"},
	{"subnet_allocation", "Subnet Allocation", "Subnets taken from pools"},
	{"subnet_onboard", "Subnet Onboard", "Subnets that come into a pool later"},
	{"subnetpool-prefix-ops", "Subnet Pool Prefix Operations",
	 "Prefixes of a pool added and removed one by one"},
	{"tag-ports-during-bulk-creation", "Tag Ports During Bulk Creation",
	 "Tags may be given on create"},
	{"weft-flood", "Flooding", "Unknown unicast of a network may be flooded"},
	{"weft-host", "Hosts", "Machines that run the agent"},
	{"weft-policies", "Policies", "Rules for ports that are selected by their labels"},
};

static void print_extension(gsize i, GString *out)
{
	g_string_append(out, "{\"alias\":");
	attr_encode_string(out, extensions[i].alias);
	g_string_append(out, ",\"name\":");
	attr_encode_string(out, extensions[i].name);
	g_string_append(out, ",\"description\":");
	attr_encode_string(out, extensions[i].description);
	g_string_append(out, ",\"updated\":\"2026-11-20T00:00:00-00:00\",\"links\":[]}");
}

static void serve_text(struct http_request *request, GString *text)
{
	gsize size = text->len;

	reply_json(request, 200, g_string_free(text, FALSE), size);
}

static void serve_versions(struct http_request *request)
{
	g_autofree char *base = reply_base(request);
	g_autofree char *href = g_strconcat(base, "/v2.0/", NULL);
	GString *out = g_string_new("{\"versions\":[{\"id\":\"v2.0\",\"status\":\"CURRENT\","
				    "\"links\":[{\"rel\":\"self\",\"href\":");

	attr_encode_string(out, href);
	g_string_append(out, "}]}]}");
	serve_text(request, out);
}

static void serve_resources(struct http_request *request)
{
	g_autofree char *base = reply_base(request);
	GString *out = g_string_new("{\"resources\":[");

	for (unsigned int kind = 0; kind < KIND_COUNT; kind++) {
		const struct attr_table *table = cloud_table((enum kind)kind);
		g_autofree char *href =
			g_strdup_printf("%s/v2.0/%s", base, attr_table_path(table));

		g_string_append_printf(out,
				       "%s{\"name\":\"%s\",\"collection\":\"%s\",\"links\":[{"
				       "\"rel\":\"self\",\"href\":",
				       kind ? "," : "", table->singular, table->plural);
		attr_encode_string(out, href);
		g_string_append(out, "}]}");
	}
	g_string_append(out, "]}");
	serve_text(request, out);
}

static void serve_extensions(struct http_request *request)
{
	GString *out = g_string_new("{\"extensions\":[");

	for (gsize i = 0; i < G_N_ELEMENTS(extensions); i++) {
		if (i)
			g_string_append_c(out, ',');
		print_extension(i, out);
	}
	g_string_append(out, "]}");
	serve_text(request, out);
}

static void serve_extension(struct http_request *request, const char *alias)
{
	g_autofree char *message = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(extensions); i++) {
		GString *out;

		if (strcmp(extensions[i].alias, alias) != 0)
			continue;
		out = g_string_new("{\"extension\":");
		print_extension(i, out);
		g_string_append_c(out, '}');
		serve_text(request, out);
		return;
	}
	message = g_strdup_printf("Extension with alias %s does not exist", alias);
	reply_text(request, 404, message);
}

/* Everybody may read it, so it is made once. */
static void serve_openapi(struct http_request *request)
{
	static char *page;

	if (!page)
		page = openapi_print();
	reply_json(request, 200, g_strdup(page), strlen(page));
}

bool discovery_serve(struct http_request *request, const char *path)
{
	static const char extension[] = "/v2.0/extensions/";

	if (strcmp(path, "/") == 0)
		serve_versions(request);
	else if (strcmp(path, "/healthcheck") == 0)
		reply_text(request, 200, "OK");
	else if (strcmp(path, "/openapi.json") == 0)
		serve_openapi(request);
	else if (strcmp(path, "/v2.0") == 0 || strcmp(path, "/v2.0/") == 0)
		serve_resources(request);
	else if (strcmp(path, "/v2.0/extensions") == 0)
		serve_extensions(request);
	else if (g_str_has_prefix(path, extension))
		serve_extension(request, path + strlen(extension));
	else
		return false;
	return true;
}

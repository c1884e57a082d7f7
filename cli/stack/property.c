/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables. A property Heat has and the API has not stands here as unsupported,
 * so that the message can tell it from a misspelt one. Only what the attribute
 * tables hold is ever sent.
 */
#include "cli/stack/property.h"

#include <string.h>
#include <glib.h>

static const struct property subnet_reference_items[] = {
	{"subnet", "subnet_id", KIND_SUBNET, PROPERTY_REFERENCE},
	{"subnet_id", NULL, KIND_SUBNET, PROPERTY_REFERENCE},
	{"ip_address"},
	{NULL},
};

static const struct property gateway_items[] = {
	{"network", "network_id", KIND_NETWORK, PROPERTY_REFERENCE},
	{"network_id", NULL, KIND_NETWORK, PROPERTY_REFERENCE},
	{"enable_snat"},
	{"external_fixed_ips", NULL, 0, 0, subnet_reference_items},
	{NULL},
};

static const struct property net_properties[] = {
	{"name"},
	{"admin_state_up"},
	{"shared"},
	{"port_security_enabled"},
	{"tenant_id", "project_id"},
	{"value_specs", NULL, 0, PROPERTY_SPECS},
	{"tags", NULL, 0, PROPERTY_KEPT},
	{"mtu", NULL, 0, PROPERTY_KEPT},
	{"description"},
	{"dhcp_agent_ids", NULL, 0, PROPERTY_UNSUPPORTED},
	{"dns_domain", NULL, 0, PROPERTY_UNSUPPORTED},
	{"qos_policy", NULL, 0, PROPERTY_UNSUPPORTED},
	{"availability_zone_hints", NULL, 0, PROPERTY_UNSUPPORTED},
	{NULL},
};

static const struct property provider_net_properties[] = {
	{"network_type", "provider:network_type", 0, PROPERTY_REQUIRED},
	{"physical_network", "provider:physical_network"},
	{"segmentation_id", "provider:segmentation_id"},
	{"router_external", "router:external"},
	{"name"},
	{"admin_state_up"},
	{"shared"},
	{"port_security_enabled"},
	{"tags", NULL, 0, PROPERTY_KEPT},
	{"description"},
	{"dns_domain", NULL, 0, PROPERTY_UNSUPPORTED},
	{"availability_zone_hints", NULL, 0, PROPERTY_UNSUPPORTED},
	{NULL},
};

static const struct property subnet_properties[] = {
	{"network", "network_id", KIND_NETWORK, PROPERTY_REFERENCE | PROPERTY_REQUIRED},
	{"network_id", NULL, KIND_NETWORK, PROPERTY_REFERENCE},
	{"name"},
	{"cidr"}, /* or a pool */
	{"ip_version", NULL, 0, PROPERTY_KEPT},
	{"gateway_ip", NULL, 0, PROPERTY_EMPTY_NULL | PROPERTY_KEPT},
	{"enable_dhcp"},
	{"allocation_pools", NULL, 0, PROPERTY_KEPT},
	{"dns_nameservers"},
	{"host_routes"},
	{"ipv6_ra_mode", NULL, 0, PROPERTY_KEPT},
	{"ipv6_address_mode", NULL, 0, PROPERTY_KEPT},
	{"network_acl", "network_acl_id", KIND_NETWORK_ACL, PROPERTY_REFERENCE},
	{"tenant_id", "project_id"},
	{"value_specs", NULL, 0, PROPERTY_SPECS},
	{"tags", NULL, 0, PROPERTY_KEPT},
	{"description"},
	{"prefixlen", NULL, 0, PROPERTY_KEPT},
	{"segment", "segment_id", KIND_SEGMENT, PROPERTY_REFERENCE},
	{"subnetpool", "subnetpool_id", KIND_SUBNETPOOL, PROPERTY_REFERENCE},
	{NULL},
};

static const struct property port_properties[] = {
	{"network", "network_id", KIND_NETWORK, PROPERTY_REFERENCE | PROPERTY_REQUIRED},
	{"network_id", NULL, KIND_NETWORK, PROPERTY_REFERENCE},
	{"name"},
	{"fixed_ips", NULL, 0, PROPERTY_KEPT, subnet_reference_items},
	{"no_fixed_ips", "fixed_ips", 0, PROPERTY_KEPT | PROPERTY_NO_ADDRESS},
	{"mac_address", NULL, 0, PROPERTY_KEPT},
	{"admin_state_up"},
	{"allowed_address_pairs"},
	{"device_id", NULL, 0, PROPERTY_KEPT},
	{"device_owner", NULL, 0, PROPERTY_KEPT},
	{"port_security_enabled", NULL, 0, PROPERTY_KEPT},
	{"binding:vnic_type", NULL, 0, PROPERTY_KEPT},
	{"tenant_id", "project_id"},
	{"value_specs", NULL, 0, PROPERTY_SPECS},
	{"tags", NULL, 0, PROPERTY_KEPT},
	{"description"},
	{"replacement_policy", NULL, 0, PROPERTY_NOTHING},
	{"security_groups", NULL, KIND_SECURITY_GROUP, PROPERTY_REFERENCES | PROPERTY_KEPT},
	{"labels"},
	{"named_ports"},
	{"dns_name", NULL, 0, PROPERTY_UNSUPPORTED},
	{"qos_policy", NULL, 0, PROPERTY_UNSUPPORTED},
	{"propagate_uplink_status", NULL, 0, PROPERTY_UNSUPPORTED},
	{NULL},
};

static const struct property router_properties[] = {
	{"name"},
	{"admin_state_up"},
	{"value_specs", NULL, 0, PROPERTY_SPECS},
	{"tags", NULL, 0, PROPERTY_KEPT},
	{"description"},
	{"tenant_id", "project_id"},
	{"external_gateway_info", NULL, 0, 0, gateway_items},
	{"distributed", NULL, 0, PROPERTY_UNSUPPORTED},
	{"ha", NULL, 0, PROPERTY_UNSUPPORTED},
	{"l3_agent_id", NULL, 0, PROPERTY_UNSUPPORTED},
	{"l3_agent_ids", NULL, 0, PROPERTY_UNSUPPORTED},
	{"availability_zone_hints", NULL, 0, PROPERTY_UNSUPPORTED},
	{NULL},
};

static const struct property interface_properties[] = {
	{"router", "router_id", KIND_ROUTER, PROPERTY_REFERENCE | PROPERTY_REQUIRED},
	{"router_id", NULL, KIND_ROUTER, PROPERTY_REFERENCE},
	{"subnet", "subnet_id", KIND_SUBNET, PROPERTY_REFERENCE},
	{"subnet_id", NULL, KIND_SUBNET, PROPERTY_REFERENCE},
	{"port", "port_id", KIND_PORT, PROPERTY_REFERENCE},
	{"port_id", NULL, KIND_PORT, PROPERTY_REFERENCE},
	{NULL},
};

static const struct property route_set_properties[] = {
	{"router", "router_id", KIND_ROUTER, PROPERTY_REFERENCE | PROPERTY_REQUIRED},
	{"routes", NULL, 0, PROPERTY_REQUIRED},
	{NULL},
};

static const struct property route_properties[] = {
	{"router_id", NULL, KIND_ROUTER, PROPERTY_REFERENCE | PROPERTY_REQUIRED},
	{"destination", NULL, 0, PROPERTY_REQUIRED},
	{"nexthop", NULL, 0, PROPERTY_REQUIRED},
	{NULL},
};

static const struct property gateway_properties[] = {
	{"router", "router_id", KIND_ROUTER, PROPERTY_REFERENCE | PROPERTY_REQUIRED},
	{"router_id", NULL, KIND_ROUTER, PROPERTY_REFERENCE},
	{"network", "network_id", KIND_NETWORK, PROPERTY_REFERENCE | PROPERTY_REQUIRED},
	{"network_id", NULL, KIND_NETWORK, PROPERTY_REFERENCE},
	{NULL},
};

/* Fields of the rules written into a group; the rest are the API's. */
static const struct property rule_items[] = {
	{"direction"},
	{"ethertype"},
	{"port_range_min"},
	{"port_range_max"},
	{"protocol"},
	{"remote_mode"},
	{"remote_group_id", NULL, KIND_SECURITY_GROUP, PROPERTY_REFERENCE},
	{"remote_ip_prefix"},
	{NULL},
};

static const struct property group_properties[] = {
	{"name"},
	{"description"},
	{"rules", "security_group_rules", 0, PROPERTY_RULES, rule_items},
	{"value_specs", NULL, 0, PROPERTY_SPECS},
	{"tags", NULL, 0, PROPERTY_KEPT},
	{NULL},
};

static const struct property rule_properties[] = {
	{"security_group", "security_group_id", KIND_SECURITY_GROUP,
	 PROPERTY_REFERENCE | PROPERTY_REQUIRED},
	{"description"},
	{"direction"},
	{"ethertype"},
	{"port_range_min"},
	{"port_range_max"},
	{"protocol"},
	{"remote_group", "remote_group_id", KIND_SECURITY_GROUP, PROPERTY_REFERENCE},
	{"remote_ip_prefix"},
	{"value_specs", NULL, 0, PROPERTY_SPECS},
	{NULL},
};

static const struct property address_group_properties[] = {
	{"name"}, {"description"}, {"addresses"}, {"tags", NULL, 0, PROPERTY_KEPT}, {NULL},
};

static const struct property segment_properties[] = {
	{"network", "network_id", KIND_NETWORK, PROPERTY_REFERENCE | PROPERTY_REQUIRED},
	{"network_type", NULL, 0, PROPERTY_REQUIRED},
	{"physical_network"},
	{"segmentation_id", NULL, 0, PROPERTY_KEPT},
	{"name"},
	{"description"},
	{NULL},
};

static const struct property address_scope_properties[] = {
	{"name"},
	{"shared"},
	{"tenant_id", "project_id"},
	{"ip_version", NULL, 0, PROPERTY_KEPT},
	{NULL},
};

static const struct property subnetpool_properties[] = {
	{"name"},
	{"prefixes", NULL, 0, PROPERTY_REQUIRED},
	{"address_scope", "address_scope_id", KIND_ADDRESS_SCOPE, PROPERTY_REFERENCE},
	{"default_quota"},
	{"default_prefixlen", NULL, 0, PROPERTY_KEPT},
	{"min_prefixlen", NULL, 0, PROPERTY_KEPT},
	{"max_prefixlen", NULL, 0, PROPERTY_KEPT},
	{"is_default"},
	{"tenant_id", "project_id"},
	{"shared"},
	{"tags", NULL, 0, PROPERTY_KEPT},
	{NULL},
};

static const struct property rbac_policy_properties[] = {
	{"object_type", NULL, 0, PROPERTY_REQUIRED},
	{"object_id", NULL, 0, PROPERTY_REQUIRED},
	{"action", NULL, 0, PROPERTY_REQUIRED},
	{"target_tenant", NULL, 0, PROPERTY_REQUIRED},
	{"tenant_id", "project_id"},
	{NULL},
};

static const struct property policy_properties[] = {
	{"name"},
	{"description"},
	{"tier"},
	{"baseline"},
	{"priority"},
	{"match_labels"},
	{"match_expressions"},
	{"default_deny", NULL, 0, PROPERTY_KEPT},
	{"rules"},
	{"tags", NULL, 0, PROPERTY_KEPT},
	{NULL},
};

static const struct property network_acl_properties[] = {
	{"name"},
	{"description"},
	{"tags", NULL, 0, PROPERTY_KEPT},
	{NULL},
};

static const struct property network_acl_rule_properties[] = {
	{"network_acl", "network_acl_id", KIND_NETWORK_ACL,
	 PROPERTY_REFERENCE | PROPERTY_REQUIRED},
	{"number", NULL, 0, PROPERTY_REQUIRED},
	{"direction", NULL, 0, PROPERTY_REQUIRED},
	{"action", NULL, 0, PROPERTY_REQUIRED},
	{"ethertype"},
	{"protocol"},
	{"port_range_min"},
	{"port_range_max"},
	{"remote_ip_prefix"},
	{"name"},
	{"description"},
	{NULL},
};

static const struct resource_type types[] = {
	{"OS::Neutron::Net", MEMBER_OBJECT, KIND_NETWORK, net_properties},
	{"OS::Neutron::Subnet", MEMBER_OBJECT, KIND_SUBNET, subnet_properties},
	{"OS::Neutron::Port", MEMBER_OBJECT, KIND_PORT, port_properties},
	{"OS::Neutron::Router", MEMBER_OBJECT, KIND_ROUTER, router_properties},
	{"OS::Neutron::SecurityGroup", MEMBER_OBJECT, KIND_SECURITY_GROUP, group_properties},
	{"OS::Neutron::SecurityGroupRule", MEMBER_OBJECT, KIND_SECURITY_RULE, rule_properties},
	{"OS::Neutron::AddressGroup", MEMBER_OBJECT, KIND_ADDRESS_GROUP,
	 address_group_properties},
	{"OS::Neutron::ProviderNet", MEMBER_OBJECT, KIND_NETWORK, provider_net_properties},
	{"OS::Neutron::Segment", MEMBER_OBJECT, KIND_SEGMENT, segment_properties},
	{"OS::Neutron::AddressScope", MEMBER_OBJECT, KIND_ADDRESS_SCOPE,
	 address_scope_properties},
	{"OS::Neutron::SubnetPool", MEMBER_OBJECT, KIND_SUBNETPOOL, subnetpool_properties},
	{"OS::Neutron::RBACPolicy", MEMBER_OBJECT, KIND_RBAC_POLICY, rbac_policy_properties},
	{"Weft::Policy", MEMBER_OBJECT, KIND_POLICY, policy_properties},
	{"Weft::NetworkAcl", MEMBER_OBJECT, KIND_NETWORK_ACL, network_acl_properties},
	{"Weft::NetworkAclRule", MEMBER_OBJECT, KIND_NETWORK_ACL_RULE,
	 network_acl_rule_properties},
	{"OS::Neutron::RouterInterface", MEMBER_INTERFACE, KIND_PORT, interface_properties},
	{"OS::Neutron::ExtraRouteSet", MEMBER_ROUTES, KIND_ROUTER, route_set_properties},
	{"OS::Neutron::ExtraRoute", MEMBER_ROUTES, KIND_ROUTER, route_properties},
	{"OS::Neutron::RouterGateway", MEMBER_GATEWAY, KIND_ROUTER, gateway_properties},
	{NULL},
};

const struct resource_type *property_types(void)
{
	return types;
}

const struct resource_type *property_find_type(const char *name)
{
	for (const struct resource_type *type = types; type->name; type++)
		if (!strcmp(type->name, name))
			return type;
	return NULL;
}

bool property_is_part(enum member member)
{
	return member == MEMBER_ROUTES || member == MEMBER_GATEWAY;
}

const struct property *property_find(const struct property *properties, const char *name)
{
	for (; properties->name; properties++)
		if (!strcmp(properties->name, name))
			return properties;
	return NULL;
}

const char *property_attribute(const struct property *property)
{
	return property->attribute ? property->attribute : property->name;
}

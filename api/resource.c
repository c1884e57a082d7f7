/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which resources there are.
 */
#include "api/resource.h"

#include <string.h>

#include "api/acl.h"
#include "api/address_group.h"
#include "api/address_scope.h"
#include "api/agent.h"
#include "api/default_rule.h"
#include "api/firewall.h"
#include "api/firewall_group.h"
#include "api/flavor.h"
#include "api/host.h"
#include "api/log.h"
#include "api/network.h"
#include "api/port.h"
#include "api/rbac.h"
#include "api/router.h"
#include "api/security.h"
#include "api/segment.h"
#include "api/segment_range.h"
#include "api/selector_policy.h"
#include "api/subnet.h"
#include "api/subnetpool.h"
#include "lib/error.h"

static const struct resource *const resources[KIND_COUNT] = {
	[KIND_HOST] = &api_host,
	[KIND_NETWORK] = &api_network,
	[KIND_SUBNET] = &api_subnet,
	[KIND_ROUTER] = &api_router,
	[KIND_PORT] = &api_port,
	[KIND_ADDRESS_GROUP] = &api_address_group,
	[KIND_SECURITY_GROUP] = &api_security_group,
	[KIND_SECURITY_RULE] = &api_security_rule,
	[KIND_DEFAULT_RULE] = &api_default_rule,
	[KIND_LOG] = &api_log,
	[KIND_FLAVOR] = &api_flavor,
	[KIND_SERVICE_PROFILE] = &api_service_profile,
	[KIND_POLICY] = &api_selector_policy,
	[KIND_RBAC_POLICY] = &api_rbac_policy,
	[KIND_ADDRESS_SCOPE] = &api_address_scope,
	[KIND_SUBNETPOOL] = &api_subnetpool,
	[KIND_SEGMENT] = &api_segment,
	[KIND_SEGMENT_RANGE] = &api_segment_range,
	[KIND_NETWORK_ACL] = &api_network_acl,
	[KIND_NETWORK_ACL_RULE] = &api_network_acl_rule,
	[KIND_FIREWALL_RULE] = &api_firewall_rule,
	[KIND_FIREWALL_POLICY] = &api_firewall_policy,
	[KIND_FIREWALL_GROUP] = &api_firewall_group,
};

static const struct resource *const views[RESOURCE_VIEWS] = {&api_agent};

const struct resource *resource_by_number(unsigned int number)
{
	return number < KIND_COUNT ? resources[number] : views[number - KIND_COUNT];
}

unsigned int resource_number(const struct resource *resource)
{
	unsigned int number = KIND_COUNT;

	if (!resource->view)
		return resource->kind;
	while (views[number - KIND_COUNT] != resource)
		number++;
	return number;
}

/* Clients do not agree on '-' or '_' between words, and the reference takes both. */
static char path_fold(char c)
{
	return c == '_' ? '-' : c;
}

static bool path_is(const char *path, const char *asked)
{
	while (*path && path_fold(*path) == path_fold(*asked))
		path++, asked++;
	return !*path && !*asked;
}

const struct resource *resource_find(const char *path)
{
	for (unsigned int i = 0; i < RESOURCE_COUNT; i++) {
		const struct resource *resource = resource_by_number(i);

		if (path_is(attr_table_path(resource_table(resource)), path))
			return resource;
	}
	return NULL;
}

bool resource_is_family(const char *name)
{
	gsize length = strlen(name);

	for (unsigned int i = 0; i < RESOURCE_COUNT; i++) {
		const char *path = attr_table_path(resource_table(resource_by_number(i)));

		if (strncmp(path, name, length) == 0 && path[length] == '/')
			return true;
	}
	return false;
}

bool resource_find_kind(const char *name, enum kind *kind)
{
	for (unsigned int i = 0; i < KIND_COUNT; i++) {
		const struct attr_table *table = cloud_table((enum kind)i);

		if (strcmp(table->singular, name) != 0 && strcmp(table->plural, name) != 0)
			continue;
		*kind = (enum kind)i;
		return true;
	}
	return false;
}

const struct resource *resource_get(enum kind kind)
{
	return resources[kind];
}

const struct attr_table *resource_table(const struct resource *resource)
{
	return resource->view ? resource->view : cloud_table(resource->kind);
}

bool resource_not_found(const struct resource *resource, struct uuid id, GError **error)
{
	const char *title = resource_table(resource)->title;
	char text[UUID_TEXT];

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
		    "%sNotFound: %s %s could not be found.", title, title,
		    uuid_print(id, text));
	return false;
}

bool resource_denied(const char *verb, const struct resource *resource, const char *attr,
		     GError **error)
{
	const char *name = resource_table(resource)->singular;

	if (attr)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_DENIED,
			    "(rule:%s_%s and rule:%s_%s:%s) is disallowed by policy", verb,
			    name, verb, name, attr);
	else
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_DENIED,
			    "rule:%s_%s is disallowed by policy", verb, name);
	return false;
}

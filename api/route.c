/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same paths as api.c, discovery.c and the hub of rows answer.
 */
#include "api/route.h"

#include <string.h>

#include "api/resource.h"

#define OTHER  "other"
#define PREFIX "/v2.0/"

static const char *const plain[] = {
	"/", "/healthcheck", "/metrics", "/v2.0", "/v2.0/extensions",
};

/* Those with one name in them, which does not count. */
static const struct {
	const char *start;
	const char *end;
	const char *route;
} named[] = {
	{"/v2.0/extensions/", "", "/v2.0/extensions/{alias}"},
	{"/v2.0/auto-allocated-topology/", "", "/v2.0/auto-allocated-topology/{project}"},
	{"/weft/v1/hosts/", "/rows", "/weft/v1/hosts/{name}/rows"},
	{"/weft/v1/hosts/", "/status", "/weft/v1/hosts/{name}/status"},
	{"/weft/v1/hosts/", "/handover", "/weft/v1/hosts/{name}/handover"},
	{"/weft/v1/hosts/", "/conns", "/weft/v1/hosts/{name}/conns"},
	{"/weft/v1/hosts/", "/answer", "/weft/v1/hosts/{name}/answer"},
};

static bool has_action(const struct resource *resource, const char *name)
{
	const struct resource_action *action = resource->actions;

	for (; action && action->name; action++)
		if (strcmp(action->name, name) == 0)
			return true;
	return false;
}

/* A family's name and its collection's are one. */
static void parts_unite(char **parts)
{
	char *path;

	if (!parts[0] || !parts[1] || !resource_is_family(parts[0]))
		return;
	path = g_strconcat(parts[0], "/", parts[1], NULL);
	g_free(parts[0]);
	g_free(parts[1]);
	parts[0] = path;
	for (gsize i = 1; parts[i]; i++)
		parts[i] = parts[i + 1];
}

static const char *route_print_resource(char *const *parts, char *text)
{
	const struct resource *resource = resource_find(parts[0]);
	const char *below = NULL;
	const char *plural;

	if (!resource)
		return OTHER;
	plural = attr_table_path(resource_table(resource));
	if (!parts[1])
		g_snprintf(text, ROUTE_TEXT, PREFIX "%s", plural);
	else if (!parts[2])
		g_snprintf(text, ROUTE_TEXT, PREFIX "%s/{id}", plural);
	else if (strcmp(parts[2], "tags") == 0)
		below = parts[3] ? "tags/{tag}" : "tags";
	else if (!parts[3] && has_action(resource, parts[2]))
		below = parts[2];
	else
		return OTHER;
	if (below)
		g_snprintf(text, ROUTE_TEXT, PREFIX "%s/{id}/%s", plural, below);
	return text;
}

const char *route_print(const char *path, char *text)
{
	gsize length = strlen(path);
	g_autofree char *copy = NULL;
	g_auto(GStrv) parts = NULL;

	if (length > 1 && path[length - 1] == '/')
		length--;
	if (length > 5 && strncmp(path + length - 5, ".json", 5) == 0)
		length -= 5;
	copy = g_strndup(path, length);
	for (gsize i = 0; i < G_N_ELEMENTS(plain); i++)
		if (strcmp(plain[i], copy) == 0)
			return plain[i];
	for (gsize i = 0; i < G_N_ELEMENTS(named); i++)
		if (g_str_has_prefix(copy, named[i].start) &&
		    g_str_has_suffix(copy, named[i].end))
			return named[i].route;
	if (!g_str_has_prefix(copy, PREFIX))
		return OTHER;
	parts = g_strsplit(copy + strlen(PREFIX), "/", 5);
	parts_unite(parts);
	return parts[0] ? route_print_resource(parts, text) : OTHER;
}

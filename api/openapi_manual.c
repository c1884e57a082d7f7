/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page from tables: words, types and what may be done with an attribute.
 */
#include "api/openapi_manual.h"

#include "api/resource.h"
#include "model/cloud.h"

static const char head[] =
	".\\\" SPDX-License-Identifier: Apache-2.0\n"
	".\\\" Printed by weftd --print-reference.\n"
	".Dd November 30, 2026\n"
	".Dt WEFT-API 7\n"
	".Os\n"
	".Sh NAME\n"
	".Nm weft-api\n"
	".Nd resources of the Weft network API and their attributes\n"
	".Sh DESCRIPTION\n"
	".Xr weftd 8\n"
	"serves OpenStack Networking v2.0.\n"
	"Each resource below is a collection of that name under\n"
	".Pa /v2.0/ ,\n"
	"with one path for each object below it.\n"
	"The same as a document for programs (OpenAPI 3.1) is printed by\n"
	".Ql weftd --print-openapi\n"
	"and served as\n"
	".Pa /openapi.json .\n"
	".Pp\n"
	"An attribute is followed by its type and by what may be done with it:\n"
	".Cm create\n"
	"and\n"
	".Cm update\n"
	"take it,\n"
	".Cm required\n"
	"says that creating needs it,\n"
	".Cm filter\n"
	"and\n"
	".Cm sort\n"
	"that lists are picked and ordered by it,\n"
	".Cm null\n"
	"that null is a value,\n"
	".Cm admin\n"
	"that, by the default policy, only an administrator may give it.\n"
	".Sh RESOURCES\n";

static const char *const types[] = {
	[ATTR_BOOL] = "boolean",  [ATTR_INT] = "integer",   [ATTR_STRING] = "string",
	[ATTR_ENUM] = "name",	  [ATTR_UUID] = "id",	    [ATTR_IP] = "address",
	[ATTR_PREFIX] = "CIDR",	  [ATTR_MAC] = "MAC",	    [ATTR_TIME] = "time",
	[ATTR_DICT] = "object",	  [ATTR_LIST] = "list",	    [ATTR_U32] = "integer",
	[ATTR_SYMBOL] = "string", [ATTR_COUNT] = "integer",
};

static const struct {
	uint32_t flag;
	const char *word;
} words[] = {
	{ATTR_POST, "create"},	   {ATTR_REQUIRED, "required"}, {ATTR_PUT, "update"},
	{ATTR_FILTER, "filter"},   {ATTR_SORT, "sort"},		{ATTR_NULLABLE, "null"},
	{ATTR_ADMIN_SET, "admin"},
};

/* mdoc wants each sentence on a line of its own. */
static void print_prose(const char *text, FILE *out)
{
	g_autoptr(GString) lines = g_string_new(text);

	g_string_replace(lines, ". ", ".\n", 0);
	fprintf(out, "%s\n", lines->str);
}

static void print_attr(const struct attr *attr, FILE *out)
{
	fprintf(out, ".It Li %s\n%s", attr->name, types[attr->type]);
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (attr->flags & words[i].flag)
			fprintf(out, "; %s", words[i].word);
	for (const char *const *name = attr->names; name && *name; name++)
		if (**name)
			fprintf(out, "%s%s", name == attr->names ? "\n.br\nOne of: " : ", ",
				*name);
	if (attr->initial)
		fprintf(out, "\n.br\nDefault: %s", attr->initial);
	if (attr->alias)
		fprintf(out, "\n.br\nAlso called %s.", attr->alias);
	fprintf(out, "\n.br\n%c%s.\n", g_ascii_toupper(attr->help[0]), attr->help + 1);
}

static void print_resource(const struct resource *resource, FILE *out)
{
	const struct attr_table *table = resource_table(resource);

	fprintf(out, ".Ss %s\n", attr_table_path(table));
	print_prose(table->help, out);
	for (const struct resource_action *action = resource->actions; action && action->name;
	     action++)
		fprintf(out, ".br\nAction: PUT\n.Pa /v2.0/%s/ID/%s\n", attr_table_path(table),
			action->name);
	fputs(".Bl -tag -width Ds\n", out);
	for (const struct attr *attr = table->attrs; attr->name; attr++)
		if (attr->flags & ATTR_VISIBLE)
			print_attr(attr, out);
	fputs(".El\n", out);
}

void openapi_print_manual(FILE *out)
{
	fputs(head, out);
	for (unsigned int i = 0; i < RESOURCE_COUNT; i++)
		print_resource(resource_by_number(i), out);
	fputs(".Sh SEE ALSO\n.Xr weft 1 ,\n.Xr weftd 8\n", out);
}

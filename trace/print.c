/* SPDX-License-Identifier: Apache-2.0 */
/* See print.h. Rows stand in brackets behind what they said. */
#include "trace/print.h"

#include <glib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* "port web (uuid)", or "" when the result names none. */
static char *port_of(const json_t *result)
{
	const char *id = text_of(result, "port"), *name = text_of(result, "name");

	if (!*id)
		return g_strdup("");
	return *name ? g_strdup_printf("port %s (%s)", name, id)
		     : g_strdup_printf("port %s", id);
}

static void print_result(GString *out, const json_t *result)
{
	const char *what = text_of(result, "result"), *host = text_of(result, "host");
	g_autofree char *port = port_of(result);

	if (!strcmp(what, "delivered"))
		g_string_append_printf(out, "delivered to %s on host %s", port, host);
	else if (!strcmp(what, "dropped"))
		g_string_append_printf(out, "dropped on host %s: %s: %s", host,
				       text_of(result, "reason"), text_of(result, "sentence"));
	else if (!strcmp(what, "answered"))
		g_string_append_printf(out, "answered on host %s: %s", host,
				       text_of(result, "frame"));
	else if (!strcmp(what, "agent"))
		g_string_append_printf(out, "handed to the agent of host %s, which answers",
				       host);
	else if (!strcmp(what, "left"))
		g_string_append_printf(out, "left host %s by physical network %s to %s: %s",
				       host, text_of(result, "physical"),
				       text_of(result, "next_hop"), text_of(result, "frame"));
	else if (!strcmp(what, "sent"))
		g_string_append_printf(out, "sent by tunnel to host %s", text_of(result, "to"));
	else if (!strcmp(what, "nobody"))
		g_string_append_printf(out, "copied to nobody on host %s", host);
	else if (!strcmp(what, "passed"))
		g_string_append_printf(out, "left to the kernel of host %s", host);
	else if (!strcmp(what, "unsent"))
		g_string_append_printf(out, "never sent on host %s: %s", host,
				       text_of(result, "sentence"));
	else
		g_string_append_printf(out, "lost on host %s: %s", host,
				       text_of(result, "sentence"));
	g_string_append_c(out, '\n');
}

static void print_host(GString *out, const json_t *host)
{
	json_t *stage, *result;
	size_t i;

	g_string_append_printf(out, "host %s, from %s\n  %s\n", text_of(host, "host"),
			       text_of(host, "from"), text_of(host, "frame"));
	if (json_object_get(host, "note"))
		g_string_append_printf(out, "  %-8s  %s\n", "note", text_of(host, "note"));
	json_array_foreach (json_object_get(host, "stages"), i, stage) {
		const char *row = text_of(stage, "row");

		g_string_append_printf(out, "  %-8s  %s", text_of(stage, "stage"),
				       text_of(stage, "says"));
		if (*row)
			g_string_append_printf(out, "  [%s]", row);
		g_string_append_c(out, '\n');
	}
	json_array_foreach (json_object_get(host, "results"), i, result) {
		g_string_append(out, "  => ");
		print_result(out, result);
	}
}

char *trace_print(const json_t *trace)
{
	GString *out = g_string_new(NULL);
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(trace, "hosts"), i, item)
		print_host(out, item);
	json_array_foreach (json_object_get(trace, "results"), i, item)
		print_result(out, item);
	/* names are a user's: they do not write to the terminal */
	for (char *c = out->str; *c; c++)
		if (g_ascii_iscntrl(*c) && *c != '\n')
			*c = ' ';
	return g_string_free(out, FALSE);
}

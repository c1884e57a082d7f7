/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host says of itself, from JSON. The ids stay in the JSON that the report keeps.
 */
#include "sync/report.h"

#include <string.h>
#include <jansson.h>

#include "lib/error.h"
#include "lib/uuid.h"

#define REPORT_PORTS   65536
#define REPORT_REFUSED 100 /* things that the host could not do */
#define REPORT_TEXT    512 /* bytes of what is said of one */

struct parsed {
	struct hub_report report; /* first: what the caller sees */
	json_t *root;
};

/* Set of borrowed names. */
static GHashTable *report_read_new(const json_t *list)
{
	GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (json_is_string(item))
			g_hash_table_add(names, (void *)json_string_value(item));
	return names;
}

static bool report_read_ports(const char *host, json_t *ports, const json_t *list, GArray *out,
			      GError **error)
{
	g_autoptr(GHashTable) anew = report_read_new(list);
	const char *id;
	json_t *wired;

	json_object_foreach (ports, id, wired) {
		struct hub_report_port port = {.id = id,
					       .wired = json_is_true(wired),
					       .anew = g_hash_table_contains(anew, id)};
		struct uuid uuid;

		if (uuid_parse(id, &uuid) && json_is_boolean(wired)) {
			g_array_append_val(out, port);
			continue;
		}
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "host %s: ports: '%.64s' is not a uuid with true or false", host,
			    id);
		return false;
	}
	return true;
}

static bool refused_has(const json_t *item, const char *name)
{
	const char *text = json_string_value(json_object_get(item, name));

	return text && *text && strlen(text) <= REPORT_TEXT;
}

static bool report_check_refused(const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (json_object_size(item) != 2 || !refused_has(item, "what") ||
		    !refused_has(item, "why"))
			return false;
	return !list || (json_is_array(list) && json_array_size(list) <= REPORT_REFUSED);
}

static bool report_read(const char *host, const json_t *root, GArray *ports,
			struct hub_report *report, GError **error)
{
	json_t *revision = json_object_get(root, "rev");
	json_t *full = json_object_get(root, "full");
	json_t *list = json_object_get(root, "ports");
	json_t *anew = json_object_get(root, "new");
	json_t *refused = json_object_get(root, "refused");
	const char *wrong = NULL;

	if (!json_is_object(root))
		wrong = "body: is not an object";
	else if (!json_is_integer(revision) || json_integer_value(revision) < 0)
		wrong = "rev: is not a number";
	else if (full && !json_is_boolean(full))
		wrong = "full: is not true or false";
	else if (list && !json_is_object(list))
		wrong = "ports: is not an object";
	else if (json_object_size(list) > REPORT_PORTS)
		wrong = "ports: are too many";
	else if (anew && !json_is_array(anew))
		wrong = "new: is not a list";
	else if (!report_check_refused(refused))
		wrong = "refused: is not a list of at most 100 objects with what and why";
	if (wrong) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "host %s: %s", host, wrong);
		return false;
	}
	if (!report_read_ports(host, list, anew, ports, error))
		return false;
	report->revision = (uint64_t)json_integer_value(revision);
	report->full = json_is_true(full);
	report->refused = refused;
	return true;
}

struct hub_report *report_parse(const char *host, const char *body, gsize size, GError **error)
{
	g_autoptr(GArray) ports = g_array_new(FALSE, FALSE, sizeof(struct hub_report_port));
	struct parsed *parsed = g_new0(struct parsed, 1);
	json_error_t where;

	parsed->root = json_loadb(body, size, JSON_REJECT_DUPLICATES, &where);
	if (!parsed->root)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "host %s: body: %s", host,
			    where.text);
	if (!parsed->root || !report_read(host, parsed->root, ports, &parsed->report, error)) {
		report_free(&parsed->report);
		return NULL;
	}
	parsed->report.port_count = ports->len;
	parsed->report.ports =
		(struct hub_report_port *)(void *)g_array_free(g_steal_pointer(&ports), FALSE);
	return &parsed->report;
}

void report_free(struct hub_report *report)
{
	struct parsed *parsed = (struct parsed *)report;

	if (!report)
		return;
	g_free(report->ports);
	json_decref(parsed->root);
	g_free(parsed);
}

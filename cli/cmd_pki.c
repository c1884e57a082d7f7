/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft pki: the cloud's own certificates, in a folder. Needs neither weftd nor an agent.
 */
#include "cli/cmd.h"

#include <string.h>
#include "cli/output.h"
#include "lib/error.h"
#include "lib/pki.h"

const struct option cmd_pki_init_options[] = {
	{"name", 0, "CLOUD", "what the authority is called (weft)", false, NULL, NULL},
	{"days", 0, "N", "how long it is valid (3650)", false, NULL, NULL},
	{NULL, 0, NULL, NULL, false, NULL, NULL},
};

const struct option cmd_pki_server_options[] = {
	{"ip", 0, "IP", "an address clients reach it by", true, NULL, NULL},
	{"dns", 0, "NAME", "a further name clients reach it by", true, NULL, NULL},
	{"days", 0, "N", "how long it is valid (365)", false, NULL, NULL},
	{NULL, 0, NULL, NULL, false, NULL, NULL},
};

const struct option cmd_pki_client_options[] = {
	{"days", 0, "N", "how long it is valid (365)", false, NULL, NULL},
	{NULL, 0, NULL, NULL, false, NULL, NULL},
};

static bool read_days(const struct arguments *arguments, int *out, GError **error)
{
	const char *text = option_get(arguments, "days");
	gint64 days = 0;

	if (text &&
	    (!g_ascii_string_to_signed(text, 10, -36500, 36500, &days, NULL) || days == 0)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "--days %s: not a number of days", text);
		return false;
	}
	*out = (int)days;
	return true;
}

bool cmd_pki_init(struct context *context, const struct arguments *arguments, GError **error)
{
	const char *name = option_get(arguments, "name");
	int days;

	return read_days(arguments, &days, error) &&
	       pki_init(arguments->words->pdata[0], name ? name : "weft", days, error);
}

/* Every value of option NAME; NULL-terminated, borrowed strings. */
static GPtrArray *read_all(const struct arguments *arguments, const char *name)
{
	GPtrArray *list = g_ptr_array_new();

	for (guint i = 0; i < arguments->given->len; i++) {
		const struct given *given = &g_array_index(arguments->given, struct given, i);

		if (strcmp(given->option->name, name) == 0)
			g_ptr_array_add(list, (gpointer)given->text);
	}
	g_ptr_array_add(list, NULL);
	return list;
}

static bool issue(enum pki_kind kind, const struct arguments *arguments, GError **error)
{
	g_autoptr(GPtrArray) ips = read_all(arguments, "ip");
	g_autoptr(GPtrArray) dns = read_all(arguments, "dns");
	struct pki_wish wish = {
		.kind = kind,
		.name = arguments->words->pdata[1],
		.ips = (const char *const *)ips->pdata,
		.dns = (const char *const *)dns->pdata,
	};

	return read_days(arguments, &wish.days, error) &&
	       pki_issue(arguments->words->pdata[0], &wish, error);
}

bool cmd_pki_server(struct context *context, const struct arguments *arguments, GError **error)
{
	return issue(PKI_SERVER, arguments, error);
}

bool cmd_pki_host(struct context *context, const struct arguments *arguments, GError **error)
{
	return issue(PKI_HOST, arguments, error);
}

bool cmd_pki_user(struct context *context, const struct arguments *arguments, GError **error)
{
	return issue(PKI_USER, arguments, error);
}

bool cmd_pki_admin(struct context *context, const struct arguments *arguments, GError **error)
{
	return issue(PKI_ADMIN, arguments, error);
}

bool cmd_pki_revoke(struct context *context, const struct arguments *arguments, GError **error)
{
	unsigned int count;

	return pki_revoke(arguments->words->pdata[0], arguments->words->pdata[1], &count,
			  error);
}

static json_t *entry_to_row(const struct pki_entry *entry)
{
	g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(entry->id.expires);
	g_autofree char *expires = date ? g_date_time_format_iso8601(date) : g_strdup("");

	return json_pack("{s:s,s:s,s:s,s:s,s:b}", "name", entry->id.name, "kind",
			 pki_kind_to_name(entry->id.kind), "serial", entry->id.serial,
			 "expires", expires, "revoked", entry->revoked);
}

bool cmd_pki_list(struct context *context, const struct arguments *arguments, GError **error)
{
	static const char *const names[] = {"name", "kind", "serial", "expires", "revoked"};
	g_autoptr(GPtrArray) list = pki_list(arguments->words->pdata[0], error);
	g_autoptr(GPtrArray) columns = g_ptr_array_new();
	json_auto_t *rows = json_array();

	if (!list)
		return false;
	for (guint i = 0; i < list->len; i++)
		json_array_append_new(rows, entry_to_row(list->pdata[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		g_ptr_array_add(columns, (gpointer)names[i]);
	return output_print(output_list(arguments, rows, columns, error), error);
}

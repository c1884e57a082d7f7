/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft wait PORT... [--timeout SECONDS]: until the API says ACTIVE.
 */
#include "cli/cmd.h"

#include "cli/crud.h"
#include "lib/error.h"

#define POLL_US		(10 * 1000)
#define TIMEOUT_DEFAULT 60
#define TIMEOUT_MAX	86400

const struct option cmd_wait_options[] = {
	{"timeout", 't', "SECONDS", "give up after so long (60)", false, NULL, NULL},
	{NULL, 0, NULL, NULL, false, NULL, NULL},
};

static bool read_timeout(const struct arguments *arguments, gint64 *deadline, GError **error)
{
	const char *text = option_get(arguments, "timeout");
	gchar *end = NULL;
	double seconds = text ? g_ascii_strtod(text, &end) : TIMEOUT_DEFAULT;

	if (text && (end == text || *end || !(seconds >= 0 && seconds <= TIMEOUT_MAX))) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "--timeout '%s' is not a number of seconds up to %d", text,
			    TIMEOUT_MAX);
		return false;
	}
	*deadline = g_get_monotonic_time() + (gint64)(seconds * G_USEC_PER_SEC);
	return true;
}

static bool wait_for(struct context *context, const char *name, gint64 deadline, GError **error)
{
	g_autofree char *id = client_find_id(command_client(context), KIND_PORT, name, error);

	while (id) {
		json_auto_t *port = client_show(context->client, KIND_PORT, id, error);
		const char *status = json_string_value(json_object_get(port, "status"));

		if (!port)
			return false;
		if (!g_strcmp0(status, "ACTIVE"))
			return true;
		if (g_get_monotonic_time() >= deadline) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "is still %s",
				    status ? status : "without a status");
			return false;
		}
		g_usleep(POLL_US);
	}
	return false;
}

bool cmd_wait(struct context *context, const struct arguments *arguments, GError **error)
{
	gint64 deadline;

	if (!read_timeout(arguments, &deadline, error))
		return false;
	for (guint i = 0; i < arguments->words->len; i++)
		if (!wait_for(context, arguments->words->pdata[i], deadline, error))
			return crud_blame(context, arguments->words->pdata[i], error);
	return true;
}

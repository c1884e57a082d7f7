/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft KIND delete NAME...: the rest is deleted also when one cannot be.
 */
#include "cli/cmd.h"

#include <stdio.h>
#include "cli/crud.h"
#include "lib/error.h"

static bool delete_one(struct context *context, const char *name, GError **error)
{
	enum kind kind = context->command->kind;
	g_autofree char *id = client_find_id(command_client(context), kind, name, error);

	return id && crud_delete(context->client, kind, id, error);
}

bool cmd_delete(struct context *context, const struct arguments *arguments, GError **error)
{
	g_autoptr(GError) first = NULL;

	for (guint i = 0; i < arguments->words->len; i++) {
		const char *name = arguments->words->pdata[i];
		GError *reason = NULL;

		if (delete_one(context, name, &reason))
			continue;
		crud_blame(context, name, &reason);
		if (first)
			fprintf(stderr, "weft: %s\n", first->message);
		g_clear_error(&first);
		first = reason;
	}
	if (!first)
		return true;
	g_propagate_error(error, g_steal_pointer(&first));
	return false;
}

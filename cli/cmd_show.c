/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft KIND show NAME
 */
#include "cli/cmd.h"

#include "cli/crud.h"
#include "cli/output.h"

bool cmd_show(struct context *context, const struct arguments *arguments, GError **error)
{
	const char *name = arguments->words->pdata[0];
	enum kind kind = context->command->kind;
	g_autofree char *id = client_find_id(command_client(context), kind, name, error);
	json_auto_t *object = id ? client_show(context->client, kind, id, error) : NULL;

	if (!object)
		return crud_blame(context, name, error);
	return output_print(output_object(arguments, object, error), error);
}

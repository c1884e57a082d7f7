/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft firewall policy add-rule POLICY RULE [--insert-before RULE | --insert-after RULE], and its
 * opposite.
 */
#include "cli/cmd.h"

#include "cli/crud.h"

const struct option cmd_firewall_add_options[] = {
	{"insert-before", 0, "RULE", "stand before this one (first, when neither is given)",
	 false, NULL, NULL},
	{"insert-after", 0, "RULE", "stand behind this one", false, NULL, NULL},
	{NULL, 0, NULL, NULL, false, NULL, NULL},
};

/* The rule called NAME, or nothing, at KEY of BODY. */
static bool add_rule_id(struct client *client, json_t *body, const char *key, const char *name,
			GError **error)
{
	g_autofree char *id =
		name ? client_find_id(client, KIND_FIREWALL_RULE, name, error) : NULL;

	if (id)
		json_object_set_new(body, key, json_string(id));
	return id || !name;
}

static bool change_policy(struct context *context, const struct arguments *arguments,
			  const char *action, GError **error)
{
	struct client *client = command_client(context);
	const char *name = arguments->words->pdata[0];
	g_autofree char *policy = client_find_id(client, KIND_FIREWALL_POLICY, name, error);
	g_autofree char *path = NULL;
	json_auto_t *body = json_object(), *reply = NULL;

	if (policy &&
	    add_rule_id(client, body, "firewall_rule_id", arguments->words->pdata[1], error) &&
	    add_rule_id(client, body, "insert_before", option_get(arguments, "insert-before"),
			error) &&
	    add_rule_id(client, body, "insert_after", option_get(arguments, "insert-after"),
			error)) {
		path = g_strdup_printf("/v2.0/fwaas/firewall_policies/%s/%s", policy, action);
		reply = client_call(client, "PUT", path, json_incref(body), error);
	}
	if (!reply)
		crud_blame(context, name, error);
	return reply != NULL;
}

bool cmd_firewall_add(struct context *context, const struct arguments *arguments,
		      GError **error)
{
	return change_policy(context, arguments, "insert_rule", error);
}

bool cmd_firewall_remove(struct context *context, const struct arguments *arguments,
			 GError **error)
{
	return change_policy(context, arguments, "remove_rule", error);
}

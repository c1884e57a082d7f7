/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands: one file each, one entry or a few in the table of command.c.
 */
#pragma once

#include "cli/command.h"

bool cmd_create(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_list(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_show(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_set(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_unset(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_delete(struct context *context, const struct arguments *arguments, GError **error);

bool cmd_interface_add(struct context *context, const struct arguments *arguments,
		       GError **error);
bool cmd_interface_remove(struct context *context, const struct arguments *arguments,
			  GError **error);

bool cmd_firewall_add(struct context *context, const struct arguments *arguments,
		      GError **error);
bool cmd_firewall_remove(struct context *context, const struct arguments *arguments,
			 GError **error);

bool cmd_binding_list(struct context *context, const struct arguments *arguments,
		      GError **error);
bool cmd_binding_create(struct context *context, const struct arguments *arguments,
			GError **error);
bool cmd_binding_activate(struct context *context, const struct arguments *arguments,
			  GError **error);
bool cmd_binding_delete(struct context *context, const struct arguments *arguments,
			GError **error);

bool cmd_attach(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_detach(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_stats(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_follow(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_capture(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_drops(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_flows(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_status(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_trace(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_policy_reach(struct context *context, const struct arguments *arguments,
		      GError **error);
bool cmd_policy_check(struct context *context, const struct arguments *arguments,
		      GError **error);
bool cmd_wait(struct context *context, const struct arguments *arguments, GError **error);

bool cmd_stack_create(struct context *context, const struct arguments *arguments,
		      GError **error);
bool cmd_stack_update(struct context *context, const struct arguments *arguments,
		      GError **error);
bool cmd_stack_delete(struct context *context, const struct arguments *arguments,
		      GError **error);
bool cmd_stack_show(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_stack_list(struct context *context, const struct arguments *arguments, GError **error);

bool cmd_pki_init(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_pki_server(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_pki_host(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_pki_user(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_pki_admin(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_pki_revoke(struct context *context, const struct arguments *arguments, GError **error);
bool cmd_pki_list(struct context *context, const struct arguments *arguments, GError **error);

bool cmd_completion(struct context *context, const struct arguments *arguments, GError **error);

extern const struct option cmd_list_options[];
extern const struct option cmd_firewall_add_options[];
extern const struct option cmd_attach_options[];
extern const struct option cmd_drops_options[];
extern const struct option cmd_capture_options[];
extern const struct option cmd_flows_options[];
extern const struct option cmd_reach_options[];
extern const struct option cmd_wait_options[];
extern const struct option cmd_pki_init_options[];
extern const struct option cmd_pki_server_options[];
extern const struct option cmd_pki_client_options[];
extern const struct option cmd_stack_options[];
extern const struct option cmd_stack_show_options[];

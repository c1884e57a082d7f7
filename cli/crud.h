/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands on single objects share.
 */
#pragma once

#include "cli/command.h"

/* PUT of BODY (attributes, taken over) to object ID; the object as it is then. */
json_t *crud_update(struct client *client, enum kind kind, const char *id, json_t *body,
		    GError **error);

/* Replaces the tags of ID. TAGS is borrowed; the tags as they are then. */
json_t *crud_put_tags(struct client *client, enum kind kind, const char *id, json_t *tags,
		      GError **error);

/* PUT of BODY (taken over) to an ACTION of ID. */
bool crud_act(struct client *client, enum kind kind, const char *id, const char *action,
	      json_t *body, GError **error);

bool crud_delete(struct client *client, enum kind kind, const char *id, GError **error);

/* Puts "KIND NAME: " before *ERROR, unless it says so already. Returns false. */
bool crud_blame(const struct context *context, const char *name, GError **error);

/* A list without the nulls that say "emptied first"; EMPTIED tells whether there was one. */
json_t *crud_strip_list(const json_t *list, bool *emptied);

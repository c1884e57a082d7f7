/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has to be done so that the members of a stack are what its template says.
 * Reads from the API, and changes nothing.
 */
#pragma once

#include "cli/stack/member.h"
#include "cli/stack/template.h"

enum action {
	ACTION_KEEP,
	ACTION_UPDATE,
	ACTION_CREATE,
	ACTION_REPLACE, /* the old one is deleted first: it may hold the address */
};

/* One resource of the template. */
struct step {
	const struct resource *resource;
	const struct stack_member *old; /* NULL: there is none */
	enum action action;
	bool asked;	    /* its making is under way */
	bool forced;	    /* to be replaced, as something it hangs on is */
	json_t *attributes; /* wanted; what is unknown is known when its turn comes */
	json_t *rules;	    /* of a security group, wanted: rules.h; NULL: left alone */
	json_t *object;	    /* as the API has it; NULL before it is made */
};

struct plan {
	struct client *client;
	const struct template *template;
	GPtrArray *members; /* struct stack_member: what there is */
	GPtrArray *steps;   /* struct step, in the template's order */
	GHashTable *by_key; /* key -> struct step */
	GPtrArray *gone;    /* struct stack_member, borrowed: not in the template */
	GHashTable *names;  /* "kind/name" -> id: looked up once */
};

/* TEMPLATE and CLIENT are borrowed. NULL with ERROR. */
struct plan *plan_new(struct client *client, const struct template *template, GError **error);
void plan_free(struct plan *plan);

/* Sets the step's attributes from what the members are now. */
bool plan_evaluate(struct plan *plan, struct step *step, GError **error);

/* The tags that the step's object must have: a new list; to those in HAS is added. */
json_t *plan_make_tags(const struct plan *plan, const struct step *step, const json_t *has);

/* Reads all members again, as outputs ask for what came after their making. */
bool plan_refresh(struct plan *plan, GError **error);

/* All outputs; members must be made. */
json_t *plan_evaluate_outputs(struct plan *plan, GError **error);

/* GROUP has other rules than the step is to have. */
bool plan_has_other_rules(const struct step *step, const json_t *group);

/* The attributes of the step that OBJECT has not: what to PUT. Sets *FIXED when one of them
 * cannot be changed. */
json_t *plan_find_changes(const struct step *step, const json_t *object, bool *fixed);

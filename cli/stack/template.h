/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Heat Orchestration Template, checked as far as it can be without the cloud: its
 * sections, parameters, conditions, types, property names, functions and
 * references, and the order of its resources. Nothing is created from a template
 * that does not pass.
 */
#pragma once

#include "cli/stack/function.h"
#include "cli/stack/order.h"
#include "cli/stack/property.h"

#define TEMPLATE_RESOURCES_MAX 5000
#define TEMPLATE_KEY_MAX       48 /* a tag of 60 characters holds the key and what it is */
#define TEMPLATE_NAME_MAX      54

struct resource {
	struct order_node node; /* name: the key, borrowed from the template */
	const struct resource_type *type;
	json_t *properties; /* as written, borrowed; may be NULL */
	char *parent;	    /* "ref:KEY" or the text of its network or router; may be NULL */
};

struct template
{
	json_t *root;
	char *name; /* of the stack */
	const char *description;
	json_t *parameters;   /* name -> value */
	json_t *conditions;   /* name -> boolean */
	GPtrArray *resources; /* struct resource; by level, then as written */
	GHashTable *by_key;   /* key -> struct resource */
	GHashTable *absent;   /* key -> type text: disabled by a condition, or skipped */
	GPtrArray *skipped;   /* "KEY (TYPE)" */
};

/* How a template is to be read. */
struct template_input {
	const json_t *parameters; /* given by the user; NULL: none */
	const json_t *defaults;	  /* an environment's parameter_defaults; NULL: none */
	const char *project_id;	  /* OS::project_id; NULL: "" */
	bool skip_unsupported;	  /* leave out what is not OS::Neutron::* */
};

/* Takes a reference to ROOT. */
struct template *template_new(const char *name, json_t *root,
			      const struct template_input *input, GError **error);
void template_free(struct template *template);

const struct resource *template_find(const struct template *template, const char *key);

/* Who knows the members. Both give new references, unknown, or NULL with ERROR. */
struct template_source {
	json_t *(*resource)(void *data, const struct resource *resource, GError **error);
	json_t *(*attribute)(void *data, const struct resource *resource, const char *name,
			     GError **error);
	void *data;
};

/* The properties of RESOURCE with all functions done. */
json_t *template_evaluate(const struct template *template, const struct resource *resource,
			  const struct template_source *source, GError **error);

/* name -> value of every output that its condition allows. */
json_t *template_evaluate_outputs(const struct template *template,
				  const struct template_source *source, GError **error);

/* NAME can be a stack's name. */
bool template_check_name(const char *name, GError **error);

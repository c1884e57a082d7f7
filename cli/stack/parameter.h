/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of a template: types, defaults and constraints.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include <jansson.h>

/* The value of every parameter that DEFINITIONS (the template's section, may be NULL)
 * declares: from GIVEN (name -> value; texts from the command line), else DEFAULTS (an
 * environment's parameter_defaults, may be NULL), else the declared default. Names in
 * GIVEN that are not declared are an error. A new reference. */
json_t *parameter_resolve(const json_t *definitions, const json_t *given,
			  const json_t *defaults, GError **error);

/* Its value is not to be shown. */
bool parameter_is_hidden(const json_t *definition);

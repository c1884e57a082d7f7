/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a template: for template.c only.
 */
#pragma once

#include "cli/stack/template.h"

/* Fills TEMPLATE, which has its root and name, or tells what is wrong with it. */
bool template_read(struct template *template, const struct template_input *input,
		   GError **error);

bool template_check_key(const char *key, GError **error);
/* A new reference. */
json_t *template_get_parameter(const struct template *template, const char *name,
			       GError **error);
/* 1, 0, or -1 with ERROR. */
int template_get_condition(const struct template *template, const char *name, GError **error);

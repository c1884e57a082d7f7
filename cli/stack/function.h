/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of a template: a mapping of one key that is a function's name is
 * a call. Evaluation is pure; what parameters, conditions and resources are is
 * asked of the scope. A value that will exist only after a resource is made is
 * "unknown", and so is every function of it.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include <jansson.h>

#define FUNCTION_DEPTH_MAX 64
#define FUNCTION_NODES_MAX 200000 /* values one template may make */
#define FUNCTION_TEXT_MAX  (1024 * 1024)
#define TEXT_PER_NODE	   64 /* so many bytes of made text are charged as one value */

struct scope {
	void *data;
	/* New references; NULL with ERROR when there is no such thing. */
	json_t *(*parameter)(struct scope *scope, const char *name, GError **error);
	json_t *(*resource)(struct scope *scope, const char *key, GError **error);
	json_t *(*attribute)(struct scope *scope, const char *key, const char *name,
			     GError **error);
	/* 1, 0, or -1 with ERROR. */
	int (*condition)(struct scope *scope, const char *name, GError **error);
	unsigned int depth;
	size_t nodes;
};

/* The one value that stands for what is not known yet: borrowed. */
json_t *function_unknown(void);
bool function_is_unknown(const json_t *value);
/* ... anywhere inside VALUE. */
bool function_has_unknown(const json_t *value);

/* VALUE with every call replaced by what it gives. A new reference. */
json_t *function_evaluate(struct scope *scope, json_t *value, GError **error);

/* VALUE as a condition: a name, a boolean or a call. 1, 0, or -1 with ERROR. */
int function_evaluate_condition(struct scope *scope, json_t *value, GError **error);

/* A text, number or boolean as text; a list or mapping as JSON; null as "". */
char *function_to_text(const json_t *value);

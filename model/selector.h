/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of ports, and selectors: which labels a port must have. Both as Kubernetes has them
 * (metav1.LabelSelector), so that its objects can be said here word for word.
 */
#pragma once

#include "model/attr.h"

struct label {
	char *key; /* "app", "example.com/role" */
	char *value;
};

enum selector_relation {
	SELECTOR_IN,
	SELECTOR_NOT_IN, /* also who does not have the key */
	SELECTOR_EXISTS,
	SELECTOR_DOES_NOT_EXIST,
};

struct requirement {
	char *key;
	uint32_t relation; /* enum selector_relation */
	struct vec values; /* char * */
};

/* All of it must hold; an empty one selects every port of its project. */
struct selector {
	struct vec match_labels;      /* struct label, sorted by key */
	struct vec match_expressions; /* struct requirement */
};

extern const struct attr_table label_table;
extern const struct attr_table requirement_table;

#define LABEL_MAX		   64 /* of one object */
#define SELECTOR_EXPRESSION_MAX	   32
#define SELECTOR_EXPRESSION_VALUES 64

/* The keys and values of LABELS can be. The error tells the reason only. */
bool label_validate(const struct vec *labels, GError **error);
bool selector_validate(const struct selector *selector, GError **error);
/* The value of KEY among LABELS (sorted), or NULL. */
const char *label_find(const struct vec *labels, const char *key);

bool selector_matches(const struct selector *selector, const struct vec *labels);
/* "app=web,tier in (a,b),!old": equal text, equal meaning; owned. */
char *selector_print(const struct selector *selector);
/* A label that whoever is selected must have, if there is one. */
bool selector_find_pair(const struct selector *selector, const char **key, const char **value);

void selector_copy(struct selector *to, const struct selector *from);
void selector_done(struct selector *selector);

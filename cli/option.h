/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options are tables: "--name VALUE", "--name=VALUE" or "-n VALUE". What is read is a
 * list of (option, text) in the order given, and the words that are no options.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "model/attr.h"

struct option {
	const char *name;
	char letter;	     /* 0: none */
	const char *metavar; /* what the value is called; NULL: takes none */
	const char *help;    /* NULL: not shown, a second spelling */
	bool repeated;
	const struct attr *attr; /* the attribute it sets, or NULL */
	const struct attr *last; /* of "A:B": what B sets; A alone is both */
	const struct attr *part; /* the key of ATTR, a dictionary, that it sets */
	const char *preset; /* without a metavar: the attribute's value; "" empties a list */
};

struct given {
	const struct option *option; /* of the table */
	const char *text;	     /* its value, or its preset; borrowed from argv */
};

struct arguments {
	GPtrArray *words; /* const char *, borrowed from argv */
	GArray *given;	  /* struct given */
};

/* Reads ARGV from index FIRST on. OPTIONS is an array of struct option. After "--" all is
 * words; STOP ends at the first word, *REST (may be NULL) is then its index. The error is
 * a usage error. */
bool option_parse(const GArray *options, int argc, char **argv, int first, bool stop, int *rest,
		  struct arguments *out, GError **error);
void option_done(struct arguments *arguments);

/* The value of NAME given last, or NULL. */
const char *option_get(const struct arguments *arguments, const char *name);
bool option_has(const struct arguments *arguments, const char *name);

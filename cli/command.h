/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command is, and the one table of all of them. Help, completion and
 * dispatch read the table.
 */
#pragma once

#include "cli/client.h"
#include "cli/option.h"
#include "lib/http_client.h"

struct command;

/* What a command runs in. */
struct context {
	const char *url;
	const char *token;     /* NULL: none */
	const char *project;   /* NULL: the token's */
	const char *agent;     /* socket or NULL: found */
	struct http_tls tls;   /* for https */
	struct client *client; /* made when it is first asked for */
	const struct command *command;
};

typedef bool (*command_run)(struct context *context, const struct arguments *arguments,
			    GError **error);

struct command {
	const char *object; /* "port", "security group" */
	const char *verb;   /* "create"; NULL: the object is the whole command */
	const char *words;  /* "NAME", "PORT..."; "" none */
	unsigned int min_words, max_words;
	const char *help;
	const struct option *options; /* its own; ends with name NULL; may be NULL */
	/* What the kind's attribute table adds: attr_option.h. */
	enum attr_flag attributes; /* ATTR_POST, ATTR_PUT, ATTR_FILTER or 0 */
	bool unset;		   /* options empty their attribute */
	bool output;		   /* takes the options of output.h */
	enum kind kind;
	command_run run;
};

/* All of them; ends at *COUNT. */
const struct command *command_all(guint *count);
/* How many of COUNT WORDS name an object, the longest name first; 0: none. */
guint command_count_words(char **words, int count, char **object);
const struct command *command_find(const char *object, const char *verb);

/* Every option COMMAND takes, in the order of its help: array of struct option. */
GArray *command_options(const struct command *command);

/* The context's client. */
struct client *command_client(struct context *context);

/* "create" for every kind and so on are one function each: which kind this is. */
const struct attr_table *command_table(const struct context *context);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help and shell completion, printed from the tables.
 */
#pragma once

#include "cli/command.h"

/* The options before the object; ends with name NULL. */
extern const struct option help_global_options[];

char *help_all(void);				   /* weft --help */
char *help_object(const char *object);		   /* weft OBJECT --help; NULL: no such */
char *help_command(const struct command *command); /* weft OBJECT VERB --help */
char *help_completion(const char *shell);	   /* "bash" or "zsh"; NULL: no such */

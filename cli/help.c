/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing here is typed twice: the commands, their options and what they mean are
 * in the table of command.c and in the attribute tables.
 */
#include "cli/help.h"

#include <string.h>
#include "lib/error.h"

#define COLUMN 36

const struct option help_global_options[] = {
	{"url", 0, "URL", "the API (WEFT_URL; http://127.0.0.1:9696)", false, NULL, NULL},
	{"token", 0, "TOKEN", "who you are (WEFT_TOKEN)", false, NULL, NULL},
	{"project", 0, "ID", "for which project (WEFT_PROJECT)", false, NULL, NULL},
	{"ca", 0, "FILE", "who signed the API's certificate (WEFT_CA; whom the system trusts)",
	 false, NULL, NULL},
	{"cert", 0, "FILE", "your certificate (WEFT_CERT)", false, NULL, NULL},
	{"key", 0, "FILE", "its key (WEFT_KEY)", false, NULL, NULL},
	{"agent", 0, "SOCKET", "this host's agent (WEFT_AGENT; the only one)", false, NULL,
	 NULL},
	{"help", 'h', NULL, "this", false, NULL, NULL},
	{"version", 'V', NULL, "the version", false, NULL, NULL},
	{NULL, 0, NULL, NULL, false, NULL, NULL},
};

static void add_line(GString *out, const char *left, const char *right)
{
	g_string_append_printf(out, "  %s", left);
	if (*right && g_utf8_strlen(left, -1) > COLUMN - 2)
		g_string_append_printf(out, "\n%*s", COLUMN + 2, "");
	else if (*right)
		g_string_append_printf(out, "%*s", (int)(COLUMN - g_utf8_strlen(left, -1)), "");
	g_string_append_printf(out, "%s\n", right);
}

static void add_option(GString *out, const struct option *option)
{
	g_autoptr(GString) left = g_string_new(NULL);

	if (!option->help)
		return;
	if (option->letter)
		g_string_append_printf(left, "-%c, ", option->letter);
	g_string_append_printf(left, "--%s", option->name);
	if (option->metavar)
		g_string_append_printf(left, " %s", option->metavar);
	if (option->repeated && option->metavar)
		g_string_append(left, " …");
	add_line(out, left->str, option->help);
}

static void add_command(GString *out, const struct command *command)
{
	g_autofree char *left =
		g_strjoin(" ", command->object, command->verb ? command->verb : command->words,
			  command->verb ? command->words : "", NULL);

	add_line(out, g_strchomp(left), command->help);
}

static void add_exit_codes(GString *out)
{
	g_string_append(out, "\nExit codes: 0 done");
#define X(code, name, status, exits) g_string_append_printf(out, ", %d %s", exits, name);
	WEFT_ERROR_TABLE(X)
#undef X
	g_string_append(out, " (a usage error is invalid)\n");
}

char *help_all(void)
{
	g_autoptr(GString) out = g_string_new("usage: weft [OPTION…] OBJECT [VERB] …\n\n");
	guint count;
	const struct command *all = command_all(&count);

	for (guint i = 0; i < count; i++)
		add_command(out, &all[i]);
	g_string_append(out, "\nOptions before the object:\n");
	for (const struct option *option = help_global_options; option->name; option++)
		add_option(out, option);
	g_string_append(out, "\nMore: weft OBJECT --help, weft OBJECT VERB --help, weft(1)\n");
	add_exit_codes(out);
	return g_strdup(out->str);
}

/* "security group rule" is below "security", and below itself. */
static bool help_is_below(const char *object, const char *other)
{
	gsize length = strlen(object);

	return !strncmp(object, other, length) && (!other[length] || other[length] == ' ');
}

char *help_object(const char *object)
{
	g_autoptr(GString) out = g_string_new(NULL);
	guint count;
	const struct command *all = command_all(&count);

	for (guint i = 0; i < count; i++)
		if (help_is_below(object, all[i].object))
			add_command(out, &all[i]);
	if (!out->len)
		return NULL;
	for (int kind = 0; kind < KIND_COUNT; kind++)
		if (!strcmp(client_kind_name(kind), object) && cloud_table(kind)->help)
			g_string_append_printf(out, "\n%s\n", cloud_table(kind)->help);
	return g_strdup(out->str);
}

char *help_command(const struct command *command)
{
	g_autoptr(GString) out = g_string_new("usage: weft ");
	g_autoptr(GArray) options = command_options(command);

	g_string_append_printf(out, "%s%s%s%s%s [OPTION…]\n\n%s\n\n", command->object,
			       command->verb ? " " : "", command->verb ? command->verb : "",
			       *command->words ? " " : "", command->words, command->help);
	for (guint i = 0; i < options->len; i++)
		add_option(out, &g_array_index(options, struct option, i));
	return g_strdup(out->str);
}

static void add_word(GString *out, const char *word)
{
	if (out->len)
		g_string_append_c(out, ' ');
	g_string_append(out, word);
}

static char *list_options(const GArray *options)
{
	g_autoptr(GString) words = g_string_new(NULL);

	for (guint i = 0; i < options->len; i++) {
		const struct option *option = &g_array_index(options, struct option, i);
		g_autofree char *word = g_strconcat("--", option->name, NULL);

		if (option->help)
			add_word(words, word);
	}
	return g_strdup(words->str);
}

/* The words that may stand behind PATH, "" at the beginning: each once, in order. */
static char *list_next(const char *path)
{
	g_autoptr(GString) words = g_string_new(NULL);
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	guint count;
	const struct command *all = command_all(&count);

	for (guint i = 0; i < count; i++) {
		g_autofree char *full = g_strjoin(" ", all[i].object, all[i].verb, NULL);
		const char *rest = full + strlen(path) + (*path ? 1 : 0);
		char *word;

		if (*path && (!help_is_below(path, full) || !full[strlen(path)]))
			continue;
		word = g_strndup(rest, strcspn(rest, " "));
		if (g_hash_table_contains(seen, word)) {
			g_free(word);
			continue;
		}
		add_word(words, word);
		g_hash_table_add(seen, word);
	}
	return g_strdup(words->str);
}

static void add_case(GString *out, GHashTable *seen, const char *path)
{
	g_autofree char *words = list_next(path);

	if (*words && g_hash_table_add(seen, g_strdup(path)))
		g_string_append_printf(out, "\t\t\"%s\") words=\"%s\" ;;\n", path, words);
}

/* A shell case for every command, which offers its options, and for every beginning of one. */
static void add_cases(GString *out)
{
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	guint count;
	const struct command *all = command_all(&count);

	for (guint i = 0; i < count; i++) {
		g_autoptr(GArray) options = command_options(&all[i]);
		g_autofree char *path = g_strjoin(" ", all[i].object, all[i].verb, NULL);
		g_autofree char *words = list_options(options);

		g_string_append_printf(out, "\t\t\"%s\"|\"%s \"*) words=\"%s\" ;;\n", path,
				       path, words);
		for (char *end = path; (end = strchr(end, ' ')); end++) {
			g_autofree char *beginning = g_strndup(path, (gsize)(end - path));

			add_case(out, seen, beginning);
		}
	}
}

char *help_completion(const char *shell)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *objects = list_next("");

	if (strcmp(shell, "bash") && strcmp(shell, "zsh"))
		return NULL;
	if (!strcmp(shell, "zsh"))
		g_string_append(out, "#compdef weft\n"
				     "autoload -Uz bashcompinit && bashcompinit\n");
	g_string_append(out, "_weft()\n{\n"
			     "\tlocal current=${COMP_WORDS[COMP_CWORD]} words\n"
			     "\tlocal path=\"${COMP_WORDS[*]:1:$((COMP_CWORD - 1))}\"\n"
			     "\tcase $path in\n");
	add_cases(out);
	g_string_append(out, "\tesac\n");
	g_string_append_printf(out, "\tif [ \"$COMP_CWORD\" -eq 1 ]; then words=\"%s\"; fi\n",
			       objects);
	g_string_append(out, "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
			     "}\n"
			     "complete -o default -F _weft weft\n");
	return g_strdup(out->str);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft: the command line. Finds the command in the table, reads its options, runs it,
 * and says on one line of stderr what went wrong.
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include "cli/command.h"
#include "cli/help.h"
#include "cli/login.h"
#include "cli/output.h"
#include "lib/error.h"

#define URL_DEFAULT "http://127.0.0.1:9696"

static const char *from_environment(const struct arguments *arguments, const char *option,
				    const char *variable)
{
	const char *text = option_get(arguments, option);

	if (!text)
		text = g_getenv(variable);
	return text && *text ? text : NULL;
}

static struct context make_context(const struct arguments *globals)
{
	struct context context = {
		.url = from_environment(globals, "url", "WEFT_URL"),
		.token = from_environment(globals, "token", "WEFT_TOKEN"),
		.project = from_environment(globals, "project", "WEFT_PROJECT"),
		.agent = from_environment(globals, "agent", "WEFT_AGENT"),
		.tls.ca = from_environment(globals, "ca", "WEFT_CA"),
		.tls.cert = from_environment(globals, "cert", "WEFT_CERT"),
		.tls.key = from_environment(globals, "key", "WEFT_KEY"),
	};

	return context;
}

static bool check_words(const struct command *command, const struct arguments *arguments,
			GError **error)
{
	guint count = arguments->words->len;

	if (count >= command->min_words && count <= command->max_words)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "usage: weft %s%s%s%s%s",
		    command->object, command->verb ? " " : "",
		    command->verb ? command->verb : "", *command->words ? " " : "",
		    command->words);
	return false;
}

static bool run_command(struct context *context, int argc, char **argv, int first,
			GError **error)
{
	const struct command *command = context->command;
	g_autoptr(GArray) options = command_options(command);
	struct arguments arguments;
	bool good;

	if (!option_parse(options, argc, argv, first, false, NULL, &arguments, error)) {
		g_prefix_error(error, "%s%s%s: ", command->object, command->verb ? " " : "",
			       command->verb ? command->verb : "");
		return false;
	}
	if (option_has(&arguments, "help"))
		good = output_print(help_command(command), error);
	else
		good = check_words(command, &arguments, error) &&
		       output_check(&arguments, error) &&
		       command->run(context, &arguments, error);
	option_done(&arguments);
	return good;
}

static bool is_help(const char *word)
{
	return !word || !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
}

/* Where nothing is said in Weft's own words, OpenStack's count. */
static bool context_login(struct context *context, struct login *login, GError **error)
{
	g_autoptr(GError) reason = NULL;

	if (!context->url && !context->token && login_read(login, &reason)) {
		context->url = login->url;
		context->token = login->token;
		if (!context->tls.ca)
			context->tls.ca = login->ca;
	}
	if (reason) {
		g_propagate_error(error, g_steal_pointer(&reason));
		return false;
	}
	if (!context->url)
		context->url = URL_DEFAULT;
	return true;
}

/* ARGV[AT] and some behind it are the object. */
static bool find_and_run(struct context *context, int argc, char **argv, int at, GError **error)
{
	g_autofree char *object = NULL;
	guint words = command_count_words(&argv[at], argc - at, &object);
	const char *verb;
	char *help;

	if (!words) { /* "security" alone names more than one */
		object = g_strdup(argv[at]);
		words = 1;
	}
	at += (int)words;
	verb = at < argc ? argv[at] : NULL;
	context->command = command_find(object, NULL);
	if (context->command)
		return run_command(context, argc, argv, at, error);
	help = help_object(object);
	if (!help) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "'%s' is not known, see weft --help", object);
		return false;
	}
	if (is_help(verb))
		return output_print(help, error);
	g_free(help);
	context->command = command_find(object, verb);
	if (context->command)
		return run_command(context, argc, argv, at + 1, error);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "%s: '%s' is not known, see weft %s --help", object, verb, object);
	return false;
}

static bool run(int argc, char **argv, GError **error)
{
	g_autoptr(GArray) options = g_array_new(FALSE, FALSE, sizeof(struct option));
	struct login login = {0};
	struct arguments globals;
	struct context context;
	bool good;
	int at;

	for (const struct option *option = help_global_options; option->name; option++)
		g_array_append_val(options, *option);
	if (!option_parse(options, argc, argv, 1, true, &at, &globals, error))
		return false;
	context = make_context(&globals);
	if (option_has(&globals, "version"))
		good = output_print(g_strdup("weft " WEFT_VERSION "\n"), error);
	else if (option_has(&globals, "help") || at == argc || !strcmp(argv[at], "help"))
		good = output_print(help_all(), error);
	else
		good = context_login(&context, &login, error) &&
		       find_and_run(&context, argc, argv, at, error);
	login_done(&login);
	client_free(context.client);
	option_done(&globals);
	return good;
}

/* One line, whatever names and answers it quotes. */
static void print_error(const GError *error)
{
	g_autofree char *line = g_strdup(error->message);

	for (char *c = line; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = ' ';
	fprintf(stderr, "weft: %s\n", line);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	setlocale(LC_CTYPE, "");
	if (run(argc, argv, &error))
		return 0;
	print_error(error);
	return weft_error_to_exit(error);
}

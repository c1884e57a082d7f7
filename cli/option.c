/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small parser, as the options of most commands come from the attribute tables
 * and must keep their order and repetitions.
 */
#include "cli/option.h"

#include <string.h>
#include "lib/error.h"

struct reader {
	const GArray *options;
	char **argv;
	int argc;
	int at;
	struct arguments *out;
};

static const struct option *find_long(const GArray *options, const char *name, size_t length)
{
	for (guint i = 0; i < options->len; i++) {
		const struct option *option = &g_array_index(options, struct option, i);

		if (strlen(option->name) == length && !strncmp(option->name, name, length))
			return option;
	}
	return NULL;
}

static const struct option *find_letter(const GArray *options, char letter)
{
	for (guint i = 0; i < options->len; i++) {
		const struct option *option = &g_array_index(options, struct option, i);

		if (option->letter && option->letter == letter)
			return option;
	}
	return NULL;
}

static bool refuse(GError **error, const char *format, const char *text)
{
	g_autofree char *message = NULL;
	GString *line = g_string_new(format);

	g_string_replace(line, "%", text, 1);
	message = g_string_free(line, FALSE);
	g_set_error_literal(error, WEFT_ERROR, WEFT_ERROR_INVALID, message);
	return false;
}

/* VALUE: what stands behind '=' or the letter, or NULL. */
static bool read_option(struct reader *reader, const struct option *option, const char *written,
			const char *value, GError **error)
{
	struct given given = {option, value};

	if (!option)
		return refuse(error, "unknown option '%'", written);
	if (!option->metavar) {
		if (value)
			return refuse(error, "option '%' takes no value", written);
		given.text = option->preset;
	} else if (!value) {
		if (reader->at == reader->argc)
			return refuse(error, "option '%' takes a value", written);
		given.text = reader->argv[reader->at++];
	}
	g_array_append_val(reader->out->given, given);
	return true;
}

static bool read_long(struct reader *reader, const char *word, GError **error)
{
	const char *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) : strlen(word);
	g_autofree char *written = g_strndup(word, length);

	return read_option(reader, find_long(reader->options, word + 2, length - 2), written,
			   equals ? equals + 1 : NULL, error);
}

static bool read_letter(struct reader *reader, const char *word, GError **error)
{
	const struct option *option = find_letter(reader->options, word[1]);
	g_autofree char *written = g_strndup(word, 2);

	return read_option(reader, option, written, word[2] ? word + 2 : NULL, error);
}

bool option_parse(const GArray *options, int argc, char **argv, int first, bool stop, int *rest,
		  struct arguments *out, GError **error)
{
	struct arguments result = {g_ptr_array_new(),
				   g_array_new(FALSE, FALSE, sizeof(struct given))};
	struct reader reader = {options, argv, argc, first, &result};
	bool only_words = false, good = true;

	while (good && reader.at < argc) {
		const char *word = argv[reader.at];

		if (stop && (only_words || word[0] != '-' || !word[1]))
			break;
		reader.at++;
		if (only_words || word[0] != '-' || !word[1])
			g_ptr_array_add(result.words, (gpointer)word);
		else if (!strcmp(word, "--"))
			only_words = true;
		else if (word[1] == '-')
			good = read_long(&reader, word, error);
		else
			good = read_letter(&reader, word, error);
	}
	if (!good) {
		option_done(&result);
		return false;
	}
	if (rest)
		*rest = reader.at;
	*out = result;
	return true;
}

void option_done(struct arguments *arguments)
{
	if (arguments->words)
		g_ptr_array_unref(arguments->words);
	if (arguments->given)
		g_array_unref(arguments->given);
	*arguments = (struct arguments){NULL, NULL};
}

const char *option_get(const struct arguments *arguments, const char *name)
{
	for (guint i = arguments->given->len; i > 0; i--) {
		const struct given *given =
			&g_array_index(arguments->given, struct given, i - 1);

		if (!strcmp(given->option->name, name))
			return given->text ? given->text : "";
	}
	return NULL;
}

bool option_has(const struct arguments *arguments, const char *name)
{
	return option_get(arguments, name) != NULL;
}

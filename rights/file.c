/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One mapping of texts to texts, by libyaml's events.
 */
#include "rights/file.h"

#include <stdbool.h>
#include <yaml.h>

#include "lib/error.h"

#define FILE_MAX (4u << 20) /* bytes */

struct state {
	GPtrArray *pairs;
	unsigned int maps; /* begun */
	bool done;
};

static bool state_fail(const yaml_event_t *event, const char *why, GError **error)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "line %zu: %s",
		    event->start_mark.line + 1, why);
	return false;
}

static bool state_take(struct state *state, const yaml_event_t *event, GError **error)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		if (!state->maps && event->data.scalar.length == 0)
			return true; /* nothing but comments */
		if (!state->maps)
			return state_fail(event, "expected NAME: CHECK", error);
		g_ptr_array_add(state->pairs, g_strndup((const char *)event->data.scalar.value,
							event->data.scalar.length));
		return true;
	case YAML_MAPPING_START_EVENT:
		return state->maps++ == 0 || state_fail(event, "a check is a text", error);
	case YAML_SEQUENCE_START_EVENT:
		return state_fail(event, "a check is a text, not a list", error);
	case YAML_ALIAS_EVENT:
		return state_fail(event, "a check is a text, not an alias", error);
	case YAML_STREAM_END_EVENT:
		state->done = true;
		return true;
	default:
		return true;
	}
}

GPtrArray *policy_file_parse(const char *text, gsize size, GError **error)
{
	g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(g_free);
	struct state state = {.pairs = pairs};
	yaml_parser_t parser;
	bool good = size <= FILE_MAX && yaml_parser_initialize(&parser);

	if (!good) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "larger than %u bytes",
			    FILE_MAX);
		return NULL;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	while (good && !state.done) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "line %zu: %s",
				    parser.problem_mark.line + 1, parser.problem);
			good = false;
			break;
		}
		good = state_take(&state, &event, error);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return good ? g_steal_pointer(&pairs) : NULL;
}

GPtrArray *policy_file_read(const char *path, GError **error)
{
	g_autofree char *text = NULL;
	gsize size;

	return g_file_get_contents(path, &text, &size, error)
		       ? policy_file_parse(text, size, error)
		       : NULL;
}

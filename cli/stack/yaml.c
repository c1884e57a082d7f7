/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's events are folded into jansson values by one recursive descent.
 * Every node is charged to a budget, an alias with all that stands behind it, so
 * that a small text cannot become a large tree.
 */
#include "cli/stack/yaml.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include "lib/error.h"

struct anchor {
	json_t *value;
	size_t nodes; /* what one use of it costs */
};

struct reader {
	yaml_parser_t parser;
	const char *name;
	GHashTable *anchors; /* name -> struct anchor; NULL while it is being read */
	size_t nodes;
	unsigned int depth;
};

static json_t *read_value(struct reader *reader, yaml_event_t *event, GError **error);

static void anchor_free(gpointer data)
{
	struct anchor *anchor = data;

	if (anchor)
		json_decref(anchor->value);
	g_free(anchor);
}

G_GNUC_PRINTF(4, 5)
static void set_error(const struct reader *reader, yaml_mark_t mark, GError **error,
		      const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s:%zu: %s", reader->name,
		    mark.line + 1, text);
}

static bool next_event(struct reader *reader, yaml_event_t *event, GError **error)
{
	if (yaml_parser_parse(&reader->parser, event))
		return true;
	set_error(reader, reader->parser.problem_mark, error, "%s",
		  reader->parser.problem ? reader->parser.problem : "not YAML");
	return false;
}

static bool charge(struct reader *reader, size_t nodes, yaml_mark_t mark, GError **error)
{
	reader->nodes += nodes;
	if (reader->nodes <= YAML_NODES_MAX)
		return true;
	set_error(reader, mark, error, "more than %d values", YAML_NODES_MAX);
	return false;
}

static bool is_one_of(const char *text, const char *const *words)
{
	return g_strv_contains(words, text);
}

static bool is_decimal(const char *text)
{
	if (*text == '-' || *text == '+')
		text++;
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static bool is_hex(const char *text)
{
	return g_str_has_prefix(text, "0x") && text[2] &&
	       text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] == '\0';
}

static bool is_octal(const char *text)
{
	return g_str_has_prefix(text, "0o") && text[2] &&
	       text[2 + strspn(text + 2, "01234567")] == '\0';
}

/* Core schema: [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float(const char *text)
{
	size_t whole, part = 0;

	if (*text == '-' || *text == '+')
		text++;
	whole = strspn(text, "0123456789");
	text += whole;
	if (*text == '.') {
		part = strspn(text + 1, "0123456789");
		text += 1 + part;
	}
	if (whole + part == 0)
		return false;
	if (*text == 'e' || *text == 'E') {
		text++;
		if (*text == '-' || *text == '+')
			text++;
		if (!strspn(text, "0123456789"))
			return false;
		text += strspn(text, "0123456789");
	}
	return *text == '\0';
}

static json_t *read_integer(struct reader *reader, const char *text, yaml_mark_t mark,
			    GError **error)
{
	bool hex = is_hex(text), octal = is_octal(text);
	gint64 number;

	errno = 0;
	number = g_ascii_strtoll(hex || octal ? text + 2 : text, NULL,
				 hex	 ? 16
				 : octal ? 8
					 : 10);
	if (errno == ERANGE) {
		set_error(reader, mark, error, "number '%s' is out of range", text);
		return NULL;
	}
	return json_integer(number);
}

static json_t *read_float(struct reader *reader, const char *text, yaml_mark_t mark,
			  GError **error)
{
	double number = g_ascii_strtod(text, NULL);

	if (!isfinite(number)) {
		set_error(reader, mark, error, "number '%s' is out of range", text);
		return NULL;
	}
	return json_real(number);
}

static json_t *read_plain(struct reader *reader, const char *text, yaml_mark_t mark,
			  GError **error)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes",
					  "YES",  "on",	  "On",	  "ON",	 NULL};
	static const char *const no[] = {"false", "False", "FALSE", "no",  "No",
					 "NO",	  "off",   "Off",   "OFF", NULL};

	if (is_one_of(text, nulls))
		return json_null();
	if (is_one_of(text, yes))
		return json_true();
	if (is_one_of(text, no))
		return json_false();
	if (is_decimal(text) || is_hex(text) || is_octal(text))
		return read_integer(reader, text, mark, error);
	if (is_float(text))
		return read_float(reader, text, mark, error);
	return json_string(text);
}

/* A scalar whose tag is written out must be what the tag says. */
static json_t *check_tag(struct reader *reader, const char *tag, const char *text,
			 json_t *value, yaml_mark_t mark, GError **error)
{
	const char *kind = tag + strlen("tag:yaml.org,2002:");

	if (!g_str_has_prefix(tag, "tag:yaml.org,2002:"))
		set_error(reader, mark, error, "tag '%s' is not supported", tag);
	else if ((!strcmp(kind, "int") && json_is_integer(value)) ||
		 (!strcmp(kind, "float") && json_is_number(value)) ||
		 (!strcmp(kind, "bool") && json_is_boolean(value)) ||
		 (!strcmp(kind, "null") && json_is_null(value)))
		return value;
	else
		set_error(reader, mark, error, "'%s' is not a '%s'", text, kind);
	json_decref(value);
	return NULL;
}

static json_t *read_scalar(struct reader *reader, const yaml_event_t *event, GError **error)
{
	const char *text = (const char *)event->data.scalar.value;
	const char *tag = (const char *)event->data.scalar.tag;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	json_t *value;

	if (memchr(text, '\0', event->data.scalar.length)) {
		set_error(reader, event->start_mark, error, "a text holds a zero byte");
		return NULL;
	}
	if (tag && (!strcmp(tag, "!") || !strcmp(tag, YAML_STR_TAG)))
		return json_string(text);
	value = plain || tag ? read_plain(reader, text, event->start_mark, error)
			     : json_string(text);
	if (value && tag)
		return check_tag(reader, tag, text, value, event->start_mark, error);
	return value;
}

static bool check_collection_tag(struct reader *reader, const yaml_char_t *tag,
				 const char *wanted, yaml_mark_t mark, GError **error)
{
	if (!tag || !strcmp((const char *)tag, "!") || !strcmp((const char *)tag, wanted))
		return true;
	set_error(reader, mark, error, "tag '%s' is not supported", (const char *)tag);
	return false;
}

static json_t *read_sequence(struct reader *reader, GError **error)
{
	json_auto_t *list = json_array();

	for (;;) {
		yaml_event_t event;
		json_t *item;

		if (!next_event(reader, &event, error))
			return NULL;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return g_steal_pointer(&list);
		}
		item = read_value(reader, &event, error);
		yaml_event_delete(&event);
		if (!item)
			return NULL;
		json_array_append_new(list, item);
	}
}

/* What "<<" brings: a mapping, or a list of them of which the first wins. */
static bool add_merge(struct reader *reader, json_t *merges, json_t *value, yaml_mark_t mark,
		      GError **error)
{
	size_t i;
	json_t *item;

	if (json_is_object(value)) {
		json_array_append(merges, value);
		return true;
	}
	json_array_foreach (value, i, item)
		if (!json_is_object(item))
			break;
	if (!json_is_array(value) || i < json_array_size(value)) {
		set_error(reader, mark, error, "'<<' takes a mapping or a list of them");
		return false;
	}
	json_array_extend(merges, value);
	return true;
}

static bool read_pair(struct reader *reader, const yaml_event_t *key, json_t *map,
		      json_t *merges, GError **error)
{
	const char *text = (const char *)key->data.scalar.value;
	json_auto_t *value = NULL;
	yaml_event_t event;

	if (key->type != YAML_SCALAR_EVENT) {
		set_error(reader, key->start_mark, error, "a key must be a text");
		return false;
	}
	if (memchr(text, '\0', key->data.scalar.length)) {
		set_error(reader, key->start_mark, error, "a key holds a zero byte");
		return false;
	}
	if (json_object_get(map, text)) {
		set_error(reader, key->start_mark, error, "key '%s' stands twice", text);
		return false;
	}
	if (!next_event(reader, &event, error))
		return false;
	value = read_value(reader, &event, error);
	yaml_event_delete(&event);
	if (!value)
		return false;
	if (!strcmp(text, "<<") && key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return add_merge(reader, merges, value, key->start_mark, error);
	if (json_object_set(map, text, value) < 0) {
		set_error(reader, key->start_mark, error, "key '%s' is not UTF-8", text);
		return false;
	}
	return true;
}

static json_t *read_mapping(struct reader *reader, GError **error)
{
	json_auto_t *map = json_object();
	json_auto_t *merges = json_array();
	json_t *merge;
	size_t i;

	for (;;) {
		yaml_event_t key;
		bool good;

		if (!next_event(reader, &key, error))
			return NULL;
		if (key.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&key);
			break;
		}
		good = charge(reader, 1, key.start_mark, error) &&
		       read_pair(reader, &key, map, merges, error);
		yaml_event_delete(&key);
		if (!good)
			return NULL;
	}
	json_array_foreach (merges, i, merge)
		json_object_update_missing(map, merge);
	return g_steal_pointer(&map);
}

static json_t *read_alias(struct reader *reader, const yaml_event_t *event, GError **error)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct anchor *anchor;
	gpointer found;

	if (!g_hash_table_lookup_extended(reader->anchors, name, NULL, &found)) {
		set_error(reader, event->start_mark, error, "alias '*%s' has no anchor", name);
		return NULL;
	}
	anchor = found;
	if (!anchor) {
		set_error(reader, event->start_mark, error, "alias '*%s' contains itself",
			  name);
		return NULL;
	}
	if (!charge(reader, anchor->nodes, event->start_mark, error))
		return NULL;
	return json_incref(anchor->value);
}

static json_t *read_collection(struct reader *reader, const yaml_event_t *event, GError **error)
{
	bool map = event->type == YAML_MAPPING_START_EVENT;
	json_t *value;

	if (!check_collection_tag(reader,
				  map ? event->data.mapping_start.tag
				      : event->data.sequence_start.tag,
				  map ? YAML_MAP_TAG : YAML_SEQ_TAG, event->start_mark, error))
		return NULL;
	if (reader->depth == YAML_DEPTH_MAX) {
		set_error(reader, event->start_mark, error, "nested deeper than %d",
			  YAML_DEPTH_MAX);
		return NULL;
	}
	reader->depth++;
	value = map ? read_mapping(reader, error) : read_sequence(reader, error);
	reader->depth--;
	return value;
}

static const char *get_anchor(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return (const char *)event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return (const char *)event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return (const char *)event->data.mapping_start.anchor;
	default:
		return NULL;
	}
}

static bool open_anchor(struct reader *reader, const char *name, yaml_mark_t mark,
			GError **error)
{
	if (g_hash_table_size(reader->anchors) == YAML_ANCHORS_MAX &&
	    !g_hash_table_contains(reader->anchors, name)) {
		set_error(reader, mark, error, "more than %d anchors", YAML_ANCHORS_MAX);
		return false;
	}
	g_hash_table_insert(reader->anchors, g_strdup(name), NULL);
	return true;
}

static void close_anchor(struct reader *reader, const char *name, json_t *value, size_t nodes)
{
	struct anchor *anchor = g_new(struct anchor, 1);

	*anchor = (struct anchor){.value = json_incref(value), .nodes = nodes};
	g_hash_table_insert(reader->anchors, g_strdup(name), anchor);
}

static json_t *read_value(struct reader *reader, yaml_event_t *event, GError **error)
{
	const char *anchor = get_anchor(event);
	size_t before = reader->nodes;
	json_t *value;

	if (event->type == YAML_ALIAS_EVENT)
		return read_alias(reader, event, error);
	if (!charge(reader, 1, event->start_mark, error))
		return NULL;
	if (anchor && !open_anchor(reader, anchor, event->start_mark, error))
		return NULL;
	value = event->type == YAML_SCALAR_EVENT ? read_scalar(reader, event, error)
						 : read_collection(reader, event, error);
	if (value && anchor)
		close_anchor(reader, anchor, value, reader->nodes - before);
	return value;
}

/* STREAM-START DOCUMENT-START value DOCUMENT-END STREAM-END, and nothing else. */
static json_t *read_document(struct reader *reader, GError **error)
{
	json_auto_t *value = NULL;
	yaml_event_t event;
	yaml_event_type_t type;
	yaml_mark_t mark;

	do {
		if (!next_event(reader, &event, error))
			return NULL;
		type = event.type;
		mark = event.start_mark;
		if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT &&
		    type != YAML_STREAM_END_EVENT)
			value = read_value(reader, &event, error);
		yaml_event_delete(&event);
		if (type == YAML_STREAM_END_EVENT) {
			set_error(reader, mark, error, "the file is empty");
			return NULL;
		}
	} while (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT);
	if (!value || !next_event(reader, &event, error)) /* the document's end */
		return NULL;
	yaml_event_delete(&event);
	if (!next_event(reader, &event, error))
		return NULL;
	type = event.type;
	mark = event.start_mark;
	yaml_event_delete(&event);
	if (type != YAML_STREAM_END_EVENT) {
		set_error(reader, mark, error, "a second document follows");
		return NULL;
	}
	return g_steal_pointer(&value);
}

json_t *yaml_load(const char *name, const char *text, size_t length, GError **error)
{
	struct reader reader = {.name = name};
	json_t *value;

	if (length > YAML_SIZE_MAX) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s: larger than %d bytes",
			    name, YAML_SIZE_MAX);
		return NULL;
	}
	if (!yaml_parser_initialize(&reader.parser)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "%s: no memory", name);
		return NULL;
	}
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
	reader.anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, anchor_free);
	value = read_document(&reader, error);
	g_hash_table_unref(reader.anchors);
	yaml_parser_delete(&reader.parser);
	return value;
}

json_t *yaml_load_file(const char *path, GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) reason = NULL;
	gsize length;

	if (!g_file_get_contents(path, &text, &length, &reason)) {
		const char *cause = strrchr(reason->message, ':');

		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s: cannot read%s", path,
			    cause ? cause : "");
		return NULL;
	}
	return yaml_load(path, text, length, error);
}

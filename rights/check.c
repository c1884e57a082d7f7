/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and answering checks.
 */
#include "rights/check.h"

#include <string.h>

#include "lib/error.h"

#define TEXT_MAX  8192 /* bytes of one check */
#define DEPTH_MAX 64   /* of parentheses and `not`, and of rules that name rules */

enum check_type {
	CHECK_TRUE,
	CHECK_FALSE,
	CHECK_NOT,
	CHECK_AND,
	CHECK_OR,
	CHECK_ROLE,
	CHECK_RULE,
	CHECK_FIELD,
	CHECK_CREDENTIAL, /* key of the caller against an attribute or a text */
	CHECK_LITERAL,	  /* text against an attribute or a text */
};

struct check {
	enum check_type type;
	struct check *left, *right; /* owned */
	const char *key;	    /* interned: the credential, role, rule or literal */
	const char *resource;	    /* interned; of a field */
	const char *name;	    /* interned; the attribute, or NULL: value */
	const char *value;	    /* interned */
	GRegex *regex;		    /* of a field; owned */
};

void check_free(struct check *check)
{
	if (!check)
		return;
	check_free(check->left);
	check_free(check->right);
	if (check->regex)
		g_regex_unref(check->regex);
	g_free(check);
}

static struct check *check_new(enum check_type type, struct check *left, struct check *right)
{
	struct check *check = g_new0(struct check, 1);

	check->type = type;
	check->left = left;
	check->right = right;
	return check;
}

/* Reading: words, which parentheses cling to */

struct reader {
	const char *at;
	const char *word; /* the present one; NULL: the end */
	gsize length;
	unsigned int closing; /* parentheses that follow the word */
	unsigned int depth;
	GError **error;
};

static void *reader_fail(struct reader *reader, const char *why)
{
	if (*reader->error == NULL)
		g_set_error(reader->error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s at '%.40s'", why,
			    reader->word ? reader->word : "the end");
	return NULL;
}

/* An opening parenthesis is a word; closing ones belong to the word before, unless that is
 * one alone. As in the original, %(name)s is no reason to split. */
static void reader_next(struct reader *reader)
{
	const char *at = reader->at, *end;
	char quote;

	if (reader->closing) {
		reader->closing--;
		reader->word = ")";
		reader->length = 1;
		return;
	}
	while (g_ascii_isspace(*at))
		at++;
	reader->word = *at ? at : NULL;
	reader->length = 1;
	reader->at = *at ? at + 1 : at;
	if (!*at || *at == '(' || *at == ')')
		return;
	quote = *at == '\'' || *at == '"' ? *at : 0;
	end = quote ? strchr(at + 1, quote) : NULL;
	end = end ? end + 1 : at;
	while (*end && !g_ascii_isspace(*end))
		end++;
	reader->at = end;
	while (end > at + 1 && end[-1] == ')') {
		end--;
		reader->closing++;
	}
	reader->length = (gsize)(end - at);
}

static bool reader_is(const struct reader *reader, const char *word)
{
	return reader->word && strlen(word) == reader->length &&
	       g_ascii_strncasecmp(reader->word, word, reader->length) == 0;
}

/* One check */

/* %(NAME)s, or NULL. */
static const char *attribute_parse(const char *text)
{
	g_autofree char *name = NULL;
	gsize length = strlen(text);

	if (length < 5 || strncmp(text, "%(", 2) != 0 || strcmp(text + length - 2, ")s") != 0 ||
	    strchr(text + 2, '%') || strchr(text, ')') != text + length - 2)
		return NULL;
	name = g_strndup(text + 2, length - 4);
	return g_intern_string(name);
}

static struct check *field_parse(struct reader *reader, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 2);
	const char *equals = parts[0] && parts[1] ? strchr(parts[1], '=') : NULL;
	g_autofree char *name = NULL;
	g_autoptr(GRegex) regex = NULL;
	struct check *check;

	if (!equals || equals == parts[1] || !*parts[0])
		return reader_fail(reader, "expected field:RESOURCE:ATTRIBUTE=VALUE");
	name = g_strndup(parts[1], (gsize)(equals - parts[1]));
	if (equals[1] == '~') {
		regex = g_regex_new(equals + 2, G_REGEX_ANCHORED, 0, NULL);
		if (!regex)
			return reader_fail(reader, "not a regular expression");
	}
	check = check_new(CHECK_FIELD, NULL, NULL);
	check->resource = g_intern_string(parts[0]);
	check->name = g_intern_string(name);
	check->value = g_intern_string(equals + 1);
	check->regex = g_steal_pointer(&regex);
	return check;
}

static bool is_literal(const char *key)
{
	return *key == '\'' || *key == '"' || g_ascii_isdigit(*key) ||
	       strcmp(key, "True") == 0 || strcmp(key, "False") == 0 ||
	       strcmp(key, "None") == 0;
}

static struct check *pair_parse(struct reader *reader, char *key, const char *value)
{
	bool literal = is_literal(key), plain;
	gsize length = strlen(key);
	struct check *check;

	if (literal && (*key == '\'' || *key == '"')) {
		if (length < 2 || key[length - 1] != *key)
			return reader_fail(reader, "a quote is not closed");
		key[length - 1] = '\0';
		key++;
	}
	check = check_new(literal ? CHECK_LITERAL : CHECK_CREDENTIAL, NULL, NULL);
	check->key = g_intern_string(key);
	check->name = attribute_parse(value);
	plain = !check->name;
	if (plain && strchr(value, '%')) {
		check_free(check);
		return reader_fail(reader, "expected %(ATTRIBUTE)s");
	}
	if (plain)
		check->value = g_intern_string(value);
	return check;
}

static struct check *role_parse(struct reader *reader, const char *value)
{
	g_autofree char *lower = g_ascii_strdown(value, -1);
	struct check *check;

	if (strchr(value, '%'))
		return reader_fail(reader, "a role is a name");
	check = check_new(CHECK_ROLE, NULL, NULL);
	check->key = g_intern_string(lower);
	return check;
}

static struct check *word_parse(struct reader *reader)
{
	g_autofree char *text = g_strndup(reader->word, reader->length);
	char *colon = *text == '\'' || *text == '"' ? strchr(text + 1, *text) : text;
	struct check *check;

	if (strcmp(text, "@") == 0)
		return check_new(CHECK_TRUE, NULL, NULL);
	if (strcmp(text, "!") == 0)
		return check_new(CHECK_FALSE, NULL, NULL);
	colon = colon ? strchr(colon, ':') : NULL;
	if (!colon || colon == text || !colon[1])
		return reader_fail(reader, "expected KIND:MATCH");
	*colon++ = '\0';
	if (strcmp(text, "role") == 0)
		return role_parse(reader, colon);
	if (strcmp(text, "field") == 0)
		return field_parse(reader, colon);
	if (strcmp(text, "http") == 0 || strcmp(text, "https") == 0)
		return reader_fail(reader, "checks by HTTP are not supported");
	if (strcmp(text, "rule") != 0)
		return pair_parse(reader, text, colon);
	check = check_new(CHECK_RULE, NULL, NULL);
	check->key = g_intern_string(colon);
	return check;
}

/* Expressions */

static struct check *or_parse(struct reader *reader);

static struct check *not_parse(struct reader *reader)
{
	struct check *check = NULL;

	if (!reader->word)
		return reader_fail(reader, "a check is missing");
	if (++reader->depth > DEPTH_MAX)
		return reader_fail(reader, "too deep");
	if (reader_is(reader, "not")) {
		reader_next(reader);
		check = not_parse(reader);
		check = check ? check_new(CHECK_NOT, check, NULL) : NULL;
	} else if (reader_is(reader, "(")) {
		reader_next(reader);
		check = or_parse(reader);
		if (check && !reader_is(reader, ")")) {
			check_free(check);
			return reader_fail(reader, "')' is missing");
		}
		reader_next(reader);
	} else {
		check = word_parse(reader);
		reader_next(reader);
	}
	reader->depth--;
	return check;
}

static struct check *and_parse(struct reader *reader)
{
	struct check *check = not_parse(reader), *right;

	while (check && reader_is(reader, "and")) {
		reader_next(reader);
		right = not_parse(reader);
		if (!right) {
			check_free(check);
			return NULL;
		}
		check = check_new(CHECK_AND, check, right);
	}
	return check;
}

static struct check *or_parse(struct reader *reader)
{
	struct check *check = and_parse(reader), *right;

	while (check && reader_is(reader, "or")) {
		reader_next(reader);
		right = and_parse(reader);
		if (!right) {
			check_free(check);
			return NULL;
		}
		check = check_new(CHECK_OR, check, right);
	}
	return check;
}

struct check *check_parse(const char *text, GError **error)
{
	g_autoptr(GError) reason = NULL;
	struct reader reader = {.at = text, .error = &reason};
	struct check *check = NULL;

	if (strlen(text) > TEXT_MAX || !g_utf8_validate(text, -1, NULL)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "a check is UTF-8 of at most %d bytes", TEXT_MAX);
		return NULL;
	}
	reader_next(&reader);
	if (!reader.word)
		return check_new(CHECK_TRUE, NULL, NULL);
	check = or_parse(&reader);
	if (check && reader.word) {
		reader_fail(&reader, "expected 'and' or 'or'");
		check_free(g_steal_pointer(&check));
	}
	if (!check)
		g_propagate_error(error, g_steal_pointer(&reason));
	return check;
}

/* Answering */

struct question {
	const struct check_names *names;
	const struct creds *creds;
	const struct target *target;
	unsigned int depth;
};

static enum answer check_run(const struct check *check, struct question *question);

static bool list_has(const char *const *list, const char *text)
{
	for (; list && *list; list++)
		if (*list == text || strcmp(*list, text) == 0)
			return true;
	return false;
}

static const struct {
	const char *key;
	gsize offset;
} credentials[] = {
	{"project_id", offsetof(struct creds, project_id)},
	{"tenant_id", offsetof(struct creds, project_id)},
	{"tenant", offsetof(struct creds, project_id)},
	{"user_id", offsetof(struct creds, user_id)},
	{"user", offsetof(struct creds, user_id)},
	{"domain_id", offsetof(struct creds, domain_id)},
	{"system_scope", offsetof(struct creds, system_scope)},
	{"user_domain_id", offsetof(struct creds, user_domain_id)},
	{"project_domain_id", offsetof(struct creds, project_domain_id)},
};

static bool creds_match(const struct creds *creds, const char *key, const char *wanted)
{
	for (gsize i = 0; i < G_N_ELEMENTS(credentials); i++) {
		const char *const *text =
			(const void *)((const char *)creds + credentials[i].offset);

		if (strcmp(credentials[i].key, key) == 0)
			return *text && (*text == wanted || strcmp(*text, wanted) == 0);
	}
	if (strcmp(key, "roles") == 0)
		return list_has(creds->roles, wanted);
	if (strcmp(key, "service_roles") == 0)
		return list_has(creds->service_roles, wanted);
	if (strcmp(key, "is_admin_project") == 0)
		return g_ascii_strcasecmp(wanted, creds->is_admin_project ? "true" : "false") ==
		       0;
	return false;
}

/* The right hand side; NULL: the target has no such attribute. */
static const char *check_find(const struct check *check, const struct question *question)
{
	if (!check->name)
		return check->value;
	return question->target->find(question->target, check->resource, check->name);
}

static enum answer field_ask(const struct check *check, const struct question *question)
{
	const char *text = check_find(check, question);

	if (!text)
		return ANSWER_NO;
	if (check->regex)
		return g_regex_match(check->regex, text, 0, NULL) ? ANSWER_YES : ANSWER_NO;
	/* True, true: truths are compared as such. */
	if (g_ascii_strcasecmp(check->value, "true") == 0 ||
	    g_ascii_strcasecmp(check->value, "false") == 0)
		return g_ascii_strcasecmp(check->value, text) == 0 ? ANSWER_YES : ANSWER_NO;
	return strcmp(check->value, text) == 0 ? ANSWER_YES : ANSWER_NO;
}

static enum answer pair_ask(const struct check *check, const struct question *question)
{
	const char *text = check_find(check, question);
	bool same;

	if (!text)
		return ANSWER_NO;
	if (check->type == CHECK_CREDENTIAL)
		same = creds_match(question->creds, check->key, text);
	else
		same = strcmp(check->key, text) == 0 ||
		       (g_ascii_isupper(*check->key) &&
			g_ascii_strcasecmp(check->key, text) == 0);
	return same ? ANSWER_YES : ANSWER_NO;
}

static enum answer rule_ask_named(const struct check *check, struct question *question)
{
	const struct check *other = question->names->find(question->names, check->key);
	enum answer answer;

	if (!other || question->depth >= DEPTH_MAX)
		return ANSWER_NO;
	question->depth++;
	answer = check_run(other, question);
	question->depth--;
	return answer;
}

static enum answer both_ask(const struct check *check, struct question *question)
{
	/* What settles it: NO for `and`, YES for `or`. */
	enum answer settled = check->type == CHECK_AND ? ANSWER_NO : ANSWER_YES;
	enum answer left = check_run(check->left, question), right;

	if (left == settled)
		return left;
	right = check_run(check->right, question);
	if (right == settled || left != ANSWER_UNKNOWN)
		return right;
	return left;
}

static enum answer check_run(const struct check *check, struct question *question)
{
	enum answer answer;

	switch (check->type) {
	case CHECK_TRUE:
		return ANSWER_YES;
	case CHECK_FALSE:
		return ANSWER_NO;
	case CHECK_NOT:
		answer = check_run(check->left, question);
		return answer == ANSWER_UNKNOWN ? answer
		       : answer == ANSWER_NO	? ANSWER_YES
						: ANSWER_NO;
	case CHECK_AND:
	case CHECK_OR:
		return both_ask(check, question);
	case CHECK_ROLE:
		return list_has(question->creds->roles, check->key) ? ANSWER_YES : ANSWER_NO;
	case CHECK_RULE:
		return rule_ask_named(check, question);
	case CHECK_FIELD:
		return question->target ? field_ask(check, question) : ANSWER_UNKNOWN;
	case CHECK_CREDENTIAL:
	case CHECK_LITERAL:
		return check->name && !question->target ? ANSWER_UNKNOWN
							: pair_ask(check, question);
	}
	return ANSWER_NO;
}

enum answer check_ask(const struct check *check, const struct check_names *names,
		      const struct creds *creds, const struct target *target)
{
	struct question question = {names, creds, target, 0};

	return check_run(check, &question);
}

void check_visit_rules(const struct check *check, void (*visit)(const char *name, void *data),
		       void *data)
{
	if (!check)
		return;
	if (check->type == CHECK_RULE)
		visit(check->key, data);
	check_visit_rules(check->left, visit, data);
	check_visit_rules(check->right, visit, data);
}

/* Printing */

static void right_print(const struct check *check, GString *out)
{
	if (check->name)
		g_string_append_printf(out, "%%(%s)s", check->name);
	else
		g_string_append(out, check->value);
}

static void literal_print(const struct check *check, GString *out)
{
	bool bare = g_ascii_isdigit(*check->key) || strcmp(check->key, "True") == 0 ||
		    strcmp(check->key, "False") == 0 || strcmp(check->key, "None") == 0;
	const char *quote = bare ? "" : strchr(check->key, '\'') ? "\"" : "'";

	g_string_append_printf(out, "%s%s%s:", quote, check->key, quote);
	right_print(check, out);
}

void check_print(const struct check *check, GString *out)
{
	switch (check->type) {
	case CHECK_TRUE:
	case CHECK_FALSE:
		g_string_append_c(out, check->type == CHECK_TRUE ? '@' : '!');
		break;
	case CHECK_NOT:
		g_string_append(out, "not ");
		check_print(check->left, out);
		break;
	case CHECK_AND:
	case CHECK_OR:
		g_string_append_c(out, '(');
		check_print(check->left, out);
		g_string_append(out, check->type == CHECK_AND ? " and " : " or ");
		check_print(check->right, out);
		g_string_append_c(out, ')');
		break;
	case CHECK_ROLE:
	case CHECK_RULE:
		g_string_append_printf(out, "%s:%s",
				       check->type == CHECK_ROLE ? "role" : "rule", check->key);
		break;
	case CHECK_FIELD:
		g_string_append_printf(out, "field:%s:%s=%s", check->resource, check->name,
				       check->value);
		break;
	case CHECK_CREDENTIAL:
		g_string_append_printf(out, "%s:", check->key);
		right_print(check, out);
		break;
	case CHECK_LITERAL:
		literal_print(check, out);
		break;
	}
}

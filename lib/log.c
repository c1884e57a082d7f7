/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines on stderr. A flood of one event about one subject must neither fill the disk nor
 * hide the others, so each (module, format, subject) has a budget of its own; the table
 * of budgets is bounded and swept as it ages.
 */
#include "lib/log.h"

#include <stdio.h>
#include <string.h>
#include "lib/error.h"

#define BUDGET_LINES  10
#define BUDGET_WINDOW (5 * G_USEC_PER_SEC)
#define BUDGETS_MAX   4096

struct budget {
	gint64 since;
	unsigned int lines;
	unsigned int suppressed;
	enum log_level level;
	char *what; /* "module: subject", for the line that tells the count */
};

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static struct {
	enum log_level level;
	GHashTable *modules; /* name -> level + 1 */
	GHashTable *budgets; /* "module format-address subject" -> struct budget */
	gint64 swept;
	gint64 (*clock)(void);
	log_sink sink;
	void *sink_data;
} state = {.level = LOG_LEVEL_INFO};

static bool level_parse(const char *text, enum log_level *out)
{
	for (gsize i = 0; i < G_N_ELEMENTS(level_names); i++) {
		if (strcmp(text, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static bool levels_parse_one(const char *item, enum log_level *level, GHashTable *modules)
{
	g_autofree char *module = NULL;
	const char *equals = strchr(item, '=');
	enum log_level parsed;

	if (!level_parse(equals ? equals + 1 : item, &parsed) || equals == item)
		return false;
	if (!equals) {
		*level = parsed;
		return true;
	}
	module = g_strndup(item, (gsize)(equals - item));
	g_hash_table_insert(modules, g_steal_pointer(&module), GUINT_TO_POINTER(parsed + 1));
	return true;
}

bool log_set_levels(const char *spec, GError **error)
{
	g_autoptr(GHashTable) modules =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(GStrv) items = g_strsplit(spec, ",", -1);
	enum log_level level = LOG_LEVEL_INFO;

	/* "" splits into no item at all, and would be no level without a complaint. */
	for (char **item = items; item == items || *item; item++) {
		if (*item && levels_parse_one(g_strstrip(*item), &level, modules))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "log: levels: '%s' is neither a level nor MODULE=LEVEL "
			    "(error, warn, info, debug)",
			    *item ? *item : "");
		return false;
	}
	g_clear_pointer(&state.modules, g_hash_table_unref);
	state.modules = g_steal_pointer(&modules);
	state.level = level;
	return true;
}

bool log_is_on(const char *module, enum log_level level)
{
	gpointer own = state.modules ? g_hash_table_lookup(state.modules, module) : NULL;

	return level <= (own ? (enum log_level)(GPOINTER_TO_UINT(own) - 1) : state.level);
}

static void log_out(enum log_level level, const char *line)
{
	if (state.sink)
		state.sink(level, line, state.sink_data);
	else
		fprintf(stderr, "%s\n", line);
}

static void budget_free(gpointer data)
{
	struct budget *budget = data;

	g_free(budget->what);
	g_free(budget);
}

static void budget_tell(const struct budget *budget)
{
	g_autofree char *line = NULL;

	if (budget->suppressed == 0)
		return;
	line = g_strdup_printf("%s %s: %u similar lines suppressed", level_names[budget->level],
			       budget->what, budget->suppressed);
	log_out(budget->level, line);
}

static gboolean budget_sweep_one(gpointer key, gpointer value, gpointer now)
{
	const struct budget *budget = value;

	if (*(const gint64 *)now - budget->since < BUDGET_WINDOW)
		return FALSE;
	budget_tell(budget);
	return TRUE;
}

/* Those whose window is over say what they kept back and go; none outlives a flood. */
static void budgets_sweep(gint64 now)
{
	if (now - state.swept < BUDGET_WINDOW && g_hash_table_size(state.budgets) < BUDGETS_MAX)
		return;
	g_hash_table_foreach_remove(state.budgets, budget_sweep_one, &now);
	state.swept = now;
	if (g_hash_table_size(state.budgets) >= BUDGETS_MAX)
		g_hash_table_remove_all(state.budgets);
}

static bool budget_spend(const char *module, enum log_level level, const char *format,
			 const char *text)
{
	const char *colon = strstr(text, ": ");
	int length = colon ? (int)(colon - text) : 0;
	g_autofree char *key = g_strdup_printf("%s %p %.*s", module, format, length, text);
	gint64 now = state.clock ? state.clock() : g_get_monotonic_time();
	struct budget *budget;

	if (!state.budgets)
		state.budgets =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, budget_free);
	budgets_sweep(now);
	budget = g_hash_table_lookup(state.budgets, key);
	if (budget && now - budget->since >= BUDGET_WINDOW) {
		budget_tell(budget);
		budget->since = now;
		budget->lines = budget->suppressed = 0;
	}
	if (!budget) {
		budget = g_new0(struct budget, 1);
		budget->since = now;
		budget->level = level;
		budget->what = length ? g_strdup_printf("%s: %.*s", module, length, text)
				      : g_strdup(module);
		g_hash_table_insert(state.budgets, g_steal_pointer(&key), budget);
	}
	if (budget->lines < BUDGET_LINES) {
		budget->lines++;
		return true;
	}
	budget->suppressed++;
	return false;
}

/* What comes from outside must not forge a second line or colour the terminal. */
static void text_tame(char *text)
{
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

void log_write(const char *module, enum log_level level, const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autofree char *line = NULL;
	va_list arguments;

	if (!log_is_on(module, level))
		return;
	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	text_tame(text);
	if (!budget_spend(module, level, format, text))
		return;
	line = g_strdup_printf("%s %s: %s", level_names[level], module, text);
	log_out(level, line);
}

void log_set_sink(log_sink sink, void *data)
{
	state.sink = sink;
	state.sink_data = data;
}

void log_set_clock(gint64 (*clock)(void))
{
	state.clock = clock;
}

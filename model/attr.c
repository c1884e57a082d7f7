/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an object as its table describes it: defaults, copies, the end, and
 * its scalars as text.
 */
#include "model/attr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/error.h"
#include "lib/ip.h"
#include "lib/uuid.h"

static void *attr_at(const struct attr *attr, void *object)
{
	return (char *)object + attr->offset;
}

static const void *attr_in(const struct attr *attr, const void *object)
{
	return (const char *)object + attr->offset;
}

bool attr_table_is_scalar(const struct attr_table *table)
{
	return !table->attrs[0].name;
}

bool attr_is_map(const struct attr *attr)
{
	return attr->type == ATTR_LIST && attr->flags & ATTR_MAP;
}

const char *attr_table_path(const struct attr_table *table)
{
	return table->path ? table->path : table->plural;
}

/* Also the single attribute of a scalar table. */
unsigned int attr_count(const struct attr_table *table)
{
	unsigned int count = 0;

	if (attr_table_is_scalar(table))
		return 1;
	while (table->attrs[count].name)
		count++;
	return count;
}

const struct attr *attr_find(const struct attr_table *table, const char *name)
{
	for (const struct attr *attr = table->attrs; attr->name; attr++)
		if (strcmp(attr->name, name) == 0 ||
		    (attr->alias && strcmp(attr->alias, name) == 0))
			return attr;
	return NULL;
}

uint64_t attr_bit(const struct attr_table *table, const struct attr *attr)
{
	return UINT64_C(1) << (attr - table->attrs);
}

uint64_t attr_bit_of(const struct attr_table *table, const char *name)
{
	const struct attr *attr = attr_find(table, name);

	g_assert(attr);
	return attr_bit(table, attr);
}

/* Items: what a vec holds. */

void *vec_add(struct vec *vec, size_t size)
{
	/* Lists are short, and powers of two keep a long one linear. */
	if ((vec->count & (vec->count - 1)) == 0)
		vec->items = g_realloc_n(vec->items, MAX(1, vec->count * 2), size);
	return memset((char *)vec->items + size * vec->count++, 0, size);
}

static void attr_done(const struct attr *attr, void *object)
{
	if (attr->flags & ATTR_COMPUTED)
		return;
	switch (attr->type) {
	case ATTR_STRING:
	case ATTR_DICT:
		g_clear_pointer((char **)attr_at(attr, object), g_free);
		break;
	case ATTR_LIST:
		vec_done(attr_at(attr, object), attr->item);
		break;
	default:
		break;
	}
}

static void object_done(const struct attr_table *table, void *object)
{
	unsigned int count = attr_count(table);

	for (unsigned int i = 0; i < count; i++)
		attr_done(&table->attrs[i], object);
}

void vec_done(struct vec *vec, const struct attr_table *item)
{
	for (uint32_t i = 0; i < vec->count; i++)
		object_done(item, (char *)vec->items + item->size * i);
	g_free(vec->items);
	*vec = (struct vec){0};
}

static void object_copy(const struct attr_table *table, void *to, const void *from)
{
	unsigned int count = attr_count(table);

	memcpy(to, from, table->size);
	for (unsigned int i = 0; i < count; i++) {
		const struct attr *attr = &table->attrs[i];

		if (attr->flags & ATTR_COMPUTED)
			continue;
		if (attr->type == ATTR_STRING || attr->type == ATTR_DICT)
			*(char **)attr_at(attr, to) =
				g_strdup(*(char *const *)attr_in(attr, from));
		else if (attr->type == ATTR_LIST)
			vec_copy(attr_at(attr, to), attr_in(attr, from), attr->item);
	}
}

void vec_copy(struct vec *to, const struct vec *from, const struct attr_table *item)
{
	*to = (struct vec){0};
	for (uint32_t i = 0; i < from->count; i++)
		object_copy(item, vec_add(to, item->size),
			    (const char *)from->items + item->size * i);
}

/* Objects */

void attr_set_defaults(const struct attr_table *table, void *object)
{
	unsigned int count = attr_count(table);

	for (unsigned int i = 0; i < count; i++) {
		const struct attr *attr = &table->attrs[i];

		if (attr->type == ATTR_INT && attr->flags & ATTR_NULLABLE)
			*(int64_t *)attr_at(attr, object) = ATTR_INT_NONE;
		if (attr->initial && !attr_parse(attr, attr->initial, object, NULL))
			g_error("%s.%s: its default '%s' is not a value", table->singular,
				attr->name, attr->initial);
	}
}

void *attr_new(const struct attr_table *table)
{
	void *object = g_malloc0(table->size);

	attr_set_defaults(table, object);
	return object;
}

void attr_free(const struct attr_table *table, void *object)
{
	if (!object)
		return;
	object_done(table, object);
	g_free(object);
}

void *attr_copy(const struct attr_table *table, const void *object)
{
	void *copy = g_malloc(table->size);

	object_copy(table, copy, object);
	return copy;
}

/* Text */

static bool bool_parse(const char *text, bool *out)
{
	static const char *const yes[] = {"true", "1", "on", "yes", "t", "y"};
	static const char *const no[] = {"false", "0", "off", "no", "f", "n"};

	for (gsize i = 0; i < G_N_ELEMENTS(yes); i++)
		if (g_ascii_strcasecmp(text, yes[i]) == 0)
			return *out = true, true;
	for (gsize i = 0; i < G_N_ELEMENTS(no); i++)
		if (g_ascii_strcasecmp(text, no[i]) == 0)
			return *out = false, true;
	return false;
}

static bool int_parse(const char *text, int64_t *out)
{
	char *end;
	int64_t value;

	errno = 0;
	value = g_ascii_strtoll(text, &end, 10);
	if (end == text || *end || errno || g_ascii_isspace(*text))
		return false;
	*out = value;
	return true;
}

static bool time_parse(const char *text, int64_t *out)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, utc);

	if (!time)
		return false;
	*out = g_date_time_to_unix(time);
	return true;
}

static void time_print(int64_t seconds, GString *out)
{
	char text[sizeof("2026-11-20T23:39:08Z") + 16];
	time_t time = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&time, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		g_string_append(out, text);
}

/* Within the range that the table gives. */
static bool int_check(const struct attr *attr, int64_t value, GError **error)
{
	if (attr->min == attr->max || (value >= attr->min && value <= attr->max))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "'%" G_GINT64_FORMAT "' is not in range %" G_GINT64_FORMAT
		    " through %" G_GINT64_FORMAT,
		    value, attr->min, attr->max);
	return false;
}

static bool string_check(const struct attr *attr, const char *text, GError **error)
{
	if (!g_utf8_validate(text, -1, NULL)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "it is not UTF-8");
		return false;
	}
	if (attr->max && g_utf8_strlen(text, -1) > attr->max) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "'%s' exceeds maximum length of %" G_GINT64_FORMAT, text,
			    attr->max);
		return false;
	}
	for (const char *c = text; *c && !(attr->flags & ATTR_MULTILINE); c++) {
		if (g_ascii_iscntrl(*c)) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "'%s' holds a control character", text);
			return false;
		}
	}
	return true;
}

static bool enum_parse(const struct attr *attr, const char *text, uint32_t *out, GError **error)
{
	g_autoptr(GString) choices = g_string_new(NULL);

	for (uint32_t i = 0; attr->names[i]; i++) {
		if (strcmp(attr->names[i], text) == 0) {
			*out = i;
			return true;
		}
		if (attr->names[i][0])
			g_string_append_printf(choices, "%s'%s'", choices->len ? ", " : "",
					       attr->names[i]);
	}
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is not in [%s]", text,
		    choices->str);
	return false;
}

static bool prefix_read(const struct attr *attr, const char *text, struct prefix *out,
			GError **error)
{
	char canonical[PREFIX_TEXT];
	struct prefix prefix;

	if (!prefix_parse(text, false, &prefix) ||
	    (attr->flags & ATTR_MEMBER && !strchr(text, '/'))) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    attr->flags & ATTR_BARE ? "'%s' is not a valid IP address or subnet"
						    : "'%s' is not a valid IP subnet",
			    text);
		return false;
	}
	if (attr->flags & (ATTR_BARE | ATTR_MEMBER) || prefix_parse(text, true, out)) {
		*out = prefix;
		return true;
	}
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "'%s' isn't a recognized IP subnet cidr, '%s' is recommended", text,
		    prefix_print(prefix, canonical));
	return false;
}

static bool invalid(GError **error, const char *text, const char *what)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is not a valid %s", text,
		    what);
	return false;
}

static bool string_set(const struct attr *attr, const char *text, char **at, GError **error)
{
	if (!string_check(attr, text, error))
		return false;
	g_free(*at);
	/* What may be null keeps "" apart from it. */
	*at = *text || attr->flags & ATTR_NULLABLE ? g_strdup(text) : NULL;
	return true;
}

static bool number_parse(const struct attr *attr, const char *text, int64_t *out,
			 GError **error)
{
	int64_t value;

	if (!int_parse(text, &value)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is not an integer",
			    text);
		return false;
	}
	if (!int_check(attr, value, error))
		return false;
	*out = value;
	return true;
}

/* "::" would be stored as null: only where null may stand. */
static bool ip_read(const struct attr *attr, const char *text, struct ip *out)
{
	return ip_parse(text, out) &&
	       (!ip_is_none(*out) || attr->flags & (ATTR_NULLABLE | ATTR_NULL_IN));
}

bool attr_parse(const struct attr *attr, const char *text, void *object, GError **error)
{
	void *at = attr_at(attr, object);
	int64_t number;

	switch (attr->type) {
	case ATTR_BOOL:
		if (bool_parse(text, at))
			return true;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "'%s' cannot be converted to boolean", text);
		return false;
	case ATTR_INT:
		return number_parse(attr, text, at, error);
	case ATTR_U32:
		if (!number_parse(attr, text, &number, error))
			return false;
		if (number < 0 || number > UINT32_MAX)
			return invalid(error, text, "number");
		*(uint32_t *)at = (uint32_t)number;
		return true;
	case ATTR_STRING:
		return string_set(attr, text, at, error);
	case ATTR_SYMBOL:
		if (!string_check(attr, text, error))
			return false;
		*(const char **)at = *text ? g_intern_string(text) : NULL;
		return true;
	case ATTR_ENUM:
		return enum_parse(attr, text, at, error);
	case ATTR_UUID:
		return uuid_parse(text, at) || invalid(error, text, "UUID");
	case ATTR_IP:
		return ip_read(attr, text, at) || invalid(error, text, "IP address");
	case ATTR_PREFIX:
		return prefix_read(attr, text, at, error);
	case ATTR_MAC:
		return mac_parse(text, at) || invalid(error, text, "MAC address");
	case ATTR_TIME:
		return time_parse(text, at) || invalid(error, text, "time");
	case ATTR_DICT:
	case ATTR_LIST:
	case ATTR_COUNT:
		break;
	}
	return invalid(error, text, "scalar");
}

bool attr_is_null(const struct attr *attr, const void *object)
{
	const void *at = attr_in(attr, object);

	switch (attr->type) {
	case ATTR_STRING:
	case ATTR_SYMBOL:
	case ATTR_DICT:
		return attr->flags & ATTR_NULLABLE && !*(char *const *)at;
	case ATTR_UUID:
		return uuid_is_none(*(const struct uuid *)at);
	case ATTR_IP:
		return ip_is_none(*(const struct ip *)at);
	case ATTR_PREFIX:
		return attr->flags & ATTR_NULLABLE && ((const struct prefix *)at)->bits == 0 &&
		       ip_is_none(((const struct prefix *)at)->ip);
	case ATTR_MAC:
		return mac_is_none(*(const struct mac *)at);
	case ATTR_ENUM:
		return !attr->names[*(const uint32_t *)at][0];
	case ATTR_U32:
		return attr->flags & ATTR_NULLABLE && *(const uint32_t *)at == 0;
	case ATTR_INT:
		return attr->flags & ATTR_NULLABLE && *(const int64_t *)at == ATTR_INT_NONE;
	default:
		return false;
	}
}

static char *prefix_text(const struct attr *attr, struct prefix prefix, char *text)
{
	if (attr->flags & ATTR_BARE && prefix.bits == 128)
		return ip_print(prefix.ip, text);
	return prefix_print(prefix, text);
}

static void count_print(unsigned __int128 count, GString *out)
{
	char digits[sizeof("340282366920938463463374607431768211455")];
	char *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do
		*--at = (char)('0' + (int)(count % 10));
	while (count /= 10);
	g_string_append(out, at);
}

void attr_print(const struct attr *attr, const void *object, GString *out)
{
	const void *at = attr_in(attr, object);
	char text[MAX(UUID_TEXT, PREFIX_TEXT)];

	if (attr_is_null(attr, object))
		return;
	switch (attr->type) {
	case ATTR_BOOL:
		g_string_append(out, *(const bool *)at ? "true" : "false");
		break;
	case ATTR_INT:
		g_string_append_printf(out, "%" G_GINT64_FORMAT, *(const int64_t *)at);
		break;
	case ATTR_U32:
		g_string_append_printf(out, "%u", *(const uint32_t *)at);
		break;
	case ATTR_STRING:
	case ATTR_SYMBOL:
	case ATTR_DICT:
		if (*(char *const *)at)
			g_string_append(out, *(char *const *)at);
		break;
	case ATTR_ENUM:
		g_string_append(out, attr->names[*(const uint32_t *)at]);
		break;
	case ATTR_UUID:
		g_string_append(out, uuid_print(*(const struct uuid *)at, text));
		break;
	case ATTR_IP:
		g_string_append(out, ip_print(*(const struct ip *)at, text));
		break;
	case ATTR_PREFIX:
		g_string_append(out, prefix_text(attr, *(const struct prefix *)at, text));
		break;
	case ATTR_MAC:
		g_string_append(out, mac_print(*(const struct mac *)at, text));
		break;
	case ATTR_TIME:
		time_print(*(const int64_t *)at, out);
		break;
	case ATTR_COUNT:
		count_print(*(const unsigned __int128 *)at, out);
		break;
	case ATTR_LIST:
		break;
	}
}

/* Order */

#define compare(a, b) (((a) > (b)) - ((a) < (b)))

static int items_compare(const struct attr_table *item, const void *a, const void *b,
			 const void *world)
{
	unsigned int count = attr_count(item);

	for (unsigned int i = 0; i < count; i++) {
		int order = attr_compare(&item->attrs[i], a, b, world);

		if (order)
			return order;
	}
	return 0;
}

static int vec_compare(const struct attr_table *item, const struct vec *a, const struct vec *b,
		       const void *world)
{
	for (uint32_t i = 0; i < a->count && i < b->count; i++) {
		int order = items_compare(item, (const char *)a->items + item->size * i,
					  (const char *)b->items + item->size * i, world);

		if (order)
			return order;
	}
	return compare(a->count, b->count);
}

static int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	int order = ip_compare(a->ip, b->ip);

	return order ? order : compare(a->bits, b->bits);
}

json_t *attr_get_computed(const struct attr *attr, const void *object, const void *world,
			  const char *project)
{
	return attr->flags & ATTR_CALLER ? attr->print_for(object, world, project)
					 : attr->print(object, world);
}

static int computed_compare(const struct attr *attr, const void *a, const void *b,
			    const void *world)
{
	json_t *left = attr_get_computed(attr, a, world, NULL);
	json_t *right = attr_get_computed(attr, b, world, NULL);
	g_autofree char *x = left ? json_dumps(left, JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
	g_autofree char *y = right ? json_dumps(right, JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;

	json_decref(left);
	json_decref(right);
	return g_strcmp0(x, y);
}

int attr_compare(const struct attr *attr, const void *a, const void *b, const void *world)
{
	const void *x = attr_in(attr, a), *y = attr_in(attr, b);

	if (attr->flags & ATTR_COMPUTED && (attr->print || attr->print_for))
		return computed_compare(attr, a, b, world);
	switch (attr->type) {
	case ATTR_BOOL:
		return compare(*(const bool *)x, *(const bool *)y);
	case ATTR_INT:
	case ATTR_TIME:
		return compare(*(const int64_t *)x, *(const int64_t *)y);
	case ATTR_U32:
	case ATTR_ENUM:
		return compare(*(const uint32_t *)x, *(const uint32_t *)y);
	case ATTR_STRING:
	case ATTR_SYMBOL:
	case ATTR_DICT:
		return g_strcmp0(*(char *const *)x, *(char *const *)y);
	case ATTR_UUID:
		return memcmp(x, y, sizeof(struct uuid));
	case ATTR_IP:
		return memcmp(x, y, sizeof(struct ip));
	case ATTR_MAC:
		return memcmp(x, y, sizeof(struct mac));
	case ATTR_PREFIX:
		return prefix_compare(x, y);
	case ATTR_COUNT:
		return compare(*(const unsigned __int128 *)x, *(const unsigned __int128 *)y);
	case ATTR_LIST:
		return vec_compare(attr->item, x, y, world);
	}
	return 0;
}

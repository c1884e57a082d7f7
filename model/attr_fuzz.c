/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from outside as the body of a request and as a filter. What is accepted is
 * checked by the pure rules, stored, read back, and must be the same. For libFuzzer.
 */
#include <stdint.h>
#include <string.h>

#include "lib/error.h"
#include "model/attr_filter.h"
#include "model/attr_json.h"
#include "model/cloud.h"
#include "model/ipam.h"

/* Those that inputs are kept of come first, whatever kinds there will be. */
static enum kind find_kind(uint8_t byte)
{
	static const enum kind first[] = {KIND_ROUTER, KIND_PORT, KIND_HOST, KIND_NETWORK,
					  KIND_SUBNET};
	unsigned int number = (uint8_t)(byte - '0') % (G_N_ELEMENTS(first) + KIND_COUNT);

	return number < G_N_ELEMENTS(first) ? first[number]
					    : (enum kind)(number - G_N_ELEMENTS(first));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(bool good, const GError *error)
{
	g_assert(good == !error);
	g_assert(good || error->domain == WEFT_ERROR);
}

static void check_rules(enum kind kind, void *object)
{
	g_autoptr(GError) error = NULL;
	struct subnet *subnet = object;

	if (kind == KIND_SUBNET && subnet_validate(object, &error)) {
		if (!subnet->allocation_pools.count)
			ipam_default_pools(subnet, &subnet->allocation_pools);
		ipam_validate(subnet, &error);
	} else if (kind == KIND_PORT) {
		port_validate(object, &error);
	} else if (kind == KIND_ROUTER) {
		router_validate(object, &error);
	} else if (kind == KIND_HOST) {
		host_validate(object, &error);
	}
}

/* What every stored object has: a body of an update has said nothing of what is required. */
static void complete(enum kind kind, void *object)
{
	const struct attr_table *table = cloud_table(kind);

	((struct object *)object)->id = uuid_new();
	for (const struct attr *attr = table->attrs; attr->name; attr++) {
		void *at = (char *)object + attr->offset;

		if (!(attr->flags & ATTR_REQUIRED) || attr->flags & ATTR_NULLABLE)
			continue;
		if (attr->type == ATTR_UUID && uuid_is_none(*(struct uuid *)at))
			*(struct uuid *)at = uuid_new();
		else if (attr->type == ATTR_IP && ip_is_none(*(struct ip *)at))
			*(struct ip *)at = ip_from_v4(1);
		else if (attr->type == ATTR_INT && *(int64_t *)at < attr->min)
			*(int64_t *)at = attr->min;
	}
}

/* Said by a request, and by nothing else. */
static bool is_wish(const struct attr *attr)
{
	return attr->flags & ATTR_COMPUTED && !attr->print;
}

static void check_stored(const struct attr_table *table, const void *object)
{
	g_autoptr(GString) once = g_string_new(NULL);
	g_autoptr(GString) twice = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	void *copy = attr_copy(table, object), *back;

	attr_write(table, object, once);
	back = attr_read(table, once->str, once->len, &error);
	if (!back)
		g_error("%s: %s", once->str, error->message);
	attr_write(table, back, twice);
	g_assert(strcmp(once->str, twice->str) == 0);
	for (const struct attr *attr = table->attrs; attr->name; attr++)
		g_assert(is_wish(attr) || attr_compare(attr, copy, back, NULL) == 0);
	g_string_truncate(twice, 0);
	attr_encode(table, back, &attr_view_all, twice);
	attr_free(table, back);
	attr_free(table, copy);
}

static void fuzz_body(enum kind kind, enum attr_flag verb, const char *text, size_t size)
{
	const struct attr_table *table = cloud_table(kind);
	json_t *body = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	void *object = attr_new(table);
	g_autoptr(GError) error = NULL;
	uint64_t given;
	bool good;

	if (body) {
		good = attr_decode(table, body, verb, object, &given, &error);
		check_error(good, error);
		if (good) {
			check_rules(kind, object);
			complete(kind, object);
			check_stored(table, object);
		}
	}
	attr_free(table, object);
	json_decref(body);
}

/* "name=value" */
static void fuzz_filter(enum kind kind, const char *text, size_t size)
{
	const struct attr_table *table = cloud_table(kind);
	g_autofree char *pair = g_strndup(text, size);
	char *value = strchr(pair, '=');
	struct attr_filter *filter;
	g_autoptr(GError) error = NULL;
	void *object;
	bool known;

	if (!value)
		return;
	*value++ = '\0';
	filter = attr_filter_new(table);
	object = attr_new(table);
	if (attr_filter_add(filter, pair, value, &known, &error))
		attr_filter_match(filter, object, NULL);
	attr_free(table, object);
	attr_filter_free(filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum kind kind;

	if (size < 2)
		return 0;
	kind = find_kind(data[0]);
	if (data[1] % 3 == 2)
		fuzz_filter(kind, (const char *)data + 2, size - 2);
	else
		fuzz_body(kind, data[1] % 3 ? ATTR_POST : ATTR_PUT, (const char *)data + 2,
			  size - 2);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stranger's text as a template: read, checked, and every property and output worked out, once
 * with what the cloud would say and once without. Bounded, or an error that says something;
 * twice the same. For libFuzzer.
 */
#include <stdint.h>
#include <string.h>

#include "cli/stack/template.h"
#include "cli/stack/yaml.h"
#include "lib/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(bool good, const GError *error)
{
	g_assert(good == !error);
	g_assert(good || (error->domain == WEFT_ERROR && *error->message));
	g_assert(good || g_utf8_validate(error->message, -1, NULL));
}

/* DATA: whether anything is known yet. */
static json_t *say_resource(void *data, const struct resource *resource, GError **error)
{
	return data ? json_string(resource->node.name) : json_incref(function_unknown());
}

static json_t *say_attribute(void *data, const struct resource *resource, const char *name,
			     GError **error)
{
	return data ? json_pack("[s, {s: s}]", name, "name", resource->node.name)
		    : json_incref(function_unknown());
}

/* A tree that can be printed, and is the same when it is made again. */
static void check_value(json_t *value, json_t *again, const GError *error)
{
	check_error(value != NULL, error);
	g_assert(!value == !again);
	g_assert(!value || function_has_unknown(value) || json_equal(value, again));
	if (value && !function_has_unknown(value)) {
		char *text = json_dumps(value, JSON_ENCODE_ANY);

		g_assert(text);
		free(text);
	}
	json_decref(value);
	json_decref(again);
}

static void evaluate(const struct template *template, void *known)
{
	const struct template_source source = {say_resource, say_attribute, known};

	for (guint i = 0; i < template->resources->len; i++) {
		const struct resource *resource = template->resources->pdata[i];
		g_autoptr(GError) error = NULL;
		json_t *value = template_evaluate(template, resource, &source, &error);

		g_assert(template_find(template, resource->node.name) == resource);
		check_value(value, template_evaluate(template, resource, &source, NULL), error);
	}
	g_autoptr(GError) error = NULL;
	json_t *outputs = template_evaluate_outputs(template, &source, &error);

	check_value(outputs, template_evaluate_outputs(template, &source, NULL), error);
}

/* Who needs somebody comes after them. */
static void check_order(const struct template *template)
{
	for (guint i = 0; i < template->resources->len; i++) {
		const struct resource *resource = template->resources->pdata[i];

		for (guint n = 0; n < resource->node.needs->len; n++) {
			const struct order_node *needed = resource->node.needs->pdata[n];

			g_assert(needed->level < resource->node.level);
		}
	}
}

static void fuzz_template(json_t *root, bool skip)
{
	const struct template_input input = {.skip_unsupported = skip};
	g_autoptr(GError) error = NULL;
	struct template *template = template_new("s", root, &input, &error);

	check_error(template != NULL, error);
	if (!template)
		return;
	check_order(template);
	evaluate(template, NULL);
	evaluate(template, template);
	template_free(template);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	json_t *root = yaml_load("t", (const char *)data, size, &error);

	check_error(root != NULL, error);
	if (root) {
		fuzz_template(root, false);
		fuzz_template(root, true);
	}
	json_decref(root);
	return 0;
}

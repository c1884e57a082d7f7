/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text as a JSON tree. Templates come from strangers: size, depth, nodes
 * (aliases counted as often as they are used) and anchors are bounded.
 */
#pragma once

#include <stddef.h>
#include <glib.h>
#include <jansson.h>

#define YAML_SIZE_MAX	 (1024 * 1024)
#define YAML_DEPTH_MAX	 48
#define YAML_NODES_MAX	 50000
#define YAML_ANCHORS_MAX 256

/* TEXT of LENGTH bytes, one document. NAME (a file's) begins every message, with the
 * line. Scalars are typed by YAML 1.2's core schema, and yes, no, on and off are booleans
 * as Heat's reader has it; dates stay strings.
 * A new reference, in which aliases share their nodes: not to be changed. */
json_t *yaml_load(const char *name, const char *text, size_t length, GError **error);

/* The file at PATH. */
json_t *yaml_load_file(const char *path, GError **error);

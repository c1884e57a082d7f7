/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent says for as long as somebody listens: JSON, a line each. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <jansson.h>

#include "cli/command.h"

/* LINE is borrowed. False: enough; with ERROR: something went wrong. */
typedef bool (*agent_stream_line)(const json_t *line, void *data, GError **error);

/* Listens at PATH of the agent until LINE has enough or the user interrupts. */
bool agent_stream_run(struct context *context, const char *path, agent_stream_line line,
		      void *data, GError **error);

/* Bytes of the member "frame"; NULL when it is none. Owned. */
GBytes *agent_stream_frame(const json_t *line);
/* An integer member, 0 when there is none; a text, "" then. */
int64_t agent_stream_number(const json_t *line, const char *name);
const char *agent_stream_text(const json_t *line, const char *name);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stages looked up, in order, and what that says: each look-up in a table of rows is
 * a decision with the row that made it.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "agent/rows.h"
#include "datapath/env/native.h"
#include "trace/host.h"

struct trace_look {
	enum native_map map;
	uint8_t key[64];
	const void *value; /* in the table; NULL: nothing is there */
};

/* Look-ups of HOST's stages from now on; owned array of struct trace_look. */
GArray *trace_stage_record(struct trace_host *host);
void trace_stage_stop(struct trace_host *host);

/* [{"stage","row","says"}], "row" absent when no row spoke. A new reference. */
json_t *trace_stage_list(const struct trace_host *host, const GArray *looks);
/* [{"slot","reason","sentence"}]: drops in the order they were counted. A new reference. */
json_t *trace_stage_list_drops(const GArray *looks);

/* What the last packet of HOST's has been turned into by a gateway, as another stage of LIST. */
void trace_stage_list_nat(const struct trace_host *host, json_t *list);

/* "name (uuid)" of a port. Owned. */
char *trace_stage_name_port(const struct row_port *port);

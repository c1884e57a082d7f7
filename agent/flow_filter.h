/* SPDX-License-Identifier: Apache-2.0 */
/* Which connections a client of the socket asks for, by the parameters of its question. */
#pragma once

#include <stdbool.h>
#include <glib.h>

#include "abi/map.h"
#include "agent/state.h"

struct http_question;

#define FLOW_FILTER_LIMIT 1000 /* shown unless asked for more */
#define FLOW_ANY_STATE	  -1

enum flow_verdict_wish {
	FLOW_WISH_ALL = 0,
	FLOW_WISH_ACCEPTED = 1,
	FLOW_WISH_DENIED = 2,
};

struct flow_filter {
	struct uuid port;
	bool has_port;
	char *project; /* owned; NULL: any */
	struct prefix address;
	bool has_address;
	int state; /* enum conn_state, or FLOW_ANY_STATE */
	enum flow_verdict_wish verdict;
	guint64 limit;
};

/* ?port=ID, ?project=, ?address=, ?state=, ?verdict=accepted|denied, ?limit=N. False: *ERROR names
 * the parameter, and there is nothing to be done with. */
bool flow_filter_read(const struct http_question *question, struct flow_filter *out,
		      GError **error);
void flow_filter_done(struct flow_filter *filter);

/* Is it of the port, project and address that are asked for? */
bool flow_filter_match(const struct flow_filter *filter, const struct wire *wire,
		       const struct conn_key *key);

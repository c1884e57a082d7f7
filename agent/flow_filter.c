/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flow_filter.h"

#include <string.h>

#include "agent/age.h"
#include "lib/error.h"
#include "lib/http_server.h"

#define LIMIT_MAX 1000000

static bool refuse(GError **error, const char *name, const char *text, const char *wanted)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "parameter %s: %.64s is not %s",
		    name, text, wanted);
	return false;
}

static bool read_port(const char *text, struct flow_filter *out, GError **error)
{
	out->has_port = true;
	return uuid_parse(text, &out->port) || refuse(error, "port", text, "a uuid");
}

static bool read_project(const char *text, struct flow_filter *out, GError **error)
{
	out->project = g_strdup(text);
	return true;
}

static bool read_address(const char *text, struct flow_filter *out, GError **error)
{
	out->has_address = true;
	return prefix_parse(text, false, &out->address) ||
	       refuse(error, "address", text, "an address or a prefix");
}

static bool read_state(const char *text, struct flow_filter *out, GError **error)
{
	for (int state = CONN_NEW; state <= CONN_CLOSED; state++)
		if (strcmp(age_state_name(state), text) == 0) {
			out->state = state;
			return true;
		}
	return refuse(error, "state", text, "new, established, fin, closing or closed");
}

static bool read_verdict(const char *text, struct flow_filter *out, GError **error)
{
	static const char *const names[] = {
		[FLOW_WISH_ACCEPTED] = "accepted", [FLOW_WISH_DENIED] = "denied"};

	for (gsize i = FLOW_WISH_ACCEPTED; i < G_N_ELEMENTS(names); i++)
		if (strcmp(names[i], text) == 0) {
			out->verdict = i;
			return true;
		}
	return refuse(error, "verdict", text, "accepted or denied");
}

static bool read_limit(const char *text, struct flow_filter *out, GError **error)
{
	return g_ascii_string_to_unsigned(text, 10, 1, LIMIT_MAX, &out->limit, NULL) ||
	       refuse(error, "limit", text, "a number up to 1000000");
}

bool flow_filter_read(const struct http_question *question, struct flow_filter *out,
		      GError **error)
{
	static const struct {
		const char *name;
		bool (*read)(const char *text, struct flow_filter *out, GError **error);
	} parameters[] = {
		{"port", read_port},   {"project", read_project}, {"address", read_address},
		{"state", read_state}, {"limit", read_limit},	  {"verdict", read_verdict},
	};

	*out = (struct flow_filter){.state = FLOW_ANY_STATE, .limit = FLOW_FILTER_LIMIT};
	for (gsize i = 0; i < G_N_ELEMENTS(parameters); i++) {
		const char *text = http_question_find(question, parameters[i].name);

		if (!text || parameters[i].read(text, out, error))
			continue;
		flow_filter_done(out);
		return false;
	}
	return true;
}

void flow_filter_done(struct flow_filter *filter)
{
	g_clear_pointer(&filter->project, g_free);
}

static bool has_address(const struct flow_filter *filter, const struct abi_ip *address)
{
	struct ip ip;

	memcpy(ip.b, address->b, sizeof(ip.b));
	return prefix_contains(filter->address, ip);
}

bool flow_filter_match(const struct flow_filter *filter, const struct wire *wire,
		       const struct conn_key *key)
{
	if (filter->has_port && !uuid_equal(filter->port, wire->id))
		return false;
	if (filter->project &&
	    (!wire->port || g_strcmp0(filter->project, wire->port->project) != 0))
		return false;
	return !filter->has_address || has_address(filter, &key->local) ||
	       has_address(filter, &key->remote);
}

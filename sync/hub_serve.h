/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of hosts, and about them; and what is written to their streams besides rows. */
#pragma once

#include "sync/hub.h"

/*
 * Serves /weft/v1/hosts/NAME/rows, .../status, .../handover and .../answer; answers everything itself.
 * The caller has authenticated: ALLOWED_HOST is the name that the client may speak for ("*": any, NULL: none).
 * False, and REQUEST untouched, when the path is not the hub's.
 */
bool hub_serve(struct hub *hub, struct http_request *request,
	       const struct http_question *question, const char *allowed_host);

/*
 * Serves what somebody who is not the host may GET of it; no session and no sign of life comes of it.
 * /weft/v1/hosts/NAME/rows?snapshot=1: all its rows as one JSON document, {"host","epoch","rev",
 * "rows":[...]}, so that half of it cannot be taken for the whole.
 * /weft/v1/hosts/NAME/conns?address=A: the connections of A that the host's agent lists when it is asked,
 * {"host","flows":[...],"truncated"}, or 503 when it does not answer in time.
 * False, and REQUEST untouched, when the question is another; ask before hub_serve.
 */
bool hub_serve_reader(struct hub *hub, struct http_request *request,
		      const struct http_question *question, bool may_read);

/* Asks HOST, which is connected here, for connections of ADDRESS. */
bool hub_ask(struct hub *hub, const char *host, const char *id, const char *address,
	     GError **error);

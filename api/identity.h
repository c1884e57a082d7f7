/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keystone v3: whose a token is. Tokens are validated by a service user of weftd's own, remembered
 * for a while, and asked about again before that ends; nobody waits for anybody else's token.
 */
#pragma once

#include <stdint.h>

#include "api/caller.h"

struct identity;

struct identity_config {
	const char *url; /* "http://keystone:5000/v3" */
	/* Who weftd is there: a user with password and project, or an application credential. */
	const char *username, *password, *user_domain;
	const char *project, *project_domain;
	const char *credential_id, *credential_secret;
	const char *ca;		 /* who signs its certificate; NULL: whom the system trusts */
	unsigned int cache_s;	 /* how long a token is believed */
	unsigned int timeout_ms; /* of one question */
	/* Told what somebody should know: that Keystone is away, or is back. */
	void (*tell)(const char *text, bool bad);
};

/* Copies CONFIG. */
struct identity *identity_new(const struct identity_config *config);
/* Those who wait are told that it is unavailable. */
void identity_free(struct identity *identity);

/*
 * CALLER is without `admin`, which is the policy's; ERROR: WEFT_ERROR_UNAUTHENTICATED, or
 * WEFT_ERROR_UNAVAILABLE. Both borrowed.
 */
typedef void (*identity_known)(const struct caller *caller, const GError *error, void *data);
/*
 * Whose TOKEN is; at once when it is known. SERVICE_TOKEN (NULL: none) vouches for a token that
 * has expired meanwhile, when its user has the role service.
 */
void identity_ask(struct identity *identity, const char *token, const char *service_token,
		  identity_known known, void *data);

/*
 * weftd's own token, for asking other services; at once when there is one. Borrowed. ERROR:
 * WEFT_ERROR_UNAVAILABLE.
 */
typedef void (*identity_own_known)(const char *token, const GError *error, void *data);
void identity_ask_own(struct identity *identity, identity_own_known known, void *data);
/* A service has refused TOKEN: the next one who asks is given another. */
void identity_drop_own(struct identity *identity, const char *token);
/* Who asked for it with DATA is told nothing any more. */
void identity_forget_waiter(struct identity *identity, const void *data);

struct identity_counters {
	uint64_t hits, misses; /* tokens that were known, and those that were not */
	uint64_t refused;
	uint64_t failures; /* questions without an answer */
};
struct identity_counters identity_get_counters(const struct identity *identity);
/* For "WWW-Authenticate: Keystone uri=..."; borrowed. */
const char *identity_get_url(const struct identity *identity);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells Nova what has become of its servers' ports: what is owed (notice.h), several at a time, to
 * os-server-external-events, by the one controller that is elected for it. What Nova does not take it
 * is told again.
 */
#pragma once

#include <stdint.h>

#include "api/identity.h"
#include "store/store.h"

struct nova;

struct nova_config {
	const char *url; /* "http://nova:8774/v2.1" */
	const char *ca;	 /* who signs its certificate; NULL: whom the system trusts */
	unsigned int timeout_ms;
	/* Told what somebody should know; BAD: that Nova is away, or something is given up. */
	void (*tell)(const char *text, bool bad);
};

/* IDENTITY gives the token, and must outlive this. Copies CONFIG. */
struct nova *nova_new(struct store *store, struct identity *identity,
		      const struct nova_config *config);
/* The store is about to be closed: nothing is begun any more. */
void nova_stop(struct nova *nova);
/* After the store is closed. */
void nova_free(struct nova *nova);

/* For metrics. */
struct nova_counters {
	uint64_t told;	   /* events that Nova has taken */
	uint64_t unwanted; /* ... about a server that it does not know, or not there yet */
	uint64_t expired;  /* given up after ten minutes, or refused */
	uint64_t failures; /* requests without success */
	uint64_t owed;	   /* events, now; 0 in all controllers but the elected one */
};
struct nova_counters nova_get_counters(const struct nova *nova);

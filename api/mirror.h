/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the cloud, and the few keys that are no objects, as the store has them: reads
 * everything once, then follows the changes.
 */
#pragma once

#include <stdbool.h>

#include "api/limit.h"
#include "model/cloud.h"
#include "store/store.h"

struct mirror;

struct mirror_ops {
	/* Everything has been read; once. */
	void (*ready)(uint64_t revision, void *data);
	/* The store cannot be read or followed any more: serve nothing from now on. */
	void (*failed)(const GError *error, void *data);
	/* A transaction has been applied to the cloud; or, after changes were lost, all that is
	 * different now. */
	void (*applied)(uint64_t revision, void *data);
	/* The store does not know any more what has changed: everything is read again. Or NULL. */
	void (*lost)(void *data);
};

struct mirror *mirror_new(struct store *store, struct cloud *cloud,
			  const struct mirror_ops *ops, void *data);
/* The store is about to be closed: nothing is read again. */
void mirror_stop(struct mirror *mirror);
void mirror_free(struct mirror *mirror);

/*
 * OBJECT is what its table reads from the text at TEXT, which is on its way into the store: when
 * it comes back it is taken and not read again. Until then it stays the caller's, who
 * withdraws it. False: it was taken, and is the cloud's.
 */
void mirror_expect(struct mirror *mirror, const void *text, void *object);
bool mirror_withdraw(struct mirror *mirror, const void *text, const void *object);

/* Changes were lost, and what is different has not been read yet. */
bool mirror_is_behind(const struct mirror *mirror);

/* The revision of the guard key of an object's children, 0 when it never had any. */
uint64_t mirror_get_guard(const struct mirror *mirror, enum kind kind, struct uuid id);
/* The identity number of LABEL ("project:P", "sg:UUID,sg:UUID"), or 0; the label of NUMBER, or
 * NULL. */
uint32_t mirror_get_identity(const struct mirror *mirror, const char *label);
/* The revision of a KEY_USAGE key, 0 when there is none. */
uint64_t mirror_get_revision(const struct mirror *mirror, const char *key);
/* What was said of PROJECT's quota, or NULL; each of them. */
const struct limits *mirror_find_limits(const struct mirror *mirror, const char *project);
void mirror_visit_limits(const struct mirror *mirror,
			 void (*visit)(const char *project, const struct limits *limits,
				       void *data),
			 void *data);
const char *mirror_find_identity(const struct mirror *mirror, uint32_t number);
/* Calls VISIT with each number and label. */
void mirror_each_identity(const struct mirror *mirror,
			  void (*visit)(uint32_t number, const char *label, void *data),
			  void *data);

/* Which controller HOST is connected to, by its live key, and that key's revision (REVISION may
 * be NULL); NULL: none. Borrowed until the next change. */
const char *mirror_find_live(const struct mirror *mirror, const char *host, uint64_t *revision);

/* "port/<uuid>", "child/network/<uuid>", into KEY_TEXT bytes; returned. */
#define KEY_TEXT 80
char *key_print(enum kind kind, struct uuid id, char *text);
char *key_print_guard(enum kind kind, struct uuid id, char *text);
/* The object that "port/<uuid>" is the key of; false: of none. */
bool key_parse(const char *key, enum kind *kind, struct uuid *id);
#define KEY_QUOTA "quota/"	 /* + project: its limits */
#define KEY_USAGE "usage/"	 /* + project/kind: changes when it gets more */
#define KEY_LABEL "claim/label/" /* + digest: number and label of an identity */

/* What hosts say of themselves, where several controllers have the store open. */
#define KEY_LIVE    "live/"    /* + host: the controller it is connected to; leased */
#define KEY_WIRED   "wired/"   /* + host/port: nothing */
#define KEY_REFUSED "refused/" /* + host: what it could not do, as it says it */
#define KEY_LEAD    "lead/"    /* store/lead.h */
#define KEY_ASK	    "ask/"     /* + host/number: an address; controller/relay.h */

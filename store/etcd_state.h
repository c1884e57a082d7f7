/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the etcd store share. Keys in etcd, P being the prefix:
 *
 *   P/k/KEY       the store's KEY
 *   P/schema      what the keys mean; every transaction requires it as it was
 *   P/epoch       names the store
 *   P/gate        who may write (etcd_gate.h); every transaction requires it as it was
 *   P/writer/ID   the last flight of the program ID: each puts its number here and requires the
 *                 one before, so a flight whose answer was lost can be sent again, and one
 *                 that comes late does nothing
 *
 * One flight (an etcd transaction) is under way at a time, with as many of the store's
 * transactions as do not depend on each other; the next ones gather meanwhile.
 */
#pragma once

#include "store/etcd_gate.h"
#include "store/etcd_link.h"
#include "store/history.h"
#include "store/txn.h"

#define ETCD_LARGE 64 /* changes: telling of them, or freeing them, has a turn of its own */

/* One thing that was asked for: a transaction, a range, or a sync. */
struct work {
	struct store_txn *txn;
	store_done done;
	char *prefix;
	uint64_t at;
	store_range_done range_done;
	store_synced synced;
	void *data;
	/* What became of it; told when the watch has reached REVISION. */
	uint64_t revision;
	gint64 landed_at; /* monotonic */
	bool vague; /* the revision may be a stranger's, of which no watch of ours tells */
	char *failed_key;
	GError *error;
};
void work_free(struct work *work);

struct etcd_lease {
	struct etcd *e;
	uint64_t id;
	gint64 held_at;	  /* monotonic; of the last sign of life that was accepted */
	GHashTable *keys; /* key -> GBytes: what to put again */
	enum store_lease kind;
	gint64 asked_at;
	guint timer;
	bool asking;
};

struct etcd_flight {
	GPtrArray *works;    /* borrowed; they are in etcd->flying */
	GPtrArray *required; /* keys, borrowed from the works */
	unsigned int ops;
	gsize bytes;
	uint64_t number;
	char *gate; /* as it was required */
	gint64 sent_at;
};

enum etcd_gate_state {
	GATE_OPEN,
	GATE_OURS,
	GATE_SHUT, /* for us, or for all */
};

struct etcd_gate {
	enum etcd_gate_state state;
	char *value;
	uint64_t revision; /* of VALUE; what is older is no news */
	gint64 heard_at;   /* of VALUE, as etcd_gate_now says; so are all of these */
	gint64 sure_at;	   /* asked then, a quorum has said that it is ours; 0: never */
	gint64 asked_at;
	gint64 refused_at;
	uint64_t version; /* how often it has been put */
	bool was_ours;	  /* before somebody shut it */
	bool asking;	  /* a change of ours is under way */
	unsigned int number;
	GHashTable *others; /* keys of the other programs */
	guint timer;
};

struct etcd {
	struct store store;
	struct etcd_link *link;
	char *prefix;	  /* "weft/" */
	char *key_prefix; /* "weft/k/" */
	char *epoch;
	char *writer;	      /* the key P/writer/ID */
	uint64_t writer_last; /* its revision */
	uint64_t schema_revision;
	char *refusal; /* why nothing may be written any more; NULL: it may */
	struct etcd_lease leases[STORE_LEASE_COUNT];

	GSource *source;
	GQueue waiting; /* struct work: not under way yet */
	GQueue flying;	/* ... in the flight */
	GQueue landed;	/* ... durable, or refused; waits for the watch */
	GQueue spent;	/* ... told, and so large that they are freed in turns of their own */
	GQueue syncs;	/* ... to ask for the revision */
	GQueue asking;	/* ... asked */
	struct etcd_flight flight;
	struct etcd_gate gate;
	bool asked; /* a question how far the others are is under way */
	gint64 asked_at;
	guint pause; /* a flight waits for its leases */
	bool busy;   /* a flight, or the first page of a range, is under way */
	uint64_t number;
	unsigned int ops_max; /* of a flight of many transactions */
	unsigned int ranges;  /* under way */

	struct history *history;
	struct http_call *watch;
	char *watch_url;
	GQueue lines;  /* of struct etcd_events: heard, and not taken in yet */
	guint flushed; /* the most changes of a revision that nobody was told of yet */
	uint64_t echo; /* the revision of the flight, as the watch has told of it; 0: not yet */
	GArray *changes; /* of the revision that is being told, or NULL */
	uint64_t changes_revision;
	guint watch_again;
	guint guard; /* looks whether the watch is alive */
	uint64_t landed_seen;
};

/* etcd.c: something may be done; the watch has got on; an answer (takes WORK). */
void etcd_wake(struct etcd *e);
void etcd_settle(struct etcd *e);
/* WORK is done at REVISION; told when the watch is there. */
void etcd_land(struct etcd *e, struct work *work, uint64_t revision);
void etcd_tell(struct etcd *e, struct work *work);
/* No transaction can be sent, as one that must come first has failed. */
void etcd_fail_waiting(struct etcd *e, const GError *error);
/* Asks how far the others are though nobody wants to know. */
void etcd_ask_again(struct etcd *e);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the model to the rows of each host. compile_full (full.h) is the definition of the
 * truth, written plainly; struct compile keeps the same rows up to date at a cost
 * that depends on the change and its audience, not on the size of the cloud.
 */
#pragma once

#include "model/cloud.h"

/* The tables of rows, in the order in which they refer to each other. */
#define COMPILE_TABLES(X)                                                                      \
	X(HOST, "host")                                                                        \
	X(NETWORK, "network")                                                                  \
	X(INTERFACE, "interface")                                                              \
	X(ROUTE, "route")                                                                      \
	X(GATEWAY, "gateway")                                                                  \
	X(LOCATION, "location")                                                                \
	X(MEMBER, "member")                                                                    \
	X(RULE, "rule")                                                                        \
	X(ADDRESSES, "addresses")                                                              \
	X(IDENTITY, "identity")                                                                \
	X(BORDER, "border")                                                                    \
	X(PORT, "port")

enum compile_table {
#define X(id, name) COMPILE_##id,
	COMPILE_TABLES(X)
#undef X
		COMPILE_TABLE_COUNT,
};

extern const char *const compile_table_names[];

struct compile;

/*
 * One row of one host has changed. VALUE is JSON text, NULL when the row is gone, and shared by
 * all hosts that get the row (take a reference to keep it); KEY lasts as long as the call. HOST is interned. Within a flush a row comes once; puts come in table order,
 * then deletions in reverse.
 */
typedef void (*compile_emit)(const char *host, enum compile_table table, const char *key,
			     GRefString *value, uint64_t revision, void *data);

/*
 * Listens to CLOUD and starts from what is in it, of which nothing is emitted: whoever needs it
 * asks compile_host. CLOUD must outlive it, and must not change after compile_free.
 */
struct compile *compile_new(struct cloud *cloud, compile_emit emit, void *data);
void compile_free(struct compile *compile);

/* Emits what the changes since the last flush have changed. Called after each transaction. */
void compile_flush(struct compile *compile, uint64_t revision);
/*
 * The same in parts where nothing but ports has changed, which is what may be many: as if
 * the other ports had not changed yet. False: there are more than PORTS, call again.
 */
bool compile_flush_part(struct compile *compile, uint64_t revision, guint ports);

/*
 * All rows of HOST as of the last flush, with its revision; puts in table order. Rows of ports are
 * printed for it: what has changed since shows in them already, and comes again with the flush.
 */
void compile_host(struct compile *compile, const char *host, compile_emit emit, void *data);

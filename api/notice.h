/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Nova is to be told of ports, as keys of the store: put by the transaction that makes it
 * true, deleted when Nova has been told (nova.c). So no restart and no other controller loses one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/port.h"

#define KEY_NOVA    "nova/" /* + port/event: the server, and since when */
#define NOTICE_TEXT 128

enum notice {
	NOTICE_PLUGGED,
	NOTICE_UNPLUGGED,
	NOTICE_DELETED,
	NOTICE_CHANGED,
	NOTICE_COUNT,
};

/* Names and status of events as Nova knows them; status NULL: none. */
extern const char *const notice_names[NOTICE_COUNT];
extern const char *const notice_status[NOTICE_COUNT];

/* The port is a server's of Nova's, which its device_id names. */
bool notice_is_due(const struct port *port);
/* Key and value of NOTICE about PORT, into NOTICE_TEXT bytes each. */
void notice_print(const struct port *port, enum notice notice, int64_t now, char *key,
		  char *value);
/* The other way round; false: it is none. */
bool notice_parse(const char *key, const char *value, gsize size, struct uuid *port,
		  enum notice *notice, struct uuid *server, int64_t *since);

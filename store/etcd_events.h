/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of the watch, taken apart event by event, since one transaction may be megabytes.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

struct etcd_events;

struct etcd_events *etcd_events_new(const char *line, gsize size);
void etcd_events_free(struct etcd_events *events);

/* The next event, owned; NULL: there is none left. */
json_t *etcd_events_next(struct etcd_events *events);
/* After the last one: what else the line says, owned, its events left out; NULL: it is no JSON. */
json_t *etcd_events_finish(struct etcd_events *events);

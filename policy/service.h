/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services of a chain's rules, and the classes that packets fall into by them: packets of one
 * class are meant by the same rules. Entries of the map `service` follow.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "abi/policy.h"

struct service_table;

struct service_table *service_table_new(void);
void service_table_free(struct service_table *table);

/* The number of this service, from 0; equal ones have one. PROTO may be POLICY_PROTO_ANY. */
guint service_table_add(struct service_table *table, uint16_t proto, uint16_t low,
			uint16_t high);
/* After the last add: classes 1..count. */
void service_table_divide(struct service_table *table);
guint service_table_count_classes(const struct service_table *table);
/* Every packet is of class 1. */
bool service_table_is_one(const struct service_table *table);
/* The classes that service NUMBER is made of: borrowed array of guint. */
const GArray *service_table_classes(const struct service_table *table, guint number);

/* Each entry of the map; KEY is without its chain. */
typedef void (*service_visit)(const struct service_key *key, uint32_t service, void *data);
void service_table_foreach(const struct service_table *table, service_visit visit, void *data);

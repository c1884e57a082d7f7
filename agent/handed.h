/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection as one host hands it to another: a list of
 *   [protocol, local, local port, remote, remote port, state, origin, fin, idle ms, age ms,
 *    packets sent, bytes sent, packets received, bytes received, remote identity, rule]
 * Jiffies are each host's own, so times go as ages; slots are, too.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

#include "abi/map.h"

/* NOW: jiffies64, HZ of them a second. A new reference. */
json_t *handed_print(const struct conn_key *key, const struct conn_value *value, uint64_t now,
		     uint32_t hz);
/* The inverse; key->slot is 0. False: it is none. */
bool handed_parse(const json_t *text, uint64_t now, uint32_t hz, struct conn_key *key,
		  struct conn_value *value);

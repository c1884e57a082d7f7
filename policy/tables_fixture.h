/* SPDX-License-Identifier: Apache-2.0 */
/* The policy's maps as plain hash tables, and the data plane's question asked of them. */
#pragma once

#include <glib.h>

#include "policy/sink.h"
#include "policy/twin.h"

struct tables {
	GHashTable *map[POLICY_MAP_COUNT]; /* GBytes -> GBytes */
	gsize puts;
	gsize dels;
};

void tables_init(struct tables *tables);
void tables_done(struct tables *tables);
struct policy_sink tables_sink(struct tables *tables);
gsize tables_count(const struct tables *tables);

struct policy_verdict tables_ask(const struct tables *tables, uint32_t bank, uint32_t identity,
				 const struct policy_packet *packet);
/* ... of a bank of a firewall group. */
struct policy_verdict tables_ask_firewall(const struct tables *tables, uint32_t bank,
					  const struct policy_packet *packet);

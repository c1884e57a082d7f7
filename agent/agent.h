/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent: its parts and how rows, the kernel and the local socket meet in them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "agent/advertise.h"
#include "agent/asked.h"
#include "agent/age.h"
#include "agent/desired.h"
#include "agent/hooks.h"
#include "agent/maps.h"
#include "agent/nats.h"
#include "agent/nexthops.h"
#include "agent/options.h"
#include "agent/programs.h"
#include "agent/punt.h"
#include "agent/state.h"
#include "lib/netlink.h"
#include "sync/feed.h"

struct answers;
struct flows;
struct local;
struct physicals;
struct ports;
struct scrape;
struct taps;
struct watch;

/* Requests. */
struct agent_dhcp {
	uint64_t answered, ignored, failed;
};

/* Owns everything in it; parts borrow each other through it. */
struct agent {
	const struct options *options;
	char *folder; /* /run/weft/HOST */
	char *pins;
	struct netlink *netlink;
	struct nexthops *nexthops;
	struct hooks *hooks;
	struct programs *programs;
	struct maps *maps;
	struct desired *desired;
	struct apply *apply;
	struct state *state;
	struct ports *ports;
	struct taps *taps;
	struct physicals *physicals;
	struct punt *punt;
	struct advertise *advertise;
	struct asked *asked;
	struct age *age;
	struct nats *nats;
	struct share *share;
	struct feed *feed;
	struct local *local;
	struct scrape *scrape;
	struct watch *watch;
	struct follow *follow;
	struct flows *flows;
	struct answers *answers;
	struct handover *handover;
	uint32_t uplink;
	uint32_t vxlan;
	guint retry;
	guint hops;	   /* changed since the last apply */
	guint resting;	   /* banks that nobody has rest until it is over */
	guint ageing;	   /* networks that a firewall has come to are young until it is over */
	guint soon;	   /* an apply in the next turn of the loop */
	guint going_on;	   /* ... the rest of one that is under way */
	bool ended;	   /* the full transfer, if not all that it has ended */
	bool news;	   /* rows have come that those who wait for some have not looked at */
	bool hooked;	   /* our programs run, not those of the agent before us */
	uint64_t revision; /* of the rows held */
	uint64_t reported; /* the last that was applied */
	uint64_t applies;
	uint64_t failures;
	struct agent_dhcp dhcp4;
	struct agent_dhcp dhcp6;
};

/* Logs what it does. On failure everything is undone but what traffic needs. */
struct agent *agent_new(const struct options *options, GError **error);
/* Traffic goes on. */
void agent_free(struct agent *agent);

/*
 * The kernel's maps are made what rows and devices say; of much, a part now and the rest in the next
 * turns of the loop. Held back during a full transfer, when half of the rows are missing. A failure
 * is logged and tried again.
 */
void agent_apply(struct agent *agent);

/* The programs that are given out now are hooked to every device, in place of those before. */
bool agent_hook(struct agent *agent, GError **error);

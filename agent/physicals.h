/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices of this host that are on physical networks (--physical). One has our programs while a
 * gateway is behind it; whoever is on the network is told when an address has come here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct agent;
struct physicals;

/* Looks for the devices: those that are here are told to the agent's state. NULL: one is the uplink. */
struct physicals *physicals_new(struct agent *agent, GError **error);
void physicals_free(struct physicals *physicals); /* programs stay */

/* A device has come or changed, or is gone; IFINDEX 0: any may have. */
void physicals_link_seen(struct physicals *physicals, uint32_t ifindex, const char *name);
void physicals_link_gone(struct physicals *physicals, uint32_t ifindex);

/* Around each apply: devices get programs before there are entries, and lose them after. */
void physicals_prepare(struct physicals *physicals);
void physicals_applied(struct physicals *physicals);
/* The programs that are given out now, in place of those before. */
void physicals_hook(struct physicals *physicals);
bool physicals_need(const struct physicals *physicals, uint32_t ifindex);

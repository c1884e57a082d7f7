/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports and their devices: attach, detach, what a restart finds, what goes when a row goes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "agent/links.h"
#include "agent/state.h"

struct agent;
struct ports;

struct ports_place {
	const char *netns; /* name or path; NULL: a tap */
	const char *name;  /* in the namespace, or of the tap */
};

/* The device of a port. */
struct ports_device {
	struct uuid id;
	struct link link; /* as of when it was found or made */
	bool made;	  /* ours to delete */
	bool reported;	  /* the controller was told it is wired */
	bool found;	  /* by a restart: it was told of it before */
	uint32_t mtu;
};

struct ports *ports_new(struct agent *agent);
void ports_free(struct ports *ports); /* devices stay */

/* Devices that an agent before us has left. */
bool ports_recover(struct ports *ports, GError **error);
/* Our program on each of them. */
void ports_hook(struct ports *ports);

/* The port's row must be here. Doing it again to the same place is fine. */
const struct ports_device *ports_attach(struct ports *ports, struct uuid id,
					const struct ports_place *place, GError **error);
bool ports_detach(struct ports *ports, struct uuid id, GError **error);
const struct ports_device *ports_find(const struct ports *ports, struct uuid id);

/* After each apply: reports, follows changed MTUs, takes away what has no row. */
void ports_applied(struct ports *ports);
/* The kernel's device is gone; 0: some may be. */
void ports_link_gone(struct ports *ports, uint32_t ifindex);
bool ports_has_link(const struct ports *ports, uint32_t ifindex);
gsize ports_count(const struct ports *ports);

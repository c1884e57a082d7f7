/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host's tables written as text, one command a line, into either world:
 *
 *   let NAME WORD                    NAME stands for WORD from here on
 *   let @NAME LAYERS                 ... for layers of a packet
 *   config NAME VALUE                before anything else; see DP_CONFIG_TABLE
 *   network VNI mtu N [down] [flood] [ra] [firewall] [chunks N]
 *   port SLOT if N vni N mac M id N mtu N [down] [tap] [unguarded] [dhcp4] [dhcp6]
 *   device IFINDEX SLOT | guard SLOT MAC PREFIX | mac VNI MAC PLACE [id N] | location VNI IP MAC
 *   flood VNI CHUNK PLACE...         PLACE: port:N, vtep:N or router:N
 *   route ROUTER PREFIX vni N mac M [via IP] [local] [blackhole] [down] [mtu N]
 *   route ROUTER PREFIX own IP       as whom the router speaks to the prefix
 *   vtep INDEX remote IP local IP if N next M source M mtu N [unresolved]
 *   peer IP INDEX
 *   physical NAME if N mac M         a device of the host's; NAME stands for M, NAME.if for it
 *   gateway SLOT if N mac M device M mtu N router N [ip4 IP] [next4 IP] [link4 PREFIX] (and 6)
 *           [snat] [front SLOT] [down]   port and gateway; device: the physical one's MAC
 *   outside IFINDEX PREFIX SLOT [own] [link]
 *   nat SLOT PROTO out|in IP PORT REMOTE RPORT IP PORT SLOT
 *   del TABLE KEY...                 the key's words as above
 *   bump host | port N | mac VNI MAC | address VNI IP | router N (and all) | routers (all)
 *   workload NAME SLOT if N vni N mac M id N [IP...]   port with guard, mac and locations;
 *                                    NAME stands for M, NAME.if for its device
 *   share SLOT N                     connections that the port may open; world: 1000
 *   looks SLOT [open] [deny] [some]  somebody wants to be told of its flows; slot 0: of all
 *   rule, default, policy, firewall  see world_policy.h
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "datapath/env/native.h"

/* What left the program, as far as the world can see it. */
struct world_result {
	int verdict;
	GBytes *left;	 /* the buffer as the program left it; owned */
	GArray *outputs; /* of struct native_output; owned */
	GArray *punts;	 /* of struct native_punt; owned */
	bool knows_way;	 /* outputs say which way and device a redirected frame goes */
};

void world_result_clear(struct world_result *result);

enum world_program {
	WORLD_PORT,    /* ingress of a workload's device */
	WORLD_UPLINK,  /* ... of the underlay's */
	WORLD_OUTSIDE, /* ... of a physical one */
	WORLD_ASKS,    /* egress of a physical one */
};

/* The two worlds behind one face. False or a text: not possible here, and why. */
struct world_backend {
	void *self;
	bool (*put)(void *self, enum native_map map, const void *key, const void *value);
	void (*del)(void *self, enum native_map map, const void *key);
	/* Into VALUE; per-CPU maps: of the CPU that runs the rows. */
	bool (*read)(void *self, enum native_map map, const void *key, void *value);
	void (*bump)(void *self, __u16 cell);
	void (*config)(void *self, const char *name, __u64 value);
	void (*clear)(void *self); /* all tables empty */
	/* Why time cannot be moved here, or NULL. */
	const char *(*pass_time)(void *self, __u64 jiffies);
	/* Why the frame cannot run here, or NULL when it has. */
	const char *(*run)(void *self, enum world_program program, GBytes *frame,
			   const struct native_meta *meta, struct world_result *result);
	/* Why the table cannot be made full as it is, or NULL. */
	const char *(*fill)(void *self, enum native_map map);
};

struct world {
	struct world_backend *backend; /* borrowed */
	GHashTable *names;	       /* text -> text, owned */
	GArray *rules;		       /* of its policies (world_policy.h); owned */
};

void world_init(struct world *world, struct world_backend *backend);
void world_done(struct world *world);
/* Carries out one command. False and *why (to be freed) when it is none. */
bool world_command(struct world *world, const char *line, char **why);
/* WORD, or what it stands for. */
const char *world_name(const struct world *world, const char *word);
/* "10.0.0.1" or "fd00::1" into OUT. */
bool world_ip(const struct world *world, const char *word, struct abi_ip *out);

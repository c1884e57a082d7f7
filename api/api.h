/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The REST API: OpenStack Networking v2.0 as far as it is real, and hosts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "api/caller.h"
#include "api/limit.h"
#include "api/mirror.h"
#include "lib/http_server.h"
#include "lib/ip.h"
#include "model/cloud.h"
#include "rights/policy.h"
#include "store/store.h"

struct api;

struct api_config {
	uint32_t vni_min, vni_max;
	struct limits limits; /* of a project without its own */
	int64_t underlay_mtu; /* a network's default is what the tunnel leaves of it */
	uint32_t page_max;    /* objects of a list in one reply; 0: as many as are asked for */
	bool underlay_v6;     /* hosts have IPv6 tunnel addresses */
	bool nova;	      /* somebody tells Nova of its servers' ports (nova.h) */
	/* Can hosts make these rules of a firewall policy? False: *ERROR says why not. */
	bool (*firewall_fits)(const struct firewall_rule *const *rules, guint count,
			      GError **error);
	/* Told of what is our fault, not the client's; NULL: nobody is. */
	void (*complain)(const char *text);
};

/* Bytes that the tunnel adds: Ethernet, VXLAN, UDP and IPv4, or IPv6. */
#define API_OVERHEAD_V4 50
#define API_OVERHEAD_V6 70

/* Borrows everything; MIRROR must be ready before the first request. */
struct api *api_new(struct store *store, struct cloud *cloud, struct mirror *mirror,
		    struct guestlist *guests, const struct policy *policy,
		    const struct api_config *config);
/* The policy was read again. */
void api_reload(struct api *api);
/* Nothing new is begun any more. What is under way ends when the store is closed. */
void api_stop(struct api *api);
void api_free(struct api *api);

/* For metrics. */
struct api_counters {
	uint64_t waits;	  /* for another change of this controller that was under way */
	uint64_t retries; /* because the store had changed meanwhile */
};
struct api_counters api_get_counters(const struct api *api);

/* Answers REQUEST, now or later. */
void api_serve(struct api *api, struct http_request *request,
	       const struct http_question *question);

/* An error instead of what was asked, with the headers every reply has. */
void api_reply_error(struct http_request *request, const GError *error);

/*
 * The agent of host NAME connects from TUNNEL_IP, in availability ZONE (NULL: it names none), with
 * devices on PHYSICAL networks ("NAME[:VLAN],..."; NULL: on none): makes the host known, or what is
 * new about it.
 * DONE is told the error (borrowed), or NULL when all is well and durable.
 */
typedef void (*api_admitted)(const GError *error, void *data);
void api_admit_host(struct api *api, const char *name, const char *tunnel_ip, const char *zone,
		    const char *physical, api_admitted done, void *data);

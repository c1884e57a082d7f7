/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks for changes: random ones, some at a time, through the API as any client would. It
 * knows ids and little else; what it may not do it is told by the API.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct tenant;

/* URL is borrowed. Ports go to hosts h1 ... */
struct tenant *tenant_new(const char *url, unsigned int hosts, uint32_t seed);
void tenant_free(struct tenant *tenant);

void tenant_change(struct tenant *tenant); /* asks for one thing more */
/* NETWORK's ports, COUNT in one request, the n-th on host n + FIRST. */
void tenant_make_ports(struct tenant *tenant, const char *network, unsigned int first,
		       unsigned int count);

unsigned int tenant_count_waiting(const struct tenant *tenant);
/* Answers were lost: what there is, is read anew. Blocks. False: weftd does not answer. */
bool tenant_refresh(struct tenant *tenant, GError **error);

struct tenant_counters {
	uint64_t asked, done, refused, lost;
};
struct tenant_counters tenant_get_counters(const struct tenant *tenant);
/* An answer that should not be: 500, or what cannot be read; borrowed, or NULL. */
const char *tenant_complaint(const struct tenant *tenant);

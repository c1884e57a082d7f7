/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP relay that cuts: for tests of what happens when a connection breaks anywhere.
 */
#pragma once

#include <glib.h>

struct proxy;

/* Listens on a port of 127.0.0.1 and relays to PORT there. */
struct proxy *proxy_new(unsigned int port);
void proxy_free(struct proxy *proxy);
unsigned int proxy_get_port(const struct proxy *proxy);

/* After BYTES more towards the client every connection is cut; then unlimited. */
void proxy_cut_after(struct proxy *proxy, gsize bytes);
unsigned int proxy_count_cuts(const struct proxy *proxy);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real etcd of one member on loopback, for tests.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

struct etcd_fixture;

/* NULL when there is no etcd on this machine. Aborts when it does not start. */
struct etcd_fixture *etcd_fixture_new(void);
void etcd_fixture_free(struct etcd_fixture *etcd);

/* "etcd:http://127.0.0.1:PORT?prefix=NAME"; owned. */
char *etcd_fixture_url(const struct etcd_fixture *etcd, const char *name);
/* The server is killed, and comes back with what was durable. */
void etcd_fixture_kill(struct etcd_fixture *etcd);
void etcd_fixture_start(struct etcd_fixture *etcd);
/* Posts BODY; false when it is refused. */
bool etcd_fixture_post(const struct etcd_fixture *etcd, const char *path, const char *body);
/* Puts a key of etcd's own. */
void etcd_fixture_put(const struct etcd_fixture *etcd, const char *key, const char *value);

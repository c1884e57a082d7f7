/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store on an etcd (v3) that others may use, too. For store.c only.
 */
#pragma once

#include "store/store.h"

/* "URL[,URL...][?prefix=NAME]"; keys are NAME/k/... ("weft"). */
struct store *etcd_open(const char *rest, const struct http_tls *tls, GError **error);
/* Puts nothing there, not even a sign of life. */
struct store *etcd_open_reading(const char *rest, const struct http_tls *tls, GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rooms put together: store -> mirror -> cloud -> compile -> hub, and the API in
 * front. One loop turn at a time; nothing here decides anything.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

#include "controller/options.h"

struct wiring;

/* FAILED: it cannot go on; called once at most. It serves as soon as the store is read. */
struct wiring *wiring_new(const struct options *options, void (*failed)(void *data), void *data,
			  GError **error);
/* Ends what is under way properly. */
void wiring_free(struct wiring *wiring);
/* Reads the token file again, and the certificates that have changed. */
void wiring_reload(struct wiring *wiring);

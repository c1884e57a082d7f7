/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One program among those that share a store does a thing for all of them. Who leads holds a
 * key on a quick lease; when it dies another one leads within 5 s. A store of one program's own is
 * led by it at once.
 */
#pragma once

#include <stdbool.h>

#include "store/store.h"

struct store_lead;

/* CHANGED is called when this program begins and ends to lead NAME, from the loop. */
struct store_lead *store_lead_new(struct store *store, const char *name,
				  void (*changed)(bool leads, void *data), void *data);
/* Legal after store_close. Without a word to CHANGED. */
void store_lead_free(struct store_lead *lead);
bool store_leads(const struct store_lead *lead);

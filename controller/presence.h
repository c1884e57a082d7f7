/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hosts connected here say of themselves, for everybody: straight into the cloud when
 * nobody else has the store open, and as keys of the store when others do (api/mirror.h), whence it
 * comes into the cloud of each of them. A change of one port is one key.
 */
#pragma once

#include <stdbool.h>

#include "api/mirror.h"
#include "model/cloud.h"
#include "store/store.h"
#include "sync/hub.h"

struct presence;

/* Borrows everything. NOVA: it is to be told (api/notice.h). */
struct presence *presence_new(struct store *store, struct cloud *cloud, struct mirror *mirror,
			      bool nova);
/* The store is about to be closed: nothing is begun any more. */
void presence_stop(struct presence *presence);
/* After the store is closed. */
void presence_free(struct presence *presence);

/* HOST has connected here (again), or is lost. */
void presence_set_alive(struct presence *presence, const char *host, bool alive);
/* It is connected to another controller. */
bool presence_is_elsewhere(const struct presence *presence, const char *host);
void presence_report(struct presence *presence, const char *host,
		     const struct hub_report *report);

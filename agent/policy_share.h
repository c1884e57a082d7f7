/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What banks take of the kernel's tables of policies, and for whom. Of what the others leave a project
 * may have three quarters: alone it has nearly all, and however large it grows there is room for the next.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

#include "agent/desired.h"
#include "policy/sink.h"

struct policy_shares; /* of a host */
struct policy_share;  /* of a bank */

struct policy_shares *policy_shares_new(void);
/* All shares are gone. */
void policy_shares_free(struct policy_shares *shares);
/* Room for LIMIT pairs of classes, and as many identities (at first DEF_POLICY). */
void policy_shares_limit(struct policy_shares *shares, gsize limit);
/* More than half of a table is used. */
bool policy_shares_is_tight(const struct policy_shares *shares);

enum desired_map policy_share_map(enum policy_map map);

/* Of a bank of PROJECT's, which has nothing yet; and of one that has nothing any more. */
struct policy_share *policy_share_new(struct policy_shares *shares, const char *project);
void policy_share_free(struct policy_share *share);
void policy_share_count(struct policy_share *share, enum policy_map map, int change);

/* Nobody's packets are judged by it any more, and it goes soon: it still takes room, but not from what its
 * project may have, so that a bank can be followed by another of its size. */
void policy_share_rest(struct policy_share *share, bool rests);

/* NULL: it may have what it has. Else why not, in a sentence, owned: then it gives all back, and what it
 * would have needed is remembered. */
char *policy_share_refuse(struct policy_share *share);
/* Was it refused, and is there room by now? */
bool policy_share_fits_now(const struct policy_share *share);

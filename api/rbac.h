/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RBAC policies, and what they are to the objects they are about. Whoever uses another
 * project's object relies on one policy, and that policy does not go while it does.
 */
#pragma once

#include "api/resource.h"

extern const struct resource api_rbac_policy;

/* PROJECT begins to use OBJECT, of KIND, which the caller sees. Another project's is used by a
 * policy, if there is one; without, it is an administrator who knows. */
void rbac_use(struct job *job, enum kind kind, const void *object, const char *project);

/* A router of PROJECT begins to use NETWORK, which the caller sees, as its way out. */
void rbac_use_external(struct job *job, const struct network *network, const char *project);

/* OBJECT is shared with everybody from now on, or not any more. The object itself says it
 * already. False, without an error: other projects still use it. */
bool rbac_share(struct job *job, enum kind kind, const void *object, bool on);
/* NETWORK is a way out for everybody, or for nobody. */
void rbac_set_external(struct job *job, const struct network *network, bool on);

/* The object goes, and with it what lets others use it. */
void rbac_forget(struct job *job, struct uuid object);

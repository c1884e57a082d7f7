/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies: their rules, the sets that their selectors are, and which identities these pick. A
 * selector looks only at identities of its project, and when it asks for a label at those that
 * have it; a new identity is shown only to such selectors.
 */
#pragma once

#include "compile/state.h"

struct identity;

/* IDENTITY, new and with its labels: joins whatever selects it. */
void selectors_add_identity(struct compile *compile, struct identity *identity);
/* ... has left all its sets. */
void selectors_del_identity(struct compile *compile, struct identity *identity);

/* After all identities, as what a name of a port means depends on them. */
void selectors_update_policy(struct compile *compile, struct uuid id);
/* Selectors that nothing speaks of any more select nobody; rows of identities are printed. */
void selectors_settle(struct compile *compile);

void selectors_init(struct compile *compile);
void selectors_done(struct compile *compile);

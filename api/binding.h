/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binding ports to hosts: whether a host takes one, and /ports/ID/bindings[/HOST[/activate]].
 */
#pragma once

#include "api/engine.h"

/* Says of PORT, new or changed, whether its host takes it. */
void binding_judge(struct job *job, const struct port *before, struct port *port);

/* ask->tag: "HOST" or "HOST/activate"; NULL: all of them. */
void binding_serve(const struct ask *ask);

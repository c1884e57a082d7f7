/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags, as a sub-resource of every member: /networks/ID/tags[/TAG].
 */
#pragma once

#include "api/engine.h"

/* Sorts TAGS; an error when one is empty or there twice. */
bool tags_normalize(struct vec *tags, GError **error);

/* Answers the request, whatever its method. */
void tags_serve(const struct ask *ask);

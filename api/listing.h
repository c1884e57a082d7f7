/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to a list: a short one at once, a long one in parts, between which others are served.
 */
#pragma once

#include "api/engine.h"
#include "api/query.h"

/* Answers ASK with PAGE, of which it takes what is owned. */
void listing_start(const struct ask *ask, struct query_page *page);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers to what somebody asks this host by way of weftd: which connections it has. The question
 * comes down the stream of rows, the answer goes up as a request of its own, to whichever
 * controller it is that waits for it.
 */
#pragma once

#include <jansson.h>

struct agent;
struct answers;

struct answers *answers_new(struct agent *agent);
void answers_free(struct answers *answers); /* after the walks of flows.h */

/* Question ID, {"address": TEXT}; a wrong one is answered, too. */
void answers_take(struct answers *answers, const char *id, const json_t *question);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotas: nobody gets more objects than their project may have, however many ask at the same time
 * and of however many controllers.
 */
#pragma once

#include "api/job.h"

/* What jobs of this controller are about to create, so that it is counted once. */
struct quota;

struct quota *quota_new(struct api *api);
void quota_free(struct quota *quota);

/*
 * What JOB, which is built, would create is within the limits, and taken until quota_release or
 * until it is there. One controller alone counts in memory. Several share a store: then a
 * creation far from the limit leaves a mark, and one near it requires that nobody has
 * left one since; the first near it ends the others' carelessness.
 */
bool quota_take(struct quota *quota, struct job *job, GError **error);
void quota_release(struct quota *quota, const struct job *job);

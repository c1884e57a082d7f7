/* SPDX-License-Identifier: Apache-2.0 */
/* The ring `sample`: asks the data plane to show packets, and takes what it shows. */
#pragma once

#include <stdint.h>
#include <glib.h>

#include "abi/map.h"

struct programs;
struct sample;

/* EVENT with its frame is gone after the call. */
typedef void (*sample_handler)(const struct sample_event *event, void *data);

struct sample *sample_new(const struct programs *programs, sample_handler handler, void *data,
			  GError **error);
void sample_free(struct sample *sample); /* nothing is shown any more */

/* From now on SLOT's packets of KINDS (bits 1 << enum sample_kind), SIZE bytes each; 0: none. */
void sample_want(struct sample *sample, uint32_t slot, uint32_t kinds, uint32_t size);

/* What of SLOT could not be shown since its programs were loaded. */
struct sample_lost {
	uint64_t packets;
	uint64_t flows;
};

struct sample_lost sample_get_lost(const struct sample *sample, uint32_t slot);

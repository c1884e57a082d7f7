/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store is to have of segments that no request makes: the default range, as weftd's
 * options say, and segments of networks that an older weftd has made.
 */
#pragma once

struct api;

/* When weftd starts; goes on by itself until it is done. */
void segment_upkeep_start(struct api *api);
void segment_upkeep_stop(struct api *api);

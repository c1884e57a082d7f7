/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer's entry, also called by packet_replay.c with seeds of our own. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

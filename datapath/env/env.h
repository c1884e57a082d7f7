/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The world this is compiled for. Nothing outside env/ asks which one it is. */
#pragma once

#ifdef __bpf__
#include "datapath/env/bpf.h"
#else
#include "datapath/env/native.h"
#endif

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "words of flow_key are little-endian");

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fuzzer has learnt (test/fuzz/keep.sh): a file of inputs, each a line of base64. Fed as they
 * are, each in a buffer of just its size. Returns how many.
 */
#pragma once

#include <glib.h>

/* FILE's name says that it is one. */
gboolean lines_is(const char *file);
guint lines_feed(const char *file);

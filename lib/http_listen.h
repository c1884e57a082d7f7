/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a server listens: text to a listening socket.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

/*
 * "ADDRESS:PORT", "[V6]:PORT", either after "http://" or "https://", or "unix:PATH", to a
 * non-blocking listening socket, -1 on error. PORT_OUT: the port, 0 for unix.
 */
int http_listen_open(const char *where, unsigned int *port_out, GError **error);

/* WHERE can be reached from this machine only. */
bool http_listen_is_local(const char *where);

/* The path of "unix:PATH", borrowed from WHERE, or NULL. */
const char *http_listen_find_path(const char *where);

/* WHERE without its scheme, borrowed; *SCHEME_OUT: "http", "https" or NULL when none is named. */
const char *http_listen_find_address(const char *where, const char **scheme_out);

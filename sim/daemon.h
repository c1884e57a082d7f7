/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real weftd, a process of its own on a folder and a port of its own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct daemon;

/* PROGRAM: the path of weftd. Makes a folder; starts nothing. */
struct daemon *daemon_new(const char *program, GError **error);
void daemon_free(struct daemon *daemon); /* killed, the folder removed */

const char *daemon_url(const struct daemon *daemon);
const char *daemon_store(const struct daemon *daemon); /* its URL */
unsigned int daemon_port(const struct daemon *daemon);

/* Runs the main context until it answers. */
bool daemon_start(struct daemon *daemon, GError **error);
void daemon_kill(struct daemon *daemon); /* SIGKILL, and gone */
bool daemon_is_running(const struct daemon *daemon);

struct daemon_usage {
	double cpu_seconds;
	double resident_mib;
};
struct daemon_usage daemon_get_usage(const struct daemon *daemon);

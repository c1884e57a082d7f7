/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the API is and who we are, as OpenStack's clients are told: by the variables OS_* and
 * clouds.yaml. Keystone is asked for a token and for the endpoint of the network service.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

struct login {
	char *url;   /* of the API; owned */
	char *token; /* NULL: none needed */
	char *ca;    /* NULL: none named */
};

/* False without an error when nothing of the kind is set. */
bool login_read(struct login *out, GError **error);
void login_done(struct login *login);

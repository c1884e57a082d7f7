/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a certificate names: its kind and name stand in a subject alternative URI
 * "weft:KIND/NAME". The one place that prints and reads that.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include <gnutls/x509.h>

/* X(KIND, "name", what it opens) */
#define PKI_KIND_TABLE(X)                                                                      \
	X(SERVER, "server", "nothing; clients trust it")                                       \
	X(HOST, "host", "its own rows and status")                                             \
	X(USER, "user", "the API, as a member of the project of its name")                     \
	X(ADMIN, "admin", "the API, as an administrator")

enum pki_kind {
#define X(kind, name, opens) PKI_##kind,
	PKI_KIND_TABLE(X)
#undef X
};

struct pki_id {
	enum pki_kind kind;
	char *name;
	char *serial;	/* hexadecimal, lower case */
	gint64 expires; /* seconds since 1970 */
};

void pki_id_done(struct pki_id *id);
void pki_id_copy(const struct pki_id *id, struct pki_id *out);

const char *pki_kind_to_name(enum pki_kind kind); /* borrowed */

/* NAME can stand in a certificate and be a file's name: up to 64 of [A-Za-z0-9._-], the
 * first of them a letter or digit. */
bool pki_id_check_name(const char *name, GError **error);

/* "weft:host/h1"; owned. */
char *pki_id_print(enum pki_kind kind, const char *name);
/* The inverse; NAME_OUT is owned. */
bool pki_id_parse(const char *text, enum pki_kind *kind_out, char **name_out);

/* What CERTIFICATE says; false with an error when it is none of this cloud's kinds. */
bool pki_id_read(gnutls_x509_crt_t certificate, struct pki_id *out, GError **error);
/* "certificate of host h1, serial 4f…"; owned. Of any certificate. */
char *pki_id_describe(gnutls_x509_crt_t certificate);

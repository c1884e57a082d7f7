/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program needs to speak TLS: its certificate and key, whom it trusts, who is
 * revoked. Files are read again when they change; what is under way keeps what it had.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include <gnutls/abstract.h>
#include "lib/pki_id.h"

/* Paths of PEM files; each may be NULL, but a certificate needs its key. */
struct tls_files {
	const char *cert; /* and what chains it to an authority */
	const char *key;
	const char *ca;
	const char *crl;
};

struct tls;

/* Errors name the file. Everything in FILES is copied. */
struct tls *tls_new(const struct tls_files *files, GError **error);
void tls_free(struct tls *tls);

/*
 * Looks whether a file has changed, and reads all when one has. *CHANGED says whether
 * something new is in force. On failure the old stays in force and the error is told once,
 * until a file changes again.
 */
bool tls_refresh(struct tls *tls, bool *changed, GError **error);
/* Grows with everything that comes into force; never 0. */
unsigned int tls_get_generation(const struct tls *tls);
bool tls_trusts_clients(const struct tls *tls); /* there is an authority */

/*
 * A client's certificate, first of COUNT in DER: signed by the authority, valid today, not
 * revoked, for clients, of a kind of ours. WEFT_ERROR_DENIED names subject and serial.
 */
bool tls_check_client(const struct tls *tls, const gnutls_datum_t *chain, unsigned int count,
		      struct pki_id *out, GError **error);

/* For gnutls_certificate_set_retrieve_function3: copies that the session frees. */
int tls_copy_certificate(const struct tls *tls, gnutls_pcert_st **chain_out,
			 unsigned int *count_out, gnutls_privkey_t *key_out);

/* TLS 1.3 and nothing else. */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3"

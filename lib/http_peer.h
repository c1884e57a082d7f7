/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client at the other end of a TLS connection, behind http_server.h: its
 * certificate is looked at once, and again when what is in force has changed. For
 * http_server.c and http_stream.c only.
 */
#pragma once

#include <microhttpd.h>
#include "lib/tls.h"

struct http_peer {
	struct tls *tls;	 /* borrowed from the server's owner */
	bool known;		 /* ID is what its certificate says */
	struct pki_id id;	 /* valid while KNOWN */
	GError *refused;	 /* it showed a certificate, which is not good */
	unsigned int generation; /* of what it was checked by; 0: not yet */
};

/* For MHD_OPTION_NOTIFY_CONNECTION, with the struct tls as data. */
void http_peer_notify(void *data, struct MHD_Connection *connection, void **context,
		      enum MHD_ConnectionNotificationCode code);
/* For MHD_OPTION_HTTPS_CERT_CALLBACK2. */
int http_peer_pick(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
		   gnutls_pcert_st **chain, unsigned int *count, gnutls_ocsp_data_st **ocsp,
		   unsigned int *ocsp_count, gnutls_privkey_t *key, unsigned int *flags);

/* Up to date; NULL when CONNECTION is not TLS. Borrowed from the connection. */
const struct http_peer *http_peer_find(struct MHD_Connection *connection);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bad certificate does not end the handshake: in TLS 1.3 the client would be told by an
 * alert without words, after it believes to be connected. It gets an answer that says why.
 */
#include "lib/http_peer.h"

static struct http_peer *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void peer_forget(struct http_peer *peer)
{
	pki_id_done(&peer->id);
	g_clear_error(&peer->refused);
	peer->known = false;
}

void http_peer_notify(void *data, struct MHD_Connection *connection, void **context,
		      enum MHD_ConnectionNotificationCode code)
{
	struct http_peer *peer = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		peer = g_new0(struct http_peer, 1);
		peer->tls = data;
		*context = peer;
	} else if (peer) {
		peer_forget(peer);
		g_free(peer);
		*context = NULL;
	}
}

int http_peer_pick(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
		   gnutls_pcert_st **chain, unsigned int *count, gnutls_ocsp_data_st **ocsp,
		   unsigned int *ocsp_count, gnutls_privkey_t *key, unsigned int *flags)
{
	/* libmicrohttpd makes a session point to its connection. */
	struct MHD_Connection *connection = gnutls_session_get_ptr(session);
	const struct http_peer *peer = connection ? peer_of(connection) : NULL;

	if (!peer)
		return -1;
	/* Not REQUIRE: who has none may have a token. */
	if (tls_trusts_clients(peer->tls))
		gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
	*ocsp = NULL;
	*ocsp_count = 0;
	*flags = GNUTLS_CERT_RETR_DEINIT_ALL;
	return tls_copy_certificate(peer->tls, chain, count, key);
}

const struct http_peer *http_peer_find(struct MHD_Connection *connection)
{
	struct http_peer *peer = peer_of(connection);
	const union MHD_ConnectionInfo *info;
	const gnutls_datum_t *chain;
	unsigned int count = 0;

	if (!peer)
		return NULL;
	if (peer->generation == tls_get_generation(peer->tls) &&
	    !(peer->known && peer->id.expires < g_get_real_time() / G_USEC_PER_SEC))
		return peer;
	peer_forget(peer);
	peer->generation = tls_get_generation(peer->tls);
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	chain = info ? gnutls_certificate_get_peers(info->tls_session, &count) : NULL;
	if (chain)
		peer->known =
			tls_check_client(peer->tls, chain, count, &peer->id, &peer->refused);
	return peer;
}

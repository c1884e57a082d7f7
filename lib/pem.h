/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PEM files of certificates, keys and lists: read whole, replaced whole. Every error
 * names the file.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include <gnutls/x509.h>

G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gnutls_x509_crt_t, gnutls_x509_crt_deinit, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gnutls_x509_crl_t, gnutls_x509_crl_deinit, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gnutls_x509_privkey_t, gnutls_x509_privkey_deinit, NULL)

/* True when GnuTLS's CODE is no error; WHAT: a file, or what was tried. */
bool pem_good(int code, const char *what, GError **error);

/* Any file; ends with pem_forget, which overwrites it. */
bool pem_read(const char *path, gnutls_datum_t *out, GError **error);
void pem_forget(gnutls_datum_t *data);

bool pem_read_certificate(const char *path, gnutls_x509_crt_t *out, GError **error);
bool pem_read_key(const char *path, gnutls_x509_privkey_t *out, GError **error);
bool pem_read_crl(const char *path, gnutls_x509_crl_t *out, GError **error);

/* Durable; a key is 0600. */
bool pem_write_certificate(gnutls_x509_crt_t certificate, const char *path, GError **error);
bool pem_write_key(gnutls_x509_privkey_t key, const char *path, GError **error);
bool pem_write_crl(gnutls_x509_crl_t crl, const char *path, GError **error);

/* As one that was read: one that was just made does not tell its extensions. */
bool pem_copy_certificate(gnutls_x509_crt_t certificate, gnutls_x509_crt_t *out,
			  GError **error);

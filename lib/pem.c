/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file is written beside the old one and renamed, with its final mode from the start: a
 * key is at no time readable by others.
 */
#include "lib/pem.h"

#include "lib/error.h"

bool pem_good(int code, const char *what, GError **error)
{
	if (code >= 0)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "%s: %s", what,
		    gnutls_strerror(code));
	return false;
}

bool pem_read(const char *path, gnutls_datum_t *out, GError **error)
{
	g_autoptr(GError) reason = NULL;
	char *text;
	gsize size;

	if (!g_file_get_contents(path, &text, &size, &reason)) {
		g_set_error_literal(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, reason->message);
		return false;
	}
	*out = (gnutls_datum_t){(unsigned char *)text, (unsigned int)size};
	return true;
}

void pem_forget(gnutls_datum_t *data)
{
	gnutls_memset(data->data, 0, data->size);
	g_free(data->data);
}

/* Takes DATA, which is GnuTLS's. */
static bool pem_write(const char *path, gnutls_datum_t *data, int mode, GError **error)
{
	g_autoptr(GError) reason = NULL;
	bool written = g_file_set_contents_full(
		path, (const char *)data->data, data->size,
		G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, mode, &reason);

	gnutls_memset(data->data, 0, data->size);
	gnutls_free(data->data);
	if (!written)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "%s: %s", path,
			    reason->message);
	return written;
}

bool pem_read_certificate(const char *path, gnutls_x509_crt_t *out, GError **error)
{
	g_auto(gnutls_x509_crt_t) certificate = NULL;
	gnutls_datum_t data;
	int code;

	if (!pem_read(path, &data, error))
		return false;
	gnutls_x509_crt_init(&certificate);
	code = gnutls_x509_crt_import(certificate, &data, GNUTLS_X509_FMT_PEM);
	pem_forget(&data);
	if (!pem_good(code, path, error))
		return false;
	*out = g_steal_pointer(&certificate);
	return true;
}

bool pem_read_key(const char *path, gnutls_x509_privkey_t *out, GError **error)
{
	g_auto(gnutls_x509_privkey_t) key = NULL;
	gnutls_datum_t data;
	int code;

	if (!pem_read(path, &data, error))
		return false;
	gnutls_x509_privkey_init(&key);
	code = gnutls_x509_privkey_import(key, &data, GNUTLS_X509_FMT_PEM);
	pem_forget(&data);
	if (!pem_good(code, path, error))
		return false;
	*out = g_steal_pointer(&key);
	return true;
}

bool pem_read_crl(const char *path, gnutls_x509_crl_t *out, GError **error)
{
	g_auto(gnutls_x509_crl_t) crl = NULL;
	gnutls_datum_t data;
	int code;

	if (!pem_read(path, &data, error))
		return false;
	gnutls_x509_crl_init(&crl);
	code = gnutls_x509_crl_import(crl, &data, GNUTLS_X509_FMT_PEM);
	pem_forget(&data);
	if (!pem_good(code, path, error))
		return false;
	*out = g_steal_pointer(&crl);
	return true;
}

bool pem_write_certificate(gnutls_x509_crt_t certificate, const char *path, GError **error)
{
	gnutls_datum_t data;

	return pem_good(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &data), path,
			error) &&
	       pem_write(path, &data, 0644, error);
}

bool pem_write_key(gnutls_x509_privkey_t key, const char *path, GError **error)
{
	gnutls_datum_t data;

	return pem_good(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
							  GNUTLS_PKCS_PLAIN, &data),
			path, error) &&
	       pem_write(path, &data, 0600, error);
}

bool pem_write_crl(gnutls_x509_crl_t crl, const char *path, GError **error)
{
	gnutls_datum_t data;

	return pem_good(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &data), path,
			error) &&
	       pem_write(path, &data, 0644, error);
}

bool pem_copy_certificate(gnutls_x509_crt_t certificate, gnutls_x509_crt_t *out, GError **error)
{
	g_auto(gnutls_x509_crt_t) copy = NULL;
	gnutls_datum_t der;
	int code = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, &der);

	if (!pem_good(code, "certificate", error))
		return false;
	gnutls_x509_crt_init(&copy);
	code = gnutls_x509_crt_import(copy, &der, GNUTLS_X509_FMT_DER);
	gnutls_free(der.data);
	if (!pem_good(code, "certificate", error))
		return false;
	*out = g_steal_pointer(&copy);
	return true;
}

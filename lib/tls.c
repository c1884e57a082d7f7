/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All files make one set, which is in force as a whole or not at all: a certificate whose
 * new key is not there yet waits for it.
 */
#include "lib/tls.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include "lib/error.h"
#include "lib/pem.h"

#define CHAIN_MAX 8

struct material {
	gnutls_x509_crt_t *chain; /* gnutls_free */
	unsigned int count;
	gnutls_x509_privkey_t key;
	gnutls_x509_trust_list_t trust;
};

struct tls {
	char *paths[4]; /* cert, key, ca, crl */
	char *stamp;	/* of the files when they were last tried */
	struct material material;
	unsigned int generation;
};

enum { FILE_CERT, FILE_KEY, FILE_CA, FILE_CRL, FILE_COUNT };

static void chain_free(gnutls_x509_crt_t *chain, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		gnutls_x509_crt_deinit(chain[i]);
	gnutls_free(chain);
}

static void material_done(struct material *material)
{
	chain_free(material->chain, material->count);
	if (material->key)
		gnutls_x509_privkey_deinit(material->key);
	if (material->trust)
		gnutls_x509_trust_list_deinit(material->trust, 1);
	*material = (struct material){0};
}

/* --- reading ------------------------------------------------------------------------- */

static bool refuse(GError **error, const char *path, const char *why)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "%s: %s", path, why);
	return false;
}

static bool chain_read(const char *path, gnutls_x509_crt_t **chain, unsigned int *count,
		       GError **error)
{
	gnutls_datum_t data;
	int code;

	if (!pem_read(path, &data, error))
		return false;
	code = gnutls_x509_crt_list_import2(chain, count, &data, GNUTLS_X509_FMT_PEM, 0);
	pem_forget(&data);
	if (code < 0)
		return refuse(error, path, gnutls_strerror(code));
	return true;
}

static bool key_fits(const struct material *material)
{
	guint8 a[64], b[64];
	size_t a_size = sizeof(a), b_size = sizeof(b);

	return gnutls_x509_crt_get_key_id(material->chain[0], 0, a, &a_size) == 0 &&
	       gnutls_x509_privkey_get_key_id(material->key, 0, b, &b_size) == 0 &&
	       a_size == b_size && memcmp(a, b, a_size) == 0;
}

static bool identity_read(char *const *paths, struct material *out, GError **error)
{
	if (!chain_read(paths[FILE_CERT], &out->chain, &out->count, error) ||
	    !pem_read_key(paths[FILE_KEY], &out->key, error))
		return false;
	if (out->count == 0 || out->count > CHAIN_MAX)
		return refuse(error, paths[FILE_CERT], "not one to 8 certificates");
	return key_fits(out) ||
	       refuse(error, paths[FILE_KEY], "is not the key of the certificate");
}

/* The trust list owns what is added to it. */
static bool authorities_read(const char *path, struct material *out, GError **error)
{
	gnutls_x509_crt_t *list = NULL;
	unsigned int count = 0;
	int added;

	if (!chain_read(path, &list, &count, error))
		return false;
	added = gnutls_x509_trust_list_add_cas(out->trust, list, count, 0);
	gnutls_free(list);
	return added > 0 || refuse(error, path, "no certificate of an authority");
}

static bool revoked_read(const char *path, struct material *out, GError **error)
{
	gnutls_x509_crl_t *list = NULL;
	unsigned int count = 0, added = 0;
	gnutls_datum_t data;
	int code;

	if (!pem_read(path, &data, error))
		return false;
	code = gnutls_x509_crl_list_import2(&list, &count, &data, GNUTLS_X509_FMT_PEM, 0);
	pem_forget(&data);
	if (code < 0)
		return refuse(error, path, gnutls_strerror(code));
	/* A list by somebody else is not added, stays ours, and would be silently without
	 * effect. */
	for (unsigned int i = 0; i < count; i++) {
		if (gnutls_x509_trust_list_add_crls(out->trust, &list[i], 1,
						    GNUTLS_TL_VERIFY_CRL, 0) == 1) {
			added++;
			continue;
		}
		gnutls_x509_crl_deinit(list[i]);
	}
	gnutls_free(list);
	return added == count || refuse(error, path, "is not signed by the authority");
}

static bool material_read(char *const *paths, struct material *out, GError **error)
{
	struct material material = {0};
	bool ok = true;

	gnutls_x509_trust_list_init(&material.trust, 0);
	if (paths[FILE_CERT])
		ok = identity_read(paths, &material, error);
	if (ok && paths[FILE_CA])
		ok = authorities_read(paths[FILE_CA], &material, error);
	if (ok && paths[FILE_CRL])
		ok = revoked_read(paths[FILE_CRL], &material, error);
	if (ok)
		*out = material;
	else
		material_done(&material);
	return ok;
}

/* Differs when a file has been replaced or written to. */
static char *stamp_make(char *const *paths)
{
	GString *text = g_string_new(NULL);

	for (int i = 0; i < FILE_COUNT; i++) {
		struct stat info = {0};

		if (paths[i])
			stat(paths[i], &info);
		g_string_append_printf(text, "%ju %jd.%09ld %jd;", (uintmax_t)info.st_ino,
				       (intmax_t)info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
				       (intmax_t)info.st_size);
	}
	return g_string_free(text, FALSE);
}

static bool files_check(const struct tls_files *files, GError **error)
{
	const char *text = NULL;

	if (!files->cert != !files->key)
		text = files->cert ? "a certificate needs its key"
				   : "a key needs its certificate";
	else if (files->crl && !files->ca)
		text = "a list of revoked certificates needs its authority";
	if (!text)
		return true;
	return refuse(error,
		      files->cert  ? files->cert
		      : files->key ? files->key
				   : files->crl,
		      text);
}

struct tls *tls_new(const struct tls_files *files, GError **error)
{
	struct tls *tls;

	if (!files_check(files, error))
		return NULL;
	tls = g_new0(struct tls, 1);
	tls->paths[FILE_CERT] = g_strdup(files->cert);
	tls->paths[FILE_KEY] = g_strdup(files->key);
	tls->paths[FILE_CA] = g_strdup(files->ca);
	tls->paths[FILE_CRL] = g_strdup(files->crl);
	tls->stamp = stamp_make(tls->paths);
	tls->generation = 1;
	if (!material_read(tls->paths, &tls->material, error))
		g_clear_pointer(&tls, tls_free);
	return tls;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	material_done(&tls->material);
	for (int i = 0; i < FILE_COUNT; i++)
		g_free(tls->paths[i]);
	g_free(tls->stamp);
	g_free(tls);
}

bool tls_refresh(struct tls *tls, bool *changed, GError **error)
{
	g_autofree char *stamp = stamp_make(tls->paths);
	struct material material;

	*changed = false;
	if (strcmp(stamp, tls->stamp) == 0)
		return true;
	g_free(tls->stamp);
	tls->stamp = g_steal_pointer(&stamp);
	if (!material_read(tls->paths, &material, error))
		return false;
	material_done(&tls->material);
	tls->material = material;
	tls->generation++;
	*changed = true;
	return true;
}

unsigned int tls_get_generation(const struct tls *tls)
{
	return tls->generation;
}

bool tls_trusts_clients(const struct tls *tls)
{
	return tls->paths[FILE_CA];
}

/* --- clients ------------------------------------------------------------------------- */

static char *date_print(time_t when)
{
	g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(when);

	return date ? g_date_time_format_iso8601(date) : g_strdup("?");
}

/* The reason that matters most: what is not signed by us says nothing that could be believed. */
static char *status_describe(gnutls_x509_crt_t certificate, unsigned int status)
{
	gnutls_datum_t text;
	g_autofree char *date = NULL;
	char *copy;

	if (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNATURE_FAILURE))
		return g_strdup("is not signed by this cloud's authority");
	if (status & GNUTLS_CERT_REVOKED)
		return g_strdup("is revoked");
	if (status & GNUTLS_CERT_EXPIRED) {
		date = date_print(gnutls_x509_crt_get_expiration_time(certificate));
		return g_strdup_printf("has expired at %s", date);
	}
	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0)
		return g_strdup("is not valid");
	copy = g_strndup((const char *)text.data, text.size);
	gnutls_free(text.data);
	return copy;
}

static bool chain_verify(const struct tls *tls, gnutls_x509_crt_t *chain, unsigned int count,
			 GError **error)
{
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
					 .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
	g_autofree char *who = NULL;
	g_autofree char *why = NULL;
	unsigned int status = 0;
	int code = gnutls_x509_trust_list_verify_crt2(tls->material.trust, chain, count,
						      &purpose, 1, 0, &status, NULL);

	if (code >= 0 && status == 0)
		return true;
	who = pki_id_describe(chain[0]);
	why = code < 0 ? g_strdup(gnutls_strerror(code)) : status_describe(chain[0], status);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_DENIED, "%s: %s", who, why);
	return false;
}

bool tls_check_client(const struct tls *tls, const gnutls_datum_t *chain, unsigned int count,
		      struct pki_id *out, GError **error)
{
	gnutls_x509_crt_t list[CHAIN_MAX];
	unsigned int read = 0;
	bool ok = false;

	if (count == 0 || count > CHAIN_MAX) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_DENIED,
			    "certificate: a chain of %u, not of one to %d", count, CHAIN_MAX);
		return false;
	}
	for (; read < count; read++) {
		gnutls_x509_crt_init(&list[read]);
		if (gnutls_x509_crt_import(list[read], &chain[read], GNUTLS_X509_FMT_DER) < 0) {
			gnutls_x509_crt_deinit(list[read]);
			break;
		}
	}
	if (read < count)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_DENIED, "certificate: not readable");
	else
		ok = chain_verify(tls, list, count, error) && pki_id_read(list[0], out, error);
	while (read > 0)
		gnutls_x509_crt_deinit(list[--read]);
	return ok;
}

/* --- the own certificate ------------------------------------------------------------- */

int tls_copy_certificate(const struct tls *tls, gnutls_pcert_st **chain_out,
			 unsigned int *count_out, gnutls_privkey_t *key_out)
{
	const struct material *material = &tls->material;
	gnutls_pcert_st *chain = gnutls_calloc(material->count, sizeof(*chain));
	gnutls_privkey_t key = NULL;
	unsigned int made = 0;
	int code = gnutls_privkey_init(&key);

	if (code >= 0)
		code = gnutls_privkey_import_x509(key, material->key,
						  GNUTLS_PRIVKEY_IMPORT_COPY);
	while (code >= 0 && made < material->count) {
		code = gnutls_pcert_import_x509(&chain[made], material->chain[made], 0);
		made += code >= 0;
	}
	if (code >= 0) {
		*chain_out = chain;
		*count_out = made;
		*key_out = key;
		return 0;
	}
	while (made > 0)
		gnutls_pcert_deinit(&chain[--made]);
	gnutls_free(chain);
	gnutls_privkey_deinit(key);
	return -1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder is the only state. Whoever changes it holds a lock on it, and files are
 * replaced whole, so a reader sees the old or the new.
 */
#include "lib/pki.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include <gnutls/crypto.h>
#include "lib/error.h"
#include "lib/ip.h"
#include "lib/pem.h"

#define DAY	     86400
#define DAYS	     365
#define DAYS_CA	     3650
#define DAYS_MAX     36500
#define SERIAL_BYTES 16
#define SKEW	     3600 /* seconds that a peer's clock may be behind ours */

/* --- the authority ------------------------------------------------------------------- */

struct authority {
	char *folder;
	int lock; /* the folder's descriptor */
	gnutls_x509_crt_t certificate;
	gnutls_x509_privkey_t key; /* NULL: opened for reading */
	gnutls_x509_crl_t crl;
};

static void authority_done(struct authority *ca)
{
	if (ca->lock >= 0)
		close(ca->lock);
	g_clear_pointer(&ca->certificate, gnutls_x509_crt_deinit);
	g_clear_pointer(&ca->key, gnutls_x509_privkey_deinit);
	g_clear_pointer(&ca->crl, gnutls_x509_crl_deinit);
	g_free(ca->folder);
}

#define AUTO_AUTHORITY __attribute__((cleanup(authority_done))) struct authority

static char *authority_path(const struct authority *ca, const char *name, const char *ending)
{
	return g_strdup_printf("%s/%s%s", ca->folder, name, ending);
}

static bool authority_lock(struct authority *ca, const char *folder, GError **error)
{
	ca->folder = g_strdup(folder);
	ca->lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ca->lock >= 0 && flock(ca->lock, LOCK_EX) == 0)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "%s: %s", folder,
		    g_strerror(errno));
	return false;
}

static bool authority_open(struct authority *ca, const char *folder, bool key, GError **error)
{
	g_autofree char *certificate = g_strdup_printf("%s/ca.crt", folder);
	g_autofree char *crl = g_strdup_printf("%s/ca.crl", folder);
	g_autofree char *secret = g_strdup_printf("%s/ca.key", folder);

	ca->lock = -1;
	return authority_lock(ca, folder, error) &&
	       pem_read_certificate(certificate, &ca->certificate, error) &&
	       pem_read_crl(crl, &ca->crl, error) &&
	       (!key || pem_read_key(secret, &ca->key, error));
}

/* --- making certificates ------------------------------------------------------------- */

static bool days_check(int days, GError **error)
{
	if (days >= -DAYS_MAX && days <= DAYS_MAX)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "days %d: not from %d to %d", days,
		    -DAYS_MAX, DAYS_MAX);
	return false;
}

static bool key_generate(gnutls_x509_privkey_t *key, GError **error)
{
	gnutls_x509_privkey_init(key);
	return pem_good(gnutls_x509_privkey_generate(
				*key, GNUTLS_PK_ECDSA,
				GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
			"key", error);
}

/* What all certificates have. */
static bool certificate_begin(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key,
			      const char *name, gint64 seconds, GError **error)
{
	gint64 now = g_get_real_time() / G_USEC_PER_SEC;
	gint64 end = now + seconds;
	guint8 serial[SERIAL_BYTES], id[64];
	size_t id_size = sizeof(id);
	int code = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	/* Positive, and always of the same length: RFC 5280, 4.1.2.2. */
	serial[0] = (guint8)((serial[0] & 0x3f) | 0x40);
	if (code >= 0)
		code = gnutls_x509_crt_set_version(certificate, 3);
	if (code >= 0)
		code = gnutls_x509_crt_set_serial(certificate, serial, sizeof(serial));
	if (code >= 0)
		code = gnutls_x509_crt_set_activation_time(certificate,
							   (time_t)(MIN(now, end) - SKEW));
	if (code >= 0)
		code = gnutls_x509_crt_set_expiration_time(certificate, (time_t)end);
	if (code >= 0)
		code = gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME,
						     0, name, (unsigned int)strlen(name));
	if (code >= 0)
		code = gnutls_x509_crt_set_key(certificate, key);
	if (code >= 0)
		code = gnutls_x509_crt_get_key_id(certificate, 0, id, &id_size);
	if (code >= 0)
		code = gnutls_x509_crt_set_subject_key_id(certificate, id, id_size);
	return pem_good(code, name, error);
}

static bool authority_sign(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer,
			   gnutls_x509_privkey_t key, GError **error)
{
	guint8 id[64];
	size_t size = sizeof(id);
	int code = gnutls_x509_crt_get_subject_key_id(issuer, id, &size, NULL);

	if (code >= 0)
		code = gnutls_x509_crt_set_authority_key_id(certificate, id, size);
	if (code >= 0)
		code = gnutls_x509_crt_sign2(certificate, issuer, key, GNUTLS_DIG_SHA256, 0);
	return pem_good(code, "signing", error);
}

static bool names_add(gnutls_x509_crt_t certificate, const char *text, bool must_be_ip,
		      GError **error)
{
	struct ip ip;

	if (!ip_parse(text, &ip)) {
		if (must_be_ip) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "ip '%s': not an address", text);
			return false;
		}
		return pki_id_check_name(text, error) &&
		       pem_good(gnutls_x509_crt_set_subject_alt_name(
					certificate, GNUTLS_SAN_DNSNAME, text,
					(unsigned int)strlen(text), GNUTLS_FSAN_APPEND),
				text, error);
	}
	return pem_good(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS,
							     ip_is_v4(ip) ? ip.b + 12 : ip.b,
							     ip_is_v4(ip) ? 4 : 16,
							     GNUTLS_FSAN_APPEND),
			text, error);
}

static bool certificate_name(gnutls_x509_crt_t certificate, const struct pki_wish *wish,
			     GError **error)
{
	g_autofree char *uri = pki_id_print(wish->kind, wish->name);

	if (!pem_good(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_URI, uri,
							   (unsigned int)strlen(uri),
							   GNUTLS_FSAN_APPEND),
		      uri, error))
		return false;
	if (wish->kind != PKI_SERVER && wish->kind != PKI_HOST)
		return true;
	if (!names_add(certificate, wish->name, false, error))
		return false;
	for (const char *const *ip = wish->ips; ip && *ip; ip++)
		if (!names_add(certificate, *ip, true, error))
			return false;
	for (const char *const *name = wish->dns; name && *name; name++)
		if (!names_add(certificate, *name, false, error))
			return false;
	return true;
}

static bool certificate_set_use(gnutls_x509_crt_t certificate, enum pki_kind kind,
				GError **error)
{
	int code = gnutls_x509_crt_set_basic_constraints(certificate, 0, -1);

	if (code >= 0)
		code = gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (code >= 0 && (kind == PKI_SERVER || kind == PKI_HOST))
		code = gnutls_x509_crt_set_key_purpose_oid(certificate,
							   GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (code >= 0 && kind != PKI_SERVER)
		code = gnutls_x509_crt_set_key_purpose_oid(certificate,
							   GNUTLS_KP_TLS_WWW_CLIENT, 0);
	return pem_good(code, "use", error);
}

/* --- the list of the revoked --------------------------------------------------------- */

/* CRL with what OLD (may be NULL) and MORE have. It is good as long as the authority: a cloud
 * must not stand still because nobody renewed an empty list. */
static bool crl_make(const struct authority *ca, gnutls_x509_crl_t old, const GPtrArray *more,
		     gnutls_x509_crl_t crl, GError **error)
{
	gint64 now = g_get_real_time();
	time_t at = (time_t)(now / G_USEC_PER_SEC);
	guint8 serial[64], id[64];
	gint64 number = GINT64_TO_BE(now); /* grows with each list */
	size_t id_size = sizeof(id);
	int code = gnutls_x509_crl_set_version(crl, 2);

	for (int i = 0; code >= 0 && old && i < gnutls_x509_crl_get_crt_count(old); i++) {
		size_t size = sizeof(serial);
		time_t when;

		code = gnutls_x509_crl_get_crt_serial(old, (unsigned int)i, serial, &size,
						      &when);
		if (code >= 0)
			code = gnutls_x509_crl_set_crt_serial(crl, serial, size, when);
	}
	for (guint i = 0; code >= 0 && more && i < more->len; i++)
		code = gnutls_x509_crl_set_crt(crl, more->pdata[i], at);
	if (code >= 0)
		code = gnutls_x509_crl_set_this_update(crl, at - SKEW);
	if (code >= 0)
		code = gnutls_x509_crl_set_next_update(
			crl, gnutls_x509_crt_get_expiration_time(ca->certificate));
	if (code >= 0)
		code = gnutls_x509_crl_set_number(crl, &number, sizeof(number));
	if (code >= 0)
		code = gnutls_x509_crt_get_subject_key_id(ca->certificate, id, &id_size, NULL);
	if (code >= 0)
		code = gnutls_x509_crl_set_authority_key_id(crl, id, id_size);
	if (code >= 0)
		code = gnutls_x509_crl_sign2(crl, ca->certificate, ca->key, GNUTLS_DIG_SHA256,
					     0);
	return pem_good(code, "ca.crl", error);
}

static bool crl_write(const struct authority *ca, const GPtrArray *more, GError **error)
{
	g_autofree char *path = authority_path(ca, "ca", ".crl");
	g_auto(gnutls_x509_crl_t) crl = NULL;

	gnutls_x509_crl_init(&crl);
	return crl_make(ca, ca->crl, more, crl, error) && pem_write_crl(crl, path, error);
}

static bool crl_has(gnutls_x509_crl_t crl, gnutls_x509_crt_t certificate)
{
	return gnutls_x509_crt_check_revocation(certificate, &crl, 1) == 1;
}

/* --- what was issued ----------------------------------------------------------------- */

typedef bool (*issued_visit)(const struct authority *ca, gnutls_x509_crt_t certificate,
			     const struct pki_id *id, void *data, GError **error);

/* VISIT for each, until one says false. */
static bool issued_each(const struct authority *ca, issued_visit visit, void *data,
			GError **error)
{
	g_autofree char *folder = authority_path(ca, "issued", "");
	g_autoptr(GError) reason = NULL;
	g_autoptr(GDir) dir = g_dir_open(folder, 0, &reason);
	const char *name;
	bool more = true;

	if (!dir) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "%s", reason->message);
		return false;
	}
	while (more && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_auto(gnutls_x509_crt_t) certificate = NULL;
		struct pki_id id = {0};

		if (!g_str_has_suffix(name, ".crt"))
			continue;
		more = pem_read_certificate(path, &certificate, error) &&
		       pki_id_read(certificate, &id, error);
		if (more)
			more = visit(ca, certificate, &id, data, error);
		pki_id_done(&id);
	}
	return more;
}

/* A name that is a host's must not become a server's: clients would trust the host. */
static bool issued_check_kind(const struct authority *ca, gnutls_x509_crt_t certificate,
			      const struct pki_id *id, void *data, GError **error)
{
	const struct pki_wish *wish = data;

	if (strcmp(id->name, wish->name) != 0 || id->kind == wish->kind ||
	    crl_has(ca->crl, certificate))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "%s %s: a %s has this name (serial %s); revoke it first",
		    pki_kind_to_name(wish->kind), wish->name, pki_kind_to_name(id->kind),
		    id->serial);
	return false;
}

/* --- the public face ----------------------------------------------------------------- */

static bool authority_make(struct authority *ca, const char *cloud, int days, GError **error)
{
	int code;

	gnutls_x509_crt_init(&ca->certificate);
	if (!key_generate(&ca->key, error) ||
	    !certificate_begin(ca->certificate, ca->key, cloud, (gint64)days * DAY, error))
		return false;
	code = gnutls_x509_crt_set_basic_constraints(ca->certificate, 1, 0);
	if (code >= 0)
		code = gnutls_x509_crt_set_key_usage(
			ca->certificate, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	return pem_good(code, cloud, error) &&
	       authority_sign(ca->certificate, ca->certificate, ca->key, error);
}

bool pki_init(const char *folder, const char *cloud, int days, GError **error)
{
	g_autofree char *issued = g_strdup_printf("%s/issued", folder);
	g_autofree char *certificate = g_strdup_printf("%s/ca.crt", folder);
	g_autofree char *key = g_strdup_printf("%s/ca.key", folder);
	AUTO_AUTHORITY ca = {.lock = -1};

	if (!pki_id_check_name(cloud, error) || !days_check(days, error))
		return false;
	if (g_mkdir_with_parents(issued, 0755) < 0) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "%s: %s", issued,
			    g_strerror(errno));
		return false;
	}
	if (!authority_lock(&ca, folder, error))
		return false;
	if (g_file_test(certificate, G_FILE_TEST_EXISTS) ||
	    g_file_test(key, G_FILE_TEST_EXISTS)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "%s: there is an authority already", folder);
		return false;
	}
	/* The certificate last: with it the authority is there. */
	return authority_make(&ca, cloud, days ? days : DAYS_CA, error) &&
	       pem_write_key(ca.key, key, error) && crl_write(&ca, NULL, error) &&
	       pem_write_certificate(ca.certificate, certificate, error);
}

static bool issued_write(const struct authority *ca, const char *name,
			 gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key,
			 GError **error)
{
	g_autofree char *crt = authority_path(ca, name, ".crt");
	g_autofree char *secret = authority_path(ca, name, ".key");
	g_autofree char *record = NULL;
	g_auto(gnutls_x509_crt_t) copy = NULL;
	struct pki_id id;

	if (!pem_copy_certificate(certificate, &copy, error) || !pki_id_read(copy, &id, error))
		return false;
	record = g_strdup_printf("%s/issued/%s.crt", ca->folder, id.serial);
	pki_id_done(&id);
	/* On record first: what is not cannot be revoked by name. */
	return pem_write_certificate(certificate, record, error) &&
	       pem_write_key(key, secret, error) &&
	       pem_write_certificate(certificate, crt, error);
}

static gint64 wish_seconds(const struct pki_wish *wish)
{
	if (wish->seconds)
		return wish->seconds;
	return (gint64)(wish->days ? wish->days : DAYS) * DAY;
}

bool pki_issue(const char *folder, const struct pki_wish *wish, GError **error)
{
	g_auto(gnutls_x509_crt_t) certificate = NULL;
	g_auto(gnutls_x509_privkey_t) key = NULL;
	AUTO_AUTHORITY ca = {.lock = -1};

	if (!pki_id_check_name(wish->name, error) || !days_check(wish->days, error))
		return false;
	if (strcmp(wish->name, "ca") == 0 || strcmp(wish->name, "issued") == 0) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "name '%s': is the authority's", wish->name);
		return false;
	}
	if (!authority_open(&ca, folder, true, error) ||
	    !issued_each(&ca, issued_check_kind, (void *)wish, error))
		return false;
	gnutls_x509_crt_init(&certificate);
	return key_generate(&key, error) &&
	       certificate_begin(certificate, key, wish->name, wish_seconds(wish), error) &&
	       certificate_name(certificate, wish, error) &&
	       certificate_set_use(certificate, wish->kind, error) &&
	       authority_sign(certificate, ca.certificate, ca.key, error) &&
	       issued_write(&ca, wish->name, certificate, key, error);
}

struct search {
	const char *which;
	GPtrArray *found;
	unsigned int revoked;
};

static bool search_visit(const struct authority *ca, gnutls_x509_crt_t certificate,
			 const struct pki_id *id, void *data, GError **error)
{
	struct search *search = data;
	gnutls_x509_crt_t copy = NULL;

	if (strcmp(id->name, search->which) != 0 &&
	    g_ascii_strcasecmp(id->serial, search->which) != 0)
		return true;
	if (crl_has(ca->crl, certificate)) {
		search->revoked++;
		return true;
	}
	if (!pem_copy_certificate(certificate, &copy, error))
		return false;
	g_ptr_array_add(search->found, copy);
	return true;
}

bool pki_revoke(const char *folder, const char *which, unsigned int *count_out, GError **error)
{
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)gnutls_x509_crt_deinit);
	struct search search = {.which = which, .found = found};
	AUTO_AUTHORITY ca = {.lock = -1};

	if (!authority_open(&ca, folder, true, error) ||
	    !issued_each(&ca, search_visit, &search, error))
		return false;
	if (found->len == 0) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    search.revoked ? "'%s': is revoked already"
					   : "'%s': no certificate of this name or serial",
			    which);
		return false;
	}
	if (!crl_write(&ca, found, error))
		return false;
	*count_out = found->len;
	return true;
}

static void entry_free(void *data)
{
	struct pki_entry *entry = data;

	pki_id_done(&entry->id);
	g_free(entry);
}

static int entry_compare(const void *left, const void *right)
{
	const struct pki_entry *a = *(struct pki_entry *const *)left;
	const struct pki_entry *b = *(struct pki_entry *const *)right;
	int order = strcmp(a->id.name, b->id.name);

	if (order == 0)
		order = (a->id.expires > b->id.expires) - (a->id.expires < b->id.expires);
	return order ? order : strcmp(a->id.serial, b->id.serial);
}

static bool entry_visit(const struct authority *ca, gnutls_x509_crt_t certificate,
			const struct pki_id *id, void *data, GError **error)
{
	struct pki_entry *entry = g_new0(struct pki_entry, 1);

	pki_id_copy(id, &entry->id);
	entry->revoked = crl_has(ca->crl, certificate);
	g_ptr_array_add(data, entry);
	return true;
}

GPtrArray *pki_list(const char *folder, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(entry_free);
	AUTO_AUTHORITY ca = {.lock = -1};

	if (!authority_open(&ca, folder, false, error) ||
	    !issued_each(&ca, entry_visit, list, error))
		return NULL;
	g_ptr_array_sort(list, entry_compare);
	return g_steal_pointer(&list);
}

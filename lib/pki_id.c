/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate is believed for what its URI says, once its signature is: the subject's
 * common name is for people.
 */
#include "lib/pki_id.h"

#include <string.h>
#include "lib/error.h"

#define SCHEME	   "weft:"
#define NAME_MAX_C 64 /* RFC 5280, ub-common-name */
#define SERIAL_MAX 64
#define TEXT_MAX   256

static const char *const kind_names[] = {
#define X(kind, name, opens) name,
	PKI_KIND_TABLE(X)
#undef X
};

void pki_id_done(struct pki_id *id)
{
	g_free(id->name);
	g_free(id->serial);
	*id = (struct pki_id){0};
}

void pki_id_copy(const struct pki_id *id, struct pki_id *out)
{
	*out = *id;
	out->name = g_strdup(id->name);
	out->serial = g_strdup(id->serial);
}

const char *pki_kind_to_name(enum pki_kind kind)
{
	return kind_names[kind];
}

static bool name_is_good(const char *name)
{
	gsize length = strlen(name);

	if (length == 0 || length > NAME_MAX_C || !g_ascii_isalnum(name[0]))
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "._-") == length;
}

bool pki_id_check_name(const char *name, GError **error)
{
	if (name_is_good(name))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "name '%.80s': not up to %d letters, digits, '.', '_' and '-'", name,
		    NAME_MAX_C);
	return false;
}

char *pki_id_print(enum pki_kind kind, const char *name)
{
	return g_strdup_printf(SCHEME "%s/%s", kind_names[kind], name);
}

bool pki_id_parse(const char *text, enum pki_kind *kind_out, char **name_out)
{
	const char *slash;

	if (!g_str_has_prefix(text, SCHEME))
		return false;
	text += strlen(SCHEME);
	slash = strchr(text, '/');
	if (!slash || !name_is_good(slash + 1))
		return false;
	for (gsize i = 0; i < G_N_ELEMENTS(kind_names); i++) {
		if (strlen(kind_names[i]) != (gsize)(slash - text) ||
		    strncmp(kind_names[i], text, (gsize)(slash - text)) != 0)
			continue;
		*kind_out = (enum pki_kind)i;
		*name_out = g_strdup(slash + 1);
		return true;
	}
	return false;
}

static char *serial_read(gnutls_x509_crt_t certificate)
{
	guint8 bytes[SERIAL_MAX];
	size_t size = sizeof(bytes);
	GString *text = g_string_new(NULL);

	if (gnutls_x509_crt_get_serial(certificate, bytes, &size) == 0)
		for (size_t i = 0; i < size; i++)
			g_string_append_printf(text, "%02x", bytes[i]);
	return g_string_free(text, FALSE);
}

/* Two identities in one certificate would be one too many. */
static bool uri_read(gnutls_x509_crt_t certificate, enum pki_kind *kind, char **name)
{
	unsigned int found = 0;

	for (unsigned int i = 0;; i++) {
		char text[TEXT_MAX + 1];
		size_t size = TEXT_MAX;
		int type =
			gnutls_x509_crt_get_subject_alt_name(certificate, i, text, &size, NULL);

		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (type != GNUTLS_SAN_URI || size > TEXT_MAX)
			continue;
		text[size] = '\0';
		if (strlen(text) != size || !g_str_has_prefix(text, SCHEME))
			continue;
		if (found++ || !pki_id_parse(text, kind, name))
			break;
	}
	if (found == 1 && *name)
		return true;
	g_clear_pointer(name, g_free);
	return false;
}

bool pki_id_read(gnutls_x509_crt_t certificate, struct pki_id *out, GError **error)
{
	struct pki_id id = {0};

	if (!uri_read(certificate, &id.kind, &id.name)) {
		g_autofree char *text = pki_id_describe(certificate);

		g_set_error(error, WEFT_ERROR, WEFT_ERROR_DENIED,
			    "%s: names no server, host or user of a cloud", text);
		return false;
	}
	id.serial = serial_read(certificate);
	id.expires = (gint64)gnutls_x509_crt_get_expiration_time(certificate);
	*out = id;
	return true;
}

char *pki_id_describe(gnutls_x509_crt_t certificate)
{
	g_autofree char *serial = serial_read(certificate);
	g_autofree char *name = NULL;
	char subject[TEXT_MAX] = "";
	size_t size = sizeof(subject);
	enum pki_kind kind;

	if (uri_read(certificate, &kind, &name))
		return g_strdup_printf("certificate of %s %s, serial %s", kind_names[kind],
				       name, serial);
	if (gnutls_x509_crt_get_dn(certificate, subject, &size) != 0)
		subject[0] = '\0';
	return g_strdup_printf("certificate of '%s', serial %s", subject, serial);
}

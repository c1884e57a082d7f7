/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An authority in a folder: what is issued, listed and revoked, and what is refused.
 */
#include "lib/pki.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include "lib/error.h"
#include "lib/tls.h"

static char *folder;

static void folder_remove(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		if (g_file_test(child, G_FILE_TEST_IS_DIR))
			folder_remove(child);
		else
			g_unlink(child);
	}
	g_rmdir(path);
}

static void setup(void)
{
	g_autoptr(GError) error = NULL;

	folder = g_dir_make_tmp("weft-pki-XXXXXX", NULL);
	g_assert_true(pki_init(folder, "cloud", 0, &error));
	g_assert_no_error(error);
}

static void teardown(void)
{
	folder_remove(folder);
	g_clear_pointer(&folder, g_free);
}

static char *file(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

static void issue(enum pki_kind kind, const char *name, int days)
{
	g_autoptr(GError) error = NULL;

	pki_issue(folder, &(struct pki_wish){.kind = kind, .name = name, .days = days}, &error);
	g_assert_no_error(error);
}

static void check_mode(const char *name, unsigned int mode)
{
	g_autofree char *path = file(name);
	struct stat info;

	g_assert_cmpint(stat(path, &info), ==, 0);
	g_assert_cmphex(info.st_mode & 0777, ==, mode);
}

static void check_error(GError *error, enum weft_error code, const char *text)
{
	g_assert_error(error, WEFT_ERROR, (int)code);
	if (!strstr(error->message, text))
		g_error("'%s' is not in '%s'", text, error->message);
	g_error_free(error);
}

static void test_ids(void)
{
	static const char *const bad[] = {
		"weft:host/",	       "weft:host",	 "weft:HOST/a",	 "weft:hosts/a",
		"weft:hos/a",	       "weft:/a",	 "host/a",	 "",
		"weft:host/a/b",       "weft:host/../x", "weft:host/-x", "weft:host/a b",
		"weft:host/h\xc3\xa4", "https:host/a",	 "weft:host/.x",
	};

	for (int kind = PKI_SERVER; kind <= PKI_ADMIN; kind++) {
		g_autofree char *text = pki_id_print((enum pki_kind)kind, "h1.example-2_x");
		g_autofree char *name = NULL;
		enum pki_kind parsed;

		g_assert_true(pki_id_parse(text, &parsed, &name));
		g_assert_cmpint(parsed, ==, kind);
		g_assert_cmpstr(name, ==, "h1.example-2_x");
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		enum pki_kind kind = PKI_ADMIN;
		char *name = NULL;

		g_assert_false(pki_id_parse(bad[i], &kind, &name));
		g_assert_null(name);
	}
}

static void test_files(void)
{
	GError *error = NULL;
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;
	g_autofree char *ca = NULL;

	setup();
	ca = file("ca.key");
	check_mode("ca.key", 0600);
	check_mode("ca.crt", 0644);
	check_mode("ca.crl", 0644);
	g_file_get_contents(ca, &before, NULL, NULL);
	g_assert_false(pki_init(folder, "cloud", 0, &error));
	check_error(error, WEFT_ERROR_CONFLICT, folder);
	g_file_get_contents(ca, &after, NULL, NULL);
	g_assert_cmpstr(before, ==, after);
	issue(PKI_HOST, "h1", 0);
	check_mode("h1.key", 0600);
	check_mode("h1.crt", 0644);
	teardown();
}

static void test_list(void)
{
	g_autoptr(GPtrArray) list = NULL;
	gint64 now = g_get_real_time() / G_USEC_PER_SEC;
	const struct pki_entry *first, *second;

	setup();
	issue(PKI_SERVER, "weftd", 10);
	issue(PKI_HOST, "h1", 5);
	issue(PKI_HOST, "h1", 0);
	list = pki_list(folder, NULL);
	g_assert_cmpuint(list->len, ==, 3);
	first = list->pdata[0];
	second = list->pdata[1];
	g_assert_cmpstr(first->id.name, ==, "h1");
	g_assert_cmpint(first->id.kind, ==, PKI_HOST);
	g_assert_cmpint(ABS(first->id.expires - now - 5 * 86400), <, 60);
	g_assert_cmpint(ABS(second->id.expires - now - 365 * 86400), <, 60);
	g_assert_cmpuint(strlen(first->id.serial), ==, 32);
	g_assert_cmpstr(first->id.serial, !=, second->id.serial);
	g_assert_cmpint(((const struct pki_entry *)list->pdata[2])->id.kind, ==, PKI_SERVER);
	teardown();
}

static unsigned int count_revoked(void)
{
	g_autoptr(GPtrArray) list = pki_list(folder, NULL);
	unsigned int count = 0;

	for (guint i = 0; i < list->len; i++)
		count += ((const struct pki_entry *)list->pdata[i])->revoked;
	return count;
}

static void test_revoke(void)
{
	g_autoptr(GPtrArray) list = NULL;
	unsigned int count = 0;
	GError *error = NULL;

	setup();
	issue(PKI_HOST, "h1", 1);
	issue(PKI_HOST, "h1", 2);
	issue(PKI_HOST, "h2", 0);
	list = pki_list(folder, NULL);
	g_assert_true(pki_revoke(folder, ((struct pki_entry *)list->pdata[2])->id.serial,
				 &count, NULL));
	g_assert_cmpuint(count, ==, 1);
	g_assert_cmpuint(count_revoked(), ==, 1);
	g_assert_true(pki_revoke(folder, "h1", &count, NULL));
	g_assert_cmpuint(count, ==, 2);
	g_assert_cmpuint(count_revoked(), ==, 3);
	g_assert_false(pki_revoke(folder, "h1", &count, &error));
	check_error(g_steal_pointer(&error), WEFT_ERROR_NOT_FOUND, "revoked already");
	g_assert_false(pki_revoke(folder, "h3", &count, &error));
	check_error(g_steal_pointer(&error), WEFT_ERROR_NOT_FOUND, "'h3': no certificate");
	/* Another of the name is good. */
	issue(PKI_HOST, "h1", 0);
	g_assert_cmpuint(count_revoked(), ==, 3);
	teardown();
}

static void refuse(const struct pki_wish *wish, enum weft_error code, const char *text)
{
	GError *error = NULL;

	g_assert_false(pki_issue(folder, wish, &error));
	check_error(error, code, text);
}

static void test_wrong_wishes(void)
{
	const char *ips[] = {"10.0.0.1", "10.0.0.256", NULL};
	const char *dns[] = {"a b", NULL};
	g_autoptr(GPtrArray) list = NULL;
	g_autofree char *key = NULL;
	unsigned int count;

	setup();
	issue(PKI_HOST, "h1", 0);
	refuse(&(struct pki_wish){.kind = PKI_HOST, .name = "../x"}, WEFT_ERROR_INVALID,
	       "name '../x'");
	refuse(&(struct pki_wish){.kind = PKI_HOST, .name = "ca"}, WEFT_ERROR_INVALID, "'ca'");
	refuse(&(struct pki_wish){.kind = PKI_HOST, .name = "h2", .ips = ips},
	       WEFT_ERROR_INVALID, "ip '10.0.0.256'");
	refuse(&(struct pki_wish){.kind = PKI_SERVER, .name = "s", .dns = dns},
	       WEFT_ERROR_INVALID, "'a b'");
	refuse(&(struct pki_wish){.kind = PKI_HOST, .name = "h2", .days = 99999},
	       WEFT_ERROR_INVALID, "days 99999");
	refuse(&(struct pki_wish){.kind = PKI_SERVER, .name = "h1"}, WEFT_ERROR_CONFLICT,
	       "a host has this name");
	list = pki_list(folder, NULL);
	g_assert_cmpuint(list->len, ==, 1);
	g_assert_true(pki_revoke(folder, "h1", &count, NULL));
	issue(PKI_SERVER, "h1", 0);
	key = file("ca.key");
	g_unlink(key);
	refuse(&(struct pki_wish){.kind = PKI_HOST, .name = "h3"}, WEFT_ERROR_UNAVAILABLE,
	       "ca.key");
	teardown();
}

/* --- what a program makes of the files ----------------------------------------------- */

static struct tls *load(const char *name, GError **error)
{
	g_autofree char *crt = g_strdup_printf("%s/%s.crt", folder, name);
	g_autofree char *key = g_strdup_printf("%s/%s.key", folder, name);
	g_autofree char *ca = file("ca.crt");
	g_autofree char *crl = file("ca.crl");

	return tls_new(&(struct tls_files){.cert = crt, .key = key, .ca = ca, .crl = crl},
		       error);
}

static bool check_client(struct tls *tls, const char *name, struct pki_id *id, GError **error)
{
	g_autofree char *path = g_strdup_printf("%s/%s.crt", folder, name);
	g_autofree char *text = NULL;
	gnutls_datum_t pem, der;
	bool good;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	pem = (gnutls_datum_t){(unsigned char *)text, (unsigned int)strlen(text)};
	g_assert_cmpint(gnutls_pem_base64_decode2("CERTIFICATE", &pem, &der), ==, 0);
	good = tls_check_client(tls, &der, 1, id, error);
	gnutls_free(der.data);
	return good;
}

static void check_refused(struct tls *tls, const char *name, const char *text)
{
	GError *error = NULL;
	struct pki_id id;

	g_assert_false(check_client(tls, name, &id, &error));
	check_error(error, WEFT_ERROR_DENIED, text);
}

static void test_clients(void)
{
	struct pki_id id = {0};
	struct tls *tls;

	setup();
	issue(PKI_SERVER, "weftd", 0);
	issue(PKI_HOST, "h1", 0);
	issue(PKI_HOST, "old", -1);
	tls = load("weftd", NULL);
	g_assert_true(check_client(tls, "h1", &id, NULL));
	g_assert_cmpint(id.kind, ==, PKI_HOST);
	g_assert_cmpstr(id.name, ==, "h1");
	pki_id_done(&id);
	check_refused(tls, "old", "of host old, serial");
	check_refused(tls, "old", "has expired at 2");
	/* For servers only. */
	check_refused(tls, "weftd", "certificate of server weftd");
	/* An authority is nobody. */
	check_refused(tls, "ca", "certificate of 'CN=cloud'");
	tls_free(tls);
	teardown();
}

static void test_refresh(void)
{
	struct pki_id id = {0};
	g_autofree char *crl = NULL;
	GError *error = NULL;
	unsigned int count;
	struct tls *tls;
	bool changed;

	setup();
	issue(PKI_SERVER, "weftd", 0);
	issue(PKI_HOST, "h1", 0);
	tls = load("weftd", NULL);
	g_assert_true(tls_refresh(tls, &changed, NULL));
	g_assert_false(changed);
	g_assert_true(check_client(tls, "h1", &id, NULL));
	pki_id_done(&id);
	g_assert_true(pki_revoke(folder, "h1", &count, NULL));
	g_assert_true(tls_refresh(tls, &changed, NULL));
	g_assert_true(changed);
	g_assert_cmpuint(tls_get_generation(tls), ==, 2);
	check_refused(tls, "h1", "is revoked");
	/* What cannot be read changes nothing, and is told once. */
	crl = file("ca.crl");
	g_assert_true(g_file_set_contents(crl, "nonsense", -1, NULL));
	g_assert_false(tls_refresh(tls, &changed, &error));
	check_error(error, WEFT_ERROR_UNAVAILABLE, "ca.crl");
	g_assert_true(tls_refresh(tls, &changed, NULL));
	g_assert_false(changed);
	check_refused(tls, "h1", "is revoked");
	tls_free(tls);
	teardown();
}

static void test_wrong_files(void)
{
	g_autofree char *own = NULL;
	g_autofree char *crl = NULL;
	g_autofree char *other = NULL;
	GError *error = NULL;
	char *first;

	setup();
	issue(PKI_HOST, "h1", 0);
	issue(PKI_HOST, "h2", 0);
	g_assert_null(load("h3", &error));
	check_error(g_steal_pointer(&error), WEFT_ERROR_UNAVAILABLE, "h3.crt");
	own = file("h1.key");
	other = file("h2.key");
	g_assert_cmpint(g_rename(other, own), ==, 0);
	g_assert_null(load("h1", &error));
	check_error(g_steal_pointer(&error), WEFT_ERROR_UNAVAILABLE,
		    "h1.key: is not the key of the certificate");
	issue(PKI_HOST, "h2", 0);
	/* Another cloud's list. */
	first = g_steal_pointer(&folder);
	setup();
	crl = file("ca.crl");
	g_free(other);
	other = g_build_filename(first, "ca.crl", NULL);
	g_assert_cmpint(g_rename(crl, other), ==, 0);
	teardown();
	folder = first;
	g_assert_null(load("h2", &error));
	check_error(g_steal_pointer(&error), WEFT_ERROR_UNAVAILABLE,
		    "ca.crl: is not signed by the authority");
	teardown();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pki/ids", test_ids);
	g_test_add_func("/pki/files", test_files);
	g_test_add_func("/pki/list", test_list);
	g_test_add_func("/pki/revoke", test_revoke);
	g_test_add_func("/pki/wrong-wishes", test_wrong_wishes);
	g_test_add_func("/pki/clients", test_clients);
	g_test_add_func("/pki/refresh", test_refresh);
	g_test_add_func("/pki/wrong-files", test_wrong_files);
	return g_test_run();
}

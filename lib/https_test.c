/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS between server and client in one loop: who is let in, who is told why not, and what
 * a change of the files does to what is open.
 */
#include "lib/http_server.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include "lib/error.h"
#include "lib/http_client.h"
#include "lib/pki.h"
#include "lib/tls.h"

struct world {
	char *folder;
	struct tls *tls;
	struct http_server *server;
	struct http_client *client;
	char *base;
	struct http_stream *stream;
	unsigned int closed, cuts;
	/* What the client was told. */
	unsigned int answers, errors, status, lines;
	char *body, *error, *last_line, *cut;
};

static void on_closed(void *data)
{
	struct world *w = data;

	w->closed++;
	w->stream = NULL;
}

static gboolean answer_later(void *data)
{
	http_reply_json(data, 200, g_strdup("{\"late\":true}"));
	return G_SOURCE_REMOVE;
}

static void serve(struct http_request *request, const struct http_question *q, void *data)
{
	struct world *w = data;

	if (q->refused)
		http_reply_json(request, 403, g_strdup(q->refused->message));
	else if (strcmp(q->path, "/stream") == 0)
		w->stream = http_stream_open(request, "application/x-ndjson", on_closed, w);
	else if (strcmp(q->path, "/late") == 0)
		g_timeout_add(1, answer_later, request);
	else if (strcmp(q->path, "/big") == 0)
		http_reply(request, 200, NULL, g_strnfill(3000000, 'x'), 3000000, NULL, 0);
	else if (strcmp(q->path, "/size") == 0)
		http_reply_json(request, 200,
				g_strdup_printf("%" G_GSIZE_FORMAT, q->body_size));
	else if (q->peer)
		http_reply_json(request, 200,
				g_strdup_printf("%s %s", pki_kind_to_name(q->peer->kind),
						q->peer->name));
	else
		http_reply_json(request, 200, g_strdup("nobody"));
}

static void issue(struct world *w, enum pki_kind kind, const char *name, int days)
{
	const char *const ips[] = {"127.0.0.1", NULL};
	g_autoptr(GError) error = NULL;

	pki_issue(w->folder,
		  &(struct pki_wish){.kind = kind, .name = name, .days = days, .ips = ips},
		  &error);
	g_assert_no_error(error);
}

static char *file(struct world *w, const char *name, const char *ending)
{
	return g_strdup_printf("%s/%s%s", w->folder, name, ending);
}

static void world_init(struct world *w)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *crt = NULL;
	g_autofree char *key = NULL;
	g_autofree char *ca = NULL;
	g_autofree char *crl = NULL;

	*w = (struct world){.folder = g_dir_make_tmp("weft-https-XXXXXX", NULL)};
	g_assert_true(pki_init(w->folder, "cloud", 0, NULL));
	issue(w, PKI_SERVER, "weftd", 0);
	issue(w, PKI_HOST, "h1", 0);
	issue(w, PKI_HOST, "old", -1);
	crt = file(w, "weftd", ".crt");
	key = file(w, "weftd", ".key");
	ca = file(w, "ca", ".crt");
	crl = file(w, "ca", ".crl");
	w->tls = tls_new(&(struct tls_files){crt, key, ca, crl}, &error);
	g_assert_no_error(error);
	w->server = http_server_new(serve, w);
	http_server_set_tls(w->server, w->tls);
	http_server_listen(w->server, "127.0.0.1:0", &error);
	g_assert_no_error(error);
	w->client = http_client_new();
	w->base = g_strdup_printf("https://127.0.0.1:%u", http_server_get_port(w->server, 0));
}

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

static void world_done(struct world *w)
{
	http_client_free(w->client);
	http_server_free(w->server);
	while (g_main_context_iteration(NULL, FALSE))
		;
	tls_free(w->tls);
	folder_remove(w->folder);
	g_free(w->folder);
	g_free(w->base);
	g_free(w->body);
	g_free(w->error);
	g_free(w->last_line);
	g_free(w->cut);
}

static void on_answer(const struct http_answer *answer, const GError *error, void *data)
{
	struct world *w = data;

	if (answer) {
		w->answers++;
		w->status = answer->status;
		g_free(w->body);
		w->body = g_strdup(answer->body);
	} else {
		w->errors++;
		g_free(w->error);
		w->error = g_strdup(error->message);
	}
}

static void on_line(char *line, gsize size, void *data)
{
	struct world *w = data;

	w->lines++;
	g_free(w->last_line);
	w->last_line = g_strdup(line);
}

static gboolean on_deadline(void *data)
{
	struct world *w = data;

	g_printerr("the loop waited for 10 s: %s %s\n", w->body, w->error);
	abort();
}

static void wait_for(struct world *w, const unsigned int *count, unsigned int wanted)
{
	guint deadline = g_timeout_add_seconds(10, on_deadline, w);

	while (*(const volatile unsigned int *)count < wanted)
		g_main_context_iteration(NULL, TRUE);
	g_source_remove(deadline);
}

/* As NAME, or without a certificate. The client's connections are not kept. */
static void ask(struct world *w, const char *name, const char *path, const char *body)
{
	g_autofree char *url = http_join(w->base, path);
	g_autofree char *ca = file(w, "ca", ".crt");
	g_autofree char *crt = name ? file(w, name, ".crt") : NULL;
	g_autofree char *key = name ? file(w, name, ".key") : NULL;
	g_autofree char *crl = file(w, "ca", ".crl");
	const struct http_tls tls = {ca, crt, key, crl};
	const struct http_ask question = {.method = body ? "POST" : NULL,
					  .url = url,
					  .body = body,
					  .body_size = body ? strlen(body) : 0,
					  .tls = &tls};

	if (strcmp(path, "/stream") == 0)
		http_client_stream(w->client, &question, on_line, on_answer, w);
	else
		http_client_call(w->client, &question, on_answer, w);
}

static void check_answer(struct world *w, const char *name, unsigned int status,
			 const char *text)
{
	unsigned int answers = w->answers;

	ask(w, name, "/", NULL);
	wait_for(w, &w->answers, answers + 1);
	g_assert_cmpuint(w->errors, ==, 0);
	if (!strstr(w->body, text))
		g_error("'%s' is not in '%s'", text, w->body);
	g_assert_cmpuint(w->status, ==, status);
}

static void check_failure(struct world *w, const char *text)
{
	unsigned int errors = w->errors;

	ask(w, NULL, "/", NULL);
	wait_for(w, &w->errors, errors + 1);
	if (!strstr(w->error, text))
		g_error("'%s' is not in '%s'", text, w->error);
}

static void test_who(void)
{
	struct world w;

	world_init(&w);
	check_answer(&w, "h1", 200, "host h1");
	check_answer(&w, NULL, 200, "nobody");
	check_answer(&w, "old", 403, "certificate of host old, serial ");
	check_answer(&w, "old", 403, ": has expired at ");
	check_answer(&w, "h1", 200, "host h1");
	world_done(&w);
}

/* A certificate of another authority, for a host of the same name. */
static void test_other_authority(void)
{
	g_autofree char *ca = NULL;
	struct world w, other;

	world_init(&w);
	world_init(&other);
	ca = file(&w, "ca", ".crt");
	for (unsigned int i = 0; i < 2; i++) {
		static const char *const endings[] = {".crt", ".key"};
		g_autofree char *from = file(&other, "h1", endings[i]);
		g_autofree char *to = file(&w, "h1", endings[i]);

		g_assert_cmpint(g_rename(from, to), ==, 0);
	}
	check_answer(&w, "h1", 403, "is not signed by this cloud's authority");
	/* And the other way: the client does not know the server's. */
	g_free(w.base);
	w.base = g_strdup(other.base);
	check_failure(&w, "server certificate verification failed");
	world_done(&other);
	world_done(&w);
}

static void test_other_name(void)
{
	struct world w;

	world_init(&w);
	g_free(w.base);
	w.base = g_strdup_printf("https://127.0.0.2:%u", http_server_get_port(w.server, 0));
	check_failure(&w, "127.0.0.2");
	g_free(w.base);
	w.base = g_strdup_printf("http://127.0.0.1:%u", http_server_get_port(w.server, 0));
	check_failure(&w, "");
	world_done(&w);
}

static void test_server_expired(void)
{
	struct world w;
	bool changed;

	world_init(&w);
	issue(&w, PKI_SERVER, "weftd", -1);
	g_assert_true(tls_refresh(w.tls, &changed, NULL));
	g_assert_true(changed);
	check_failure(&w, "server certificate verification failed");
	world_done(&w);
}

static void test_server_revoked(void)
{
	unsigned int count;
	struct world w;

	world_init(&w);
	check_answer(&w, NULL, 200, "nobody");
	g_assert_true(pki_revoke(w.folder, "weftd", &count, NULL));
	http_client_free(w.client);
	w.client = http_client_new();
	check_failure(&w, "server certificate verification failed");
	world_done(&w);
}

static void test_revoked(void)
{
	unsigned int count;
	struct world w;
	bool changed;

	world_init(&w);
	check_answer(&w, "h1", 200, "host h1");
	g_assert_true(pki_revoke(w.folder, "h1", &count, NULL));
	g_assert_true(tls_refresh(w.tls, &changed, NULL));
	/* The same connection. */
	check_answer(&w, "h1", 403, ": is revoked");
	/* Another certificate of the host, on a connection of its own. */
	issue(&w, PKI_HOST, "h1", 0);
	check_answer(&w, "h1", 200, "host h1");
	world_done(&w);
}

static void on_cut(const char *client, const GError *why, void *data)
{
	struct world *w = data;

	w->cuts++;
	g_free(w->cut);
	w->cut = g_strdup_printf("%s: %s", client, why->message);
}

static void test_rotation(void)
{
	unsigned int count;
	struct world w;
	bool changed;

	world_init(&w);
	ask(&w, "h1", "/stream", NULL);
	while (!w.stream)
		g_main_context_iteration(NULL, TRUE);
	http_stream_write(w.stream, "one\n", 4);
	wait_for(&w, &w.lines, 1);
	issue(&w, PKI_SERVER, "weftd", 0);
	g_assert_true(tls_refresh(w.tls, &changed, NULL));
	g_assert_true(changed);
	http_server_check_streams(w.server, on_cut, &w);
	check_answer(&w, NULL, 200, "nobody");
	http_stream_write(w.stream, "two\n", 4);
	wait_for(&w, &w.lines, 2);
	g_assert_cmpstr(w.last_line, ==, "two");
	g_assert_cmpuint(w.cuts, ==, 0);
	/* Revoked: it ends, and the reason is there. */
	g_assert_true(pki_revoke(w.folder, "h1", &count, NULL));
	g_assert_true(tls_refresh(w.tls, &changed, NULL));
	http_server_check_streams(w.server, on_cut, &w);
	g_assert_cmpuint(w.cuts, ==, 1);
	g_assert_nonnull(strstr(w.cut, "certificate of host h1, serial "));
	g_assert_nonnull(strstr(w.cut, ": is revoked"));
	wait_for(&w, &w.errors, 1);
	wait_for(&w, &w.closed, 1);
	world_done(&w);
}

/* A certificate that expires while its stream is open. */
static void test_expires(void)
{
	struct pki_wish wish = {.kind = PKI_HOST, .name = "h3", .seconds = 1};
	struct world w;

	world_init(&w);
	g_assert_true(pki_issue(w.folder, &wish, NULL));
	ask(&w, "h3", "/stream", NULL);
	while (!w.stream)
		g_main_context_iteration(NULL, TRUE);
	http_server_check_streams(w.server, on_cut, &w);
	g_assert_cmpuint(w.cuts, ==, 0);
	for (unsigned int i = 0; i < 300 && !w.cuts; i++) {
		g_usleep(10000);
		http_server_check_streams(w.server, on_cut, &w);
	}
	g_assert_nonnull(w.cut);
	g_assert_nonnull(strstr(w.cut, ": has expired at "));
	wait_for(&w, &w.closed, 1);
	wait_for(&w, &w.errors, 1);
	world_done(&w);
}

/* Requests, bodies and answers of every size, at once and late, on few connections. */
static void test_load(void)
{
	static const char *const paths[] = {"/", "/late", "/big", "/size"};
	g_autofree char *body = g_strnfill(500000, 'y');
	struct world w;

	world_init(&w);
	for (unsigned int round = 1; round <= 10; round++) {
		for (unsigned int i = 0; i < 12; i++)
			ask(&w, i % 3 ? "h1" : NULL, paths[i % 4], i % 4 == 3 ? body : NULL);
		wait_for(&w, &w.answers, round * 12);
	}
	g_assert_cmpuint(w.errors, ==, 0);
	ask(&w, "h1", "/size", body);
	wait_for(&w, &w.answers, 121);
	g_assert_cmpstr(w.body, ==, "500000");
	ask(&w, "h1", "/big", NULL);
	wait_for(&w, &w.answers, 122);
	g_assert_cmpuint(strlen(w.body), ==, 3000000);
	world_done(&w);
}

static void test_stream(void)
{
	g_autoptr(GString) line = g_string_new(NULL);
	struct world w;

	world_init(&w);
	ask(&w, "h1", "/stream", NULL);
	while (!w.stream)
		g_main_context_iteration(NULL, TRUE);
	for (unsigned int i = 1; i <= 2000; i++) {
		g_string_printf(line, "%u %*s\n", i, (int)(i * 7 % 3000), "");
		http_stream_write(w.stream, line->str, line->len);
		if (i % 100 == 0)
			wait_for(&w, &w.lines, i);
	}
	g_assert_true(g_str_has_prefix(w.last_line, "2000 "));
	http_stream_close(w.stream);
	wait_for(&w, &w.answers, 1);
	g_assert_cmpuint(w.errors, ==, 0);
	world_done(&w);
}

/* A handshake with PRIORITIES by hand, in the loop: 0 or GnuTLS's error. */
static int handshake(struct world *w, const char *priorities)
{
	g_autofree char *crt = file(w, "h1", ".crt");
	g_autofree char *key = file(w, "h1", ".key");
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port =
					 htons((uint16_t)http_server_get_port(w->server, 0)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;
	int code;

	g_assert_cmpint(connect(fd, (struct sockaddr *)&to, sizeof(to)), ==, 0);
	g_unix_set_fd_nonblocking(fd, TRUE, NULL);
	gnutls_certificate_allocate_credentials(&credentials);
	gnutls_certificate_set_x509_key_file(credentials, crt, key, GNUTLS_X509_FMT_PEM);
	gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
	g_assert_cmpint(gnutls_priority_set_direct(session, priorities, NULL), ==, 0);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(session, fd);
	do {
		g_main_context_iteration(NULL, FALSE);
		code = gnutls_handshake(session);
	} while (code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED);
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(credentials);
	close(fd);
	return code;
}

static void test_version(void)
{
	struct world w;

	world_init(&w);
	g_assert_cmpint(handshake(&w, "NORMAL:-VERS-ALL:+VERS-TLS1.3"), ==, 0);
	g_assert_cmpint(handshake(&w, "NORMAL:-VERS-ALL:+VERS-TLS1.2"), <, 0);
	check_answer(&w, "h1", 200, "host h1");
	world_done(&w);
}

static void test_listen(void)
{
	struct http_server *server = http_server_new(serve, NULL);
	g_autoptr(GError) error = NULL;
	struct world w;

	g_assert_false(http_server_listen(server, "https://127.0.0.1:0", &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
	http_server_free(server);
	g_assert_true(http_is_local("https://127.0.0.1:1"));
	g_assert_false(http_is_local("https://10.0.0.1:1"));
	world_init(&w);
	g_assert_true(http_server_listen(w.server, "http://127.0.0.1:0", NULL));
	g_free(w.base);
	w.base = g_strdup_printf("http://127.0.0.1:%u", http_server_get_port(w.server, 1));
	check_answer(&w, NULL, 200, "nobody");
	world_done(&w);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/https/who", test_who);
	g_test_add_func("/https/other-authority", test_other_authority);
	g_test_add_func("/https/other-name", test_other_name);
	g_test_add_func("/https/server-expired", test_server_expired);
	g_test_add_func("/https/server-revoked", test_server_revoked);
	g_test_add_func("/https/revoked", test_revoked);
	g_test_add_func("/https/rotation", test_rotation);
	g_test_add_func("/https/expires", test_expires);
	g_test_add_func("/https/load", test_load);
	g_test_add_func("/https/stream", test_stream);
	g_test_add_func("/https/version", test_version);
	g_test_add_func("/https/listen", test_listen);
	return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hub and feed over real sockets in one loop. The law: at every commit and at every end the
 * host holds exactly the rows that were true at that revision, wherever and however often
 * the connection was cut.
 */
#include "sync/hub.h"

#include <string.h>
#include "lib/error.h"
#include "lib/http_client.h"
#include "sync/world_fixture.h"

static void law_follow(void)
{
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(world_is_level(&w));
	for (unsigned int i = 0; i < 200; i++) {
		world_change(&w);
		if (i % 7 == 0)
			WAIT_FOR(world_is_level(&w));
	}
	WAIT_FOR(world_is_level(&w));
	g_assert_cmpuint(w.ends, ==, 1);
	g_assert_cmpuint(feed_get_counters(w.feed).bad_lines, ==, 0);
	g_assert_cmpstr(w.complaints->str, ==, "");
	g_assert_cmpstr(w.lives->str, ==, "+h1 ");
	world_done(&w);
}

/* The connection breaks after CUT bytes, and again somewhere, and again. */
static void cut_at(gsize cut, gsize backlog)
{
	struct world w;

	world_init(&w);
	hub_set_backlog(w.hub, backlog);
	proxy_cut_after(w.proxy, cut);
	world_connect(&w, NULL);
	for (unsigned int i = 0; i < 12; i++) {
		if (i >= 3)
			WAIT_FOR(world_is_level(&w) || proxy_count_cuts(w.proxy) > i);
		world_change(&w);
		if (proxy_count_cuts(w.proxy) > 0 && i % 3 == 0)
			proxy_cut_after(w.proxy, (gsize)g_rand_int_range(w.random, 0, 900));
	}
	proxy_cut_after(w.proxy, 100000);
	WAIT_FOR(world_is_level(&w));
	g_assert_cmpuint(feed_get_counters(w.feed).bad_lines, ==, 0);
	world_done(&w);
}

static void law_cut_anywhere(void)
{
	for (gsize cut = 0; cut < 1200; cut += 11)
		cut_at(cut, 1 << 20);
}

static void law_cut_with_short_backlog(void)
{
	for (gsize cut = 0; cut < 1200; cut += 37)
		cut_at(cut, 300);
}

static void law_resume(void)
{
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(world_is_level(&w));
	for (unsigned int i = 1; i <= 5; i++) {
		unsigned int commits = w.commits;

		proxy_cut_after(w.proxy, 0);
		world_change(&w);
		world_change(&w);
		WAIT_FOR(world_is_level(&w) && feed_get_counters(w.feed).resumes == i);
		g_assert_cmpuint(w.commits, ==, commits + 2);
	}
	g_assert_cmpuint(feed_get_counters(w.feed).fulls, ==, 1);
	g_assert_cmpstr(w.lives->str, ==, "+h1 ");
	world_done(&w);
}

static void law_controller_restarts(void)
{
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(world_is_level(&w));
	hub_free(w.hub);
	world_start_hub(&w);
	world_change(&w);
	WAIT_FOR(world_is_level(&w) && w.ends == 2);
	g_assert_cmpuint(feed_get_counters(w.feed).resumes, ==, 0);
	world_done(&w);
}

static void law_beat_tells_the_revision(void)
{
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(world_is_level(&w));
	world_snapshot(&w);
	hub_commit(w.hub,
		   ++w.revision); /* a transaction that was none of this host's business */
	WAIT_FOR(world_is_level(&w));
	g_assert_cmpuint(w.commits, ==, 1);
	world_done(&w);
}

static void law_grace(void)
{
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(world_is_level(&w));
	g_assert_true(hub_is_connected(w.hub, "h1"));
	g_assert_cmpuint(hub_count_connected(w.hub), ==, 1);
	g_clear_pointer(&w.feed, feed_free);
	WAIT_FOR(hub_count_connected(w.hub) == 0);
	g_assert_cmpstr(w.lives->str, ==, "+h1 ");
	WAIT_FOR(strlen(w.lives->str) > 4);
	g_assert_cmpstr(w.lives->str, ==, "+h1 -h1 ");
	/* What happened meanwhile is not lost. */
	world_change(&w);
	w.connects = w.breaks = 0;
	world_connect(&w, NULL);
	WAIT_FOR(world_is_level(&w));
	g_assert_cmpstr(w.lives->str, ==, "+h1 -h1 +h1 ");
	world_done(&w);
}

static void count_line(char *line, gsize size, void *data)
{
	++*(unsigned int *)data;
}

static void count_end(const struct http_answer *answer, const GError *error, void *data)
{
	g_assert_no_error(error);
	*(unsigned int *)data = 1000;
}

/* A second client for the same host takes the place; the first comes back and takes it again. */
static void law_newer_stream_counts(void)
{
	struct http_client *client = http_client_new();
	g_autofree char *url = NULL;
	unsigned int lines = 0;
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(world_is_level(&w));
	url = g_strdup_printf("http://127.0.0.1:%u/weft/v1/hosts/h1/rows?ip=10.99.0.2",
			      http_server_get_port(w.server, 0));
	http_client_stream(client, &(struct http_ask){.url = url}, count_line, count_end,
			   &lines);
	WAIT_FOR(w.breaks == 1 && lines >= 3);
	WAIT_FOR(lines == 1000 && world_is_level(&w));
	world_change(&w);
	WAIT_FOR(world_is_level(&w));
	g_assert_cmpuint(hub_count_connected(w.hub), ==, 1);
	g_assert_cmpstr(w.lives->str, ==, "+h1 ");
	http_client_free(client);
	world_done(&w);
}

static void law_resync(void)
{
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(world_is_level(&w));
	feed_resync(w.feed);
	world_change(&w);
	WAIT_FOR(w.ends == 2 && world_is_level(&w));
	world_done(&w);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sync/follow", law_follow);
	g_test_add_func("/sync/cut-anywhere", law_cut_anywhere);
	g_test_add_func("/sync/cut-with-short-backlog", law_cut_with_short_backlog);
	g_test_add_func("/sync/resume", law_resume);
	g_test_add_func("/sync/controller-restarts", law_controller_restarts);
	g_test_add_func("/sync/beat-tells-the-revision", law_beat_tells_the_revision);
	g_test_add_func("/sync/grace", law_grace);
	g_test_add_func("/sync/newer-stream-counts", law_newer_stream_counts);
	g_test_add_func("/sync/resync", law_resync);
	return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocking writes are fine here: what is relayed is small.
 */
#include "sync/proxy_fixture.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>
#include <glib-unix.h>

struct side {
	struct pair *pair;
	int fd;
	guint source;
};

struct pair {
	struct proxy *proxy;
	struct side client, server;
};

struct proxy {
	int fd;
	guint source;
	unsigned int port, target, cuts;
	GPtrArray *pairs;
	gssize left; /* -1: unlimited */
};

static void pair_free(void *data)
{
	struct pair *pair = data;

	g_source_remove(pair->client.source);
	g_source_remove(pair->server.source);
	close(pair->client.fd);
	close(pair->server.fd);
	g_free(pair);
}

static void proxy_cut(struct proxy *proxy)
{
	proxy->cuts++;
	proxy->left = -1;
	g_ptr_array_set_size(proxy->pairs, 0);
}

static gboolean side_ready(int fd, GIOCondition condition, void *data)
{
	struct side *side = data;
	struct pair *pair = side->pair;
	struct proxy *proxy = pair->proxy;
	bool down = side == &pair->server;
	gsize room = down && proxy->left >= 0 ? (gsize)proxy->left : 4096;
	char buffer[4096];
	ssize_t got = recv(fd, buffer, MIN(room, sizeof(buffer)), 0);

	if (got <= 0) {
		g_ptr_array_remove_fast(proxy->pairs, pair);
		return G_SOURCE_CONTINUE;
	}
	send(down ? pair->client.fd : pair->server.fd, buffer, (size_t)got, MSG_NOSIGNAL);
	if (down && proxy->left >= 0) {
		proxy->left -= got;
		if (proxy->left == 0)
			proxy_cut(proxy);
	}
	return G_SOURCE_CONTINUE;
}

static struct sockaddr_in loopback(unsigned int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static gboolean proxy_ready(int fd, GIOCondition condition, void *data)
{
	struct proxy *proxy = data;
	struct pair *pair = g_new0(struct pair, 1);
	struct sockaddr_in to = loopback(proxy->target);

	pair->proxy = proxy;
	pair->client.pair = pair->server.pair = pair;
	pair->client.fd = accept(fd, NULL, NULL);
	pair->server.fd = socket(AF_INET, SOCK_STREAM, 0);
	g_assert_cmpint(connect(pair->server.fd, (void *)&to, sizeof(to)), ==, 0);
	pair->client.source =
		g_unix_fd_add(pair->client.fd, G_IO_IN | G_IO_HUP, side_ready, &pair->client);
	pair->server.source =
		g_unix_fd_add(pair->server.fd, G_IO_IN | G_IO_HUP, side_ready, &pair->server);
	g_ptr_array_add(proxy->pairs, pair);
	if (proxy->left == 0)
		proxy_cut(proxy);
	return G_SOURCE_CONTINUE;
}

struct proxy *proxy_new(unsigned int port)
{
	struct proxy *proxy = g_new0(struct proxy, 1);
	struct sockaddr_in at = loopback(0);
	socklen_t size = sizeof(at);

	proxy->target = port;
	proxy->left = -1;
	proxy->pairs = g_ptr_array_new_with_free_func(pair_free);
	proxy->fd = socket(AF_INET, SOCK_STREAM, 0);
	g_assert_cmpint(bind(proxy->fd, (void *)&at, sizeof(at)), ==, 0);
	g_assert_cmpint(listen(proxy->fd, 16), ==, 0);
	g_assert_cmpint(getsockname(proxy->fd, (void *)&at, &size), ==, 0);
	proxy->port = ntohs(at.sin_port);
	proxy->source = g_unix_fd_add(proxy->fd, G_IO_IN, proxy_ready, proxy);
	return proxy;
}

void proxy_free(struct proxy *proxy)
{
	if (!proxy)
		return;
	g_ptr_array_unref(proxy->pairs);
	g_source_remove(proxy->source);
	close(proxy->fd);
	g_free(proxy);
}

unsigned int proxy_get_port(const struct proxy *proxy)
{
	return proxy->port;
}

void proxy_cut_after(struct proxy *proxy, gsize bytes)
{
	proxy->left = (gssize)bytes;
	if (bytes == 0 && proxy->pairs->len > 0)
		proxy_cut(proxy);
}

unsigned int proxy_count_cuts(const struct proxy *proxy)
{
	return proxy->cuts;
}

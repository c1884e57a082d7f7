/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets. A unix socket left by a dead process is replaced, one that somebody
 * answers on is not.
 */
#include "lib/http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "lib/error.h"
#include "lib/ip.h"

#define BACKLOG 4096

union endpoint {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un path;
};

const char *http_listen_find_address(const char *where, const char **scheme_out)
{
	static const char *const schemes[] = {"http", "https"};

	*scheme_out = NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
		gsize length = strlen(schemes[i]);

		if (strncmp(where, schemes[i], length) != 0 ||
		    strncmp(where + length, "://", 3) != 0)
			continue;
		*scheme_out = schemes[i];
		return where + length + 3;
	}
	return where;
}

static bool where_parse(const char *text, struct ip *ip, unsigned int *port)
{
	const char *scheme, *where = http_listen_find_address(text, &scheme);
	const char *colon = strrchr(where, ':');
	g_autofree char *address = NULL;
	guint64 number;

	if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &number, NULL))
		return false;
	if (where[0] == '[' && colon > where + 1 && colon[-1] == ']')
		address = g_strndup(where + 1, (gsize)(colon - where) - 2);
	else
		address = g_strndup(where, (gsize)(colon - where));
	if (!ip_parse(address, ip) || (where[0] != '[' && strchr(address, ':')))
		return false;
	*port = (unsigned int)number;
	return true;
}

const char *http_listen_find_path(const char *where)
{
	return g_str_has_prefix(where, "unix:") ? where + strlen("unix:") : NULL;
}

bool http_listen_is_local(const char *where)
{
	unsigned int port;
	struct ip ip;

	if (http_listen_find_path(where))
		return true;
	if (!where_parse(where, &ip, &port))
		return false;
	if (ip_is_v4(ip))
		return ip_to_v4(ip) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)(const void *)ip.b);
}

static socklen_t endpoint_from_ip(struct ip ip, unsigned int port, union endpoint *out)
{
	memset(out, 0, sizeof(*out));
	if (ip_is_v4(ip)) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons((uint16_t)port);
		out->v4.sin_addr.s_addr = htonl(ip_to_v4(ip));
		return sizeof(out->v4);
	}
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons((uint16_t)port);
	memcpy(&out->v6.sin6_addr, ip.b, sizeof(ip.b));
	return sizeof(out->v6);
}

static bool endpoint_from_path(const char *path, union endpoint *out)
{
	memset(out, 0, sizeof(*out));
	out->path.sun_family = AF_UNIX;
	return *path && g_strlcpy(out->path.sun_path, path, sizeof(out->path.sun_path)) <
				sizeof(out->path.sun_path);
}

static void stale_socket_remove(const union endpoint *endpoint)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat info;

	if (fd < 0)
		return;
	if (stat(endpoint->path.sun_path, &info) == 0 && S_ISSOCK(info.st_mode) &&
	    connect(fd, &endpoint->any, sizeof(endpoint->path)) < 0 && errno == ECONNREFUSED)
		unlink(endpoint->path.sun_path);
	close(fd);
}

static int listen_on(const union endpoint *endpoint, socklen_t size, const char *where,
		     GError **error)
{
	int family = endpoint->any.sa_family, one = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd >= 0 && family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (fd >= 0 && bind(fd, &endpoint->any, size) == 0 &&
	    (family != AF_UNIX || chmod(endpoint->path.sun_path, 0660) == 0) &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
		    "listen: cannot listen on '%s': %s", where, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Every connection is a descriptor, and the usual soft limit is 1024. */
static void file_limit_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int http_listen_open(const char *where, unsigned int *port_out, GError **error)
{
	const char *path = http_listen_find_path(where);
	union endpoint endpoint;
	unsigned int port = 0;
	socklen_t size;
	struct ip ip;
	int fd;

	if (path ? !endpoint_from_path(path, &endpoint) : !where_parse(where, &ip, &port)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "listen: '%s' is not ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH",
			    where);
		return -1;
	}
	size = path ? sizeof(endpoint.path) : endpoint_from_ip(ip, port, &endpoint);
	if (path)
		stale_socket_remove(&endpoint);
	file_limit_raise();
	fd = listen_on(&endpoint, size, where, error);
	if (fd < 0)
		return -1;
	if (!path && getsockname(fd, &endpoint.any, &size) == 0)
		port = ntohs(ip_is_v4(ip) ? endpoint.v4.sin_port : endpoint.v6.sin6_port);
	*port_out = port;
	return fd;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The ring's descriptor is an epoll: it becomes readable when there is something. */
#include "agent/punt.h"

#include <errno.h>
#include <unistd.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <bpf/libbpf.h>

#include "lib/error.h"
#include "lib/privilege.h"

struct punt {
	struct ring_buffer *ring;
	int socket;
	guint source;
	punt_handler handler;
	void *data;
};

static int ring_event(void *context, void *data, size_t size)
{
	const struct punt_event *event = data;
	struct punt *punt = context;

	if (size >= G_STRUCT_OFFSET(struct punt_event, frame) &&
	    event->size <= size - G_STRUCT_OFFSET(struct punt_event, frame) &&
	    event->size <= LIM_PUNT_FRAME)
		punt->handler(event->kind, event->slot, event->frame, event->size, punt->data);
	return 0;
}

static gboolean ring_ready(gint fd, GIOCondition condition, gpointer data)
{
	struct punt *punt = data;

	ring_buffer__consume(punt->ring);
	return G_SOURCE_CONTINUE;
}

struct punt *punt_new(int ring_fd, punt_handler handler, void *data, GError **error)
{
	struct punt *punt = g_new0(struct punt, 1);

	punt->handler = handler;
	punt->data = data;
	/* Protocol 0: it sends, and no packet is ever queued to it. */
	privilege_raise(CAP_NET_RAW);
	punt->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	privilege_lower(CAP_NET_RAW);
	/* A reply does not wait for the queue of a device that has just come up. */
	setsockopt(punt->socket, SOL_PACKET, PACKET_QDISC_BYPASS, &(int){1}, sizeof(int));
	punt->ring = ring_buffer__new(ring_fd, ring_event, punt, NULL);
	if (punt->socket < 0 || !punt->ring) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "%s: %s",
			    punt->ring ? "packet socket" : "map punt", g_strerror(errno));
		punt_free(punt);
		return NULL;
	}
	punt->source =
		g_unix_fd_add(ring_buffer__epoll_fd(punt->ring), G_IO_IN, ring_ready, punt);
	return punt;
}

void punt_free(struct punt *punt)
{
	if (!punt)
		return;
	if (punt->source)
		g_source_remove(punt->source);
	if (punt->ring)
		ring_buffer__free(punt->ring);
	if (punt->socket >= 0)
		close(punt->socket);
	g_free(punt);
}

bool punt_send(struct punt *punt, uint32_t ifindex, const uint8_t *frame, gsize size,
	       GError **error)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)ifindex};

	if (sendto(punt->socket, frame, size, 0, (struct sockaddr *)&to, sizeof(to)) ==
	    (ssize_t)size)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "device %u: cannot send: %s",
		    ifindex, g_strerror(errno));
	return false;
}

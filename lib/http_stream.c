/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream suspends its connection whenever its queue is empty. The daemon does not poll
 * a suspended connection, so hang-ups are seen by an epoll of our own; a stream is ended
 * by shutting its socket down, which the daemon then finds by itself.
 */
#include "lib/http_stream.h"

#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <glib-unix.h>
#include "lib/http_peer.h"

#define STREAM_BLOCK 512 /* a chunked body is not copied by way of it */
#define HANGUPS_ONCE 64
/* Whose power was cut hangs nothing up: what is written to it is sent again for a quarter of an hour. */
#define DEAD_MS	     20000

struct chunk {
	GRefString *text;
	gsize size;
};

/* Owned by its response; the user's hold ends with http_stream_close or `closed`. */
struct http_stream {
	struct http_streams *streams; /* NULL: not listed */
	struct MHD_Connection *connection;
	GList link;
	GArray *chunks; /* of struct chunk; those before `first` are sent */
	guint first;
	gsize offset; /* into the first */
	gsize queued;
	gsize queue_max;
	http_stream_closed closed; /* NULL: told, or not wanted any more */
	void *data;
	char *client;
	int fd;
	bool suspended;
	bool ending;
	bool cut;
};

static void chunk_clear(void *data)
{
	g_ref_string_release(((struct chunk *)data)->text);
}

static void stream_wake(struct http_stream *stream)
{
	if (!stream->suspended)
		return;
	stream->suspended = false;
	++*stream->streams->resumed;
	MHD_resume_connection(stream->connection);
}

static void stream_cut(struct http_stream *stream)
{
	if (stream->cut)
		return;
	stream->cut = true;
	if (stream->fd >= 0)
		shutdown(stream->fd, SHUT_RDWR);
	stream_wake(stream);
}

static gboolean streams_hang_up(int fd, GIOCondition condition, void *data)
{
	struct http_streams *streams = data;
	struct epoll_event events[HANGUPS_ONCE];
	int count = epoll_wait(streams->hangups, events, HANGUPS_ONCE, 0);

	for (int i = 0; i < count; i++)
		stream_cut(events[i].data.ptr);
	return G_SOURCE_CONTINUE;
}

bool http_streams_init(struct http_streams *streams, guint *resumed)
{
	streams->resumed = resumed;
	g_queue_init(&streams->open);
	streams->hangups = epoll_create1(EPOLL_CLOEXEC);
	if (streams->hangups < 0)
		return false;
	streams->source = g_unix_fd_add(streams->hangups, G_IO_IN, streams_hang_up, streams);
	return true;
}

void http_streams_done(struct http_streams *streams)
{
	for (GList *link = streams->open.head; link; link = link->next)
		stream_cut(link->data);
	if (streams->hangups >= 0)
		close(streams->hangups);
	streams->hangups = -1;
	g_clear_handle_id(&streams->source, g_source_remove);
}

void http_streams_check(struct http_streams *streams, http_stream_cut cut, void *data)
{
	for (GList *link = streams->open.head; link; link = link->next) {
		struct http_stream *stream = link->data;
		const struct http_peer *peer =
			stream->cut ? NULL : http_peer_find(stream->connection);

		if (!peer || !peer->refused)
			continue;
		if (cut)
			cut(stream->client, peer->refused, data);
		stream_cut(stream);
	}
}

/* The last words: the response is gone, so is the stream. */
static void stream_free(void *data)
{
	struct http_stream *stream = data;

	if (stream->streams) {
		g_queue_unlink(&stream->streams->open, &stream->link);
		if (stream->fd >= 0 && stream->streams->hangups >= 0)
			epoll_ctl(stream->streams->hangups, EPOLL_CTL_DEL, stream->fd, NULL);
	}
	if (stream->closed)
		stream->closed(stream->data);
	g_array_unref(stream->chunks);
	g_free(stream->client);
	g_free(stream);
}

static gboolean stream_free_later(void *data)
{
	stream_free(data);
	return G_SOURCE_REMOVE;
}

struct http_stream *http_stream_new(struct http_streams *streams,
				    struct MHD_Connection *connection, const char *client,
				    http_stream_closed closed, void *data)
{
	struct http_stream *stream = g_new0(struct http_stream, 1);
	struct epoll_event event = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = stream};

	stream->chunks = g_array_new(FALSE, FALSE, sizeof(struct chunk));
	g_array_set_clear_func(stream->chunks, chunk_clear);
	stream->closed = closed;
	stream->data = data;
	stream->fd = -1;
	stream->connection = connection;
	stream->client = g_strdup(client);
	if (!connection) {
		stream->cut = true;
		g_idle_add(stream_free_later, stream);
		return stream;
	}
	stream->streams = streams;
	stream->queue_max = streams->queue_max;
	stream->link.data = stream;
	g_queue_push_tail_link(&streams->open, &stream->link);
	stream->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
			     ->connect_fd;
	setsockopt(stream->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &(unsigned int){DEAD_MS},
		   sizeof(unsigned int));
	if (epoll_ctl(streams->hangups, EPOLL_CTL_ADD, stream->fd, &event) < 0)
		stream_cut(stream);
	return stream;
}

static gsize stream_take(struct http_stream *stream, char *buffer, gsize room)
{
	gsize taken = 0;

	while (taken < room && stream->first < stream->chunks->len) {
		const struct chunk *chunk =
			&g_array_index(stream->chunks, struct chunk, stream->first);
		gsize size = MIN(room - taken, chunk->size - stream->offset);

		memcpy(buffer + taken, chunk->text + stream->offset, size);
		taken += size;
		stream->offset += size;
		if (stream->offset == chunk->size) {
			stream->offset = 0;
			stream->first++;
		}
	}
	/* Removing from the front moves the rest: only when that is the smaller half. */
	if (stream->first * 2 >= stream->chunks->len) {
		g_array_remove_range(stream->chunks, 0, stream->first);
		stream->first = 0;
	}
	stream->queued -= taken;
	return taken;
}

static ssize_t stream_read(void *data, uint64_t position, char *buffer, size_t room)
{
	struct http_stream *stream = data;

	if (stream->cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (stream->queued > 0)
		return (ssize_t)stream_take(stream, buffer, room);
	if (stream->ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	stream->suspended = true;
	MHD_suspend_connection(stream->connection);
	return 0;
}

struct MHD_Response *http_stream_to_response(struct http_stream *stream)
{
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read,
						 stream, stream_free);
}

void http_stream_write_shared(struct http_stream *stream, GRefString *text)
{
	struct chunk chunk = {.text = text, .size = g_ref_string_length(text)};

	if (stream->cut || stream->ending || chunk.size == 0)
		return;
	if (stream->queued + chunk.size > stream->queue_max) {
		stream_cut(stream);
		return;
	}
	g_ref_string_acquire(text);
	g_array_append_val(stream->chunks, chunk);
	stream->queued += chunk.size;
	stream_wake(stream);
}

void http_stream_write(struct http_stream *stream, const char *text, gsize size)
{
	g_autoptr(GRefString) copy = g_ref_string_new_len(text, (gssize)size);

	http_stream_write_shared(stream, copy);
}

void http_stream_set_max(struct http_stream *stream, gsize bytes)
{
	stream->queue_max = bytes;
}

gsize http_stream_get_queued(const struct http_stream *stream)
{
	return stream->queued;
}

void http_stream_close(struct http_stream *stream)
{
	stream->closed = NULL;
	stream->ending = true;
	stream_wake(stream);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines: first {"host", "port", "name", "device"}, then a packet each, and {"lost": N} when N
 * packets could not be shown. Captures run on programs of their own (programs.h), which are in
 * place from the first client's coming to the last one's going.
 */
#include "agent/watch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <jansson.h>

#include "agent/agent.h"
#include "agent/follow.h"
#include "agent/ports.h"
#include "agent/reason.h"
#include "agent/sample.h"
#include "agent/tuple.h"
#include "lib/error.h"
#include "lib/http_server.h"
#include "lib/log.h"

#define MODULE	     "watch"
#define QUEUE_MAX    (4u << 20) /* bytes a client may be behind before it loses packets */
#define CAPTURES_MAX 16
#define LOST_SECONDS 1

struct watch {
	struct agent *agent;
	struct sample *sample;
	GPtrArray *clients; /* struct watcher */
	guint timer;
};

struct watcher {
	struct watch *watch;
	struct http_stream *stream;
	uint32_t kinds;
	uint32_t slot; /* of a capture */
	uint32_t size;
	char *port;	/* drops: only of this id or name; NULL: all */
	uint8_t reason; /* drops: only these; 0: all */
	struct tuple tuple;
	uint64_t lost_before; /* as counted by the kernel */
	uint64_t lost;	      /* and here, not yet told */
};

static bool is_capture(const struct watcher *watcher)
{
	return !(watcher->kinds & 1u << SAMPLE_DROP);
}

static GError *refuse(enum weft_error code, const char *what, const char *value,
		      const char *why)
{
	return g_error_new(WEFT_ERROR, code, "%s %.64s: %s", what, value ? value : "", why);
}

/* ---------------------------------------------------------------- lines */

static void line_write(struct watcher *watcher, json_t *line)
{
	g_autofree char *text = json_dumps(line, JSON_COMPACT);
	g_autofree char *ended = g_strconcat(text, "\n", NULL);

	http_stream_write(watcher->stream, ended, strlen(ended));
	json_decref(line);
}

static void put_uuid(json_t *out, const char *name, struct uuid id)
{
	char text[UUID_TEXT];

	json_object_set_new(out, name, json_string(uuid_print(id, text)));
}

static json_t *bytes_to_hex(const uint8_t *bytes, gsize size)
{
	static const char digits[] = "0123456789abcdef";
	g_autofree char *text = g_malloc(size * 2 + 1);

	for (gsize i = 0; i < size; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return json_stringn(text, size * 2);
}

int64_t watch_real_time(uint64_t monotonic)
{
	struct timespec real, mono;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	return (int64_t)monotonic +
	       (real.tv_sec - mono.tv_sec) * G_GINT64_CONSTANT(1000000000) + real.tv_nsec -
	       mono.tv_nsec;
}

/* SIZE: so many bytes of the frame at most. */
static json_t *event_line(const struct sample_event *event, const struct wire *wire,
			  uint32_t size)
{
	static const char *const kinds[] = {"", "drop", "before", "after"};
	const struct reason *reason =
		event->kind == SAMPLE_DROP ? reason_find(event->reason) : NULL;
	json_t *out = json_object();

	json_object_set_new(out, "time", json_integer(watch_real_time(event->time)));
	json_object_set_new(out, "kind", json_string(kinds[event->kind]));
	if (wire)
		put_uuid(out, "port", wire->id);
	if (wire && wire->port)
		json_object_set_new(out, "name", json_string(wire->port->name));
	if (reason) {
		json_object_set_new(out, "reason", json_string(reason->name));
		json_object_set_new(out, "sentence", json_string(reason->sentence));
	}
	json_object_set_new(out, "direction",
			    json_string(event->flags & SAMPLE_RECEIVED ? "received" : "sent"));
	json_object_set_new(out, "length", json_integer(event->length));
	json_object_set_new(out, "frame", bytes_to_hex(event->frame, MIN(event->size, size)));
	return out;
}

static bool is_named(const struct wire *wire, const char *text)
{
	char id[UUID_TEXT];

	return wire && (strcmp(uuid_print(wire->id, id), text) == 0 ||
			(wire->port && g_strcmp0(wire->port->name, text) == 0));
}

static bool wants(const struct watcher *watcher, const struct sample_event *event,
		  const struct wire *wire)
{
	if (!(watcher->kinds & 1u << event->kind))
		return false;
	if (is_capture(watcher))
		return watcher->slot == event->slot &&
		       tuple_match(&watcher->tuple, event->frame, event->size);
	return (!watcher->reason || watcher->reason == event->reason) &&
	       (!watcher->port || is_named(wire, watcher->port));
}

static void event_shown(const struct sample_event *event, void *data)
{
	struct watch *watch = data;
	const struct wire *wire = state_find_slot(watch->agent->state, event->slot);

	if (event->kind == SAMPLE_OPEN || event->kind == SAMPLE_DENY)
		follow_event(watch->agent->follow, event);
	if (event->kind < SAMPLE_DROP || event->kind > SAMPLE_AFTER)
		return;
	for (guint i = 0; i < watch->clients->len; i++) {
		struct watcher *watcher = watch->clients->pdata[i];

		if (!wants(watcher, event, wire))
			continue;
		if (http_stream_get_queued(watcher->stream) > QUEUE_MAX)
			watcher->lost++;
		else
			line_write(watcher, event_line(event, wire, watcher->size));
	}
}

/* ----------------------------------------------------------------- lost */

struct lost_sum {
	const struct watcher *watcher;
	uint64_t lost;
};

static void lost_add(const struct wire *wire, void *data)
{
	struct lost_sum *sum = data;

	if (!sum->watcher->port || is_named(wire, sum->watcher->port))
		sum->lost += sample_get_lost(sum->watcher->watch->sample, wire->slot).packets;
}

static uint64_t lost_count(const struct watcher *watcher)
{
	const struct watch *watch = watcher->watch;
	struct lost_sum sum = {watcher, 0};

	if (is_capture(watcher))
		return sample_get_lost(watch->sample, watcher->slot).packets;
	state_foreach_wire(watch->agent->state, lost_add, &sum);
	return sum.lost + (watcher->port ? 0 : sample_get_lost(watch->sample, 0).packets);
}

uint64_t watch_get_untold(const struct watch *watch, uint32_t slot)
{
	return sample_get_lost(watch->sample, slot).flows;
}

static gboolean lost_tell(gpointer data)
{
	struct watch *watch = data;

	for (guint i = 0; i < watch->clients->len; i++) {
		struct watcher *watcher = watch->clients->pdata[i];
		uint64_t now = lost_count(watcher);

		/* A port that went takes its count along. */
		if (now > watcher->lost_before)
			watcher->lost += now - watcher->lost_before;
		watcher->lost_before = now;
		if (watcher->lost)
			line_write(watcher,
				   json_pack("{s:I}", "lost", (json_int_t)watcher->lost));
		watcher->lost = 0;
	}
	return G_SOURCE_CONTINUE;
}

/* -------------------------------------------------------------- clients */

gsize watch_count_captures(const struct watch *watch)
{
	gsize count = 0;

	for (guint i = 0; i < watch->clients->len; i++)
		count += is_capture(watch->clients->pdata[i]);
	return count;
}

gsize watch_count_drops(const struct watch *watch)
{
	return watch->clients->len - watch_count_captures(watch);
}

/* A frame's headers at least, for who chooses by them; who wants less is given less (event_line). */
void watch_wish(struct watch *watch, uint32_t slot)
{
	uint32_t kinds = follow_get_kinds(watch->agent->follow, slot);
	uint32_t size = LIM_SAMPLE_SHORT;

	for (guint i = 0; i < watch->clients->len; i++) {
		const struct watcher *watcher = watch->clients->pdata[i];

		if (watcher->slot != slot)
			continue;
		kinds |= watcher->kinds;
		size = MAX(size, watcher->size);
	}
	sample_want(watch->sample, slot, kinds, size);
}

static void programs_follow(struct watch *watch)
{
	struct agent *agent = watch->agent;
	GError *error = NULL;

	if (watch_count_captures(watch) || !programs_is_capturing(agent->programs))
		return;
	programs_capture(agent->programs, false, NULL);
	if (agent_hook(agent, &error)) {
		log_info(MODULE, "%s: nobody captures any more", agent->options->host);
		return;
	}
	log_error(MODULE, "%s: %s", agent->options->host, error->message);
	g_error_free(error);
}

static void watcher_free(gpointer data)
{
	struct watcher *watcher = data;

	g_free(watcher->port);
	g_free(watcher);
}

static void client_gone(void *data)
{
	struct watcher *watcher = data;
	struct watch *watch = watcher->watch;
	uint32_t slot = watcher->slot;

	log_info(MODULE, "%s: a %s has ended", watch->agent->options->host,
		 is_capture(watcher) ? "capture" : "view of drops");
	g_ptr_array_remove_fast(watch->clients, watcher);
	watch_wish(watch, slot);
	programs_follow(watch);
}

static void client_add(struct watch *watch, struct watcher *watcher,
		       struct http_request *request, json_t *first)
{
	log_info(MODULE, "%s: a %s has begun", watch->agent->options->host,
		 is_capture(watcher) ? "capture" : "view of drops");
	watcher->watch = watch;
	watcher->lost_before = lost_count(watcher);
	watcher->stream =
		http_stream_open(request, "application/x-ndjson", client_gone, watcher);
	g_ptr_array_add(watch->clients, watcher);
	watch_wish(watch, watcher->slot);
	line_write(watcher, first);
}

GError *watch_drops(struct watch *watch, struct http_request *request,
		    const struct http_question *question)
{
	const char *name = http_question_find(question, "reason");
	const struct reason *reason = name ? reason_find_name(name) : NULL;
	struct watcher *watcher;

	if (name && !reason)
		return refuse(WEFT_ERROR_INVALID, "reason", name, "not known");
	watcher = g_new0(struct watcher, 1);
	watcher->kinds = 1u << SAMPLE_DROP;
	watcher->size = LIM_SAMPLE_SHORT;
	watcher->reason = reason ? reason->number : 0;
	watcher->port = g_strdup(http_question_find(question, "port"));
	client_add(watch, watcher, request,
		   json_pack("{s:s}", "host", watch->agent->options->host));
	return NULL;
}

struct search {
	const char *text;
	const struct wire *found;
	guint count;
};

static void search_visit(const struct wire *wire, void *data)
{
	struct search *search = data;

	if (is_named(wire, search->text)) {
		search->found = wire;
		search->count++;
	}
}

static GError *port_find(const struct watch *watch, const char *text, const struct wire **out)
{
	struct search search = {.text = text ? text : ""};

	state_foreach_wire(watch->agent->state, search_visit, &search);
	*out = search.found;
	if (search.count == 1)
		return NULL;
	return search.count ? refuse(WEFT_ERROR_CONFLICT, "port", text,
				     "several have this name, give its id")
			    : refuse(WEFT_ERROR_NOT_FOUND, "port", text,
				     "not attached on this host");
}

static GError *capture_read(const struct http_question *question, struct watcher *out)
{
	const char *size = http_question_find(question, "size");
	guint64 bytes = LIM_SAMPLE_LONG;
	GError *error = NULL;

	if (http_question_find(question, "before"))
		out->kinds |= 1u << SAMPLE_BEFORE;
	if (http_question_find(question, "after"))
		out->kinds |= 1u << SAMPLE_AFTER;
	if (!out->kinds)
		out->kinds = 1u << SAMPLE_BEFORE | 1u << SAMPLE_AFTER;
	if (size && !g_ascii_string_to_unsigned(size, 10, 14, LIM_SAMPLE_LONG, &bytes, NULL))
		return refuse(WEFT_ERROR_INVALID, "size", size,
			      "not a number from 14 to " G_STRINGIFY(LIM_SAMPLE_LONG));
	out->size = (uint32_t)bytes;
	tuple_parse(http_question_find(question, "proto"), http_question_find(question, "host"),
		    http_question_find(question, "l4port"), &out->tuple, &error);
	return error;
}

static json_t *capture_first(const struct watch *watch, const struct wire *wire)
{
	const struct ports_device *device = ports_find(watch->agent->ports, wire->id);
	json_t *out = json_pack("{s:s}", "host", watch->agent->options->host);

	put_uuid(out, "port", wire->id);
	json_object_set_new(out, "name", json_string(wire->port ? wire->port->name : ""));
	json_object_set_new(out, "device", json_string(device ? device->link.name : ""));
	return out;
}

GError *watch_capture(struct watch *watch, struct http_request *request,
		      const struct http_question *question)
{
	struct agent *agent = watch->agent;
	struct watcher wish = {0};
	const struct wire *wire;
	GError *error = port_find(watch, http_question_find(question, "port"), &wire);

	if (!error)
		error = capture_read(question, &wish);
	if (!error && watch_count_captures(watch) >= CAPTURES_MAX)
		error = refuse(WEFT_ERROR_EXHAUSTED, "capture", NULL,
			       "as many as there may be");
	if (!error && !programs_is_capturing(agent->programs) &&
	    programs_capture(agent->programs, true, &error) && !agent_hook(agent, &error))
		programs_capture(agent->programs, false, NULL);
	if (error)
		return error;
	wish.slot = wire->slot;
	client_add(watch, g_memdup2(&wish, sizeof(wish)), request, capture_first(watch, wire));
	return NULL;
}

void watch_slot_gone(struct watch *watch, uint32_t slot)
{
	for (guint i = 0; watch && slot && i < watch->clients->len;) {
		struct watcher *watcher = watch->clients->pdata[i];

		if (!is_capture(watcher) || watcher->slot != slot) {
			i++;
			continue;
		}
		http_stream_close(watcher->stream);
		client_gone(watcher);
	}
}

struct watch *watch_new(struct agent *agent, GError **error)
{
	struct watch *watch = g_new0(struct watch, 1);

	watch->agent = agent;
	watch->clients = g_ptr_array_new_with_free_func(watcher_free);
	watch->sample = sample_new(agent->programs, event_shown, watch, error);
	if (!watch->sample) {
		watch_free(watch);
		return NULL;
	}
	watch->timer = g_timeout_add_seconds(LOST_SECONDS, lost_tell, watch);
	return watch;
}

/* After the local server, which has cut the streams. */
void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	if (watch->timer)
		g_source_remove(watch->timer);
	sample_free(watch->sample);
	g_ptr_array_unref(watch->clients);
	g_free(watch);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway prints {"result":{...,"events":[{...},{...}],...}} without a blank. A quote within
 * a text is escaped, so what is looked for is found nowhere else. A line that is printed in
 * another way is one piece: all of its events are in what is left of it.
 */
#include "store/etcd_events.h"

#include <string.h>

#define BEGIN "\"events\":["

struct etcd_events {
	char *text;
	gsize size;
	gsize first; /* where the events begin; 0: not found */
	gsize at;    /* of the next one */
};

struct etcd_events *etcd_events_new(const char *line, gsize size)
{
	struct etcd_events *events = g_new0(struct etcd_events, 1);
	const char *begin;

	events->text = g_malloc(size + 1);
	memcpy(events->text, line, size);
	events->text[size] = '\0';
	events->size = size;
	begin = strstr(events->text, BEGIN);
	if (begin)
		events->first = events->at = (gsize)(begin - events->text) + strlen(BEGIN);
	return events;
}

void etcd_events_free(struct etcd_events *events)
{
	if (!events)
		return;
	g_free(events->text);
	g_free(events);
}

/* The end of the text that begins behind the quote before FROM. */
static const char *skip_text(const char *from)
{
	while (*from && *from != '"')
		from += *from == '\\' && from[1] ? 2 : (gssize)MAX(strcspn(from, "\"\\"), 1);
	return from;
}

/* The length of the object at FROM, 0 when it does not end. */
static gsize measure_object(const char *from)
{
	const char *place = from;
	unsigned int depth = 0;

	for (; *place; place++) {
		place += strcspn(place, "{}\"");
		if (*place == '"') {
			place = skip_text(place + 1);
		} else if (*place == '{') {
			depth++;
		} else if (*place == '}' && --depth == 0) {
			return (gsize)(place - from) + 1;
		}
		if (!*place)
			break;
	}
	return 0;
}

json_t *etcd_events_next(struct etcd_events *events)
{
	const char *place = events->text + events->at;
	gsize length;

	if (!events->first)
		return NULL;
	if (*place == ',')
		place++;
	length = *place == '{' ? measure_object(place) : 0;
	if (!length)
		return NULL;
	events->at = (gsize)(place - events->text) + length;
	return json_loadb(place, length, 0, NULL);
}

json_t *etcd_events_finish(struct etcd_events *events)
{
	if (events->first) {
		memmove(events->text + events->first, events->text + events->at,
			events->size - events->at + 1);
		events->size -= events->at - events->first;
	}
	return json_loadb(events->text, events->size, 0, NULL);
}

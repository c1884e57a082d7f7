/* SPDX-License-Identifier: Apache-2.0 */
/* One voice a (port, router's MAC); those of a host, a few thousand, are simply looked through. */
#include "agent/ra_clock.h"

#include <string.h>

#define SECOND 1000000

struct voice {
	uint32_t slot; /* slot, network and MAC are the key */
	uint32_t vni;
	struct mac mac;
	guint version;
	guint soon;   /* times still to speak at short intervals */
	bool final;   /* it says goodbye, and is forgotten after the last of them */
	bool seen;    /* between begin and end */
	int64_t last; /* 0: has not spoken */
	int64_t next;
};

struct ra_clock {
	GHashTable *voices; /* struct voice, a set */
	uint32_t vni;	    /* between begin and end */
};

static guint voice_hash(gconstpointer data)
{
	const struct voice *voice = data;
	guint hash = voice->slot * 31 + voice->vni;

	for (gsize i = 0; i < sizeof(voice->mac.b); i++)
		hash = hash * 31 + voice->mac.b[i];
	return hash;
}

static gboolean voice_same(gconstpointer a, gconstpointer b)
{
	const struct voice *left = a, *right = b;

	return left->slot == right->slot && left->vni == right->vni &&
	       mac_equal(left->mac, right->mac);
}

struct ra_clock *ra_clock_new(void)
{
	struct ra_clock *clock = g_new0(struct ra_clock, 1);

	clock->voices = g_hash_table_new_full(voice_hash, voice_same, g_free, NULL);
	return clock;
}

void ra_clock_free(struct ra_clock *clock)
{
	if (!clock)
		return;
	g_hash_table_unref(clock->voices);
	g_free(clock);
}

/* Starts a series of RA_TIMES; RFC 4861 section 10 has multicasts some seconds apart. */
static void voice_start(struct voice *voice, bool final, int64_t now)
{
	voice->final = final;
	voice->soon = RA_TIMES;
	voice->next = voice->last ? MAX(now, voice->last + RA_APART * SECOND) : now;
}

void ra_clock_begin(struct ra_clock *clock, uint32_t vni)
{
	GHashTableIter iter;
	gpointer voice;

	clock->vni = vni;
	g_hash_table_iter_init(&iter, clock->voices);
	while (g_hash_table_iter_next(&iter, &voice, NULL))
		((struct voice *)voice)->seen = false;
}

void ra_clock_add(struct ra_clock *clock, uint32_t slot, struct mac mac, guint version,
		  int64_t now)
{
	struct voice key = {.slot = slot, .vni = clock->vni, .mac = mac};
	struct voice *voice = g_hash_table_lookup(clock->voices, &key);

	if (voice && !voice->final && voice->version == version) {
		voice->seen = true;
		return;
	}
	if (!voice) {
		voice = g_memdup2(&key, sizeof(key));
		g_hash_table_add(clock->voices, voice);
	}
	voice->version = version;
	voice->seen = true;
	voice_start(voice, false, now);
}

void ra_clock_end(struct ra_clock *clock,
		  bool (*present)(uint32_t slot, uint32_t vni, void *data), void *data,
		  int64_t now)
{
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, clock->voices);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		struct voice *voice = key;

		if (voice->vni != clock->vni || voice->seen)
			continue;
		if (!present(voice->slot, voice->vni, data))
			g_hash_table_iter_remove(&iter);
		else if (!voice->final)
			voice_start(voice, true, now);
	}
}

/* Seconds between the two, at random. */
static int64_t between(int64_t min, int64_t max)
{
	return g_random_int_range((gint32)(min * 1000), (gint32)(max * 1000) + 1) *
	       (int64_t)(SECOND / 1000);
}

/* False: it has said its last. */
static bool voice_again(struct voice *voice, int64_t now)
{
	int64_t wait = between(RA_INTERVAL_MIN, RA_INTERVAL_MAX);

	voice->last = now;
	if (voice->soon)
		voice->soon--;
	if (voice->final && !voice->soon)
		return false;
	if (voice->final)
		wait = RA_APART * SECOND;
	else if (voice->soon)
		wait = MIN(wait, between(RA_APART, RA_INITIAL_MAX));
	voice->next = now + wait;
	return true;
}

int64_t ra_clock_run(struct ra_clock *clock, ra_speak speak, void *data, int64_t now)
{
	GHashTableIter iter;
	guint spoken = 0;
	gpointer key;

	g_hash_table_iter_init(&iter, clock->voices);
	while (spoken < RA_BURST && g_hash_table_iter_next(&iter, &key, NULL)) {
		struct voice *voice = key;

		if (voice->next > now)
			continue;
		spoken++;
		speak(voice->slot, voice->vni, voice->mac, voice->final, data);
		if (!voice_again(voice, now))
			g_hash_table_iter_remove(&iter);
	}
	return ra_clock_next(clock);
}

int64_t ra_clock_next(const struct ra_clock *clock)
{
	GHashTableIter iter;
	int64_t next = 0;
	gpointer key;

	g_hash_table_iter_init(&iter, clock->voices);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const struct voice *voice = key;

		if (!next || voice->next < next)
			next = voice->next;
	}
	return next;
}

gsize ra_clock_count(const struct ra_clock *clock)
{
	return g_hash_table_size(clock->voices);
}

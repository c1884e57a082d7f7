/* SPDX-License-Identifier: Apache-2.0 */
/* See age.h. Timeouts: RFC 5382 for TCP, RFC 4787 for UDP, RFC 5508 for ICMP. */
#include "agent/age.h"

#include <errno.h>
#include <string.h>
#include <netinet/in.h>
#include <bpf/bpf.h>

#include "agent/jiffies.h"
#include "agent/share.h"

#define SWEEP_SECONDS	     5
#define TIGHT_SECONDS	     10 /* of an unanswered one, where the port has many */
#define TIGHT_CLOSED_SECONDS 2
#define STEP		     2048 /* connections of one turn of the loop */

struct age {
	int fd;
	struct age_ops ops;
	void *data;
	struct share *share; /* borrowed; NULL: none */
	guint seconds;	     /* since the last sweep */
	struct jiffies *jiffies;
	guint timer;
	guint idle;
	/* Of the sweep under way. */
	uint8_t cursor[sizeof(struct conn_key)];
	bool started;
	uint64_t now;
	gsize seen[CONN_CLOSED + 1];
	/* Of all. */
	gsize count[CONN_CLOSED + 1];
	gsize expired;
	struct conn_key keys[STEP];
	struct conn_value values[STEP];
};

static const struct {
	const char *name;
	uint32_t tcp;
	uint32_t other;
} states[] = {
	[CONN_NEW] = {"new", 60, 30},	    [CONN_ESTABLISHED] = {"established", 7440, 300},
	[CONN_FIN] = {"fin", 240, 60},	    [CONN_CLOSING] = {"closing", 60, 60},
	[CONN_CLOSED] = {"closed", 10, 10}, /* time-wait is the ends' own */
};

uint32_t age_get_timeout(uint32_t proto, enum conn_state state)
{
	if ((gsize)state >= G_N_ELEMENTS(states))
		return states[CONN_CLOSED].tcp;
	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		return MIN(states[state].other, 60);
	return proto == IPPROTO_TCP ? states[state].tcp : states[state].other;
}

const char *age_state_name(enum conn_state state)
{
	return (gsize)state < G_N_ELEMENTS(states) ? states[state].name : "unknown";
}

/* A state is a byte that others write. */
static void conn_count(struct age *age, const struct conn_value *value)
{
	age->seen[MIN(value->state, CONN_CLOSED)]++;
}

/* Opened by the other end, and nothing has come of it. */
static bool conn_asks(const struct conn_value *value)
{
	return value->origin && (value->state == CONN_NEW || value->state == CONN_CLOSED);
}

static bool conn_is_over(const struct age *age, const struct conn_key *key,
			 const struct conn_value *value)
{
	uint64_t limit = age_get_timeout(key->proto, value->state);

	if (age->share && share_is_tight(age->share, key->slot) &&
	    (value->state == CONN_NEW || value->state == CONN_CLOSED))
		limit = MIN(limit,
			    value->state == CONN_NEW ? TIGHT_SECONDS : TIGHT_CLOSED_SECONDS);
	limit *= jiffies_hz();
	if (age->ops.is_gone(key->slot, age->data))
		return true;
	/* Seen after `now` was read: the difference is negative. */
	return age->now && (int64_t)(age->now - value->seen) > (int64_t)limit;
}

/* Asked again: it may have spoken since the batch was read. False: it stays. */
static bool conn_expire(struct age *age, const struct conn_key *key)
{
	struct conn_value value;

	if (bpf_map_lookup_elem(age->fd, key, &value) || !conn_is_over(age, key, &value) ||
	    bpf_map_delete_elem(age->fd, key))
		return false;
	age->expired++;
	age->ops.ended(key, &value, age->data);
	return true;
}

/* False: the table has ended (or cannot be read). */
static bool sweep_step(struct age *age)
{
	uint8_t next[sizeof(age->cursor)];
	uint32_t count = STEP;
	int status = bpf_map_lookup_batch(age->fd, age->started ? age->cursor : NULL, next,
					  age->keys, age->values, &count, NULL);

	if (status && errno != ENOENT)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		conn_count(age, &age->values[i]);
		if (conn_is_over(age, &age->keys[i], &age->values[i]) &&
		    conn_expire(age, &age->keys[i]))
			continue;
		if (age->share)
			share_see(age->share, age->keys[i].slot, conn_asks(&age->values[i]));
	}
	age->started = true;
	memcpy(age->cursor, next, sizeof(next));
	return status == 0;
}

static void sweep_begin(struct age *age)
{
	age->started = false;
	memset(age->seen, 0, sizeof(age->seen));
	age->now = jiffies_get(age->jiffies);
	age->seconds = 0;
	if (age->share)
		share_begin(age->share);
}

static void sweep_end(struct age *age)
{
	memcpy(age->count, age->seen, sizeof(age->count));
	if (age->share)
		share_end(age->share);
	age->ops.swept(age->data);
}

void age_sweep(struct age *age)
{
	if (age->idle)
		g_source_remove(age->idle);
	age->idle = 0;
	sweep_begin(age);
	while (sweep_step(age))
		;
	sweep_end(age);
}

static gboolean idle_step(gpointer data)
{
	struct age *age = data;

	if (sweep_step(age))
		return G_SOURCE_CONTINUE;
	age->idle = 0;
	sweep_end(age);
	return G_SOURCE_REMOVE;
}

static gboolean timer_due(gpointer data)
{
	struct age *age = data;

	age->seconds++;
	if (age->idle ||
	    (age->seconds < SWEEP_SECONDS && !(age->share && share_is_pressed(age->share))))
		return G_SOURCE_CONTINUE;
	sweep_begin(age);
	age->idle = g_idle_add(idle_step, age);
	return G_SOURCE_CONTINUE;
}

struct age *age_new(int conn_fd, struct share *share, const struct age_ops *ops, void *data)
{
	struct age *age = g_new0(struct age, 1);

	age->fd = conn_fd;
	age->ops = *ops;
	age->share = share;
	age->data = data;
	age->jiffies = jiffies_new();
	age->timer = g_timeout_add_seconds(1, timer_due, age);
	return age;
}

void age_free(struct age *age)
{
	if (!age)
		return;
	g_source_remove(age->timer);
	if (age->idle)
		g_source_remove(age->idle);
	jiffies_free(age->jiffies);
	g_free(age);
}

gsize age_get_count(const struct age *age)
{
	gsize all = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(age->count); i++)
		all += age->count[i];
	return all;
}

gsize age_get_state_count(const struct age *age, enum conn_state state)
{
	return age->count[state];
}

gsize age_get_expired(const struct age *age)
{
	return age->expired;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A wish is good for some seconds and renewed: the kernel forgets those of an agent that died. */
#include "agent/sample.h"

#include <errno.h>
#include <glib-unix.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "agent/jiffies.h"
#include "agent/programs.h"
#include "lib/error.h"

#define RENEW_SECONDS 2
#define GOOD_SECONDS  10

struct sample {
	struct ring_buffer *ring;
	struct jiffies *jiffies;
	int sampling;
	int sampled;
	unsigned int cpus;
	guint source;
	guint timer;
	sample_handler handler;
	void *data;
	GHashTable *wishes; /* slot -> struct sampling_value */
};

static int ring_event(void *context, void *data, size_t size)
{
	const struct sample_event *event = data;
	struct sample *sample = context;

	if (size >= sizeof(*event) && event->size <= size - sizeof(*event))
		sample->handler(event, sample->data);
	return 0;
}

static gboolean ring_ready(gint fd, GIOCondition condition, gpointer data)
{
	struct sample *sample = data;

	ring_buffer__consume(sample->ring);
	return G_SOURCE_CONTINUE;
}

static void wish_write(struct sample *sample, uint32_t slot, struct sampling_value *wish)
{
	wish->until = jiffies_get(sample->jiffies) + (uint64_t)GOOD_SECONDS * jiffies_hz();
	bpf_map_update_elem(sample->sampling, &slot, wish, BPF_ANY);
}

static gboolean wishes_renew(gpointer data)
{
	struct sample *sample = data;
	GHashTableIter iter;
	gpointer slot, wish;

	g_hash_table_iter_init(&iter, sample->wishes);
	while (g_hash_table_iter_next(&iter, &slot, &wish))
		wish_write(sample, GPOINTER_TO_UINT(slot), wish);
	return G_SOURCE_CONTINUE;
}

struct sample *sample_new(const struct programs *programs, sample_handler handler, void *data,
			  GError **error)
{
	struct sample *sample = g_new0(struct sample, 1);
	int cpus = libbpf_num_possible_cpus();

	sample->handler = handler;
	sample->data = data;
	sample->cpus = cpus > 0 ? (unsigned int)cpus : 1;
	sample->sampling = programs_find_map(programs, "sampling");
	sample->sampled = programs_find_map(programs, "sampled");
	sample->jiffies = jiffies_new();
	sample->wishes = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
	sample->ring = ring_buffer__new(programs_find_map(programs, "sample"), ring_event,
					sample, NULL);
	if (!sample->ring) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "map sample: %s",
			    g_strerror(errno));
		sample_free(sample);
		return NULL;
	}
	sample->source =
		g_unix_fd_add(ring_buffer__epoll_fd(sample->ring), G_IO_IN, ring_ready, sample);
	sample->timer = g_timeout_add_seconds(RENEW_SECONDS, wishes_renew, sample);
	return sample;
}

static void wish_end(gpointer slot, gpointer wish, gpointer data)
{
	const struct sampling_value nothing = {0};
	uint32_t index = GPOINTER_TO_UINT(slot);

	bpf_map_update_elem(((struct sample *)data)->sampling, &index, &nothing, BPF_ANY);
}

void sample_free(struct sample *sample)
{
	if (!sample)
		return;
	g_hash_table_foreach(sample->wishes, wish_end, sample);
	g_hash_table_unref(sample->wishes);
	if (sample->source)
		g_source_remove(sample->source);
	if (sample->timer)
		g_source_remove(sample->timer);
	if (sample->ring)
		ring_buffer__free(sample->ring);
	jiffies_free(sample->jiffies);
	g_free(sample);
}

void sample_want(struct sample *sample, uint32_t slot, uint32_t kinds, uint32_t size)
{
	struct sampling_value *wish;

	if (!kinds) {
		wish_end(GUINT_TO_POINTER(slot), NULL, sample);
		g_hash_table_remove(sample->wishes, GUINT_TO_POINTER(slot));
		return;
	}
	wish = g_new0(struct sampling_value, 1);
	wish->kinds = kinds;
	wish->size = MIN(size, LIM_SAMPLE_LONG);
	g_hash_table_replace(sample->wishes, GUINT_TO_POINTER(slot), wish);
	wish_write(sample, slot, wish);
}

struct sample_lost sample_get_lost(const struct sample *sample, uint32_t slot)
{
	g_autofree struct sampled_value *accounts = g_new0(struct sampled_value, sample->cpus);
	struct sample_lost lost = {0};

	if (bpf_map_lookup_elem(sample->sampled, &slot, accounts))
		return lost;
	for (unsigned int cpu = 0; cpu < sample->cpus; cpu++) {
		lost.packets += accounts[cpu].lost;
		lost.flows += accounts[cpu].untold;
	}
	return lost;
}

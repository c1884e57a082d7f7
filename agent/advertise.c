/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer goes to the one who asked, without the delay of RFC 4861 section 6.2.6: nobody else
 * on the link could ask or answer at the same time.
 */
#include "agent/advertise.h"

#include "agent/ra.h"
#include "agent/ra_clock.h"
#include "lib/log.h"

#define MODULE	"ra"
/* What falls due within it is sent together; a device that has just come is left time to be up. */
#define TICK_MS 200

struct advertise {
	struct state *state;
	struct punt *punt;
	struct ra_clock *clock;
	guint timer;
	struct advertise_counters counters;
};

struct advertise *advertise_new(struct state *state, struct punt *punt)
{
	struct advertise *advertise = g_new0(struct advertise, 1);

	advertise->state = state;
	advertise->punt = punt;
	advertise->clock = ra_clock_new();
	return advertise;
}

void advertise_free(struct advertise *advertise)
{
	if (!advertise)
		return;
	if (advertise->timer)
		g_source_remove(advertise->timer);
	ra_clock_free(advertise->clock);
	g_free(advertise);
}

/* ------------------------------------------------------------- sending */

static void send_one(struct advertise *advertise, const struct wire *wire, struct mac mac,
		     const struct ra_config *config, const struct ra_target *target,
		     uint64_t *counter)
{
	uint8_t frame[RA_FRAME_MAX];
	gsize size = ra_write(config, mac, (uint16_t)wire->port->mtu, target, frame);
	GError *error = NULL;
	char text[UUID_TEXT];

	if (punt_send(advertise->punt, wire->ifindex, frame, size, &error)) {
		(*counter)++;
		return;
	}
	advertise->counters.failed++;
	log_debug(MODULE, "%s: %s", uuid_print(wire->id, text), error->message);
	g_error_free(error);
}

struct answer {
	struct advertise *advertise;
	const struct wire *wire;
	struct ra_target target;
};

static void answer_by(struct mac mac, const struct ra_config *config, void *data)
{
	struct answer *answer = data;

	send_one(answer->advertise, answer->wire, mac, config, &answer->target,
		 &answer->advertise->counters.solicited);
}

void advertise_answer(struct advertise *advertise, const struct wire *wire,
		      const uint8_t *frame, gsize size)
{
	struct answer answer = {advertise, wire};

	if (ra_solicited(frame, size, &answer.target))
		state_foreach_router(advertise->state, wire->port->vni, answer_by, &answer);
}

/* ---------------------------------------------------------------- clock */

struct search {
	struct mac mac;
	const struct ra_config *config; /* found */
};

static void search_config(struct mac mac, const struct ra_config *config, void *data)
{
	struct search *search = data;

	if (mac_equal(mac, search->mac))
		search->config = config;
}

static void speak(uint32_t slot, uint32_t vni, struct mac mac, bool final, void *data)
{
	struct advertise *advertise = data;
	const struct wire *wire = state_find_slot(advertise->state, slot);
	struct search search = {.mac = mac};

	if (!wire || !wire->port || wire->port->vni != vni)
		return;
	state_foreach_router(advertise->state, vni, search_config, &search);
	if (final || search.config)
		send_one(advertise, wire, mac, final ? NULL : search.config, &ra_all_nodes,
			 final ? &advertise->counters.final : &advertise->counters.unsolicited);
}

static gboolean clock_strikes(gpointer data);

static void clock_set(struct advertise *advertise, int64_t next)
{
	int64_t wait = (next - g_get_monotonic_time()) / 1000 + 1;

	if (advertise->timer)
		g_source_remove(advertise->timer);
	advertise->timer = next ? g_timeout_add((guint)CLAMP(wait, TICK_MS, G_MAXINT),
						clock_strikes, advertise)
				: 0;
}

static gboolean clock_strikes(gpointer data)
{
	struct advertise *advertise = data;

	advertise->timer = 0;
	clock_set(advertise,
		  ra_clock_run(advertise->clock, speak, advertise, g_get_monotonic_time()));
	return G_SOURCE_REMOVE;
}

/* -------------------------------------------------------------- changes */

struct update {
	struct advertise *advertise;
	const struct wire *wire;
	uint32_t vni;
	int64_t now;
};

static void update_voice(struct mac mac, const struct ra_config *config, void *data)
{
	struct update *update = data;

	ra_clock_add(update->advertise->clock, update->wire->slot, mac,
		     ra_config_hash(config) ^ update->wire->port->mtu, update->now);
}

static void update_wire(const struct wire *wire, void *data)
{
	struct update *update = data;

	if (!wire->port->up)
		return;
	update->wire = wire;
	state_foreach_router(update->advertise->state, update->vni, update_voice, update);
}

static bool wire_is_present(uint32_t slot, uint32_t vni, void *data)
{
	const struct wire *wire = state_find_slot(data, slot);

	return wire && wire->port && wire->port->up && wire->port->vni == vni;
}

void advertise_update(struct advertise *advertise, uint32_t vni)
{
	struct update update = {advertise, NULL, vni, g_get_monotonic_time()};

	ra_clock_begin(advertise->clock, vni);
	state_foreach_wire_on(advertise->state, vni, update_wire, &update);
	ra_clock_end(advertise->clock, wire_is_present, advertise->state, update.now);
	clock_set(advertise, ra_clock_next(advertise->clock));
}

const struct advertise_counters *advertise_get_counters(const struct advertise *advertise)
{
	return &advertise->counters;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See policy_share.h. Each entry is one bank's, as its key has the bank's number. */
#include "agent/policy_share.h"

#include <string.h>

#include "abi/limits.h"

/* Of what the others leave. */
#define PARTS	    4
#define PARTS_TAKEN 3

struct project {
	char *name;
	guint banks;
	gsize count[POLICY_MAP_COUNT];
	gsize resting[POLICY_MAP_COUNT]; /* of these */
};

struct policy_shares {
	GHashTable *projects; /* name -> struct project */
	gsize count[POLICY_MAP_COUNT];
	gsize limit; /* of the maps that may be sized */
};

struct policy_share {
	struct policy_shares *shares;
	struct project *project;
	gsize count[POLICY_MAP_COUNT];
	gsize wanted[POLICY_MAP_COUNT]; /* of one that was refused */
	bool resting;
	bool refused;
};

static const struct {
	enum desired_map map;
	gsize limit; /* 0: as they were made */
} maps[POLICY_MAP_COUNT] = {
	[POLICY_MAP_CELL] = {DESIRED_CELL, 0},
	[POLICY_MAP_SERVICE] = {DESIRED_SERVICE, LIM_SERVICES},
	[POLICY_MAP_PEER_PREFIX] = {DESIRED_PEER_PREFIX, LIM_PEERS},
	[POLICY_MAP_PEER_IDENTITY] = {DESIRED_PEER_IDENTITY, 0},
	[POLICY_MAP_POLICY] = {DESIRED_POLICY, LIM_POLICIES},
};

enum desired_map policy_share_map(enum policy_map map)
{
	return maps[map].map;
}

static gsize limit_of(const struct policy_shares *shares, int map)
{
	return maps[map].limit ? maps[map].limit : shares->limit;
}

/* What PROJECT may have beside what others have now. */
static gsize most_of(const struct policy_shares *shares, const struct project *project, int map)
{
	gsize limit = limit_of(shares, map), others = shares->count[map] - project->count[map];

	return others < limit ? (limit - others) / PARTS * PARTS_TAKEN : 0;
}

static gsize held_of(const struct project *project, int map)
{
	return project->count[map] - project->resting[map];
}

static void project_free(gpointer data)
{
	struct project *project = data;

	g_free(project->name);
	g_free(project);
}

struct policy_shares *policy_shares_new(void)
{
	struct policy_shares *shares = g_new0(struct policy_shares, 1);

	shares->projects = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, project_free);
	shares->limit = DEF_POLICY;
	return shares;
}

void policy_shares_free(struct policy_shares *shares)
{
	g_hash_table_unref(shares->projects);
	g_free(shares);
}

void policy_shares_limit(struct policy_shares *shares, gsize limit)
{
	shares->limit = limit;
}

bool policy_shares_is_tight(const struct policy_shares *shares)
{
	for (int i = 0; i < POLICY_MAP_COUNT; i++)
		if (shares->count[i] > limit_of(shares, i) / 2)
			return true;
	return false;
}

struct policy_share *policy_share_new(struct policy_shares *shares, const char *name)
{
	struct policy_share *share = g_new0(struct policy_share, 1);
	struct project *project = g_hash_table_lookup(shares->projects, name);

	if (!project) {
		project = g_new0(struct project, 1);
		project->name = g_strdup(name);
		g_hash_table_insert(shares->projects, project->name, project);
	}
	project->banks++;
	share->shares = shares;
	share->project = project;
	return share;
}

void policy_share_free(struct policy_share *share)
{
	if (!--share->project->banks)
		g_hash_table_remove(share->shares->projects, share->project->name);
	g_free(share);
}

void policy_share_rest(struct policy_share *share, bool rests)
{
	if (share->resting == rests)
		return;
	share->resting = rests;
	for (int i = 0; i < POLICY_MAP_COUNT; i++)
		share->project->resting[i] += rests ? share->count[i] : -share->count[i];
}

void policy_share_count(struct policy_share *share, enum policy_map map, int change)
{
	share->count[map] += (gsize)change;
	share->project->count[map] += (gsize)change;
	share->project->resting[map] += share->resting ? (gsize)change : 0;
	share->shares->count[map] += (gsize)change;
}

static char *refuse(struct policy_share *share, int map)
{
	const struct policy_shares *shares = share->shares;
	const struct project *project = share->project;
	const char *table = desired_shapes[maps[map].map].name;
	gsize limit = limit_of(shares, map);

	memcpy(share->wanted, share->count, sizeof(share->wanted));
	share->refused = true;
	if (shares->count[map] > limit)
		return g_strdup_printf("the host's table %s has %" G_GSIZE_FORMAT
				       " entries, and %" G_GSIZE_FORMAT " would be needed",
				       table, limit, shares->count[map]);
	return g_strdup_printf(
		"project '%s' would have %" G_GSIZE_FORMAT " of the %" G_GSIZE_FORMAT
		" entries of the host's table %s, and others leave it %" G_GSIZE_FORMAT,
		project->name, held_of(project, map), limit, table,
		most_of(shares, project, map));
}

char *policy_share_refuse(struct policy_share *share)
{
	const struct policy_shares *shares = share->shares;

	for (int i = 0; i < POLICY_MAP_COUNT; i++)
		if (shares->count[i] > limit_of(shares, i) ||
		    held_of(share->project, i) > most_of(shares, share->project, i))
			return refuse(share, i);
	return NULL;
}

bool policy_share_fits_now(const struct policy_share *share)
{
	const struct policy_shares *shares = share->shares;

	if (!share->refused)
		return false;
	for (int i = 0; i < POLICY_MAP_COUNT; i++)
		if (shares->count[i] + share->wanted[i] > limit_of(shares, i) ||
		    held_of(share->project, i) + share->wanted[i] >
			    most_of(shares, share->project, i))
			return false;
	return true;
}

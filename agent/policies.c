/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is in which set, which rules a set has, and which bank speaks of which set. Rows mark
 * what they touch; a flush makes the banks of marked identities anew, tells banks of marked
 * members, and frees banks that nobody holds any more.
 */
#include "agent/policies.h"

#include "agent/policies_data.h"

#define SALTS 64 /* tries to find a number for a bank */

/* ---------------------------------------------------------------- sink */

static void sink_put(enum policy_map map, const void *key, const void *value, void *data)
{
	struct bank *bank = data;

	bank->policies->writes++;
	if (desired_want(bank->policies->desired, policy_share_map(map), key, value))
		policy_share_count(bank->share, map, 1);
}

static void sink_del(enum policy_map map, const void *key, void *data)
{
	struct bank *bank = data;

	bank->policies->writes++;
	if (desired_unwant(bank->policies->desired, policy_share_map(map), key))
		policy_share_count(bank->share, map, -1);
}

static struct policy_sink sink_of(struct bank *bank)
{
	return (struct policy_sink){sink_put, sink_del, bank};
}

/* ---------------------------------------------------------------- sets */

static struct set *set_get(struct policies *policies, const char *name)
{
	struct set *set = g_hash_table_lookup(policies->sets, name);

	if (set)
		return set;
	set = g_new0(struct set, 1);
	set->name = g_ref_string_new_intern(name);
	set->rules = g_ptr_array_new();
	set->identities = g_ptr_array_new();
	set->banks = g_ptr_array_new();
	set->addresses = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	g_hash_table_insert(policies->sets, set->name, set);
	return set;
}

static void set_free(gpointer data)
{
	struct set *set = data;

	g_ptr_array_unref(set->rules);
	g_ptr_array_unref(set->identities);
	g_ptr_array_unref(set->banks);
	g_array_unref(set->addresses);
	g_ref_string_release(set->name);
	g_free(set);
}

/* Nothing speaks of it any more. */
static void set_check(struct policies *policies, struct set *set)
{
	if (!set->dirty && !set->rules->len && !set->identities->len && !set->banks->len &&
	    !set->addresses->len)
		g_hash_table_remove(policies->sets, set->name);
}

static void set_mark(struct policies *policies, struct set *set)
{
	if (set->dirty)
		return;
	set->dirty = true;
	g_ptr_array_add(policies->dirty_sets, set);
}

/* Whoever is in it, or names it, has to be looked at. */
static void set_change(struct policies *policies, struct set *set)
{
	set->changed = true;
	set_mark(policies, set);
}

void policies_put_rule(struct policies *policies, const struct policy_rule *rule)
{
	struct set *set = set_get(policies, rule->set);

	g_ptr_array_add(set->rules, (gpointer)rule);
	set_change(policies, set);
}

void policies_del_rule(struct policies *policies, const struct policy_rule *rule)
{
	struct set *set = set_get(policies, rule->set);

	g_ptr_array_remove_fast(set->rules, (gpointer)rule);
	set_change(policies, set);
}

void policies_put_address(struct policies *policies, const char *group, struct prefix prefix)
{
	struct set *set = set_get(policies, group);

	g_array_append_val(set->addresses, prefix);
	set_change(policies, set);
}

void policies_del_address(struct policies *policies, const char *group, struct prefix prefix)
{
	struct set *set = set_get(policies, group);

	for (guint i = 0; i < set->addresses->len; i++) {
		if (!prefix_equal(g_array_index(set->addresses, struct prefix, i), prefix))
			continue;
		g_array_remove_index_fast(set->addresses, i);
		break;
	}
	set_change(policies, set);
}

const struct prefix *policies_find_addresses(const char *group, gsize *count, void *data)
{
	struct policies *policies = data;
	const struct set *set = g_hash_table_lookup(policies->sets, group);

	*count = set ? set->addresses->len : 0;
	return *count ? (const struct prefix *)set->addresses->data : NULL;
}

/* ---------------------------------------------------------- identities */

static struct identity *identity_get(struct policies *policies, uint32_t number)
{
	struct identity *identity =
		g_hash_table_lookup(policies->identities, GUINT_TO_POINTER(number));

	if (identity)
		return identity;
	identity = g_new0(struct identity, 1);
	identity->number = number;
	identity->sets = g_ptr_array_new();
	identity->banks = g_ptr_array_new();
	g_hash_table_insert(policies->identities, GUINT_TO_POINTER(number), identity);
	return identity;
}

static void identity_free(gpointer data)
{
	struct identity *identity = data;

	g_ptr_array_unref(identity->sets);
	g_ptr_array_unref(identity->banks);
	g_free(identity);
}

static void identity_check(struct policies *policies, struct identity *identity)
{
	if (!identity->known && !identity->holds && !identity->banks->len && !identity->dirty &&
	    !identity->rebuild)
		g_hash_table_remove(policies->identities, GUINT_TO_POINTER(identity->number));
}

static void identity_mark(struct policies *policies, struct identity *identity)
{
	if (!identity->dirty)
		g_ptr_array_add(policies->dirty_identities, identity);
	identity->dirty = true;
}

static void identity_rebuild(struct policies *policies, struct identity *identity)
{
	if (!identity->rebuild)
		g_ptr_array_add(policies->rebuild, identity);
	identity->rebuild = true;
}

static void identity_leave(struct policies *policies, struct identity *identity)
{
	for (guint i = 0; i < identity->sets->len; i++) {
		struct set *set = g_ptr_array_index(identity->sets, i);

		g_ptr_array_remove_fast(set->identities, identity);
		set_mark(policies, set); /* checked at the end of a flush */
	}
	g_ptr_array_set_size(identity->sets, 0);
}

void policies_put_identity(struct policies *policies, uint32_t number, const char *const *sets,
			   gsize count)
{
	struct identity *identity = identity_get(policies, number);

	identity_leave(policies, identity);
	for (gsize i = 0; i < count; i++) {
		struct set *set = set_get(policies, sets[i]);

		g_ptr_array_add(identity->sets, set);
		g_ptr_array_add(set->identities, identity);
	}
	identity->known = true;
	identity_mark(policies, identity);
}

void policies_del_identity(struct policies *policies, uint32_t number)
{
	struct identity *identity = identity_get(policies, number);

	identity_leave(policies, identity);
	identity->known = false;
	identity_mark(policies, identity);
}

void policies_hold(struct policies *policies, uint32_t number)
{
	struct identity *identity = identity_get(policies, number);

	if (!identity->holds++)
		identity_rebuild(policies, identity);
}

void policies_release(struct policies *policies, uint32_t number)
{
	struct identity *identity = identity_get(policies, number);

	if (!--identity->holds)
		identity_rebuild(policies, identity);
}

/* --------------------------------------------------------------- banks */

static GPtrArray *identity_rules(const struct identity *identity)
{
	GPtrArray *rules = g_ptr_array_new();

	for (guint i = 0; i < identity->sets->len; i++) {
		const struct set *set = g_ptr_array_index(identity->sets, i);

		for (guint r = 0; r < set->rules->len; r++)
			g_ptr_array_add(rules, g_ptr_array_index(set->rules, r));
	}
	return rules;
}

static void bank_forget(struct bank *bank, struct identity *identity)
{
	g_ptr_array_remove_fast(bank->told, identity);
	g_ptr_array_remove_fast(identity->banks, bank);
}

static bool bank_tell(struct policies *policies, struct bank *bank, struct identity *identity)
{
	struct policy_sink sink = sink_of(bank);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; i < identity->sets->len; i++)
		g_ptr_array_add(names,
				((struct set *)g_ptr_array_index(identity->sets, i))->name);
	if (!g_ptr_array_find(identity->banks, bank, NULL)) {
		g_ptr_array_add(bank->told, identity);
		g_ptr_array_add(identity->banks, bank);
	}
	return policy_bank_put_identity(bank->bank, &sink, identity->number,
					(const char *const *)names->pdata, names->len);
}

/* Everything into the maps: the rules, then who is in the sets they name. */
static bool bank_fill(struct policies *policies, struct bank *bank)
{
	struct policy_sink sink = sink_of(bank);
	const GPtrArray *sets = policy_bank_sets(bank->bank);

	if (!policy_bank_put(bank->bank, &sink, policies_find_addresses, policies))
		return false;
	for (guint i = 0; i < sets->len; i++) {
		const struct set *set = set_get(policies, g_ptr_array_index(sets, i));

		for (guint n = 0; n < set->identities->len; n++)
			if (!bank_tell(policies, bank, g_ptr_array_index(set->identities, n)))
				return false;
	}
	return true;
}

/* It speaks of these sets and groups, or no longer does. */
static void bank_link(struct policies *policies, struct bank *bank, bool link)
{
	const GPtrArray *lists[] = {policy_bank_sets(bank->bank),
				    policy_bank_groups(bank->bank)};

	for (gsize l = 0; l < G_N_ELEMENTS(lists); l++)
		for (guint i = 0; i < lists[l]->len; i++) {
			struct set *set = set_get(policies, g_ptr_array_index(lists[l], i));

			if (link)
				g_ptr_array_add(set->banks, bank);
			else
				g_ptr_array_remove_fast(set->banks, bank);
			set_mark(policies, set);
		}
}

static void bank_empty(struct policies *policies, struct bank *bank)
{
	struct policy_sink sink = sink_of(bank);

	policy_bank_clear(bank->bank, &sink);
	while (bank->told->len)
		bank_forget(bank, g_ptr_array_index(bank->told, 0));
}

/* Compiled and written under a number that is nobody else's; from RULES, in any order. */
static bool bank_make(struct policies *policies, struct bank *bank, const GPtrArray *rules)
{
	for (uint32_t salt = 0; salt < SALTS; salt++) {
		gpointer number;

		bank->bank = policy_bank_new((const struct policy_rule *const *)rules->pdata,
					     rules->len, salt);
		number = GUINT_TO_POINTER(policy_bank_number(bank->bank));
		if (!g_hash_table_contains(policies->numbers, number)) {
			if (bank_fill(policies, bank)) {
				g_hash_table_insert(policies->numbers, number, bank);
				return true;
			}
			bank_empty(policies, bank);
		}
		if (salt + 1 < SALTS)
			g_clear_pointer(&bank->bank, policy_bank_free);
	}
	return false;
}

/* It is taken back whole: half a policy is none. WHY: owned text, taken. */
static void bank_refuse(struct policies *policies, struct bank *bank, char *why)
{
	gpointer number = GUINT_TO_POINTER(policy_bank_number(bank->bank));
	g_autofree char *text = NULL;

	if (bank->refused) {
		g_free(why);
		return;
	}
	bank->refused = why;
	policies->refused++;
	text = g_strdup_printf("policy %u of %u rules: %s; its ports pass nothing",
			       policy_bank_number(bank->bank),
			       policy_bank_rules(bank->bank)->len, why);
	policies->ops.complain(text, policies->data);
	if (g_hash_table_lookup(policies->numbers, number) == bank) {
		g_hash_table_remove(policies->numbers, number);
		bank_empty(policies, bank);
	}
	for (guint i = 0; i < bank->identities->len; i++)
		policies->ops.moved(
			((struct identity *)g_ptr_array_index(bank->identities, i))->number,
			policies->data);
}

/* Has it outgrown what it may have? */
static void bank_check(struct policies *policies, struct bank *bank)
{
	char *why = bank->refused ? NULL : policy_share_refuse(bank->share);

	if (why)
		bank_refuse(policies, bank, why);
}

static struct bank *bank_new(struct policies *policies, const GPtrArray *rules,
			     const char *project)
{
	struct bank *bank = g_new0(struct bank, 1);

	bank->policies = policies;
	bank->share = policy_share_new(policies->shares, project ? project : "");
	bank->identities = g_ptr_array_new();
	bank->told = g_ptr_array_new();
	if (!bank_make(policies, bank, rules))
		bank_refuse(policies, bank, g_strdup("no number is free for it"));
	else if (policy_bank_is_too_big(bank->bank))
		bank_refuse(policies, bank, g_strdup("they overlap too much to be told apart"));
	g_hash_table_insert(policies->banks, (gpointer)policy_bank_digest(bank->bank), bank);
	bank_link(policies, bank, true);
	bank_check(policies, bank);
	return bank;
}

static void bank_free(struct policies *policies, struct bank *bank)
{
	gpointer number = GUINT_TO_POINTER(policy_bank_number(bank->bank));
	const char *digest = policy_bank_digest(bank->bank);

	if (bank->refused)
		policies->refused--;
	else
		bank_empty(policies, bank);
	bank_link(policies, bank, false);
	if (g_hash_table_lookup(policies->numbers, number) == bank)
		g_hash_table_remove(policies->numbers, number);
	if (g_hash_table_lookup(policies->banks, digest) == bank)
		g_hash_table_remove(policies->banks, digest);
	policy_share_free(bank->share);
	policy_bank_free(bank->bank);
	g_ptr_array_unref(bank->identities);
	g_ptr_array_unref(bank->told);
	g_free(bank->refused);
	g_free(bank);
}

static struct bank *bank_for(struct policies *policies, const struct identity *identity)
{
	g_autoptr(GPtrArray) rules = NULL;
	g_autofree char *digest = NULL;
	struct bank *bank;

	if (!identity->known || !identity->holds)
		return NULL;
	rules = identity_rules(identity);
	digest = policy_digest((const struct policy_rule *const *)rules->pdata, rules->len);
	bank = g_hash_table_lookup(policies->banks, digest);
	return bank ? bank
		    : bank_new(policies, rules,
			       policies->ops.owner(identity->number, policies->data));
}

/* --------------------------------------------------------------- flush */

/* The bank says something else if anything was written since WRITES. */
static void stale(struct policies *policies, const struct bank *bank, gsize writes)
{
	if (policies->writes == writes)
		return;
	for (guint i = 0; i < bank->identities->len; i++)
		policies->ops.stale(
			((struct identity *)g_ptr_array_index(bank->identities, i))->number,
			policies->data);
}

/* Whoever is in a set whose rules have changed; and banks of a group whose addresses have. */
static void flush_sets(struct policies *policies)
{
	for (guint i = 0; i < policies->dirty_sets->len; i++) {
		struct set *set = g_ptr_array_index(policies->dirty_sets, i);

		if (!set->changed)
			continue;
		for (guint n = 0; n < set->identities->len; n++) {
			struct identity *identity = g_ptr_array_index(set->identities, n);

			if (identity->holds)
				identity_rebuild(policies, identity);
		}
		for (guint n = 0; n < set->banks->len; n++) {
			struct bank *bank = g_ptr_array_index(set->banks, n);
			struct policy_sink sink = sink_of(bank);
			gsize writes = policies->writes;

			if (bank->refused ||
			    !g_ptr_array_find((GPtrArray *)policy_bank_groups(bank->bank),
					      set->name, NULL))
				continue;
			if (!policy_bank_put_addresses(bank->bank, &sink,
						       policies_find_addresses, policies))
				bank_refuse(policies, bank,
					    g_strdup("two classes have one number"));
			bank_check(policies, bank);
			stale(policies, bank, writes);
		}
	}
}

static void identity_tell(struct policies *policies, struct identity *identity)
{
	g_autoptr(GPtrArray) banks = g_ptr_array_copy(identity->banks, NULL, NULL);

	for (guint i = 0; i < identity->sets->len; i++) {
		const struct set *set = g_ptr_array_index(identity->sets, i);

		for (guint n = 0; n < set->banks->len; n++)
			if (!g_ptr_array_find(banks, g_ptr_array_index(set->banks, n), NULL))
				g_ptr_array_add(banks, g_ptr_array_index(set->banks, n));
	}
	for (guint i = 0; i < banks->len; i++) {
		struct bank *bank = g_ptr_array_index(banks, i);
		struct policy_sink sink = sink_of(bank);
		gsize writes = policies->writes;

		if (bank->refused)
			continue;
		if (!identity->known) {
			policy_bank_del_identity(bank->bank, &sink, identity->number);
			bank_forget(bank, identity);
		} else if (!bank_tell(policies, bank, identity)) {
			bank_refuse(policies, bank, g_strdup("two classes have one number"));
		}
		bank_check(policies, bank);
		stale(policies, bank, writes);
	}
}

static void flush_identities(struct policies *policies)
{
	for (guint i = 0; i < policies->dirty_identities->len; i++) {
		struct identity *identity = g_ptr_array_index(policies->dirty_identities, i);

		identity_tell(policies, identity);
		if (identity->holds)
			identity_rebuild(policies, identity);
		identity->dirty = false;
	}
}

/* The bank that takes its place is not to be in want of its room. */
static void bank_rest(struct bank *bank, guint holders)
{
	if (bank)
		policy_share_rest(bank->share, bank->identities->len == holders);
}

static void flush_banks(struct policies *policies, GPtrArray *left)
{
	for (guint i = 0; i < policies->rebuild->len; i++) {
		struct identity *identity = g_ptr_array_index(policies->rebuild, i);
		struct bank *old = identity->bank, *bank;

		bank_rest(old, 1);
		bank = bank_for(policies, identity);
		identity->rebuild = false;
		if (bank == old) {
			bank_rest(old, 0);
			continue;
		}
		if (old) {
			g_ptr_array_remove_fast(old->identities, identity);
			bank_rest(old, 0);
			if (!g_ptr_array_find(left, old, NULL))
				g_ptr_array_add(left, old);
		}
		if (bank)
			g_ptr_array_add(bank->identities, identity);
		bank_rest(bank, 0);
		identity->bank = bank;
		policies->ops.moved(identity->number, policies->data);
	}
}

/* Identities that were touched and that nothing speaks of any more. */
static void identities_end(struct policies *policies)
{
	g_autoptr(GHashTable) touched = g_hash_table_new(NULL, NULL);
	const GPtrArray *lists[] = {policies->dirty_identities, policies->rebuild};
	GHashTableIter iter;
	gpointer identity;

	for (gsize l = 0; l < G_N_ELEMENTS(lists); l++)
		for (guint i = 0; i < lists[l]->len; i++)
			g_hash_table_add(touched, g_ptr_array_index(lists[l], i));
	g_ptr_array_set_size(policies->dirty_identities, 0);
	g_ptr_array_set_size(policies->rebuild, 0);
	g_hash_table_iter_init(&iter, touched);
	while (g_hash_table_iter_next(&iter, &identity, NULL))
		identity_check(policies, identity);
}

/* Last, as freeing a bank touches sets. */
static void sets_end(struct policies *policies)
{
	for (guint i = 0; i < policies->dirty_sets->len; i++) {
		struct set *set = g_ptr_array_index(policies->dirty_sets, i);

		set->dirty = false;
		set->changed = false;
		set_check(policies, set);
	}
	g_ptr_array_set_size(policies->dirty_sets, 0);
}

/* Nobody holds it any more, unless somebody does again. */
static void bank_leave(struct policies *policies, struct bank *bank)
{
	if (bank->identities->len || g_ptr_array_find(policies->resting, bank, NULL))
		return;
	if (policies->patient && !bank->refused)
		g_ptr_array_add(policies->resting, bank);
	else
		bank_free(policies, bank);
}

void policies_be_patient(struct policies *policies)
{
	policies->patient = true;
}

bool policies_is_resting(const struct policies *policies)
{
	return policies->resting->len > 0;
}

void policies_settle(struct policies *policies)
{
	for (guint i = 0; i < policies->resting->len; i++) {
		struct bank *bank = g_ptr_array_index(policies->resting, i);

		if (!bank->identities->len)
			bank_free(policies, bank);
	}
	g_ptr_array_set_size(policies->resting, 0);
}

/* Banks that were refused, and that there is room for by now, are made once more. */
static void flush_refused(struct policies *policies)
{
	GHashTableIter iter;
	gpointer value;

	if (!policies->refused)
		return;
	g_hash_table_iter_init(&iter, policies->banks);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct bank *bank = value;

		if (!policy_share_fits_now(bank->share))
			continue;
		for (guint i = 0; i < bank->identities->len; i++)
			identity_rebuild(policies, g_ptr_array_index(bank->identities, i));
		g_hash_table_iter_remove(&iter); /* it goes when they have left it */
	}
}

void policies_flush(struct policies *policies)
{
	g_autoptr(GPtrArray) left = NULL;

	/* what rests must not keep others out */
	if (policy_shares_is_tight(policies->shares))
		policies_settle(policies);
	flush_refused(policies);
	if (!policies->dirty_sets->len && !policies->dirty_identities->len &&
	    !policies->rebuild->len)
		return;
	left = g_ptr_array_new();
	flush_sets(policies);
	flush_identities(policies);
	flush_banks(policies, left);
	for (guint i = 0; i < left->len; i++)
		bank_leave(policies, g_ptr_array_index(left, i));
	identities_end(policies);
	sets_end(policies);
}

/* ------------------------------------------------------- life and death */

struct policies *policies_new(struct desired *desired, const struct policies_ops *ops,
			      void *data)
{
	struct policies *policies = g_new0(struct policies, 1);

	policies->desired = desired;
	policies->ops = *ops;
	policies->data = data;
	policies->shares = policy_shares_new();
	policies->sets = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, set_free);
	policies->identities = g_hash_table_new_full(NULL, NULL, NULL, identity_free);
	policies->banks = g_hash_table_new(g_str_hash, g_str_equal);
	policies->numbers = g_hash_table_new(NULL, NULL);
	policies->dirty_sets = g_ptr_array_new();
	policies->dirty_identities = g_ptr_array_new();
	policies->rebuild = g_ptr_array_new();
	policies->resting = g_ptr_array_new();
	return policies;
}

void policies_limit(struct policies *policies, gsize limit)
{
	policy_shares_limit(policies->shares, limit);
}

void policies_free(struct policies *policies)
{
	g_autoptr(GList) banks = NULL;

	if (!policies)
		return;
	banks = g_hash_table_get_values(policies->banks);
	for (GList *at = banks; at; at = at->next)
		bank_free(policies, at->data);
	policy_shares_free(policies->shares);
	g_hash_table_unref(policies->banks);
	g_hash_table_unref(policies->numbers);
	g_ptr_array_unref(policies->dirty_sets);
	g_ptr_array_unref(policies->dirty_identities);
	g_ptr_array_unref(policies->rebuild);
	g_ptr_array_unref(policies->resting);
	g_hash_table_unref(policies->identities);
	g_hash_table_unref(policies->sets);
	g_free(policies);
}

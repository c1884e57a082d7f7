/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking Keystone, and remembering what it said.
 */
#include "api/identity.h"

#include <jansson.h>
#include <string.h>

#include "api/identity_token.h"
#include "api/roles.h"
#include "lib/error.h"
#include "lib/http_client.h"

#define ENTRIES_MAX  50000
#define TOKEN_MAX    16384 /* bytes of a token that is asked about */
#define WAITERS_MAX  10000 /* for one token */
#define WRONG_S	     10	   /* how long a token is remembered that nobody knows */
#define DOWN_S	     2	   /* how long a Keystone that failed is not asked again */
#define OWN_MARGIN_S 60	   /* our own token is renewed before it ends */

/* What is known of a token, or is being asked. Owned by identity->entries. */
struct entry {
	struct identity *identity;
	char *key;   /* SHA-256 of the token, and how it was asked for */
	char *token; /* while it is asked about */
	bool allow_expired;
	bool asking;
	bool known; /* caller is true, or the token is wrong */
	bool wrong;
	struct caller caller;
	gint64 expires_at; /* seconds since 1970 */
	gint64 checked_at; /* monotonic microseconds */
	unsigned int tries;
	GArray *waiters; /* struct waiter */
	GList link;	 /* in identity->order */
};

struct waiter {
	identity_known known;
	void *data;
};

struct own_waiter {
	identity_own_known known;
	void *data;
};

struct identity {
	struct http_client *client;
	char *url, *tokens_url, *ca, *login;
	unsigned int cache_s, timeout_ms;
	void (*tell)(const char *text, bool bad);
	GHashTable *entries; /* key -> struct entry */
	GQueue order;	     /* oldest first */
	char *own;	     /* our own token; NULL: none yet */
	gint64 own_expires_at;
	bool own_asking;
	GPtrArray *own_waiting; /* struct entry: want to ask */
	GArray *own_waiters;	/* struct own_waiter: want the token itself */
	gint64 down_until;	/* monotonic; 0: it answers */
	bool down;
	struct identity_counters counters;
};

static gint64 real_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

static void entry_free(void *data)
{
	struct entry *entry = data;

	g_queue_unlink(&entry->identity->order, &entry->link);
	g_array_unref(entry->waiters);
	g_free(entry->key);
	g_free(entry->token);
	g_free(entry);
}

/* Entries */

static char *key_make(const char *token, bool allow_expired)
{
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, token, -1);

	return g_strconcat(sum, allow_expired ? "e" : "", NULL);
}

static void entries_trim(struct identity *identity)
{
	GList *next;

	for (GList *link = identity->order.head; link; link = next) {
		struct entry *entry = link->data;

		next = link->next;
		if (entry->asking || entry->waiters->len)
			continue;
		if (identity->order.length <= ENTRIES_MAX && entry->expires_at > real_s())
			return;
		g_hash_table_remove(identity->entries, entry->key);
	}
}

static struct entry *entry_get(struct identity *identity, const char *token, bool allow_expired)
{
	g_autofree char *key = key_make(token, allow_expired);
	struct entry *entry = g_hash_table_lookup(identity->entries, key);

	if (entry)
		return entry;
	entries_trim(identity);
	entry = g_new0(struct entry, 1);
	entry->identity = identity;
	entry->key = g_steal_pointer(&key);
	entry->allow_expired = allow_expired;
	entry->waiters = g_array_new(FALSE, FALSE, sizeof(struct waiter));
	entry->link.data = entry;
	g_queue_push_tail_link(&identity->order, &entry->link);
	g_hash_table_insert(identity->entries, entry->key, entry);
	return entry;
}

static gint64 entry_age_s(const struct entry *entry)
{
	return (g_get_monotonic_time() - entry->checked_at) / G_USEC_PER_SEC;
}

/* It may be used, whether or not it should be asked about again. */
static bool entry_is_good(const struct entry *entry)
{
	return entry->known && !entry->wrong && entry->expires_at > real_s();
}

static bool entry_is_fresh(const struct entry *entry)
{
	if (!entry->known)
		return false;
	if (entry->wrong)
		return entry_age_s(entry) < WRONG_S;
	return entry_is_good(entry) && entry_age_s(entry) < entry->identity->cache_s;
}

static void entry_tell(const struct entry *entry, const struct waiter *waiter,
		       const GError *trouble)
{
	g_autoptr(GError) error = NULL;

	if (entry_is_good(entry)) {
		waiter->known(&entry->caller, NULL, waiter->data);
		return;
	}
	if (!trouble)
		g_set_error(&error, WEFT_ERROR, WEFT_ERROR_UNAUTHENTICATED, "%s",
			    entry->wrong ? "Keystone does not know the token"
					 : "the token has expired");
	waiter->known(NULL, trouble ? trouble : error, waiter->data);
}

/* TROUBLE: Keystone has not answered; who is known goes on. */
static void entry_settle(struct entry *entry, const GError *trouble)
{
	g_autoptr(GArray) waiters = g_steal_pointer(&entry->waiters);

	entry->waiters = g_array_new(FALSE, FALSE, sizeof(struct waiter));
	entry->asking = false;
	g_clear_pointer(&entry->token, g_free);
	for (guint i = 0; i < waiters->len; i++)
		entry_tell(entry, &g_array_index(waiters, struct waiter, i), trouble);
}

/* Up and down */

static GError *identity_fail(struct identity *identity, const char *why)
{
	g_autofree char *text = NULL;

	identity->counters.failures++;
	identity->down_until = g_get_monotonic_time() + DOWN_S * G_USEC_PER_SEC;
	if (!identity->down && identity->tell) {
		text = g_strdup_printf("Keystone %s: %s", identity->url, why);
		identity->tell(text, true);
	}
	identity->down = true;
	return g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "Keystone is not available");
}

static void identity_works(struct identity *identity)
{
	g_autofree char *text = NULL;

	identity->down_until = 0;
	if (identity->down && identity->tell) {
		text = g_strdup_printf("Keystone %s: answers again", identity->url);
		identity->tell(text, false);
	}
	identity->down = false;
}

static bool identity_is_down(const struct identity *identity)
{
	return g_get_monotonic_time() < identity->down_until;
}

/* Our own token */

static void entry_ask(struct entry *entry);

static GArray *own_waiters_new(void)
{
	return g_array_new(FALSE, FALSE, sizeof(struct own_waiter));
}

static void own_settle(struct identity *identity, const GError *trouble)
{
	g_autoptr(GPtrArray) waiting = g_steal_pointer(&identity->own_waiting);
	g_autoptr(GArray) waiters = g_steal_pointer(&identity->own_waiters);

	identity->own_waiting = g_ptr_array_new();
	identity->own_waiters = own_waiters_new();
	identity->own_asking = false;
	for (guint i = 0; i < waiting->len; i++) {
		if (trouble)
			entry_settle(waiting->pdata[i], trouble);
		else
			entry_ask(waiting->pdata[i]);
	}
	for (guint i = 0; i < waiters->len; i++) {
		const struct own_waiter *waiter = &g_array_index(waiters, struct own_waiter, i);

		waiter->known(trouble ? NULL : identity->own, trouble, waiter->data);
	}
}

static void own_answered(const struct http_answer *answer, const GError *error, void *data)
{
	struct identity *identity = data;
	const char *token = answer ? http_answer_find_header(answer, "X-Subject-Token") : NULL;
	g_autofree char *text = NULL;
	g_autoptr(GError) trouble = NULL;
	struct caller self;

	if (answer && answer->status == 201 && token &&
	    identity_token_parse(answer->body, answer->body_size, &self,
				 &identity->own_expires_at, NULL)) {
		g_free(identity->own);
		identity->own = g_strdup(token);
		own_settle(identity, NULL);
		return;
	}
	text = answer ? g_strdup_printf("weftd's own user is refused with status %u",
					answer->status)
		      : g_strdup(error->message);
	trouble = identity_fail(identity, text);
	own_settle(identity, trouble);
}

static void own_ask(struct identity *identity)
{
	const struct http_tls tls = {.ca = identity->ca};
	const struct http_ask ask = {
		.method = "POST",
		.url = identity->tokens_url,
		.body = identity->login,
		.body_size = strlen(identity->login),
		.timeout_ms = identity->timeout_ms,
		.answer_max = 1 << 20,
		.tls = identity->ca ? &tls : NULL,
	};

	identity->own_asking = true;
	g_clear_pointer(&identity->own, g_free);
	http_client_call(identity->client, &ask, own_answered, identity);
}

static bool own_is_good(const struct identity *identity)
{
	return identity->own && identity->own_expires_at >= real_s() + OWN_MARGIN_S;
}

void identity_ask_own(struct identity *identity, identity_own_known known, void *data)
{
	const struct own_waiter waiter = {known, data};

	if (own_is_good(identity) && !identity->own_asking) {
		known(identity->own, NULL, data);
		return;
	}
	g_array_append_val(identity->own_waiters, waiter);
	if (!identity->own_asking)
		own_ask(identity);
}

void identity_drop_own(struct identity *identity, const char *token)
{
	if (g_strcmp0(identity->own, token) == 0)
		g_clear_pointer(&identity->own, g_free);
}

void identity_forget_waiter(struct identity *identity, const void *data)
{
	for (guint i = identity->own_waiters->len; i-- > 0;)
		if (g_array_index(identity->own_waiters, struct own_waiter, i).data == data)
			g_array_remove_index(identity->own_waiters, i);
}

/* Somebody's token */

static void entry_take(struct entry *entry, const struct http_answer *answer)
{
	g_autoptr(GError) error = NULL, trouble = NULL;
	struct caller caller;
	gint64 expires_at;

	if (answer->status == 200 && identity_token_parse(answer->body, answer->body_size,
							  &caller, &expires_at, &error)) {
		entry->caller = caller;
		entry->wrong = false;
		/* One that a service vouches for is good for as long as it is believed. */
		entry->expires_at =
			entry->allow_expired
				? MAX(expires_at, real_s() + entry->identity->cache_s)
				: expires_at;
	} else if (answer->status == 404 || answer->status == 400) {
		entry->wrong = true;
		entry->expires_at = real_s() + WRONG_S;
		entry->identity->counters.refused++;
	} else {
		g_autofree char *text =
			error ? g_strdup(error->message)
			      : g_strdup_printf("answers with status %u", answer->status);

		trouble = identity_fail(entry->identity, text);
		entry_settle(entry, trouble);
		return;
	}
	entry->known = true;
	entry->checked_at = g_get_monotonic_time();
	identity_works(entry->identity);
	entry_settle(entry, NULL);
}

static void entry_answered(const struct http_answer *answer, const GError *error, void *data)
{
	struct entry *entry = data;
	struct identity *identity = entry->identity;
	g_autoptr(GError) trouble = NULL;

	if (!answer) {
		trouble = identity_fail(identity, error->message);
		entry_settle(entry, trouble);
		return;
	}
	if (answer->status == 401 && entry->tries++ == 0) { /* our own token has ended */
		g_ptr_array_add(identity->own_waiting, entry);
		if (!identity->own_asking)
			own_ask(identity);
		return;
	}
	entry_take(entry, answer);
}

static void entry_ask(struct entry *entry)
{
	struct identity *identity = entry->identity;
	const struct http_field headers[] = {{"X-Auth-Token", identity->own},
					     {"X-Subject-Token", entry->token}};
	const struct http_tls tls = {.ca = identity->ca};
	g_autofree char *url =
		g_strconcat(identity->tokens_url, "?nocatalog",
			    entry->allow_expired ? "&allow_expired=1" : "", NULL);
	const struct http_ask ask = {
		.url = url,
		.headers = headers,
		.header_count = G_N_ELEMENTS(headers),
		.timeout_ms = identity->timeout_ms,
		.answer_max = 1 << 20,
		.tls = identity->ca ? &tls : NULL,
	};

	if (!own_is_good(identity)) {
		g_ptr_array_add(identity->own_waiting, entry);
		if (!identity->own_asking)
			own_ask(identity);
		return;
	}
	http_client_call(identity->client, &ask, entry_answered, entry);
}

static void entry_begin(struct entry *entry, const char *token)
{
	entry->asking = true;
	entry->tries = 0;
	g_free(entry->token);
	entry->token = g_strdup(token);
	entry_ask(entry);
}

static void entry_want(struct identity *identity, const char *token, bool allow_expired,
		       identity_known known, void *data)
{
	struct entry *entry = entry_get(identity, token, allow_expired);
	const struct waiter waiter = {known, data};
	bool fresh = entry_is_fresh(entry), down = identity_is_down(identity);

	if (fresh || (down && entry_is_good(entry))) {
		identity->counters.hits++;
		/* Asked again in time, so that nobody has to wait for it. */
		if (!down && !entry->asking && !entry->wrong &&
		    entry_age_s(entry) * 2 > identity->cache_s)
			entry_begin(entry, token);
		entry_tell(entry, &waiter, NULL);
		return;
	}
	identity->counters.misses++;
	if ((down && !entry->asking) || entry->waiters->len >= WAITERS_MAX) {
		g_autoptr(GError) trouble = g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
							"Keystone is not available");

		known(NULL, trouble, data);
		return;
	}
	g_array_append_val(entry->waiters, waiter);
	if (!entry->asking)
		entry_begin(entry, token);
}

/* Two tokens: first who vouches, then for whom */

struct pair {
	struct identity *identity;
	char *token;
	const char *const *roles;
	identity_known known;
	void *data;
};

static void pair_end(struct pair *pair, const struct caller *caller, const GError *error)
{
	struct caller both;

	if (caller) {
		both = *caller;
		both.creds.service_roles = pair->roles;
	}
	pair->known(caller ? &both : NULL, error, pair->data);
	g_free(pair->token);
	g_free(pair);
}

static void pair_user_known(const struct caller *caller, const GError *error, void *data)
{
	pair_end(data, caller, error);
}

static void pair_service_known(const struct caller *caller, const GError *error, void *data)
{
	struct pair *pair = data;

	if (!caller) {
		pair_end(pair, NULL, error);
		return;
	}
	pair->roles = caller->creds.roles;
	entry_want(pair->identity, pair->token, roles_have(pair->roles, "service"),
		   pair_user_known, pair);
}

static bool token_is_sound(const char *token)
{
	gsize length = strnlen(token, TOKEN_MAX + 1);

	for (gsize i = 0; i < length; i++)
		if (token[i] <= ' ' || token[i] > '~')
			return false;
	return length && length <= TOKEN_MAX;
}

void identity_ask(struct identity *identity, const char *token, const char *service_token,
		  identity_known known, void *data)
{
	struct pair *pair;

	if (!token_is_sound(token) || (service_token && !token_is_sound(service_token))) {
		g_autoptr(GError) error =
			g_error_new(WEFT_ERROR, WEFT_ERROR_UNAUTHENTICATED, "not a token");

		known(NULL, error, data);
		return;
	}
	if (!service_token) {
		entry_want(identity, token, false, known, data);
		return;
	}
	pair = g_new0(struct pair, 1);
	pair->identity = identity;
	pair->token = g_strdup(token);
	pair->known = known;
	pair->data = data;
	entry_want(identity, service_token, false, pair_service_known, pair);
}

/* Making and ending */

struct identity *identity_new(const struct identity_config *config)
{
	struct identity *identity = g_new0(struct identity, 1);

	identity->client = http_client_new();
	identity->url = g_strdup(config->url);
	identity->tokens_url = http_join(config->url, "/auth/tokens");
	identity->ca = g_strdup(config->ca);
	identity->login = identity_login_print(config);
	identity->cache_s = config->cache_s;
	identity->timeout_ms = config->timeout_ms;
	identity->tell = config->tell;
	identity->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
	identity->own_waiting = g_ptr_array_new();
	identity->own_waiters = own_waiters_new();
	return identity;
}

void identity_free(struct identity *identity)
{
	g_autoptr(GError) error = NULL;

	if (!identity)
		return;
	http_client_free(identity->client);
	g_set_error(&error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "the controller is ending");
	for (GList *link = identity->order.head; link; link = link->next)
		entry_settle(link->data, error);
	g_ptr_array_unref(identity->own_waiting);
	g_array_unref(identity->own_waiters);
	g_hash_table_unref(identity->entries);
	g_free(identity->own);
	g_free(identity->url);
	g_free(identity->tokens_url);
	g_free(identity->ca);
	g_free(identity->login);
	g_free(identity);
}

struct identity_counters identity_get_counters(const struct identity *identity)
{
	return identity->counters;
}

const char *identity_get_url(const struct identity *identity)
{
	return identity->url;
}

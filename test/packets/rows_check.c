/* SPDX-License-Identifier: Apache-2.0 */
/* See rows_check.h. One function a verb. */
#include "rows_check.h"

#include <stdlib.h>
#include <string.h>

void rows_fail(struct row *row, const char *format, ...)
{
	va_list args;

	if (row->why->len)
		return;
	va_start(args, format);
	g_string_vprintf(row->why, format, args);
	va_end(args);
}

bool rows_read(struct row *row, enum native_map map, const void *key, void *value)
{
	struct world_backend *backend = row->rows->backend;

	return backend->read(backend->self, map, key, value);
}

static void check_stat(struct row *row, char **words)
{
	static const struct {
		const char *name;
		gsize offset;
	} fields[] = {
#define F(name) {#name, offsetof(struct host_stats_value, name)}
		F(flow_hits),	    F(flow_misses),  F(flow_evictions), F(conn_created),
		F(encap_fallbacks), F(flood_copies), F(punts),		F(conn_full),
#undef F
	};
	struct host_stats_value stats = {};
	__u32 zero = 0;
	__u64 got;

	if (!rows_read(row, NATIVE_MAP_host_stats, &zero, &stats))
		rows_fail(row, "cannot read host_stats");
	for (guint i = 0; i < G_N_ELEMENTS(fields) && words[1] && words[2]; i++)
		if (!strcmp(fields[i].name, words[1])) {
			memcpy(&got, (char *)&stats + fields[i].offset, sizeof(got));
			if (got != strtoull(words[2], NULL, 0))
				rows_fail(row, "%s is %llu, not %s", words[1],
					  (unsigned long long)got, words[2]);
			return;
		}
	rows_fail(row, "no such field: '%s'", words[1] ? words[1] : "");
}

static void check_port(struct row *row, char **words)
{
	struct port_stats_value stats = {};
	bool tx = !strcmp(words[0], "tx");
	__u64 packets, bytes;
	__u32 slot;

	if (g_strv_length(words) != 4) {
		rows_fail(row, "tx|rx SLOT PACKETS BYTES");
		return;
	}
	slot = strtoul(words[1], NULL, 0);
	rows_read(row, NATIVE_MAP_port_stats, &slot, &stats);
	packets = tx ? stats.tx_packets : stats.rx_packets;
	bytes = tx ? stats.tx_bytes : stats.rx_bytes;
	if (packets != strtoull(words[2], NULL, 0) || bytes != strtoull(words[3], NULL, 0))
		rows_fail(row, "%s of slot %u is %llu packets, %llu bytes", words[0], slot,
			  (unsigned long long)packets, (unsigned long long)bytes);
}

/* SLOT PROTO LOCAL LPORT REMOTE RPORT */
static void read_conn_key(struct row *row, char **words, struct conn_key *key)
{
	key->slot = strtoul(words[0], NULL, 0);
	key->proto = strtoul(words[1], NULL, 0);
	if (!world_ip(&row->world, words[2], &key->local) ||
	    !world_ip(&row->world, words[4], &key->remote))
		rows_fail(row, "connection: not an address");
	key->lport = g_htons(strtoul(words[3], NULL, 0));
	key->rport = g_htons(strtoul(words[5], NULL, 0));
}

static __be16 port_of(struct row *row, const char *word)
{
	return g_htons(strtoul(world_name(&row->world, word), NULL, 0));
}

/* SLOT PROTO ADDR PORT REMOTE RPORT: of the entry that WAY of a connection has */
static bool read_nat(struct row *row, char **words, __u8 way, struct nat_value *value)
{
	struct nat_key key = {.slot = strtoul(words[0], NULL, 0),
			      .proto = strtoul(words[1], NULL, 0),
			      .way = way,
			      .port = port_of(row, words[3]),
			      .rport = port_of(row, words[5])};

	if (!world_ip(&row->world, words[2], &key.addr) ||
	    !world_ip(&row->world, words[4], &key.remote))
		rows_fail(row, "translation: not an address");
	return rows_read(row, NATIVE_MAP_nat, &key, value);
}

/* translated SLOT PROTO ADDR PORT REMOTE RPORT FORM PORT */
static void check_translated(struct row *row, char **words)
{
	struct nat_value out = {}, in = {};
	struct abi_ip form;

	if (g_strv_length(words) != 9) {
		rows_fail(row, "translated: eight words");
		return;
	}
	if (!read_nat(row, words + 1, NAT_OUT, &out) ||
	    !world_ip(&row->world, words[7], &form) || memcmp(&out.addr, &form, 16) != 0 ||
	    out.port != port_of(row, words[8])) {
		rows_fail(row, "not translated to that, but to port %u", g_ntohs(out.port));
		return;
	}
	char *back[] = {words[1], words[2], words[7], words[8], words[5], words[6], NULL};

	if (!read_nat(row, back, NAT_IN, &in) || in.port != port_of(row, words[4]))
		rows_fail(row, "there is no way back");
}

/* no connection SLOT PROTO LOCAL LPORT REMOTE RPORT, or no nat SLOT PROTO ADDR PORT REMOTE RPORT */
static void check_no_connection(struct row *row, char **words)
{
	struct nat_value translation;
	struct conn_value value;
	struct conn_key key = {};

	if (g_strv_length(words) == 8 && !strcmp(words[1], "nat")) {
		if (read_nat(row, words + 2, NAT_OUT, &translation) ||
		    read_nat(row, words + 2, NAT_IN, &translation))
			rows_fail(row, "it is translated");
		return;
	}
	if (g_strv_length(words) != 8 || strcmp(words[1], "connection")) {
		rows_fail(row, "no connection: six words");
		return;
	}
	read_conn_key(row, words + 2, &key);
	if (rows_read(row, NATIVE_MAP_conn, &key, &value))
		rows_fail(row, "there is such a connection");
}

/* end SLOT PROTO LOCAL LPORT REMOTE RPORT: as when the agent ages it away */
static void end_connection(struct row *row, char **words)
{
	struct world_backend *backend = row->rows->backend;
	struct conn_value value;
	struct conn_key key = {};

	if (g_strv_length(words) != 7) {
		rows_fail(row, "end: six words");
		return;
	}
	read_conn_key(row, words + 1, &key);
	if (!rows_read(row, NATIVE_MAP_conn, &key, &value))
		rows_fail(row, "no such connection");
	backend->del(backend->self, NATIVE_MAP_conn, &key);
}

/* connection SLOT PROTO LOCAL LPORT REMOTE RPORT STATE SENT RECEIVED */
static void check_connection(struct row *row, char **words)
{
	static const char *const states[] = {"new", "established", "fin", "closing", "closed"};
	struct conn_value value = {};
	struct conn_key key = {};

	if (g_strv_length(words) != 10) {
		rows_fail(row, "connection: nine words");
		return;
	}
	read_conn_key(row, words + 1, &key);
	if (!rows_read(row, NATIVE_MAP_conn, &key, &value)) {
		rows_fail(row, "no such connection");
		return;
	}
	if (value.state >= G_N_ELEMENTS(states) || strcmp(states[value.state], words[7]))
		rows_fail(row, "connection is in state %u, not %s", value.state, words[7]);
	if (value.packets[0] != strtoull(words[8], NULL, 0) ||
	    value.packets[1] != strtoull(words[9], NULL, 0))
		rows_fail(row, "connection has %llu and %llu packets",
			  (unsigned long long)value.packets[0],
			  (unsigned long long)value.packets[1]);
}

/* told SLOT OPENED DENIED: flows of it that the agent has been told of */
static void check_told(struct row *row, char **words)
{
	struct sampled_value value = {};
	__u32 slot;

	if (g_strv_length(words) != 4) {
		rows_fail(row, "told SLOT OPENED DENIED");
		return;
	}
	slot = strtoul(words[1], NULL, 0);
	rows_read(row, NATIVE_MAP_sampled, &slot, &value);
	if (value.told != strtoull(words[2], NULL, 0) ||
	    value.denied != strtoull(words[3], NULL, 0))
		rows_fail(row, "told of %llu and %llu flows of slot %u",
			  (unsigned long long)value.told, (unsigned long long)value.denied,
			  slot);
}

/* The table NAME takes nothing more. Why that cannot be, or NULL. */
static char *fill(struct row *row, const char *name)
{
	static const char *const names[] = {
#define X(map, kind, entries, flags, key, value) [NATIVE_MAP_##map] = #map,
		DP_MAP_TABLE(X)
#undef X
	};
	struct world_backend *backend = row->rows->backend;

	for (int i = 0; i < NATIVE_MAPS; i++)
		if (!strcmp(names[i], name))
			return g_strdup(backend->fill(backend->self, i));
	rows_fail(row, "no such table: '%s'", name);
	return NULL;
}

bool rows_check_line(struct row *row, char **words)
{
	struct world_backend *backend = row->rows->backend;

	if (!strcmp(words[0], "stat"))
		check_stat(row, words);
	else if (!strcmp(words[0], "tx") || !strcmp(words[0], "rx"))
		check_port(row, words);
	else if (!strcmp(words[0], "connection"))
		check_connection(row, words);
	else if (!strcmp(words[0], "no"))
		check_no_connection(row, words);
	else if (!strcmp(words[0], "told"))
		check_told(row, words);
	else if (!strcmp(words[0], "translated"))
		check_translated(row, words);
	else if (!strcmp(words[0], "full") && words[1])
		row->skip = fill(row, words[1]);
	else if (!strcmp(words[0], "end"))
		end_connection(row, words);
	else if (!strcmp(words[0], "time") && words[1])
		row->skip = g_strdup(
			backend->pass_time(backend->self, strtoull(words[1], NULL, 0)));
	else
		return false;
	return true;
}

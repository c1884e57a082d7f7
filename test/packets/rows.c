/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the tables and compares. Every row starts in the same fresh world. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/drop.h"
#include "packet.h"
#include "rows_check.h"

#define TOLD_MARK 0x77656674 /* the default */

static const char *const reason_names[DP_DROP_COUNT] = {
#define X(number, NAME, name, sentence) [number] = name,
	DP_DROP_TABLE(X)
#undef X
};

static void output_clear(gpointer p)
{
	g_clear_pointer(&((struct native_output *)p)->frame, g_bytes_unref);
}

static void expect_reset(struct expect *expect)
{
	g_clear_pointer(&expect->outputs, g_array_unref);
	g_clear_pointer(&expect->passed, g_bytes_unref);
	*expect = (struct expect){
		.verdict = -1, .punt_slot = -1, .reason_slot = -1, .punt_kind = PUNT_DHCP4};
	expect->outputs = g_array_new(FALSE, FALSE, sizeof(struct native_output));
	g_array_set_clear_func(expect->outputs, output_clear);
}

static void read_drops(struct row *row, __u64 drops[ROWS_SLOTS][DP_DROP_COUNT])
{
	for (__u32 i = 0; i < ROWS_SLOTS * DP_DROP_COUNT; i++)
		if (!rows_read(row, NATIVE_MAP_drops, &i,
			       &drops[i / DP_DROP_COUNT][i % DP_DROP_COUNT]))
			rows_fail(row, "cannot read drops");
}

static __u32 device(struct row *row, const char *text)
{
	g_autofree char *key = g_strdup_printf("%s.if", text);
	const char *value = world_name(&row->world, key);

	if (value == key) {
		rows_fail(row, "no such device: '%s'", text);
		return 0;
	}
	return strtoul(value, NULL, 0);
}

/* Splits "verb words : layers"; LAYERS is what is behind the colon with spaces around. */
static char **head_words(const char *line, const char **layers)
{
	const char *colon = strstr(line, " : ");
	g_autofree char *head = g_strndup(line, colon ? (gsize)(colon - line) : strlen(line));
	g_autoptr(GRegex) spaces = g_regex_new("\\s+", 0, 0, NULL);

	*layers = colon ? colon + 3 : NULL;
	return g_regex_split(spaces, g_strstrip(head), 0);
}

static GBytes *build(struct row *row, const char *layers)
{
	g_autofree char *why = NULL;
	GBytes *frame = layers ? packet_build(layers, row->world.names, &why) : NULL;

	if (!frame)
		rows_fail(row, "%s", why ? why : "no layers");
	return frame;
}

/* ------------------------------------------------------------ comparing */

static gint output_order(gconstpointer a, gconstpointer b)
{
	const struct native_output *x = a, *y = b;

	if ((x->way == NATIVE_CLONE) != (y->way == NATIVE_CLONE))
		return x->way == NATIVE_CLONE ? -1 : 1;
	if (x->way == NATIVE_CLONE && x->ifindex != y->ifindex)
		return x->ifindex < y->ifindex ? -1 : 1;
	return g_bytes_compare(x->frame, y->frame);
}

/*
 * Where WANT leaves the tunnel's source port open (0), the one of GOT in its range will do: it
 * is a hash, and which one is nobody's business.
 */
static GBytes *close_port(GBytes *want, GBytes *got)
{
	gsize size, got_size;
	const guint8 *w = g_bytes_get_data(want, &size);
	const guint8 *g = g_bytes_get_data(got, &got_size);
	gsize at = size > 14 && w[12] == 0x86 ? 54 : 34;
	guint8 *copy;

	if (size < at + 8 || size != got_size || w[at] || w[at + 1] || w[at + 2] != 0x12 ||
	    w[at + 3] != 0xb5 || g[at] < 0xc0)
		return g_bytes_ref(want);
	copy = g_memdup2(w, size);
	memcpy(copy + at, g + at, 2);
	if (at == 54) { /* the flow label is the same hash (RFC 6438) */
		copy[15] = g[54] >> 4;
		copy[16] = (guint8)(g[54] << 4 | g[55] >> 4);
		copy[17] = (guint8)(g[55] << 4);
	}
	return g_bytes_new_take(copy, size);
}

static void compare_output(struct row *row, const struct native_output *want,
			   const struct native_output *got, bool knows_way)
{
	static const char *const ways[] = {"redirect", "peer", "neigh", "clone", "ingress"};
	bool redirected = got->way != NATIVE_CLONE;
	g_autoptr(GBytes) frame = close_port(want->frame, got->frame);

	if (!g_bytes_equal(frame, got->frame)) {
		g_autofree char *a = packet_dump(frame), *b = packet_dump(got->frame);

		rows_fail(row, "frame differs\n# want: %s\n# got:  %s", a, b);
	} else if ((want->way == NATIVE_CLONE) == redirected) {
		rows_fail(row, "left by '%s', not by '%s'", ways[got->way], ways[want->way]);
	} else if (redirected && !knows_way) {
		return;
	} else if (want->way != got->way || want->ifindex != got->ifindex) {
		rows_fail(row, "left by %s %u, not by %s %u", ways[got->way], got->ifindex,
			  ways[want->way], want->ifindex);
	} else if (memcmp(&want->next_hop, &got->next_hop, 16) != 0) {
		rows_fail(row, "another next hop");
	} else if (knows_way && (memcmp(&want->tunnel_remote, &got->tunnel_remote, 16) ||
				 want->tunnel_vni != got->tunnel_vni ||
				 want->tunnel_gbp != got->tunnel_gbp)) {
		rows_fail(row, "another tunnel key: VNI %u, not %u; group %u, not %u",
			  got->tunnel_vni, want->tunnel_vni, got->tunnel_gbp, want->tunnel_gbp);
	}
}

static void compare_outputs(struct row *row, struct world_result *result)
{
	GArray *want = row->expect.outputs, *got = result->outputs;

	if (want->len != got->len) {
		GString *all = g_string_new(NULL);

		for (guint i = 0; i < got->len; i++) {
			struct native_output *out =
				&g_array_index(got, struct native_output, i);
			g_autofree char *dump = packet_dump(out->frame);

			g_string_append_printf(all, "\n# got on %u: %s", out->ifindex, dump);
		}
		rows_fail(row, "%u frames left, not %u%s", got->len, want->len, all->str);
		g_string_free(all, TRUE);
		return;
	}
	g_array_sort(want, output_order);
	g_array_sort(got, output_order);
	for (guint i = 0; i < want->len; i++)
		compare_output(row, &g_array_index(want, struct native_output, i),
			       &g_array_index(got, struct native_output, i), result->knows_way);
}

static void compare_drops(struct row *row)
{
	__u64 now[ROWS_SLOTS][DP_DROP_COUNT];
	guint seen = 0;

	read_drops(row, now);
	for (int slot = 0; slot < ROWS_SLOTS; slot++)
		for (int reason = 0; reason < DP_DROP_COUNT; reason++) {
			if (now[slot][reason] == row->drops[slot][reason])
				continue;
			seen++;
			if (reason != row->expect.reason ||
			    (row->expect.reason_slot >= 0 && slot != row->expect.reason_slot))
				rows_fail(row, "dropped as '%s' on slot %d",
					  reason_names[reason] ? reason_names[reason] : "?",
					  slot);
		}
	if (!seen && row->expect.reason)
		rows_fail(row, "not dropped, or not counted");
	memcpy(row->drops, now, sizeof(now));
}

static void compare_punts(struct row *row, struct world_result *result, GBytes *sent)
{
	struct native_punt *punt;

	if (result->punts->len != (row->expect.punt_slot >= 0)) {
		rows_fail(row, "%u frames handed to the agent", result->punts->len);
		return;
	}
	if (!result->punts->len)
		return;
	punt = &g_array_index(result->punts, struct native_punt, 0);
	if (punt->kind != row->expect.punt_kind || punt->slot != (__u32)row->expect.punt_slot ||
	    !g_bytes_equal(punt->frame, sent))
		rows_fail(row, "the agent was handed something else");
}

static int expected_verdict(const struct expect *expect)
{
	if (expect->pass)
		return TC_ACT_OK;
	for (guint i = 0; i < expect->outputs->len; i++)
		if (g_array_index(expect->outputs, struct native_output, i).way != NATIVE_CLONE)
			return TC_ACT_REDIRECT;
	return TC_ACT_SHOT;
}

static void compare(struct row *row, struct world_result *result, GBytes *sent)
{
	int want = expected_verdict(&row->expect);

	compare_drops(row);
	if (result->verdict != want)
		rows_fail(row, "verdict %d, not %d", result->verdict, want);
	compare_outputs(row, result);
	compare_punts(row, result, sent);
	if (row->expect.passed) {
		if (!g_bytes_equal(result->left, row->expect.passed))
			rows_fail(row, "passed, but not as that");
	} else if (row->expect.pass && !g_bytes_equal(result->left, sent)) {
		rows_fail(row, "passed, but changed");
	}
}

/* -------------------------------------------------------------- sending */

static void send_options(struct row *row, char **words, struct native_meta *meta, guint *times,
			 bool *flows, enum world_program *program)
{
	guint count = g_strv_length(words);

	for (guint i = 2; i < count; i++) {
		if (!strcmp(words[i], "gso") && i + 2 < count) {
			meta->gso_size = strtoul(words[i + 1], NULL, 0);
			meta->gso_segs = strtoul(words[i + 2], NULL, 0);
			i += 2;
		} else if ((!strcmp(words[i], "times") || !strcmp(words[i], "flows")) &&
			   i + 1 < count) {
			*flows = words[i][0] == 'f';
			*times = strtoul(words[++i], NULL, 0);
		} else if (!strcmp(words[i], "vlan")) {
			meta->vlan_present = true;
		} else if (!strcmp(words[i], "told")) {
			meta->mark = TOLD_MARK;
		} else if (!strcmp(words[i], "tunnelled")) {
			meta->encapsulation = true;
		} else if (!strcmp(words[i], "partial")) {
			meta->csum_partial = true;
		} else if (!strcmp(words[i], "asks")) {
			*program = WORLD_ASKS;
		} else {
			rows_fail(row, "no such option: '%s'", words[i]);
		}
	}
}

/* Which one a frame meets that comes by device NAME. */
static enum world_program program_of(struct row *row, const char *name)
{
	g_autofree char *outside = g_strdup_printf("%s.outside", name);

	if (!strcmp(name, "up"))
		return WORLD_UPLINK;
	return world_name(&row->world, outside) != outside ? WORLD_OUTSIDE : WORLD_PORT;
}

/* FRAME, from the UDP port that is MORE above its own. */
static GBytes *other_port(GBytes *frame, guint more)
{
	gsize size;
	const guint8 *bytes = g_bytes_get_data(frame, &size);
	guint8 *copy = g_memdup2(bytes, size);
	guint port = size < 36 ? 0 : (copy[34] << 8 | copy[35]) + more;

	if (size >= 36) {
		copy[34] = port >> 8 & 0xff;
		copy[35] = port & 0xff;
	}
	return g_bytes_new_take(copy, size);
}

/* Runs the pending send, whose expectations are complete. */
static void flush(struct row *row)
{
	struct world_backend *backend = row->rows->backend;
	struct world_result result = {};
	struct native_meta meta = {};
	g_autoptr(GBytes) frame = NULL;
	g_autofree char *line = g_steal_pointer(&row->pending);
	const char *layers;
	enum world_program program;
	bool flows = false;
	guint times = 1;

	if (!line || row->why->len || row->skip) {
		expect_reset(&row->expect);
		return;
	}
	g_auto(GStrv) words = head_words(line, &layers);

	meta.ifindex = device(row, words[1]);
	program = program_of(row, words[1]);
	send_options(row, words, &meta, &times, &flows, &program);
	frame = build(row, layers);
	while (!row->why->len && times-- > 0) {
		g_autoptr(GBytes) sent = other_port(frame, flows ? times : 0);
		const char *skip;

		if (!times)
			read_drops(row, row->drops);
		world_result_clear(&result);
		skip = backend->run(backend->self, program, sent, &meta, &result);
		if (skip) {
			row->skip = g_strdup(skip);
			break;
		}
		if (!times)
			compare(row, &result, frame);
	}
	world_result_clear(&result);
	if (row->why->len)
		g_string_append_printf(row->why, "\n# after: %s", line);
	expect_reset(&row->expect);
}

/* --------------------------------------------------------- expectations */

static void expect_out(struct row *row, char **words, const char *layers)
{
	static const char *const ways[] = {"redirect", "peer", "neigh", "clone", "ingress"};
	struct native_output out = {};
	guint count = g_strv_length(words);

	for (guint i = 0; i < G_N_ELEMENTS(ways); i++)
		if (count > 2 && !strcmp(words[1], ways[i])) {
			out.way = i;
			out.ifindex = device(row, words[2]);
			if (count == 5 && !world_ip(&row->world, words[4], &out.next_hop))
				rows_fail(row, "out: not an address");
			if (count == 7 && world_ip(&row->world, words[4], &out.tunnel_remote)) {
				out.tunnel_vni = strtoul(words[5], NULL, 0);
				out.tunnel_gbp = strtoul(words[6], NULL, 0);
			}
			out.frame = build(row, layers);
			if (out.frame)
				g_array_append_val(row->expect.outputs, out);
			return;
		}
	rows_fail(row, "out: which way?");
}

static void expect_drop(struct row *row, char **words)
{
	for (int i = 1; i < DP_DROP_COUNT; i++)
		if (words[1] && !g_strcmp0(words[1], reason_names[i])) {
			row->expect.reason = i;
			row->expect.reason_slot = words[2] ? atoi(words[2]) : -1;
			return;
		}
	rows_fail(row, "no such reason: '%s'", words[1] ? words[1] : "");
}

static void expect_punt(struct row *row, char **words)
{
	static const char *const kinds[] = {[PUNT_DHCP4] = "dhcp4",
					    [PUNT_DHCP6] = "dhcp6",
					    [PUNT_RS] = "rs",
					    [PUNT_ASK] = "ask"};

	if (!words[1]) {
		rows_fail(row, "punt: of which slot?");
		return;
	}
	row->expect.punt_slot = atoi(words[1]);
	for (__u32 i = 0; words[2] && i < G_N_ELEMENTS(kinds); i++)
		if (g_strcmp0(kinds[i], words[2]) == 0) {
			row->expect.punt_kind = i;
			return;
		}
	if (words[2])
		rows_fail(row, "punt: no kind %s", words[2]);
}

/* A line that says what the last send must do. False: it is something else. */
static bool expectation(struct row *row, char **words, const char *layers)
{
	if (!strcmp(words[0], "out"))
		expect_out(row, words, layers);
	else if (!strcmp(words[0], "drop"))
		expect_drop(row, words);
	else if (!strcmp(words[0], "pass")) {
		row->expect.pass = true;
		row->expect.passed = layers ? build(row, layers) : NULL;
	} else if (!strcmp(words[0], "punt"))
		expect_punt(row, words);
	else
		return !strcmp(words[0], "silent");
	return true;
}

/* ----------------------------------------------------------- the reader */

static void do_line(struct row *row, const char *line)
{
	g_autofree char *why = NULL;
	const char *layers;
	g_auto(GStrv) words = head_words(line, &layers);

	if (!words[0] || !*words[0] || row->skip || row->why->len)
		return;
	if (row->pending && expectation(row, words, layers))
		return;
	flush(row);
	if (row->skip || row->why->len)
		return;
	if (!strcmp(words[0], "send"))
		row->pending = g_strdup(line);
	else if (!rows_check_line(row, words) && !world_command(&row->world, line, &why))
		rows_fail(row, "%s", why);
}

static void row_end(struct row *row)
{
	struct rows *rows = row->rows;
	guint number = rows->passed + rows->failed + rows->skipped + 1;

	flush(row);
	if (!row->why->len && !row->skip && rows->check) {
		g_autofree char *why = rows->check(rows->backend->self);

		if (why)
			rows_fail(row, "%s", why);
	}
	if (row->skip) {
		rows->skipped++;
		printf("ok %u - %s # SKIP %s\n", number, row->title, row->skip);
	} else if (row->why->len) {
		rows->failed++;
		printf("not ok %u - %s\n# %s\n", number, row->title, row->why->str);
	} else {
		rows->passed++;
		printf("ok %u - %s\n", number, row->title);
	}
	g_clear_pointer(&row->skip, g_free);
	g_string_truncate(row->why, 0);
}

static GPtrArray *read_lines(const char *file);

/* The world of the file that stands beside FILE under NAME. */
static void read_world(const char *file, const char *name, GPtrArray *lines)
{
	g_autofree char *folder = g_path_get_dirname(file);
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autoptr(GPtrArray) other = read_lines(path);

	for (guint i = 0; i < other->len && !g_str_has_prefix(other->pdata[i], "row "); i++)
		g_ptr_array_add(lines, g_strdup(other->pdata[i]));
}

/* Lines of FILE with continuations joined and comments gone. */
static GPtrArray *read_lines(const char *file)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	if (!g_file_get_contents(file, &text, NULL, &error))
		g_error("%s", error->message);
	g_auto(GStrv) raw = g_strsplit(text, "\n", -1);

	for (guint i = 0; raw[i]; i++) {
		char *hash = strchr(raw[i], '#');
		bool more = g_ascii_isspace(raw[i][0]) && lines->len;

		if (hash)
			*hash = '\0';
		if (!*g_strstrip(raw[i]))
			continue;
		if (more) {
			char **last = (char **)&lines->pdata[lines->len - 1];
			g_autofree char *old = *last;

			*last = g_strdup_printf("%s %s", old, raw[i]);
		} else if (g_str_has_prefix(raw[i], "use ")) {
			read_world(file, g_strstrip(raw[i] + 4), lines);
		} else {
			g_ptr_array_add(lines, g_strdup(raw[i]));
		}
	}
	return lines;
}

/* The world of the file's head, anew. */
static void row_begin(struct row *row, GPtrArray *lines, const char *title)
{
	struct rows *rows = row->rows;

	rows->backend->clear(rows->backend->self);
	world_done(&row->world);
	world_init(&row->world, rows->backend);
	g_free(row->title);
	row->title = g_strdup(title);
	expect_reset(&row->expect);
	for (guint i = 0; i < lines->len && !g_str_has_prefix(lines->pdata[i], "row "); i++) {
		g_autofree char *why = NULL;

		if (!g_str_has_prefix(lines->pdata[i], "config ") &&
		    !world_command(&row->world, lines->pdata[i], &why))
			g_error("%s: %s", row->file, why);
	}
}

bool rows_configure(struct rows *rows, const char *file)
{
	g_autoptr(GPtrArray) lines = read_lines(file);
	struct world world;
	bool good = true;

	world_init(&world, rows->backend);
	for (guint i = 0; i < lines->len; i++) {
		g_autofree char *why = NULL;

		if (g_str_has_prefix(lines->pdata[i], "config "))
			good = good && world_command(&world, lines->pdata[i], &why);
	}
	world_done(&world);
	return good;
}

void rows_run(struct rows *rows, const char *file)
{
	g_autoptr(GPtrArray) lines = read_lines(file);
	struct row row = {.rows = rows, .file = file, .why = g_string_new(NULL)};

	for (guint i = 0; i < lines->len; i++) {
		const char *line = lines->pdata[i];

		if (g_str_has_prefix(line, "row ")) {
			if (row.title)
				row_end(&row);
			row_begin(&row, lines, line + 4);
		} else if (row.title) {
			do_line(&row, line);
		}
	}
	if (row.title)
		row_end(&row);
	g_clear_pointer(&row.expect.outputs, g_array_unref);
	g_clear_pointer(&row.expect.passed, g_bytes_unref);
	world_done(&row.world);
	g_string_free(row.why, TRUE);
	g_free(row.title);
}

int rows_finish(struct rows *rows)
{
	printf("1..%u\n", rows->passed + rows->failed + rows->skipped);
	return rows->failed || !rows->passed ? 1 : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft drops --follow: a line for each dropped packet. weft capture PORT: a port's packets
 * before and after the data plane's work, as a file or as lines.
 */
#include "cli/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/agent_stream.h"
#include "cli/output.h"
#include "cli/pcapng.h"
#include "lib/error.h"
#include "lib/http_client.h"
#include "trace/frame.h"

/* ---------------------------------------------------------------- lines */

static void append_time(GString *out, int64_t time)
{
	time_t seconds = (time_t)(time / G_GINT64_CONSTANT(1000000000));
	struct tm local;
	char text[16];

	localtime_r(&seconds, &local);
	strftime(text, sizeof(text), "%H:%M:%S", &local);
	g_string_append_printf(out, "%s.%06d", text, (int)(time / 1000 % 1000000));
}

static void append_frame(GString *out, const json_t *line)
{
	g_autoptr(GBytes) frame = agent_stream_frame(line);
	g_autofree char *text = NULL;
	gsize size;
	const void *bytes = frame ? g_bytes_get_data(frame, &size) : NULL;

	if (!bytes)
		return;
	text = trace_frame_print_part(bytes, size, (gsize)agent_stream_number(line, "length"));
	g_string_append(out, text);
}

static char *line_print(const json_t *line)
{
	const char *name = agent_stream_text(line, "name"),
		   *reason = agent_stream_text(line, "reason");
	GString *out = g_string_new(NULL);

	append_time(out, agent_stream_number(line, "time"));
	if (!*name)
		name = agent_stream_text(line, "port");
	g_string_append_printf(out, " %s %s", *name ? name : "-",
			       agent_stream_text(line, "direction"));
	if (*reason)
		g_string_append_printf(out, " %s (%s): ", reason,
				       agent_stream_text(line, "sentence"));
	else
		g_string_append_printf(out, " %s: ", agent_stream_text(line, "kind"));
	append_frame(out, line);
	g_string_append_c(out, '\n');
	return g_string_free(out, FALSE);
}

static bool lost_print(const json_t *line)
{
	int64_t lost = agent_stream_number(line, "lost");

	if (lost > 0)
		fprintf(stderr, "weft: %" G_GINT64_FORMAT " packets could not be shown\n",
			lost);
	return lost > 0;
}

/* As text or as JSON; at once, since somebody is looking on. */
static bool show(const struct arguments *arguments, const json_t *line, GError **error)
{
	const char *format = option_get(arguments, "format");
	char *text;

	if (format && !strcmp(format, "json")) {
		g_autofree char *json = json_dumps(line, JSON_COMPACT);

		text = g_strconcat(json, "\n", NULL);
	} else {
		text = line_print(line);
	}
	return output_print(text, error) && (fflush(stdout) == 0);
}

static void add_parameter(GString *path, const char *name, const char *value)
{
	g_autofree char *escaped = value ? http_escape(value) : NULL;

	if (value)
		g_string_append_printf(path, "%c%s=%s", strchr(path->str, '?') ? '&' : '?',
				       name, escaped);
}

/* --------------------------------------------------------------- follow */

const struct option cmd_drops_options[] = {
	{"follow", 0, NULL, "show each packet as it is dropped, until interrupted", false, NULL,
	 NULL},
	{"port", 0, "PORT", "only of this port", false, NULL, NULL},
	{"reason", 0, "NAME", "only for this reason", false, NULL, NULL},
	{NULL, 0, NULL, NULL, false, NULL, NULL},
};

static bool follow_line(const json_t *line, void *data, GError **error)
{
	if (lost_print(line) || !json_object_get(line, "frame"))
		return true;
	return show(data, line, error);
}

bool cmd_follow(struct context *context, const struct arguments *arguments, GError **error)
{
	g_autoptr(GString) path = g_string_new("/v1/drops/follow");

	add_parameter(path, "port", option_get(arguments, "port"));
	add_parameter(path, "reason", option_get(arguments, "reason"));
	return agent_stream_run(context, path->str, follow_line, (void *)arguments, error);
}

/* -------------------------------------------------------------- capture */

#define SNAPLEN 1664 /* what the agent takes at most */

const struct option cmd_capture_options[] = {
	{"write", 'w', "FILE", "write pcapng; - is standard output", false, NULL, NULL},
	{"before", 0, NULL, "as packets come to the data plane", false, NULL, NULL},
	{"after", 0, NULL, "as they leave it", false, NULL, NULL},
	{"both", 0, NULL, "both (what there is without a choice)", false, NULL, NULL},
	{"count", 0, "N", "end after so many packets", false, NULL, NULL},
	{"snaplen", 0, "BYTES", "keep so much of each (1664, which is the most)", false, NULL,
	 NULL},
	{NULL, 0, NULL, NULL, false, NULL, NULL},
};

enum point {
	POINT_BEFORE_SENT,
	POINT_BEFORE_RECEIVED,
	POINT_AFTER_SENT,
	POINT_AFTER_RECEIVED,
	POINTS,
};

static const struct {
	const char *name;
	const char *description;
} points[POINTS] = {
	{"before-sent", "as the port has sent it"},
	{"before-received", "for the port, as it came to its host's data plane"},
	{"after-sent", "of the port, as it left its host's data plane"},
	{"after-received", "as the port is given it"},
};

struct capture {
	const struct arguments *arguments;
	FILE *file; /* NULL: lines */
	const char *path;
	guint64 count; /* 0: no end */
	uint32_t snaplen;
	guint64 seen[POINTS];
	guint64 all;
	guint64 lost;
};

static bool capture_write(const struct capture *capture, const GByteArray *bytes,
			  GError **error)
{
	if (fwrite(bytes->data, 1, bytes->len, capture->file) == bytes->len &&
	    fflush(capture->file) == 0)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "%s: %s", capture->path,
		    g_strerror(errno));
	return false;
}

/* The agent's first line says what is captured. */
static bool capture_head(struct capture *capture, const json_t *line, GError **error)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	const char *name = agent_stream_text(line, "name"),
		   *id = agent_stream_text(line, "port");

	if (!capture->file)
		return true;
	pcapng_add_section(out, agent_stream_text(line, "host"), "weft " WEFT_VERSION);
	for (int i = 0; i < POINTS; i++) {
		g_autofree char *title =
			g_strdup_printf("%s %s", *name ? name : id, points[i].name);
		g_autofree char *text = g_strdup_printf("port %s, device %s: %s", id,
							agent_stream_text(line, "device"),
							points[i].description);

		pcapng_add_interface(out, title, text, capture->snaplen);
	}
	return capture_write(capture, out, error);
}

static bool capture_packet(struct capture *capture, const json_t *line, GError **error)
{
	bool received = !strcmp(agent_stream_text(line, "direction"), "received");
	bool after = !strcmp(agent_stream_text(line, "kind"), "after");
	enum point point = (after ? POINT_AFTER_SENT : POINT_BEFORE_SENT) + received;
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(GBytes) frame = agent_stream_frame(line);
	struct pcapng_packet packet = {
		.interface = point,
		.time = (uint64_t)agent_stream_number(line, "time"),
		.length = (uint32_t)agent_stream_number(line, "length"),
		.inbound = received,
	};
	gsize size;
	const void *bytes;

	if (!frame)
		return true;
	capture->seen[point]++;
	capture->all++;
	if (!capture->file)
		return show(capture->arguments, line, error);
	bytes = g_bytes_get_data(frame, &size);
	pcapng_add_packet(out, &packet, bytes, size);
	return capture_write(capture, out, error);
}

static bool capture_line(const json_t *line, void *data, GError **error)
{
	struct capture *capture = data;

	if (json_object_get(line, "lost")) {
		capture->lost += (guint64)agent_stream_number(line, "lost");
		return true;
	}
	if (!json_object_get(line, "frame"))
		return capture_head(capture, line, error);
	return capture_packet(capture, line, error) &&
	       (!capture->count || capture->all < capture->count);
}

static bool capture_tail(struct capture *capture, GError **error)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	uint64_t now = (uint64_t)g_get_real_time() * 1000;
	bool ok = true;

	/* What was lost was lost before anybody knew where. */
	for (guint i = 0; capture->file && i < POINTS; i++)
		pcapng_add_statistics(out, i, now, capture->seen[i], i ? 0 : capture->lost);
	if (capture->file && out->len)
		ok = capture_write(capture, out, error);
	fprintf(stderr, "weft: %" G_GUINT64_FORMAT " packets", capture->all);
	if (capture->lost)
		fprintf(stderr, ", %" G_GUINT64_FORMAT " lost", capture->lost);
	fprintf(stderr, "\n");
	return ok;
}

static bool read_number(const struct arguments *arguments, const char *name, guint64 least,
			guint64 most, guint64 *out, GError **error)
{
	const char *text = option_get(arguments, name);

	if (!text || g_ascii_string_to_unsigned(text, 10, least, most, out, NULL))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "--%s %s: not a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
		    name, text, least, most);
	return false;
}

/* "tcp host 10.0.0.1 port 80", each part once and none needed. */
static bool add_filter(GString *path, const GPtrArray *words, GError **error)
{
	for (guint i = 1; i < words->len; i++) {
		const char *word = words->pdata[i];
		const char *next = i + 1 < words->len ? words->pdata[i + 1] : NULL;

		if (!strcmp(word, "tcp") || !strcmp(word, "udp") || !strcmp(word, "icmp")) {
			add_parameter(path, "proto", word);
		} else if (next && (!strcmp(word, "host") || !strcmp(word, "port"))) {
			add_parameter(path, !strcmp(word, "host") ? "host" : "l4port", next);
			i++;
		} else {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "filter '%s': not [tcp|udp|icmp] [host ADDRESS] [port N]",
				    word);
			return false;
		}
	}
	return true;
}

static bool capture_open(struct capture *capture, GError **error)
{
	capture->path = option_get(capture->arguments, "write");
	if (!capture->path) {
		return true;
	}
	if (!strcmp(capture->path, "-")) {
		capture->file = stdout;
		return true;
	}
	capture->file = fopen(capture->path, "we");
	if (capture->file)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s: %s", capture->path,
		    g_strerror(errno));
	return false;
}

bool cmd_capture(struct context *context, const struct arguments *arguments, GError **error)
{
	g_autoptr(GString) path = g_string_new("/v1/capture");
	struct capture capture = {.arguments = arguments, .snaplen = SNAPLEN};
	bool both = option_has(arguments, "both");
	g_autofree char *size = NULL;
	guint64 snaplen = SNAPLEN;
	bool ok;

	add_parameter(path, "port", arguments->words->pdata[0]);
	if (both || option_has(arguments, "before"))
		add_parameter(path, "before", "1");
	if (both || option_has(arguments, "after"))
		add_parameter(path, "after", "1");
	if (!read_number(arguments, "snaplen", 14, SNAPLEN, &snaplen, error) ||
	    !read_number(arguments, "count", 1, G_MAXINT64, &capture.count, error) ||
	    !add_filter(path, arguments->words, error) || !capture_open(&capture, error))
		return false;
	capture.snaplen = (uint32_t)snaplen;
	size = g_strdup_printf("%" G_GUINT64_FORMAT, snaplen);
	add_parameter(path, "size", size);
	ok = agent_stream_run(context, path->str, capture_line, &capture, error);
	if (!capture_tail(&capture, ok ? error : NULL))
		ok = false;
	if (capture.file && capture.file != stdout)
		fclose(capture.file);
	return ok;
}

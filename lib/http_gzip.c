/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One deflate stream for each reply, fed as fast as the client reads.
 */
#include "lib/http_gzip.h"

#include <microhttpd.h>
#include <string.h>
#include <zlib.h>

#define BLOCK	    16384 /* bytes that one turn of the loop compresses to, at most */
#define GZIP_WINDOW (15 + 16)

struct gzip {
	z_stream stream;
	char *body;
	bool ended;
};

/* "gzip", "gzip;q=0.5", "*": quality 0 means no, and gzip's own word counts more than "*". */
bool http_gzip_is_taken(const char *accepted)
{
	g_auto(GStrv) codings = accepted ? g_strsplit(accepted, ",", 32) : NULL;
	bool any = false;

	for (char **coding = codings; coding && *coding; coding++) {
		char *quality = strchr(*coding, ';');
		bool taken = true;

		if (quality) {
			*quality++ = '\0';
			quality = g_strstrip(quality);
			taken = !g_str_has_prefix(quality, "q=") ||
				g_ascii_strtod(quality + 2, NULL) > 0;
		}
		g_strstrip(*coding);
		if (g_ascii_strcasecmp(*coding, "gzip") == 0)
			return taken;
		if (strcmp(*coding, "*") == 0)
			any = taken;
	}
	return any;
}

static ssize_t gzip_read(void *data, uint64_t position, char *to, size_t room)
{
	struct gzip *gzip = data;
	int result;

	if (gzip->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	gzip->stream.next_out = (Bytef *)to;
	gzip->stream.avail_out = (uInt)room;
	result = deflate(&gzip->stream, Z_FINISH);
	gzip->ended = result == Z_STREAM_END;
	if (result != Z_OK && !gzip->ended)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	return (ssize_t)(room - gzip->stream.avail_out);
}

static void gzip_free(void *data)
{
	struct gzip *gzip = data;

	deflateEnd(&gzip->stream);
	g_free(gzip->body);
	g_free(gzip);
}

struct MHD_Response *http_gzip_new(char *body, gsize size)
{
	struct gzip *gzip = g_new0(struct gzip, 1);
	struct MHD_Response *response = NULL;

	gzip->body = body;
	if (deflateInit2(&gzip->stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, MAX_MEM_LEVEL,
			 Z_DEFAULT_STRATEGY) == Z_OK) {
		gzip->stream.next_in = (Bytef *)body;
		gzip->stream.avail_in = (uInt)size;
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, gzip_read,
							     gzip, gzip_free);
	}
	if (!response)
		gzip_free(gzip);
	else
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	return response;
}

#include "core/ws_reply.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/http_reply.h"
#include "util/macros.h"

/*
 * The key and its answer that RFC 6455 part 1.3 works out. The key is there so that no server or
 * cache that knows nothing of WebSocket says yes by accident, and is no secret: asked with a fixed
 * one, a server still has to compute this very answer, and we need no SHA-1.
 */
#define WS_KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define WS_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

enum {
	WS_STATUS = 101,
	/* A frame's first byte: FIN, three reserved bits, the kind. */
	WS_FIN = 0x80,
	WS_TEXT = 0x1,
	WS_BINARY = 0x2,
	WS_CLOSE = 0x8,
	WS_PING = 0x9,
	WS_PONG = 0xa,
	/* Its second: whether it is masked, and the length, or where that stands. */
	WS_MASK = 0x80,
	WS_LENGTH_16_BIT = 126,
	WS_LENGTH_64_BIT = 127,
};

/* A part of the reply; not terminated. */
struct span {
	const char *data;
	size_t length_bytes;
};

static bool span_is(struct span span, const char *text)
{
	return span.length_bytes == strlen(text) &&
	       strncasecmp(span.data, text, span.length_bytes) == 0;
}

static struct span span_trim(struct span span)
{
	while (span.length_bytes && memchr(" \t", span.data[0], 2)) {
		span.data++;
		span.length_bytes--;
	}
	while (span.length_bytes && memchr(" \t\r", span.data[span.length_bytes - 1], 3))
		span.length_bytes--;
	return span;
}

/* Takes what stands before the separator, or all, off the front. */
static struct span span_take(struct span *rest, char separator)
{
	const char *end = memchr(rest->data, separator, rest->length_bytes);
	struct span part = { rest->data, end ? (size_t)(end - rest->data) : rest->length_bytes };
	size_t used = part.length_bytes + (end != NULL);

	rest->data += used;
	rest->length_bytes -= used;
	return part;
}

static bool has_token(struct span list, const char *token)
{
	while (list.length_bytes)
		if (span_is(span_trim(span_take(&list, ',')), token))
			return true;
	return false;
}

/* head: the lines of the reply before the blank one. */
static int judge_head(struct span head, struct error *error)
{
	bool is_upgrade = false, is_connection = false, is_accepted = false;

	(void)span_take(&head, '\n'); /* the status line */
	while (head.length_bytes) {
		struct span value = span_take(&head, '\n'), name = span_take(&value, ':');

		value = span_trim(value);
		if (span_is(name, "Upgrade"))
			is_upgrade = has_token(value, "websocket");
		else if (span_is(name, "Connection"))
			is_connection = has_token(value, "upgrade");
		else if (span_is(name, "Sec-WebSocket-Accept"))
			is_accepted = value.length_bytes == strlen(WS_ACCEPT) &&
				      memcmp(value.data, WS_ACCEPT, strlen(WS_ACCEPT)) == 0;
	}
	if (!is_upgrade || !is_connection)
		return error_set(error, -EPROTO, "HTTP status 101, but not to WebSocket");
	if (!is_accepted)
		return error_set(
		    error, -EPROTO, "HTTP status 101, but without the right Sec-WebSocket-Accept");
	return 1;
}

struct ws_frame {
	unsigned kind;
	struct span payload; /* what has come of it */
	bool is_whole;
};

/* Takes a frame off the front. Returns 1; 0: not even its head has come; -EPROTO. */
static int take_frame(struct span *rest, struct ws_frame *ret_frame, struct error *error)
{
	const unsigned char *bytes = (const unsigned char *)rest->data;
	size_t head_bytes = 2, payload_bytes;

	if (rest->length_bytes >= 2 && bytes[1] == WS_LENGTH_16_BIT)
		head_bytes = 4;
	if (rest->length_bytes < head_bytes)
		return 0;
	if (bytes[1] & WS_MASK)
		return error_set(error, -EPROTO, "its first frame is masked, which is for clients");
	if (bytes[1] == WS_LENGTH_64_BIT)
		return error_set(error, -EPROTO, "its first frame is too long");
	payload_bytes = head_bytes == 4 ? (size_t)bytes[2] << 8 | bytes[3] : bytes[1];
	rest->data += head_bytes;
	rest->length_bytes -= head_bytes;
	*ret_frame = (struct ws_frame){ .kind = bytes[0] & ~(unsigned)WS_FIN,
		.payload = { rest->data, min_ms(payload_bytes, rest->length_bytes) },
		.is_whole = payload_bytes <= rest->length_bytes };
	rest->data += ret_frame->payload.length_bytes;
	rest->length_bytes -= ret_frame->payload.length_bytes;
	return 1;
}

/* rest: what stands behind the handshake. */
static int judge_frames(struct span rest, bool is_end, const char *expect, struct error *error)
{
	struct ws_frame frame = { .kind = WS_PING };
	int result = 1;

	while (result > 0 && (frame.kind == WS_PING || frame.kind == WS_PONG))
		result = take_frame(&rest, &frame, error);
	if (result < 0)
		return result;
	if (result && frame.kind == WS_CLOSE)
		return error_set(error, -ENOMSG, "it closes at once, without '%s'", expect);
	if (result && frame.kind != WS_TEXT && frame.kind != WS_BINARY)
		return error_set(error, -EPROTO, "its first frame is no WebSocket");
	if (result &&
	    memmem(frame.payload.data, frame.payload.length_bytes, expect, strlen(expect)))
		return 1;
	if (result && frame.is_whole)
		return error_set(error, -ENOMSG, "its first frame is without '%s'", expect);
	return is_end ? error_set(error, -ENOMSG,
			    "its first frame does not end, and is without '%s'", expect)
		      : 0;
}

int ws_reply_judge(
    const char *reply, size_t length_bytes, bool is_end, const char *expect, struct error *error)
{
	static const char blank_line[] = "\r\n\r\n";
	int status = http_reply_status(reply, length_bytes, is_end, error);
	const char *end;
	size_t head_bytes;
	int result;

	if (status <= 0)
		return status;
	if (status != WS_STATUS)
		return error_set(
		    error, -EBADMSG, "HTTP status %d instead of an upgrade to WebSocket", status);
	end = memmem(reply, length_bytes, blank_line, strlen(blank_line));
	if (!end)
		return is_end ? error_set(
				    error, -EPROTO, "HTTP status 101, but its headers do not end")
			      : 0;
	head_bytes = (size_t)(end - reply) + strlen(blank_line);
	result = judge_head((struct span){ reply, head_bytes - 2 }, error);
	if (result < 0 || !expect)
		return result;
	return judge_frames(
	    (struct span){ reply + head_bytes, length_bytes - head_bytes }, is_end, expect, error);
}

size_t ws_request_format(const struct probe_target *target, char *buffer, size_t size_bytes)
{
	static const char headers[] = "Upgrade: websocket\r\n"
				      "Connection: Upgrade\r\n"
				      "Sec-WebSocket-Version: 13\r\n"
				      "Sec-WebSocket-Key: " WS_KEY "\r\n";

	return http_get_format(target, "1.1", headers, buffer, size_bytes);
}

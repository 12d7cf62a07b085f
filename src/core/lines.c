#include "core/lines.h"

#include <stdlib.h>
#include <string.h>

#include "util/text.h"

/* The line without its secrets, now: it will be torn apart. false without memory: it is empty. */
static bool line_splitter_redact(struct line_splitter *splitter)
{
	struct text masked;
	bool is_whole;

	text_init_heap(&masked, 2 * (LINE_MAX_BYTES + REDACT_SECRET_BYTES));
	if (!splitter->redact ||
	    !redact_line(splitter->redact, splitter->partial, splitter->partial_bytes, &masked))
		return true;
	is_whole = masked.data && !masked.truncated;
	free(splitter->partial);
	splitter->partial = masked.data;
	splitter->partial_bytes = is_whole ? masked.length_bytes : 0;
	splitter->size_bytes = masked.size_bytes;
	return is_whole;
}

/* Hands over the beginning of a line that is too long; nothing, if it is not any more. */
static void line_splitter_emit_piece(struct line_splitter *splitter,
    void (*handle)(void *data, const char *line, size_t length_bytes), void *data)
{
	if (splitter->partial_bytes < LINE_MAX_BYTES)
		return;
	handle(data, splitter->partial, LINE_MAX_BYTES);
	splitter->partial_bytes -= LINE_MAX_BYTES;
	memmove(splitter->partial, splitter->partial + LINE_MAX_BYTES, splitter->partial_bytes);
}

static void line_splitter_emit(struct line_splitter *splitter,
    void (*handle)(void *data, const char *line, size_t length_bytes), void *data)
{
	size_t length;

	if (splitter->partial_bytes > LINE_MAX_BYTES)
		(void)line_splitter_redact(splitter);
	while (splitter->partial_bytes > LINE_MAX_BYTES)
		line_splitter_emit_piece(splitter, handle, data);
	length = splitter->partial_bytes;
	if (length && splitter->partial[length - 1] == '\r')
		length--;
	handle(data, splitter->partial ? splitter->partial : "", length);
	splitter->partial_bytes = 0;
}

/* Appends to the partial line; false without memory. */
static bool line_splitter_keep(struct line_splitter *splitter, const char *bytes, size_t length)
{
	size_t wanted = splitter->partial_bytes + length, size = splitter->size_bytes;
	char *partial;

	if (!length)
		return true;
	while (size < wanted)
		size = size ? size * 2 : 128;
	if (size > splitter->size_bytes) {
		partial = realloc(splitter->partial, size);
		if (!partial)
			return false;
		splitter->partial = partial;
		splitter->size_bytes = size;
	}
	memcpy(splitter->partial + splitter->partial_bytes, bytes, length);
	splitter->partial_bytes = wanted;
	return true;
}

/* There is no memory for what has come of a line. */
static void line_splitter_lose(struct line_splitter *splitter, const char *bytes, size_t length,
    bool is_end, void (*handle)(void *data, const char *line, size_t length_bytes), void *data)
{
	if (!splitter->redact) {
		if (splitter->partial_bytes)
			line_splitter_emit(splitter, handle, data);
		handle(data, bytes, length < LINE_MAX_BYTES ? length : LINE_MAX_BYTES);
		return;
	}
	splitter->partial_bytes = 0;
	splitter->is_lost = !is_end;
	if (is_end)
		handle(data, "", 0);
}

void line_splitter_feed(struct line_splitter *splitter, const char *bytes, size_t length_bytes,
    void (*handle)(void *data, const char *line, size_t length_bytes), void *data)
{
	size_t limit = LINE_MAX_BYTES + (splitter->redact ? REDACT_SECRET_BYTES : 0);
	const char *end = bytes + length_bytes;

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t length = (size_t)((newline ? newline : end) - bytes);
		size_t room = limit > splitter->partial_bytes ? limit - splitter->partial_bytes : 0;
		bool is_full = length > room; /* a line ends here without a newline */

		if (is_full) {
			length = room;
			newline = NULL;
		}
		if (newline && !splitter->is_lost && !splitter->partial_bytes &&
		    length <= LINE_MAX_BYTES) {
			handle(data, bytes, length - (length && bytes[length - 1] == '\r'));
		} else if (splitter->is_lost || !line_splitter_keep(splitter, bytes, length)) {
			line_splitter_lose(splitter, bytes, length, newline != NULL, handle, data);
		} else if (newline) {
			line_splitter_emit(splitter, handle, data);
		} else if (is_full) {
			splitter->is_lost = !line_splitter_redact(splitter);
			do
				line_splitter_emit_piece(splitter, handle, data);
			while (splitter->partial_bytes >= limit);
		}
		bytes += length + (newline != NULL);
	}
}

void line_splitter_flush(struct line_splitter *splitter,
    void (*handle)(void *data, const char *line, size_t length_bytes), void *data)
{
	if (splitter->partial_bytes || splitter->is_lost)
		line_splitter_emit(splitter, handle, data);
	free(splitter->partial);
	*splitter = (struct line_splitter){ .redact = splitter->redact };
}

static void line_ring_drop(struct line_ring *ring)
{
	ring->bytes -= strlen(line_ring_at(ring, 0)->line);
	ring_drop(&ring->ring);
}

const struct kept_line *line_ring_add(struct line_ring *ring, const char *stream, const char *line,
    size_t length_bytes, uint64_t epoch_ms)
{
	char buffer[LINE_RING_BYTES];
	struct kept_line *copy;
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	text_add_printable(&text, line, length_bytes, sizeof(buffer) - 1);
	copy = malloc(sizeof(*copy) + text.length_bytes + 1);
	if (!copy)
		return NULL;
	*copy = (struct kept_line){ .at_ms = (int64_t)epoch_ms,
		.stream = stream,
		.line = memcpy(copy + 1, buffer, text.length_bytes + 1) };
	while (ring->ring.count && ring->bytes + text.length_bytes > LINE_RING_KEPT_BYTES)
		line_ring_drop(ring);
	while (!ring_add(&ring->ring, LINE_RING_KEPT_COUNT, copy)) {
		if (!ring->ring.count) {
			free(copy);
			return NULL;
		}
		line_ring_drop(ring);
	}
	ring->bytes += text.length_bytes;
	ring->last_at_ms = epoch_ms;
	return copy;
}

const struct kept_line *line_ring_at(const struct line_ring *ring, size_t at)
{
	return ring_at(&ring->ring, at);
}

size_t line_ring_get(const struct line_ring *ring, const char **ret_lines)
{
	size_t kept = ring->ring.count, count = kept < LINE_RING_COUNT ? kept : LINE_RING_COUNT;

	for (size_t i = 0; i < count; i++)
		ret_lines[i] = line_ring_at(ring, kept - count + i)->line;
	return count;
}

void line_ring_deinit(struct line_ring *ring)
{
	ring_deinit(&ring->ring);
	*ring = (struct line_ring){ .bytes = 0 };
}

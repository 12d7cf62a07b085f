#include "core/fatal_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/macros.h"

/* Is the byte part of an escape sequence? */
static bool fatal_text_escapes(struct fatal_text *stream, char byte)
{
	switch (stream->escape) {
	case FATAL_TEXT_PLAIN:
		if (byte != '\033')
			return false;
		stream->escape = FATAL_TEXT_ESC;
		return true;
	case FATAL_TEXT_ESC:
		stream->escape = byte == '['   ? FATAL_TEXT_CSI
				 : byte == ']' ? FATAL_TEXT_OSC
					       : FATAL_TEXT_PLAIN;
		return true;
	case FATAL_TEXT_CSI:
		if (byte >= 0x40 && byte <= 0x7e)
			stream->escape = FATAL_TEXT_PLAIN;
		return true;
	case FATAL_TEXT_OSC:
		if (byte == '\a')
			stream->escape = FATAL_TEXT_PLAIN;
		else if (byte == '\033') /* of ESC \, which ends it */
			stream->escape = FATAL_TEXT_ESC;
		return true;
	}
	return false;
}

static bool fatal_text_ends_with(const struct fatal_text *stream, const char *text)
{
	size_t length = strlen(text);

	return stream->length_bytes >= length &&
	       memcmp(stream->window + stream->length_bytes - length, text, length) == 0;
}

/* Adds a byte to the window; false if that has left it as it was, or shorter. */
static bool fatal_text_add(struct fatal_text *stream, char byte)
{
	static const char *const ornaments[] = { "│", "×", "╰", "├", "▶" };
	bool is_blank = byte == ' ' || (byte >= '\t' && byte <= '\r');

	if (fatal_text_escapes(stream, byte))
		return false;
	if (is_blank && (!stream->length_bytes || fatal_text_ends_with(stream, " ")))
		return false;
	if (stream->length_bytes == sizeof(stream->window)) {
		/* More than the longest text, so none is cut in two. */
		stream->length_bytes /= 2;
		memmove(
		    stream->window, stream->window + stream->length_bytes, stream->length_bytes);
	}
	stream->window[stream->length_bytes++] = is_blank ? ' ' : byte;
	for (size_t i = 0; (unsigned char)byte >= 0x80 && i < ARRAY_LEN(ornaments); i++) {
		if (!fatal_text_ends_with(stream, ornaments[i]))
			continue;
		stream->length_bytes -= strlen(ornaments[i]);
		return false;
	}
	return true;
}

int fatal_text_feed(struct fatal_text *stream, const struct fatal_output *texts, size_t text_count,
    const char *bytes, size_t length_bytes)
{
	for (size_t at = 0; at < length_bytes; at++) {
		if (!fatal_text_add(stream, bytes[at]))
			continue;
		for (size_t i = 0; i < text_count; i++)
			if (fatal_text_ends_with(stream, texts[i].text))
				return (int)i;
	}
	return -1;
}

char *fatal_text_fold(const char *text)
{
	struct fatal_text *stream = calloc(1, sizeof(*stream));
	char *folded = NULL;

	if (!stream)
		return NULL;
	while (*text && stream->length_bytes < sizeof(stream->window))
		(void)fatal_text_add(stream, *text++);
	while (stream->length_bytes && fatal_text_ends_with(stream, " "))
		stream->length_bytes--;
	if (!stream->length_bytes)
		errno = EINVAL;
	else if (stream->length_bytes > FATAL_TEXT_BYTES)
		errno = E2BIG;
	else
		folded = strndup(stream->window, stream->length_bytes);
	free(stream);
	return folded;
}

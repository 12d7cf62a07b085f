/*
 * Looking for the texts of `fatal_output.ID` in what a service writes.
 *
 * Programs draw boxes around their errors and wrap them, so both sides are folded before they are
 * compared: ANSI escape sequences and the characters │ × ╰ ├ ▶ go, and any run of white space,
 * line ends included, is one blank (spec 20 part 2).
 */
#pragma once

#include <stddef.h>

#include "core/config.h"

enum {
	FATAL_TEXT_WINDOW_BYTES = 4096, /* folded output that is remembered */
	FATAL_TEXT_BYTES = 1024,        /* of a text, folded */
	FATAL_TEXTS_MAX = 32,           /* of one service */
};

enum fatal_text_escape {
	FATAL_TEXT_PLAIN,
	FATAL_TEXT_ESC, /* ESC has been read */
	FATAL_TEXT_CSI, /* ESC [ … up to a byte from 0x40 to 0x7e */
	FATAL_TEXT_OSC, /* ESC ] … up to BEL or the next ESC */
};

/* One stream being read. A zeroed struct is at its beginning. */
struct fatal_text {
	char window[FATAL_TEXT_WINDOW_BYTES];
	size_t length_bytes;
	enum fatal_text_escape escape;
};

/*
 * Takes the next bytes of the stream. Returns the place in texts of the first text that is now
 * complete, or -1.
 */
int fatal_text_feed(struct fatal_text *stream, const struct fatal_output *texts, size_t text_count,
    const char *bytes, size_t length_bytes);

/*
 * Folds a text for the comparison. A heap string, the caller's; NULL with errno ENOMEM, EINVAL
 * (nothing is left of it) or E2BIG.
 */
char *fatal_text_fold(const char *text);

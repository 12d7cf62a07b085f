/*
 * Text that is put together piece by piece.
 *
 * Either over a caller's buffer (text_init: what does not fit is cut, at a character, `truncated`
 * says so) or on the heap (text_init_heap: grows up to a cap; the caller calls text_deinit). The
 * bytes are NUL-terminated after every call. A failed allocation counts as a cut, never as an error
 * of its own: no caller has a better answer.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *data;
	size_t length_bytes;
	size_t size_bytes; /* room in data, its NUL included */
	size_t cap_bytes;  /* heap only: size_bytes never exceeds it */
	bool truncated;
};

/* size_bytes is at least 1. */
void text_init(struct text *text, char *buffer, size_t size_bytes);
void text_init_heap(struct text *text, size_t cap_bytes);
/* Only for text_init_heap. Harmless twice. */
void text_deinit(struct text *text);
/* Empty again; keeps the memory. */
void text_clear(struct text *text);

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t length_bytes);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_addv(struct text *text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/*
 * Adds bytes from outside so that they are safe on a terminal, in a log line and in JSON: ANSI
 * escape sequences are dropped, other control characters and bytes that are not UTF-8 become
 * `\xNN`. At most max_bytes of output.
 */
void text_add_printable(
    struct text *text, const char *bytes, size_t length_bytes, size_t max_bytes);

/* Adds bytes as they are, without the ANSI escape sequences in them. */
void text_add_bare(struct text *text, const char *bytes, size_t length_bytes);

/* RFC 3339, UTC, milliseconds; epoch_ms counts from 1970. Years past 9999 are cut to 9999. */
void text_add_time(struct text *text, uint64_t epoch_ms);

/* A length of time for people: `350ms`, `3.2s`, `4m 05s`, `2h 03m`, `3d 04h`. */
void text_add_span(struct text *text, uint64_t span_ms);

/*
 * What every fuzz target has: one entry, claims that end it, and bytes as choices. A target is a
 * file NAME.c and its name in meson.build; its corpus is corpus/NAME. libFuzzer drives it, or
 * replay.c, which feeds it the corpus.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(claim) \
	do { \
		if (!(claim)) \
			fuzz_fail(__FILE__, __LINE__, #claim); \
	} while (0)

static inline _Noreturn void fuzz_fail(const char *file, int line, const char *claim)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, claim);
	abort();
}

/* No character that a terminal might obey. */
static inline bool is_printable(const char *bytes, size_t length_bytes)
{
	size_t length;

	for (size_t i = 0; i < length_bytes; i += length) {
		length = utf8_printable_length(bytes + i, length_bytes - i);
		if (!length)
			return false;
	}
	return true;
}

static inline bool is_line(const char *string)
{
	return is_printable(string, strlen(string));
}

struct bytes {
	const uint8_t *at;
	size_t left;
};

/* A number below `below`; 0 when there are no bytes left. */
static inline unsigned take(struct bytes *bytes, unsigned below)
{
	if (!bytes->left)
		return 0;
	bytes->left--;
	return *bytes->at++ % below;
}

/* The bytes as text of their own, NUL-terminated behind them; the caller frees. */
static inline char *copy_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

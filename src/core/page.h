/*
 * Text for a terminal: columns, and words that are broken between blanks, so that the width decides
 * nothing but where lines end. Strangers' text must be printable already, but for page_add_output
 * and page_add_strings, which see to it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/snapshot.h"
#include "util/text.h"

enum {
	PAGE_LABEL_COLUMNS = 13, /* two blanks, a label of at most nine, two blanks */
	PAGE_LINE_MAX_BYTES = 4096,
};

struct page {
	struct text *text; /* borrowed */
	unsigned width;
	bool has_colour;
};

/* Columns of UTF-8 text, every character counted as one. */
unsigned page_columns(const char *bytes, size_t length_bytes);

/* A word, padded to width columns; colour: an SGR parameter, "" for none. */
void page_add_coloured(
    const struct page *page, const char *colour, const char *word, unsigned width);

/* Words and a newline; the first line begins in column `at`, the others are indented. */
void page_add_words(const struct page *page, const char *words, unsigned at, unsigned indent);

/* `  why      killed by …`; nothing for empty words. */
void page_add_entry(const struct page *page, const char *label, const struct text *words);

/* An entry for each string. */
void page_add_strings(
    const struct page *page, const char *label, const struct snapshot_strings *strings);

/* A line of output, never broken: `    | …`. */
void page_add_output(const struct page *page, const char *line, size_t length_bytes);

/* The same for each line of a message; nothing for NULL. */
void page_add_message(const struct page *page, const char *message);

/* Ends the line with its last word rather than with the column. */
void page_end_line(const struct page *page);

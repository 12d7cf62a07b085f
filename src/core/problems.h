/* A list of things wrong with the input, each one line that names place, value and remedy. */
#pragma once

#include <stddef.h>

enum {
	PROBLEMS_MAX = 200, /* more are counted, not kept */
};

struct problems {
	char **items; /* owned */
	size_t count;
	size_t dropped_count;
};

/* Frees what is owned; a zeroed struct is an empty list. */
void problems_deinit(struct problems *problems);

/* Adds one line, made printable. Without memory it is counted as dropped: the list is never
 * silently empty. */
void problems_add(struct problems *problems, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts all of fresh, which is empty then, in the place of the first `count` that are kept. */
void problems_replace_first(struct problems *problems, size_t count, struct problems *fresh);

/* Number of problems, kept or not. */
size_t problems_total(const struct problems *problems);

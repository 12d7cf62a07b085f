/* Secrets that are known by what stands before them: core/redact.h lists the forms. */
#pragma once

#include <stdbool.h>

/* A part of a line. */
struct redact_span {
	const char *begin;
	const char *end;
};

/*
 * The first value at or behind `from` in the line, which goes to end. Returns whether there is one;
 * it is not empty.
 */
bool redact_find_named(
    const char *line, const char *from, const char *end, struct redact_span *ret_value);

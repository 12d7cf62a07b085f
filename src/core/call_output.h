/*
 * What a failed call to the OpenClaw CLI says about itself. The CLI has no codes for it, so its
 * texts decide (seen on 2026.5.22 and 2026.9.6): on standard error in words, on standard output as
 * JSON.
 */
#pragma once

#include <stdbool.h>

#include "util/text.h"

struct call_output {
	const char *output; /* NUL-terminated; never NULL */
	const char *error_output;
};

/* Could the gateway not be asked (connection refused, closed 1006 or 1012, gateway time-out)? */
bool call_output_is_transient(const struct call_output *call);

/* Must this device itself be paired before it may ask? */
bool call_output_is_pairing_required(const struct call_output *call);

/*
 * Has the CLI answered from the files beside it, as 2026.5.22 does when the gateway lets it not in?
 * What it then says of connections is not the gateway's word.
 */
bool call_output_is_local(const struct call_output *call);

/*
 * Adds a text for people: the last non-empty line of standard error (hints behind the error itself
 * passed over), else standard output folded into one line; printable, at most max_bytes.
 */
void call_output_format(const struct call_output *call, struct text *text, size_t max_bytes);

/*
 * Requests as lines (spec 20 part 4): one JSON object, or for people a bare word. A request comes
 * from anybody who may connect, so nothing in it is passed over in silence: a key that is unknown,
 * doubled or of a wrong type is an error that names it.
 */
#pragma once

#include <stddef.h>

#include "core/request.h"
#include "util/error.h"

enum {
	REQUEST_MAX_TIMEOUT_MS = 24 * 60 * 60 * 1000,
	REQUEST_MAX_LINES = 1000000,
};

/* As far as numbers in JSON are exact. */
#define REQUEST_MAX_SINCE (INT64_C(1) << 53)

/*
 * Reads one line, its newline not counted; a carriage return at its end is ignored. Returns 0, or
 * -EINVAL with *ret_code and the message for an error reply (printable). Of *ret_request, `id` and
 * `bare` are valid then too: the error reply echoes the one and heeds the other. `service` is
 * checked for its shape only.
 */
int request_decode(const char *line, size_t length_bytes, struct request *ret_request,
    enum reply_code *ret_code, struct error *error);

/* The line for a request, newline included; the caller frees. NULL when memory is short. */
char *request_encode(const struct request *request);

/* The shape of a service's name: [a-z][a-z0-9-]{0,31}. */
bool request_is_service_name(const char *string);

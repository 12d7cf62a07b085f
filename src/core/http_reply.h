/* Is this the reply of a server that serves? HTTP as far as a health probe needs it (RFC 9112). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/probe_target.h"
#include "util/error.h"

/*
 * Judges the first bytes of a reply to a GET. Returns 1: status is one of codes and, for a 2xx
 * status with expect not NULL, expect stands in the reply; 0: more bytes are needed (never with
 * is_end); -EPROTO: no HTTP, -EBADMSG: another status, -ENOMSG: expect is missing; *error says it.
 */
int http_reply_judge(const char *reply, size_t length_bytes, bool is_end,
    const struct status_codes *codes, const char *expect, struct error *error);

/*
 * The status code a reply begins with; 0: more bytes are needed (never with is_end); -EPROTO: no
 * HTTP, *error says it.
 */
int http_reply_status(const char *reply, size_t length_bytes, bool is_end, struct error *error);

/* The request for a path, to be sent as it is. Returns its length, cut to size_bytes - 1. */
size_t http_request_format(const struct probe_target *target, char *buffer, size_t size_bytes);

/* The same for an HTTP version (`1.1`) and more headers, each with its line end. */
size_t http_get_format(const struct probe_target *target, const char *version, const char *headers,
    char *buffer, size_t size_bytes);

/* Where the body of a reply begins; NULL while its headers have not come to their end. */
const char *http_reply_body(const char *reply, size_t length_bytes);

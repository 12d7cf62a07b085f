/* Is this the reply of a WebSocket server? As far as a health probe needs it (RFC 6455). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/probe_target.h"
#include "util/error.h"

/*
 * Judges the first bytes of a reply to ws_request_format. Returns 1: the connection is upgraded as
 * asked and, with expect not NULL, expect stands in the server's first text or binary frame (or
 * first fragment), pings before it not counted; 0: more bytes are needed (never with is_end);
 * -EPROTO: no WebSocket, -EBADMSG: another status than 101, -ENOMSG: expect is missing; *error
 * says it.
 */
int ws_reply_judge(
    const char *reply, size_t length_bytes, bool is_end, const char *expect, struct error *error);

/* The opening handshake, to be sent as it is. Returns its length, cut to size_bytes - 1. */
size_t ws_request_format(const struct probe_target *target, char *buffer, size_t size_bytes);

/* A probe over TCP, as one of a target: what io/probe.h sends, what core makes of the reply. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/probe_target.h"
#include "util/error.h"

struct probe_request;

enum {
	PROBE_MESSAGE_BYTES = 1024,
};

/*
 * Fills in where the probe goes and what it says; judge, done and data are the caller's to set.
 * target is of http, ws or tcp. message has PROBE_MESSAGE_BYTES and must stay until probe_start.
 */
void probe_request_init(
    struct probe_request *request, const struct probe_target *target, char *message);

/* The judge of such a probe, but for its data: see io/probe.h. expect may be NULL. */
int probe_request_judge(const struct probe_target *target, const struct status_codes *codes,
    const char *expect, const char *reply, size_t length_bytes, bool is_end, struct error *error);

/* nemoprobe node. */
#pragma once

#include <stdint.h>

#include "core/probe_exit.h"

struct node_probe_request {
	const char *name; /* or id; NULL: the only paired one */
	uint64_t max_age_ms;
	uint64_t timeout_ms;
	char *const *environment; /* ours */
};

/*
 * Asks `openclaw nodes list` once, and prints one line on what was seen. Takes no longer than
 * timeout_ms, and leaves no process of the call.
 */
enum probe_exit node_probe_run(const struct node_probe_request *request);

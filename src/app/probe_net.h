/* nemoprobe http, ws and tcp. */
#pragma once

#include <stdint.h>

#include "core/probe_exit.h"
#include "core/probe_target.h"

struct net_probe_request {
	struct probe_target target;
	struct status_codes codes; /* http */
	const char *expect;        /* http and ws; NULL: any reply */
	uint64_t timeout_ms;
};

/* Probes once, and prints one line on what was seen. */
enum probe_exit net_probe_run(const struct net_probe_request *request);

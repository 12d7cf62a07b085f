/* A service under test and short words to drive it. Times count from T. */
#pragma once

#include <string.h>

#include "core/service.h"
#include "util/macros.h"

enum {
	T = 1000000,
	MIDDLE = 1u << 31, /* the random number that spreads nothing */
};

struct fixture {
	struct service_config config;
	struct service service;
};

/* As the defaults are, with an http probe; the test may change config before it goes on. */
static inline void fixture_init(struct fixture *fixture)
{
	fixture->config = (struct service_config){ .probe = { .type = PROBE_HTTP },
		.crash_limit = { .count = 5, .window_ms = 600000 },
		.fatal_exit_codes = { .bits = { [78 / 32] = 1u << 78 % 32 } },
		.restart_delay_ms = 500,
		.restart_delay_max_ms = 60000,
		.stable_after_ms = 60000,
		.fatal_retry_ms = 300000,
		.start_timeout_ms = 600000,
		.stop_timeout_ms = 20000,
		.probe_interval_ms = 10000,
		.probe_start_interval_ms = 1000,
		.probe_retry_interval_ms = 2000,
		.unhealthy_after_ms = 45000,
		.enabled = true };
	service_init(&fixture->service, &fixture->config, T);
}

static inline unsigned tell(struct fixture *fixture, enum service_event_type type, uint64_t now_ms)
{
	const struct service_event event = { .type = type, .random = MIDDLE };

	return service_handle(&fixture->service, &event, now_ms);
}

/* The main process ends, and nothing is left behind; what the last of the two answers. */
static inline unsigned tell_exit(
    struct fixture *fixture, bool by_signal, int value, uint64_t now_ms)
{
	const struct service_event event = { .type = SERVICE_EV_EXITED,
		.exit = { .by_signal = by_signal, .value = value } };

	service_handle(&fixture->service, &event, now_ms);
	return tell(fixture, SERVICE_EV_TREE_GONE, now_ms);
}

/* From waiting to starting, with the first probe under way 50 ms later. */
static inline void make_starting(struct fixture *fixture, uint64_t now_ms)
{
	if (fixture->service.state != SERVICE_WAITING) /* nobody asks for it again */
		tell(fixture, SERVICE_EV_START, now_ms);
	tell(fixture, SERVICE_EV_ORDER_READY, now_ms);
	tell(fixture, SERVICE_EV_SPAWNED, now_ms);
	tell(fixture, SERVICE_EV_EXEC_OK, now_ms);
	tell(fixture, SERVICE_EV_TIMER, now_ms + 50);
}

/* Started at now_ms, ready 100 ms later. */
static inline void make_ready(struct fixture *fixture, uint64_t now_ms)
{
	make_starting(fixture, now_ms);
	tell(fixture, SERVICE_EV_PROBE_OK, now_ms + 100);
}

/* Handles TIMER whenever it is due until end_ms; probes are answered at once. */
static inline unsigned let_time_pass(struct fixture *fixture, bool probes_ok, uint64_t end_ms)
{
	unsigned seen = 0;
	uint64_t now_ms;

	while ((now_ms = service_deadline_ms(&fixture->service)) <= end_ms) {
		unsigned actions = tell(fixture, SERVICE_EV_TIMER, now_ms);

		seen |= actions;
		if (actions & SERVICE_DO_PROBE)
			seen |= tell(fixture,
			    probes_ok ? SERVICE_EV_PROBE_OK : SERVICE_EV_PROBE_MISS, now_ms);
	}
	return seen;
}

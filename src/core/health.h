/*
 * When to probe a service, and when it counts as sick: the schedule and the clocks of one start,
 * without knowing how a probe is made.
 *
 * Until ready: a first probe soon, then one each probe_start_interval. While ready: one each
 * probe_interval, after a miss each probe_retry_interval. Sick: no success for unhealthy_after and
 * at least three counted misses, or no watchdog ping for `watchdog`. Intervals count from the end
 * of a probe, so two never overlap; after an exec probe they are at least HEALTH_EXEC_REST times as
 * long as it took.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct service_config;

enum {
	HEALTH_MISSES_MIN = 3, /* fewer never make a service unhealthy */
	HEALTH_FIRST_PROBE_MS = 50,
	HEALTH_EXEC_REST = 5, /* a command that takes long is work for the whole machine */
};

struct health_clock {
	const struct service_config *config;
	bool is_ready;
	bool is_probing;
	bool discard;         /* our own loop was late: the probe under way proves nothing */
	unsigned misses;      /* in a row */
	uint64_t began_ms;    /* the last probe */
	uint64_t duration_ms; /* of the last that was not disturbed; 0: none yet in this start */
	uint64_t probe_ms;    /* when the next probe is due; NEVER_MS: none, or one is under way */
	uint64_t last_ok_ms;
	uint64_t watchdog_ms; /* deadline of the next ping; NEVER_MS: no watchdog */
};

/* A new start. */
void health_start(
    struct health_clock *health, const struct service_config *config, uint64_t now_ms);
/* The process is gone or being stopped: no more probes, no deadlines. */
void health_stop(struct health_clock *health);
/* The service is ready: from here on it can become unhealthy. */
void health_ready(struct health_clock *health, uint64_t now_ms);

/* Is a probe due? Then it counts as begun, and one health_result is expected. */
bool health_is_probe_due(struct health_clock *health, uint64_t now_ms);

/* It says that it is ready: a probe is due, of what it cannot say itself. */
void health_ask(struct health_clock *health, uint64_t now_ms);

/* How the probe ended. Returns false if the result is to be ignored. */
bool health_result(struct health_clock *health, bool ok, uint64_t now_ms);

/* The probe ended without a result: neither success nor miss. */
void health_no_result(struct health_clock *health, uint64_t now_ms);

/* WATCHDOG=1 came. */
void health_ping(struct health_clock *health, uint64_t now_ms);

/* From when on it counts as sick, as far as is known by now; NEVER_MS: it does not. */
uint64_t health_unhealthy_ms(const struct health_clock *health);
bool health_is_watchdog_due(const struct health_clock *health, uint64_t now_ms);

/* Our own loop stood still for gap_ms: no deadline of the service may suffer from it. */
void health_shift(struct health_clock *health, uint64_t gap_ms);

/* When a probe or a watchdog ping is due; NEVER_MS: none is. */
uint64_t health_deadline_ms(const struct health_clock *health);

/* Does a start of this service wait for a probe (else for exec or a notification)? */
bool health_probes_start(const struct service_config *config);

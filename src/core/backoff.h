/* How long to wait before the next start (spec 30 part 2). Pure: the caller brings the chance. */
#pragma once

#include <stdint.h>

/*
 * The delay before the restart after the failures-th failure in a row (1 is the first):
 * min(max_ms, base_ms · 2^(failures-1)), spread by ±10 % with random, which is uniform over all
 * 32-bit values. base_ms 0 stays 0.
 */
uint64_t backoff_next(uint64_t base_ms, uint64_t max_ms, unsigned failures, uint32_t random);

enum {
	CRASH_WINDOW_MAX = 16,
};

/*
 * "More than COUNT exits in WINDOW." Exact for a COUNT up to CRASH_WINDOW_MAX; above, the same
 * rate over a shorter window, so that a service needs no memory by COUNT.
 */
struct crash_window {
	uint64_t exits_ms[CRASH_WINDOW_MAX]; /* a ring of the last ones */
	unsigned next;
	unsigned count; /* how many of them are in use */
};

/* Notes an exit; returns 1 if it is one more than the limit allows, else 0. */
int crash_window_add(
    struct crash_window *window, uint64_t limit_count, uint64_t limit_window_ms, uint64_t now_ms);

#include "core/backoff.h"

#include "util/macros.h"

uint64_t backoff_next(uint64_t base_ms, uint64_t max_ms, unsigned failures, uint32_t random)
{
	uint64_t delay_ms = min_ms(base_ms, max_ms), spread_ms;

	for (unsigned i = 1; i < failures && delay_ms && delay_ms < max_ms; i++)
		delay_ms = delay_ms > max_ms / 2 ? max_ms : delay_ms * 2;
	spread_ms = delay_ms / 10;
	return delay_ms - spread_ms + (2 * spread_ms + 1) * random / ((uint64_t)UINT32_MAX + 1);
}

int crash_window_add(
    struct crash_window *window, uint64_t limit_count, uint64_t limit_window_ms, uint64_t now_ms)
{
	uint64_t oldest_ms;
	int exceeded;

	if (limit_count > CRASH_WINDOW_MAX) {
		limit_window_ms = limit_window_ms * CRASH_WINDOW_MAX / limit_count;
		limit_count = CRASH_WINDOW_MAX;
	}
	/* The exit limit_count exits ago: with this one, they are one too many if it is recent. */
	oldest_ms =
	    window->exits_ms[(window->next + CRASH_WINDOW_MAX - limit_count) % CRASH_WINDOW_MAX];
	exceeded = window->count >= limit_count && now_ms - oldest_ms <= limit_window_ms;
	window->exits_ms[window->next] = now_ms;
	window->next = (window->next + 1) % CRASH_WINDOW_MAX;
	if (window->count < CRASH_WINDOW_MAX)
		window->count++;
	return exceeded;
}

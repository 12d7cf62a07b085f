/* Small words everybody uses. */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* "No deadline": compares later than every real one. */
#define NEVER_MS UINT64_MAX

static inline uint64_t min_ms(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_ms(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The absolute time delay_ms after now_ms; NEVER_MS instead of an overflow. */
static inline uint64_t deadline_after(uint64_t now_ms, uint64_t delay_ms)
{
	return delay_ms > NEVER_MS - now_ms ? NEVER_MS : now_ms + delay_ms;
}

/* Milliseconds from now_ms to deadline_ms; 0 when it has passed, NEVER_MS when there is none. */
static inline uint64_t time_left_ms(uint64_t deadline_ms, uint64_t now_ms)
{
	if (deadline_ms == NEVER_MS)
		return NEVER_MS;
	return deadline_ms > now_ms ? deadline_ms - now_ms : 0;
}

#include "io/clock.h"

#include <time.h>

static uint64_t clock_read_ms(clockid_t id)
{
	struct timespec now;

	/* Cannot fail for these two ids (clock_gettime(2)). */
	if (clock_gettime(id, &now) < 0 || now.tv_sec < 0)
		return 0;
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_now_ms(void)
{
	return clock_read_ms(CLOCK_MONOTONIC);
}

uint64_t clock_epoch_ms(void)
{
	return clock_read_ms(CLOCK_REALTIME);
}

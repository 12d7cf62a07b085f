/* The two clocks. Deadlines live on the first only; the second is for people. */
#pragma once

#include <stdint.h>

/* CLOCK_MONOTONIC in whole ms: no jump of the wall clock moves it, and it stands while suspended.
 */
uint64_t clock_now_ms(void);

/* Milliseconds since 1970 by the wall clock; 0 before. */
uint64_t clock_epoch_ms(void);

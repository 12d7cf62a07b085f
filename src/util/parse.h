/*
 * Strict readers of numbers and units: the whole string must fit, blanks included.
 * All return 0, -EINVAL (not of that form) or -ERANGE (of the form, but outside the range).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits only. */
int parse_count(const char *string, uint64_t min, uint64_t max, uint64_t *ret_value);

/* `4096`, `64K`, `10M`, `1G`: bytes. */
int parse_size(const char *string, uint64_t min_bytes, uint64_t max_bytes, uint64_t *ret_bytes);

/* `250ms`, `10s`, `5m`, `8h`, `1.5s`; a bare number counts seconds (spec 20 part 2). */
int parse_duration_ms(const char *string, uint64_t min_ms, uint64_t max_ms, uint64_t *ret_ms);

/* yes/no/true/false/on/off/1/0, any case. */
int parse_bool(const char *string, bool *ret_value);

/*
 * Seconds as the watcher's variables give them (spec 20 part 3): trimmed, optional `+`, digits with
 * an optional point, optional exponent of at most 3 digits. `inf`, `nan` and hex are -EINVAL.
 */
int parse_seconds_ms(const char *string, double min_seconds, double max_seconds, uint64_t *ret_ms);

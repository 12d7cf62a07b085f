/* JSON form of struct auto_pair: the only description of its fields. */
#pragma once

#include <stddef.h>

#include "core/auto_pair.h"
#include "util/error.h"

struct cJSON;

/* A new JSON object, the caller's; NULL when memory is short. */
struct cJSON *auto_pair_to_json(const struct auto_pair *state);

/*
 * Reads the object. Fields that are missing or of a wrong type, unknown words and text that is
 * over-long or not printable are errors: -EINVAL, *ret_state untouched. The caller deinits
 * *ret_state.
 */
int auto_pair_from_json(
    const struct cJSON *object, struct auto_pair *ret_state, struct error *error);

/* The same from and to text. encode: a heap string of at most max_bytes, its NUL not counted;
 * pending requests that do not fit are left out, last first. NULL when memory is short. */
char *auto_pair_encode(const struct auto_pair *state, size_t max_bytes);
int auto_pair_decode(
    const char *text, size_t length_bytes, struct auto_pair *ret_state, struct error *error);

/* The output of `openclaw devices list --json` as struct devices. */
#pragma once

#include <stddef.h>

#include "core/devices.h"

/*
 * Reads the standard output of a list call that ended with code 0. Returns LIST_SUCCEEDED, and the
 * caller deinits *ret_devices; else the failure, *ret_devices untouched. Shapes as observed on
 * 2026.5.22 and 2026.9.6; `pending` or `paired` null or one of them absent is an empty list. Short
 * memory reads as invalid JSON: the next poll may have more.
 */
enum list_failure devices_decode(
    const char *bytes, size_t length_bytes, struct devices *ret_devices);

/* The pairing machine's state as status shows it. */
#pragma once

#include <stdint.h>

#include "core/auto_pair.h"
#include "core/pairing.h"

/*
 * ret_state->pending is filled into requests (room for
 * AUTO_PAIR_PENDING_MAX, the caller's): do not auto_pair_deinit it. last_poll_at_ms is left -1.
 */
void pairing_report(const struct pairing *pairing, uint64_t now_ms,
    struct auto_pair_request *requests, struct auto_pair *ret_state);

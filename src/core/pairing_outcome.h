/*
 * What the ends of calls mean for the requests and the counters (spec 40 part 2). Part of the
 * pairing machine, which decides what to do next.
 */
#pragma once

#include "core/pairing.h"

/* A good list: judges what is new, counts the approvals that it shows to have worked. */
void pairing_outcome_take_list(
    struct pairing *pairing, const struct devices *devices, uint64_t now_ms, struct text *log);

/* event: PAIRING_EV_LIST_FAILED. */
void pairing_outcome_take_list_failure(
    struct pairing *pairing, const struct pairing_event *event, struct text *log);

/* event: one of PAIRING_EV_APPROVED … PAIRING_EV_APPROVE_REFUSED, of pairing->approving. */
void pairing_outcome_take_approve(
    struct pairing *pairing, const struct pairing_event *event, uint64_t now_ms, struct text *log);

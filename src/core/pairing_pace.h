/*
 * How fast to poll (spec 40 part 1): fast until somebody is paired and all is quiet, or until the
 * fast deadline; then slow, with a few faster polls after each new request.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/pairing_settings.h"
#include "util/text.h"

struct pairing_pace {
	bool slow;
	uint64_t fast_deadline_ms;
	uint64_t quiet_count;
	uint64_t reentry_left;       /* productive polls at the re-entry interval */
	uint64_t unproductive_count; /* polls in a row that listed nothing */
};

/* Fast, from now on. Also for a pace that is under way: its re-entry polls are kept. */
void pairing_pace_start(
    struct pairing_pace *pace, const struct pairing_settings *settings, uint64_t now_ms);

/* To be asked first in every round: goes slow when the fast deadline has come. */
void pairing_pace_handle_deadline(
    struct pairing_pace *pace, uint64_t approved, uint64_t now_ms, struct text *log);

/* A list was good (is_first: the first of its pass), or there was none. */
void pairing_pace_handle_list(struct pairing_pace *pace, bool is_first);
void pairing_pace_handle_none(struct pairing_pace *pace);

/* Whether anybody is pending; goes slow when that and who is paired add up to convergence. */
void pairing_pace_handle_quiet(struct pairing_pace *pace, bool is_quiet, uint64_t approved,
    size_t paired_count, bool has_browser, struct text *log);

/* A new request is about to be approved: while slow, the next polls come sooner. */
void pairing_pace_handle_request(
    struct pairing_pace *pace, const struct pairing_settings *settings, struct text *log);

/* To the next poll. settled: somebody is paired or approved, and nobody is pending. */
uint64_t pairing_pace_next_ms(
    const struct pairing_pace *pace, const struct pairing_settings *settings, bool settled);

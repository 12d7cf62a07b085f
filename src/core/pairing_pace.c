#include "core/pairing_pace.h"

#include <stdio.h>

#include "core/pairing_log.h"
#include "util/macros.h"

enum {
	FAST_INTERVAL_MS = 1000,
	SETTLED_INTERVAL_MS = 5000,
	QUIET_POLLS = 4,
};

void pairing_pace_start(
    struct pairing_pace *pace, const struct pairing_settings *settings, uint64_t now_ms)
{
	pace->slow = false;
	pace->quiet_count = 0;
	pace->fast_deadline_ms = deadline_after(now_ms, settings->fast_deadline_ms);
}

static void enter_slow(
    struct pairing_pace *pace, const char *why, uint64_t approved, struct text *log)
{
	pace->slow = true;
	pairing_log(
	    log, "%s; entering slow-mode approvals=%llu", why, (unsigned long long)approved);
}

void pairing_pace_handle_deadline(
    struct pairing_pace *pace, uint64_t approved, uint64_t now_ms, struct text *log)
{
	if (!pace->slow && now_ms >= pace->fast_deadline_ms)
		enter_slow(pace, "fast deadline reached", approved, log);
}

void pairing_pace_handle_list(struct pairing_pace *pace, bool is_first)
{
	pace->unproductive_count = 0;
	if (is_first && pace->reentry_left)
		pace->reentry_left--;
}

void pairing_pace_handle_none(struct pairing_pace *pace)
{
	pace->unproductive_count++;
}

void pairing_pace_handle_quiet(struct pairing_pace *pace, bool is_quiet, uint64_t approved,
    size_t paired_count, bool has_browser, struct text *log)
{
	char why[64];

	pace->quiet_count = is_quiet ? pace->quiet_count + 1 : 0;
	if (pace->slow || pace->quiet_count < QUIET_POLLS)
		return;
	if (has_browser) {
		enter_slow(pace, "browser pairing converged", approved, log);
	} else if (paired_count) {
		snprintf(why, sizeof(why), "devices paired (%zu)", paired_count);
		enter_slow(pace, why, approved, log);
	} else if (approved) {
		enter_slow(pace, "non-browser pairing converged", approved, log);
	}
}

void pairing_pace_handle_request(
    struct pairing_pace *pace, const struct pairing_settings *settings, struct text *log)
{
	if (!pace->slow)
		return;
	pace->reentry_left = settings->reentry_polls;
	pairing_log(log, "fast-reentry bumped polls=%llu", (unsigned long long)pace->reentry_left);
}

uint64_t pairing_pace_next_ms(
    const struct pairing_pace *pace, const struct pairing_settings *settings, bool settled)
{
	uint64_t mode_ms = FAST_INTERVAL_MS;

	if (pace->slow)
		mode_ms = settings->slow_interval_ms;
	else if (settled)
		mode_ms = SETTLED_INTERVAL_MS;
	/* Polls that list nothing use none up, but a list that keeps failing must not hold the
	 * pace for hours: after that many of them in a row, the mode's own interval applies. */
	if (pace->reentry_left && pace->unproductive_count < settings->reentry_polls)
		return min_ms(settings->reentry_interval_ms, mode_ms);
	return mode_ms;
}

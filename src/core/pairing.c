/*
 * A pass is one poll and everything it entails: look, list, approve, look and list again, approve
 * the next, until nothing is left to try; then the machine waits. Listing again after every
 * approval is a must: it shows whether a call that ran out of time worked, and some versions
 * replace the request they approve by one with a new id. A look comes before every list, so that
 * what changes while the list is under way is known to be newer than the list.
 *
 *                   | WAITING        | LOOKING              | LISTING            | APPROVING
 * ------------------+----------------+----------------------+--------------------+----------------
 * TIMER             | look → LOOKING | –                    | –                  | –
 * NUDGED            | fast, due now  | fast, due after pass | as LOOKING         | as LOOKING
 * CHANGED           | due soon       | due soon after pass  | as LOOKING         | as LOOKING
 * LOOKED            | –              | list → LISTING, or   | –                  | –
 *                   |                |  skip → WAITING      |                    |
 * BUSY              | –              | –                    | soon → WAITING     | –
 * LISTED            | –              | –                    | judge → APPROVING, | –
 *                   |                |                      |  or WAITING        |
 * LIST_FAILED       | –              | –                    | count → WAITING    | –
 * APPROVED          | –              | –                    | –                  | final → LOOKING
 * APPROVE_TIMED_OUT | –              | –                    | –                  | retry → LOOKING
 * APPROVE_DEFERRED  | –              | –                    | –                  | retry → LOOKING
 * APPROVE_REFUSED   | –              | –                    | –                  | final → LOOKING
 *
 * Wherever a round would begin (a list, an approval) past the deadline, DONE comes instead; past
 * the fast deadline, slow mode comes first, whatever the list says or fails to say. `–`: ignored,
 * as is everything in DONE.
 */
#include "core/pairing.h"

#include "core/pairing_log.h"
#include "core/pairing_outcome.h"
#include "util/macros.h"

enum {
	FIRST_POLL_MS = 1000,
	BUSY_INTERVAL_MS = 250,
	TIMEOUTS_TO_GROW = 3,
};

void pairing_init(struct pairing *pairing, const struct pairing_settings *settings, uint64_t now_ms)
{
	*pairing = (struct pairing){
		.settings = *settings,
		.state = PAIRING_WAITING,
		.deadline_ms = deadline_after(now_ms, settings->deadline_ms),
		.last_failure = LIST_SUCCEEDED,
	};
	pairing->wait_until_ms =
	    min_ms(deadline_after(now_ms, FIRST_POLL_MS), pairing->deadline_ms);
	pairing_pace_start(&pairing->pace, settings, now_ms);
	pairing_skip_init(&pairing->skip, settings->max_skip_ms);
	pairing_wake_init(&pairing->wake);
	pairing_table_init(&pairing->table);
	refusals_init(&pairing->refusals);
}

/* ---- rounds ---- */

static void check_fast_deadline(struct pairing *pairing, uint64_t now_ms, struct text *log)
{
	pairing_pace_handle_deadline(&pairing->pace, pairing->approved, now_ms, log);
}

static uint64_t interval_ms(const struct pairing *pairing)
{
	bool settled = (pairing->approved || pairing->paired_count) && !pairing->pending_total;

	return pairing_pace_next_ms(&pairing->pace, &pairing->settings, settled);
}

static unsigned finish(struct pairing *pairing, struct text *log)
{
	pairing_log(
	    log, "watcher deadline reached approvals=%llu", (unsigned long long)pairing->approved);
	pairing->state = PAIRING_DONE;
	return PAIRING_DO_REST | PAIRING_DO_REPORT | PAIRING_DO_FINISH;
}

static unsigned rest(struct pairing *pairing, uint64_t delay_ms, uint64_t now_ms)
{
	pairing->state = PAIRING_WAITING;
	pairing->wait_until_ms = min_ms(deadline_after(now_ms, delay_ms), pairing->deadline_ms);
	return PAIRING_DO_REST;
}

static unsigned end_pass(struct pairing *pairing, uint64_t now_ms, struct text *log)
{
	unsigned actions;

	if (now_ms >= pairing->deadline_ms)
		return finish(pairing, log);
	check_fast_deadline(pairing, now_ms, log);
	actions = rest(pairing, pairing->nudged ? 0 : interval_ms(pairing), now_ms);
	pairing->wait_until_ms =
	    min_ms(pairing->wait_until_ms, pairing_table_deadline_ms(&pairing->table, now_ms));
	return actions | PAIRING_DO_REPORT;
}

/* The first look of a pass, or the one before a list that relists. */
static unsigned look(struct pairing *pairing, bool relists, uint64_t now_ms, struct text *log)
{
	if (now_ms >= pairing->deadline_ms)
		return finish(pairing, log);
	check_fast_deadline(pairing, now_ms, log);
	pairing->relists = relists;
	pairing->state = PAIRING_LOOKING;
	return PAIRING_DO_LOOK;
}

static unsigned begin_pass(struct pairing *pairing, uint64_t now_ms, struct text *log)
{
	pairing->pass++;
	pairing->is_woken = now_ms < pairing->wait_until_ms;
	pairing->is_asked = pairing->nudged;
	pairing->nudged = false;
	return look(pairing, false, now_ms, log);
}

static unsigned approve_next(struct pairing *pairing, uint64_t now_ms, struct text *log)
{
	struct pairing_request *request =
	    pairing_table_next(&pairing->table, pairing->pass, now_ms);

	if (!request)
		return end_pass(pairing, now_ms, log);
	if (now_ms >= pairing->deadline_ms)
		return finish(pairing, log);
	if (!request->tries++)
		pairing_pace_handle_request(&pairing->pace, &pairing->settings, log);
	request->tried_pass = pairing->pass;
	request->shown.verdict = AUTO_PAIR_APPROVING;
	pairing->approving = request;
	pairing->state = PAIRING_APPROVING;
	return PAIRING_DO_APPROVE | PAIRING_DO_REPORT;
}

/* ---- lists ---- */

static void check_quiet(struct pairing *pairing, struct text *log)
{
	pairing_pace_handle_quiet(&pairing->pace, !pairing->pending_total, pairing->approved,
	    pairing->paired_count, pairing->has_browser, log);
}

/* A poll that the store has answered; all that is known stays as it is. */
static unsigned skip(struct pairing *pairing, uint64_t now_ms, struct text *log)
{
	pairing->skipped_polls++;
	pairing_pace_handle_none(&pairing->pace);
	check_quiet(pairing, log);
	return end_pass(pairing, now_ms, log);
}

static unsigned on_looked(
    struct pairing *pairing, const struct store_look *look, uint64_t now_ms, struct text *log)
{
	enum pairing_answer answer = pairing_skip_handle_look(&pairing->skip, look, now_ms);

	pairing_wake_handle_look(&pairing->wake);
	/* The store tells who is pending, not who has been paired. */
	if (pairing->relists || pairing_table_has_doubts(&pairing->table))
		answer = PAIRING_ASK;
	if (answer == PAIRING_NOTHING_PENDING) {
		pairing->pending_total = 0;
		pairing_table_init(&pairing->table);
		return skip(pairing, now_ms, log);
	}
	if (answer == PAIRING_AS_BEFORE && !pairing->is_asked &&
	    !pairing_table_has_open(&pairing->table))
		return skip(pairing, now_ms, log);
	pairing->list_start_ms = now_ms;
	pairing->state = PAIRING_LISTING;
	return PAIRING_DO_LIST;
}

/* What the list was good for; one for nothing counts only if a change of the store made for it. */
static void note_worth(struct pairing *pairing, bool has_found, uint64_t now_ms)
{
	const struct pairing_skip *skip = &pairing->skip;
	const struct pairing_wake_list list = {
		.is_woken = pairing->is_woken,
		.has_found = has_found,
		.start_ms = pairing->list_start_ms,
		.end_ms = now_ms,
		.last_write_ms = skip->look_ms - min_ms(skip->look_ms, skip->look.age_ms),
	};

	if (has_found || (!pairing->relists && (pairing->is_woken || skip->was_moved)))
		pairing_wake_handle_list(&pairing->wake, &list, pairing->settings.slow_interval_ms);
}

static unsigned on_listed(
    struct pairing *pairing, const struct pairing_event *event, uint64_t now_ms, struct text *log)
{
	const struct pairing_table *table = &pairing->table;

	pairing_pace_handle_list(&pairing->pace, !pairing->relists);
	pairing_outcome_take_list(pairing, event->devices, now_ms, log);
	if (pairing_skip_handle_list(&pairing->skip, event->look, table->new_count > 0))
		pairing_log(log, "warning: " PAIRING_BLIND_HINT);
	note_worth(pairing,
	    table->new_count || pairing_table_next(&pairing->table, pairing->pass, now_ms), now_ms);
	check_quiet(pairing, log);
	return approve_next(pairing, now_ms, log);
}

static unsigned on_list_failed(
    struct pairing *pairing, const struct pairing_event *event, uint64_t now_ms, struct text *log)
{
	pairing_pace_handle_none(&pairing->pace);
	pairing_outcome_take_list_failure(pairing, event, log);
	note_worth(pairing, false, now_ms);
	return end_pass(pairing, now_ms, log);
}

/* Somebody else approves: what this pass was begun for is left to the next. */
static unsigned on_busy(struct pairing *pairing, uint64_t now_ms)
{
	pairing->nudged |= pairing->is_asked;
	return rest(pairing, BUSY_INTERVAL_MS, now_ms);
}

/* ---- events ---- */

static unsigned on_nudged(struct pairing *pairing, uint64_t now_ms)
{
	pairing_pace_start(&pairing->pace, &pairing->settings, now_ms);
	/* A list under way may have been answered before whatever made somebody ask. */
	pairing->nudged = true;
	if (pairing->state == PAIRING_WAITING)
		pairing->wait_until_ms = now_ms;
	return PAIRING_DO_REPORT;
}

/* In every state but DONE. */
static unsigned handle_always(
    struct pairing *pairing, const struct pairing_event *event, uint64_t now_ms)
{
	if (event->kind == PAIRING_EV_NUDGED)
		return on_nudged(pairing, now_ms);
	if (event->kind == PAIRING_EV_CHANGED)
		pairing_wake_handle_change(&pairing->wake, now_ms);
	return 0;
}

static unsigned handle_listing(
    struct pairing *pairing, const struct pairing_event *event, uint64_t now_ms, struct text *log)
{
	if (event->kind == PAIRING_EV_LISTED)
		return on_listed(pairing, event, now_ms, log);
	if (event->kind == PAIRING_EV_LIST_FAILED)
		return on_list_failed(pairing, event, now_ms, log);
	if (event->kind == PAIRING_EV_BUSY)
		return on_busy(pairing, now_ms);
	return handle_always(pairing, event, now_ms);
}

static bool is_end_of_approve(enum pairing_event_kind kind)
{
	return kind == PAIRING_EV_APPROVED || kind == PAIRING_EV_APPROVE_TIMED_OUT ||
	       kind == PAIRING_EV_APPROVE_DEFERRED || kind == PAIRING_EV_APPROVE_REFUSED;
}

unsigned pairing_handle(
    struct pairing *pairing, const struct pairing_event *event, uint64_t now_ms, struct text *log)
{
	switch (pairing->state) {
	case PAIRING_WAITING:
		if (event->kind == PAIRING_EV_TIMER && now_ms >= pairing_deadline_ms(pairing))
			return begin_pass(pairing, now_ms, log);
		return handle_always(pairing, event, now_ms);
	case PAIRING_LOOKING:
		if (event->kind == PAIRING_EV_LOOKED)
			return on_looked(pairing, event->look, now_ms, log);
		return handle_always(pairing, event, now_ms);
	case PAIRING_LISTING: return handle_listing(pairing, event, now_ms, log);
	case PAIRING_APPROVING:
		if (!is_end_of_approve(event->kind))
			return handle_always(pairing, event, now_ms);
		pairing_outcome_take_approve(pairing, event, now_ms, log);
		return look(pairing, true, now_ms, log) | PAIRING_DO_REPORT;
	case PAIRING_DONE:
	case PAIRING_STATE_COUNT_: break;
	}
	return 0;
}

uint64_t pairing_deadline_ms(const struct pairing *pairing)
{
	uint64_t wake_ms =
	    pairing_wake_deadline_ms(&pairing->wake, pairing->settings.slow_interval_ms);

	if (pairing->state != PAIRING_WAITING)
		return NEVER_MS;
	return min_ms(min_ms(pairing->wait_until_ms, wake_ms), pairing->deadline_ms);
}

uint64_t pairing_call_timeout_ms(const struct pairing *pairing, uint64_t now_ms)
{
	uint64_t limit_ms = pairing->settings.run_timeout_ms;

	if (!pairing->settings.run_timeout_is_set) {
		if (pairing->list_timeout_count >= 2 * TIMEOUTS_TO_GROW)
			limit_ms *= 3;
		else if (pairing->list_timeout_count >= TIMEOUTS_TO_GROW)
			limit_ms *= 2;
	}
	return min_ms(limit_ms, time_left_ms(pairing->deadline_ms, now_ms));
}

const char *pairing_request_id(const struct pairing *pairing)
{
	return pairing->approving->shown.request_id;
}

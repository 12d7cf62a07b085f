/*
 * A pass is one poll and everything it entails: list, approve, list again, approve the next, until
 * nothing is left to try; then the machine waits. Listing again after every approval is a must: it
 * shows whether a call that ran out of time worked, and some versions replace the request they
 * approve by one with a new id.
 *
 *                      | WAITING         | LISTING              | APPROVING           | DONE
 * ---------------------+-----------------+----------------------+---------------------+------
 * TIMER                | poll → LISTING  | –                    | –                   | –
 * NUDGED               | fast, due now   | fast, due after pass | as LISTING          | –
 * SKIPPED              | –               | quiet → WAITING      | –                   | –
 * BUSY                 | –               | soon → WAITING       | –                   | –
 * LISTED               | –               | judge → APPROVING,   | –                   | –
 *                      |                 |  or WAITING          |                     |
 * LIST_FAILED          | –               | count → WAITING      | –                   | –
 * APPROVED             | –               | –                    | final → LISTING     | –
 * APPROVE_TIMED_OUT    | –               | –                    | retry → LISTING     | –
 * APPROVE_DEFERRED     | –               | –                    | retry → LISTING     | –
 * APPROVE_REFUSED      | –               | –                    | final → LISTING     | –
 *
 * Wherever a round would begin (a list, an approval) past the deadline, DONE comes instead; past
 * the fast deadline, slow mode comes first, whatever the list says or fails to say. `–`: ignored.
 */
#include "core/pairing.h"

#include <string.h>

#include "core/pairing_log.h"
#include "util/macros.h"

enum {
	FIRST_POLL_MS = 1000,
	BUSY_INTERVAL_MS = 250,
	RETRY_MIN_MS = 1000,
	TIMEOUTS_TO_GROW = 3,
};

static void note_error(struct pairing *pairing, const char *call, const char *request_id,
    const char *what, const char *detail)
{
	struct text text;

	text_init(&text, pairing->last_error, sizeof(pairing->last_error));
	text_addf(&text, "%s%s%s: %s", call, request_id[0] ? " " : "", request_id, what);
	if (detail && detail[0])
		text_addf(&text, ": %s", detail);
}

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
	pairing->nudged = false;
	pairing->wait_until_ms =
	    min_ms(pairing->wait_until_ms, pairing_table_deadline_ms(&pairing->table, now_ms));
	return actions | PAIRING_DO_REPORT;
}

static unsigned begin_poll(struct pairing *pairing, uint64_t now_ms, struct text *log)
{
	if (now_ms >= pairing->deadline_ms)
		return finish(pairing, log);
	check_fast_deadline(pairing, now_ms, log);
	pairing->pass++;
	pairing->relists = false;
	pairing->state = PAIRING_LISTING;
	/* The store tells who is pending, not who has been paired. */
	return pairing_table_has_doubts(&pairing->table) ? PAIRING_DO_LIST : PAIRING_DO_POLL;
}

static unsigned list_again(struct pairing *pairing, uint64_t now_ms, struct text *log)
{
	if (now_ms >= pairing->deadline_ms)
		return finish(pairing, log);
	check_fast_deadline(pairing, now_ms, log);
	pairing->relists = true;
	pairing->state = PAIRING_LISTING;
	return PAIRING_DO_LIST;
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

static void judge(struct pairing *pairing, const struct devices_request *listed, uint64_t now_ms,
    struct text *log)
{
	struct pairing_request *request = pairing_table_add(&pairing->table, listed);
	enum pairing_reason reason;

	if (!request || request->shown.verdict != AUTO_PAIR_WAITING)
		return;
	reason = pairing_rules_judge(&pairing->settings.rules, listed);
	if (reason == PAIRING_ALLOWED &&
	    refusals_is_exhausted(&pairing->refusals, request->device_id, now_ms))
		reason = PAIRING_TOO_MANY_ATTEMPTS;
	if (reason == PAIRING_ALLOWED)
		return;
	request->shown.verdict = AUTO_PAIR_REFUSED;
	strcpy(request->shown.reason, pairing_reason_to_string(reason));
	pairing->rejected++;
	pairing_log(log, "rejected request=%s client=%s mode=%s reason=%s",
	    request->shown.request_id, request->shown.client_id, request->shown.client_mode,
	    request->shown.reason);
}

static void count_approval(
    struct pairing *pairing, const struct pairing_request *request, struct text *log)
{
	pairing->approved++;
	pairing_log(log, "approved request=%s client=%s mode=%s", request->shown.request_id,
	    request->shown.client_id, request->shown.client_mode);
}

static void take_in(
    struct pairing *pairing, const struct devices *devices, uint64_t now_ms, struct text *log)
{
	struct pairing_table *table = &pairing->table;

	pairing_table_start(table);
	for (size_t i = 0; i < devices->pending_count; i++)
		judge(pairing, &devices->pending[i], now_ms, log);
	for (size_t i = 0; i < table->before_count; i++) {
		if (pairing_table_was_approved(table, &table->before[i], devices))
			count_approval(pairing, &table->before[i], log);
	}
	pairing->pending_total = devices->pending_total;
	pairing->paired_count = devices->paired_count;
	pairing->has_browser = devices->has_browser;
}

static void check_quiet(struct pairing *pairing, struct text *log)
{
	pairing_pace_handle_quiet(&pairing->pace, !pairing->pending_total, pairing->approved,
	    pairing->paired_count, pairing->has_browser, log);
}

static unsigned on_listed(
    struct pairing *pairing, const struct devices *devices, uint64_t now_ms, struct text *log)
{
	pairing->polls++;
	pairing->list_timeout_count = 0;
	pairing->last_failure = LIST_SUCCEEDED;
	pairing_pace_handle_list(&pairing->pace, !pairing->relists);
	take_in(pairing, devices, now_ms, log);
	check_quiet(pairing, log);
	return approve_next(pairing, now_ms, log);
}

static unsigned on_skipped(struct pairing *pairing, uint64_t now_ms, struct text *log)
{
	pairing->skipped_polls++;
	pairing->pending_total = 0;
	pairing_table_init(&pairing->table);
	pairing_pace_handle_none(&pairing->pace);
	check_quiet(pairing, log);
	return end_pass(pairing, now_ms, log);
}

static unsigned on_list_failed(
    struct pairing *pairing, const struct pairing_event *event, uint64_t now_ms, struct text *log)
{
	const char *reason = list_failure_to_string(event->failure);

	pairing->polls++;
	pairing_pace_handle_none(&pairing->pace);
	if (event->failure == LIST_TIMEOUT) {
		pairing->timeouts++;
		pairing->list_timeout_count++;
		pairing_log(log, "timeout calling devices list");
	} else {
		pairing->list_timeout_count = 0;
	}
	if (event->failure != pairing->last_failure)
		pairing_log(log, "list failed reason=%s", reason);
	pairing->last_failure = event->failure;
	note_error(pairing, "devices list", "", reason,
	    event->failure == LIST_PAIRING_REQUIRED ? PAIRING_REQUIRED_HINT : event->text);
	return end_pass(pairing, now_ms, log);
}

/* ---- approvals ---- */

/* 1 s, 2 s, 4 s … the slow interval; the first retry is for the next poll, whenever it comes. */
static void plan_retry(
    const struct pairing *pairing, struct pairing_request *request, uint64_t now_ms)
{
	uint64_t slow_ms = pairing->settings.slow_interval_ms, delay_ms = RETRY_MIN_MS;

	for (unsigned i = 2; i < request->tries && delay_ms < slow_ms; i++)
		delay_ms *= 2;
	request->retry_at_ms =
	    request->tries < 2 ? now_ms : deadline_after(now_ms, min_ms(delay_ms, slow_ms));
	request->shown.verdict = AUTO_PAIR_WAITING;
}

static void on_approve_refused(
    struct pairing *pairing, const char *text, uint64_t now_ms, struct text *log)
{
	struct pairing_request *request = pairing->approving;
	struct text reason;

	pairing->failed++;
	request->shown.verdict = AUTO_PAIR_FAILED;
	text_init(&reason, request->shown.reason, sizeof(request->shown.reason));
	text_add_printable(&reason, text, strlen(text), sizeof(request->shown.reason) - 1);
	refusals_add(&pairing->refusals, request->device_id, now_ms);
	pairing_log(log, "approve failed request=%s: %s", request->shown.request_id, text);
	note_error(pairing, "devices approve", request->shown.request_id, "failed", text);
}

static void on_approve_deferred(
    struct pairing *pairing, const char *text, uint64_t now_ms, struct text *log)
{
	struct pairing_request *request = pairing->approving;

	plan_retry(pairing, request, now_ms);
	pairing_log(log, "approve deferred request=%s: %s", request->shown.request_id, text);
	note_error(pairing, "devices approve", request->shown.request_id, "deferred", text);
}

static void on_approve_timed_out(struct pairing *pairing, uint64_t now_ms, struct text *log)
{
	struct pairing_request *request = pairing->approving;

	pairing->timeouts++;
	request->timed_out = true;
	plan_retry(pairing, request, now_ms);
	pairing_log(log, "timeout calling devices approve request=%s", request->shown.request_id);
	note_error(pairing, "devices approve", request->shown.request_id, "timeout", NULL);
}

/* ---- events ---- */

static unsigned on_nudged(struct pairing *pairing, uint64_t now_ms)
{
	pairing_pace_start(&pairing->pace, &pairing->settings, now_ms);
	/* A list under way may have been answered before whatever made somebody ask. */
	pairing->nudged = pairing->state != PAIRING_WAITING;
	if (pairing->state == PAIRING_WAITING)
		pairing->wait_until_ms = now_ms;
	return PAIRING_DO_REPORT;
}

static unsigned handle_waiting(
    struct pairing *pairing, const struct pairing_event *event, uint64_t now_ms, struct text *log)
{
	if (event->kind == PAIRING_EV_TIMER && now_ms >= pairing->wait_until_ms)
		return begin_poll(pairing, now_ms, log);
	if (event->kind == PAIRING_EV_NUDGED)
		return on_nudged(pairing, now_ms);
	return 0;
}

static unsigned handle_listing(
    struct pairing *pairing, const struct pairing_event *event, uint64_t now_ms, struct text *log)
{
	switch (event->kind) {
	case PAIRING_EV_LISTED: return on_listed(pairing, event->devices, now_ms, log);
	case PAIRING_EV_LIST_FAILED: return on_list_failed(pairing, event, now_ms, log);
	case PAIRING_EV_SKIPPED: return on_skipped(pairing, now_ms, log);
	case PAIRING_EV_BUSY: return rest(pairing, BUSY_INTERVAL_MS, now_ms);
	case PAIRING_EV_NUDGED: return on_nudged(pairing, now_ms);
	case PAIRING_EV_TIMER:
	case PAIRING_EV_APPROVED:
	case PAIRING_EV_APPROVE_TIMED_OUT:
	case PAIRING_EV_APPROVE_DEFERRED:
	case PAIRING_EV_APPROVE_REFUSED:
	case PAIRING_EVENT_COUNT_: break;
	}
	return 0;
}

static unsigned handle_approving(
    struct pairing *pairing, const struct pairing_event *event, uint64_t now_ms, struct text *log)
{
	const char *text = event->text ? event->text : "";

	switch (event->kind) {
	/* The verdict stays: it may be listed once more, and is not to be tried again. */
	case PAIRING_EV_APPROVED: count_approval(pairing, pairing->approving, log); break;
	case PAIRING_EV_APPROVE_TIMED_OUT: on_approve_timed_out(pairing, now_ms, log); break;
	case PAIRING_EV_APPROVE_DEFERRED: on_approve_deferred(pairing, text, now_ms, log); break;
	case PAIRING_EV_APPROVE_REFUSED: on_approve_refused(pairing, text, now_ms, log); break;
	case PAIRING_EV_NUDGED: return on_nudged(pairing, now_ms);
	case PAIRING_EV_TIMER:
	case PAIRING_EV_SKIPPED:
	case PAIRING_EV_BUSY:
	case PAIRING_EV_LISTED:
	case PAIRING_EV_LIST_FAILED:
	case PAIRING_EVENT_COUNT_: return 0;
	}
	return list_again(pairing, now_ms, log);
}

unsigned pairing_handle(
    struct pairing *pairing, const struct pairing_event *event, uint64_t now_ms, struct text *log)
{
	switch (pairing->state) {
	case PAIRING_WAITING: return handle_waiting(pairing, event, now_ms, log);
	case PAIRING_LISTING: return handle_listing(pairing, event, now_ms, log);
	case PAIRING_APPROVING: return handle_approving(pairing, event, now_ms, log);
	case PAIRING_DONE:
	case PAIRING_STATE_COUNT_: break;
	}
	return 0;
}

uint64_t pairing_deadline_ms(const struct pairing *pairing)
{
	return pairing->state == PAIRING_WAITING ? pairing->wait_until_ms : NEVER_MS;
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

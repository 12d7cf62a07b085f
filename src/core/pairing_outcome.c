#include "core/pairing_outcome.h"

#include <string.h>

#include "core/pairing_log.h"
#include "util/macros.h"

enum { RETRY_MIN_MS = 1000 };

static void note_error(struct pairing *pairing, const char *call, const char *request_id,
    const char *what, const char *detail)
{
	struct text text;

	text_init(&text, pairing->last_error, sizeof(pairing->last_error));
	text_addf(&text, "%s%s%s: %s", call, request_id[0] ? " " : "", request_id, what);
	if (detail && detail[0])
		text_addf(&text, ": %s", detail);
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

void pairing_outcome_take_list(
    struct pairing *pairing, const struct devices *devices, uint64_t now_ms, struct text *log)
{
	struct pairing_table *table = &pairing->table;

	pairing->polls++;
	pairing->list_timeout_count = 0;
	pairing->last_failure = LIST_SUCCEEDED;
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

void pairing_outcome_take_list_failure(
    struct pairing *pairing, const struct pairing_event *event, struct text *log)
{
	const char *reason = list_failure_to_string(event->failure);

	pairing->polls++;
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

static void on_refused(struct pairing *pairing, const char *text, uint64_t now_ms, struct text *log)
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

static void on_deferred(
    struct pairing *pairing, const char *text, uint64_t now_ms, struct text *log)
{
	struct pairing_request *request = pairing->approving;

	plan_retry(pairing, request, now_ms);
	pairing_log(log, "approve deferred request=%s: %s", request->shown.request_id, text);
	note_error(pairing, "devices approve", request->shown.request_id, "deferred", text);
}

static void on_timed_out(struct pairing *pairing, uint64_t now_ms, struct text *log)
{
	struct pairing_request *request = pairing->approving;

	pairing->timeouts++;
	request->timed_out = true;
	plan_retry(pairing, request, now_ms);
	pairing_log(log, "timeout calling devices approve request=%s", request->shown.request_id);
	note_error(pairing, "devices approve", request->shown.request_id, "timeout", NULL);
}

void pairing_outcome_take_approve(
    struct pairing *pairing, const struct pairing_event *event, uint64_t now_ms, struct text *log)
{
	const char *text = event->text ? event->text : "";

	switch (event->kind) {
	/* The verdict stays: it may be listed once more, and is not to be tried again. */
	case PAIRING_EV_APPROVED: count_approval(pairing, pairing->approving, log); break;
	case PAIRING_EV_APPROVE_TIMED_OUT: on_timed_out(pairing, now_ms, log); break;
	case PAIRING_EV_APPROVE_DEFERRED: on_deferred(pairing, text, now_ms, log); break;
	case PAIRING_EV_APPROVE_REFUSED: on_refused(pairing, text, now_ms, log); break;
	case PAIRING_EV_TIMER:
	case PAIRING_EV_NUDGED:
	case PAIRING_EV_CHANGED:
	case PAIRING_EV_LOOKED:
	case PAIRING_EV_BUSY:
	case PAIRING_EV_LISTED:
	case PAIRING_EV_LIST_FAILED:
	case PAIRING_EVENT_COUNT_: break;
	}
}

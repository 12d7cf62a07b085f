/*
 * The caller's limit is the hard one: a call is ended so early that TERM, the wait for it and KILL
 * fit in, and when even that fails, the line is printed and whatever is left is killed.
 */
#include "app/once.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/approver.h"
#include "io/children.h"
#include "io/job.h"
#include "io/loop.h"
#include "io/reaper.h"
#include "io/signals.h"
#include "util/macros.h"

enum {
	LIST_LIMIT_MS = 15000,
	APPROVE_LIMIT_MS = 10000,
	APPROVALS_MAX = 8,
	MARGIN_MS = 150, /* for our own end, on a machine that is busy */
};

struct once {
	struct loop *loop;
	struct signals *signals;
	struct approver *approver;
	uint64_t end_ms; /* the caller's limit */
	bool passed;     /* the machine has come to rest */
	bool out_of_time;
};

static const char *result_word(const struct once *once)
{
	const struct pairing *pairing = approver_pairing(once->approver);

	if (approver_has_no_program(once->approver))
		return "no-openclaw";
	if (approver_was_busy(once->approver))
		return "busy";
	if (once->out_of_time || approver_is_used_up(once->approver))
		return "limit";
	if (pairing->last_failure == LIST_TIMEOUT)
		return "list-timeout";
	return pairing->last_failure == LIST_SUCCEEDED ? "ok" : "list-failed";
}

/* Refused ones may stay, and so may one that is approved but still listed. */
static bool is_settled(const struct pairing *pairing)
{
	for (size_t i = 0; i < pairing->table.count; i++) {
		enum auto_pair_verdict verdict = pairing->table.requests[i].shown.verdict;

		if (verdict == AUTO_PAIR_WAITING || verdict == AUTO_PAIR_FAILED)
			return false;
	}
	return true;
}

/* Returns whether the pass is settled. */
static bool print_result(const struct once *once)
{
	const struct pairing *pairing = approver_pairing(once->approver);
	const char *word = result_word(once);

	printf("{\"approved\":%llu,\"rejected\":%llu,\"timeouts\":%llu,\"failed\":%llu,"
	       "\"pending\":%zu,\"result\":\"%s\"}\n",
	    (unsigned long long)pairing->approved, (unsigned long long)pairing->rejected,
	    (unsigned long long)pairing->timeouts, (unsigned long long)pairing->failed,
	    pairing->pending_total, word);
	fflush(stdout);
	return strcmp(word, "ok") == 0 && is_settled(pairing);
}

static void once_on_step(void *data, unsigned actions, const char *text)
{
	struct once *once = data;

	(void)text; /* one JSON line is all there is to say */
	if (actions & PAIRING_DO_FINISH)
		once->out_of_time = true;
	if ((actions & PAIRING_DO_FINISH) || approver_is_used_up(once->approver) ||
	    ((actions & PAIRING_DO_REST) && !approver_was_busy(once->approver)))
		once->passed = true;
}

static void once_on_dead(void *data, pid_t pid, const struct exit_info *exit)
{
	struct once *once = data;

	approver_handle_exit(once->approver, pid, exit, loop_now_ms(once->loop));
}

static void once_on_signal(void *data, int signal, pid_t sender)
{
	struct once *once = data;

	(void)sender;
	if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT) {
		once->passed = once->out_of_time = true;
		approver_stop(once->approver, loop_now_ms(once->loop));
	}
}

static uint64_t once_turn(void *data, uint64_t now_ms)
{
	struct once *once = data;

	while (reaper_drain(64, once_on_dead, once))
		;
	if (!once->passed || approver_is_calling(once->approver))
		approver_handle_deadline(once->approver, now_ms);
	if (now_ms >= once->end_ms)
		once->out_of_time = true;
	if (now_ms >= once->end_ms || (once->passed && !approver_is_calling(once->approver)))
		loop_stop(once->loop);
	return min_ms(approver_deadline_ms(once->approver), once->end_ms);
}

static int set_up(
    struct once *once, const struct pairing_settings *settings, char *const *environment)
{
	struct approver_request request = {
		.environment = environment,
		.settings = settings,
		.approve_limit_ms = APPROVE_LIMIT_MS,
		.max_approvals = APPROVALS_MAX,
		.handle = once_on_step,
		.data = once,
	};
	int result = signals_new(once->loop, once_on_signal, once, &once->signals);

	if (!result)
		result =
		    approver_new(once->loop, &request, loop_now_ms(once->loop), &once->approver);
	return result;
}

int once_run(const struct pairing_settings *settings, char *const *environment, uint64_t limit_ms,
    bool strict)
{
	struct pairing_settings pass = *settings;
	struct once once = { .loop = NULL };
	struct loop_hook hook = { .turn = once_turn, .data = &once };
	bool settled = false;
	int result = loop_new(&once.loop);

	pass.run_timeout_ms = LIST_LIMIT_MS;
	pass.run_timeout_is_set = true;
	pass.deadline_ms = job_limit_ms(limit_ms);
	if (!result) {
		once.end_ms = deadline_after(
		    loop_now_ms(once.loop), limit_ms - min_ms(limit_ms / 2, MARGIN_MS));
		result = set_up(&once, &pass, environment);
	}
	if (result) {
		fprintf(stderr, "nemopair: cannot start: %s\n", strerror(-result));
	} else {
		approver_nudge(once.approver, loop_now_ms(once.loop));
		loop_run(once.loop, &hook);
		settled = print_result(&once);
		if (approver_is_calling(once.approver))
			children_kill();
	}
	approver_free(&once.approver);
	signals_free(&once.signals);
	loop_free(once.loop);
	return strict && !settled ? 1 : 0;
}

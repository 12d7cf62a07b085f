#include "app/approver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/calls.h"
#include "io/lock.h"
#include "io/loop.h"
#include "io/store.h"
#include "util/macros.h"

enum { LOG_MAX_BYTES = 65536 }; /* a step tells of at most 64 requests */

struct approver {
	struct loop *loop;
	struct approver_request request;
	struct calls *calls;
	struct lock lock;
	char *state_directory;  /* owned; NULL: nobody says where */
	struct store *store;    /* NULL likewise */
	struct store_look look; /* the last one */
	struct pairing pairing;
	uint64_t approvals_left;
	bool stopping;
	bool was_busy;
	bool has_no_program;
	bool is_used_up;
};

/* ---- what the machine wants done; each returns the event that came of it at once, if any ---- */

static bool begin_list(
    struct approver *approver, uint64_t now_ms, struct pairing_event *ret_event, char *message)
{
	struct error error = { .code = 0 };
	int result = calls_list(
	    approver->calls, pairing_call_timeout_ms(&approver->pairing, now_ms), now_ms, &error);
	struct text text;

	approver->has_no_program = result == -ENOENT;
	if (!result)
		return false;
	text_init(&text, message, AUTO_PAIR_MESSAGE_BYTES);
	text_add_printable(
	    &text, error.message, strlen(error.message), AUTO_PAIR_MESSAGE_BYTES - 1);
	*ret_event = (struct pairing_event){
		.kind = PAIRING_EV_LIST_FAILED, .failure = LIST_COMMAND_FAILED, .text = message
	};
	return true;
}

static bool begin_approve(
    struct approver *approver, uint64_t now_ms, struct pairing_event *ret_event, char *message)
{
	uint64_t timeout_ms = min_ms(pairing_call_timeout_ms(&approver->pairing, now_ms),
	    approver->request.approve_limit_ms);
	struct error error = { .code = 0 };
	struct text text;

	if (!calls_approve(approver->calls, pairing_request_id(&approver->pairing), timeout_ms,
		now_ms, &error))
		return false;
	text_init(&text, message, AUTO_PAIR_MESSAGE_BYTES);
	text_add_printable(
	    &text, error.message, strlen(error.message), AUTO_PAIR_MESSAGE_BYTES - 1);
	*ret_event = (struct pairing_event){ .kind = PAIRING_EV_APPROVE_DEFERRED, .text = message };
	return true;
}

/* Not while another approver is at work. */
static bool wait_for_turn(struct approver *approver, struct pairing_event *ret_event)
{
	approver->was_busy = approver->state_directory &&
			     lock_start(&approver->lock, approver->state_directory) == -EAGAIN;
	*ret_event = (struct pairing_event){ .kind = PAIRING_EV_BUSY };
	return approver->was_busy;
}

/* True with an event that the machine is to get next; false: a call is under way, or nothing is. */
static bool perform(struct approver *approver, unsigned actions, uint64_t now_ms,
    struct pairing_event *ret_event, char *message)
{
	if (actions & PAIRING_DO_REST)
		lock_stop(&approver->lock);
	if (approver->stopping)
		return false;
	if (actions & PAIRING_DO_LOOK) {
		approver->look = (struct store_look){ .kind = STORE_UNKNOWN };
		if (approver->store)
			store_look(approver->store, &approver->look);
		*ret_event =
		    (struct pairing_event){ .kind = PAIRING_EV_LOOKED, .look = &approver->look };
		return true;
	}
	if (actions & PAIRING_DO_LIST)
		return wait_for_turn(approver, ret_event) ||
		       begin_list(approver, now_ms, ret_event, message);
	if (!(actions & PAIRING_DO_APPROVE))
		return false;
	if (!approver->approvals_left) {
		approver->is_used_up = approver->stopping = true;
		return false;
	}
	approver->approvals_left--;
	return begin_approve(approver, now_ms, ret_event, message);
}

static void step(struct approver *approver, const struct pairing_event *event, uint64_t now_ms)
{
	struct pairing_event next = *event;
	char message[AUTO_PAIR_MESSAGE_BYTES];
	unsigned actions;
	bool again = true;

	while (again) {
		struct text log;

		text_init_heap(&log, LOG_MAX_BYTES);
		actions = pairing_handle(&approver->pairing, &next, now_ms, &log);
		again = perform(approver, actions, now_ms, &next, message);
		approver->request.handle(approver->request.data, actions, log.data ? log.data : "");
		text_deinit(&log);
	}
}

static void approver_on_outcome(void *data, const struct pairing_event *event)
{
	struct approver *approver = data;
	struct pairing_event told = *event;
	struct store_look after = { .kind = STORE_UNKNOWN };

	/* The end of a call that we have broken off ourselves is no time-out to tell of. */
	if (approver->stopping)
		return;
	if (event->kind == PAIRING_EV_LISTED && approver->store)
		store_peek(approver->store, &after);
	told.look = &after;
	step(approver, &told, loop_now_ms(approver->loop));
}

static void approver_on_change(void *data)
{
	struct approver *approver = data;

	if (!approver->stopping)
		step(approver, &(struct pairing_event){ .kind = PAIRING_EV_CHANGED },
		    loop_now_ms(approver->loop));
}

/* ---- life ---- */

/* OPENCLAW_STATE_DIR, else OPENCLAW_HOME/.openclaw, else HOME/.openclaw. */
static char *find_state_directory(void)
{
	const char *directory = getenv("OPENCLAW_STATE_DIR"), *home = getenv("OPENCLAW_HOME");
	char *path = NULL;

	if (directory && directory[0])
		return strdup(directory);
	if (!home || !home[0])
		home = getenv("HOME");
	if (!home || !home[0] || asprintf(&path, "%s/.openclaw", home) < 0)
		return NULL;
	return path;
}

int approver_new(struct loop *loop, const struct approver_request *request, uint64_t now_ms,
    struct approver **ret_approver)
{
	struct approver *approver = calloc(1, sizeof(*approver));
	int result;

	if (!approver)
		return -ENOMEM;
	approver->loop = loop;
	approver->request = *request;
	approver->approvals_left = request->max_approvals;
	lock_init(&approver->lock);
	approver->state_directory = find_state_directory();
	pairing_init(&approver->pairing, request->settings, now_ms);
	result = approver->state_directory ? store_new(loop, approver->state_directory,
						 request->watch_store ? approver_on_change : NULL,
						 approver, &approver->store)
					   : 0;
	if (!result)
		result = calls_new(
		    loop, request->environment, approver_on_outcome, approver, &approver->calls);
	if (result) {
		approver_free(&approver);
		return result;
	}
	*ret_approver = approver;
	return 0;
}

void approver_free(struct approver **approver)
{
	if (!*approver)
		return;
	calls_free(&(*approver)->calls);
	store_free(&(*approver)->store);
	lock_stop(&(*approver)->lock);
	free((*approver)->state_directory);
	free(*approver);
	*approver = NULL;
}

void approver_nudge(struct approver *approver, uint64_t now_ms)
{
	step(approver, &(struct pairing_event){ .kind = PAIRING_EV_NUDGED }, now_ms);
}

void approver_stop(struct approver *approver, uint64_t now_ms)
{
	approver->stopping = true;
	calls_stop(approver->calls, now_ms);
}

bool approver_is_calling(const struct approver *approver)
{
	return calls_is_running(approver->calls);
}

void approver_handle_exit(
    struct approver *approver, pid_t pid, const struct exit_info *exit, uint64_t now_ms)
{
	calls_handle_exit(approver->calls, pid, exit, now_ms);
}

uint64_t approver_deadline_ms(const struct approver *approver)
{
	uint64_t deadline_ms = calls_deadline_ms(approver->calls);

	if (approver->stopping)
		return deadline_ms;
	return min_ms(deadline_ms, pairing_deadline_ms(&approver->pairing));
}

void approver_handle_deadline(struct approver *approver, uint64_t now_ms)
{
	calls_handle_deadline(approver->calls, now_ms);
	if (!approver->stopping && now_ms >= pairing_deadline_ms(&approver->pairing))
		step(approver, &(struct pairing_event){ .kind = PAIRING_EV_TIMER }, now_ms);
}

const struct pairing *approver_pairing(const struct approver *approver)
{
	return &approver->pairing;
}

bool approver_was_busy(const struct approver *approver)
{
	return approver->was_busy;
}

bool approver_has_no_program(const struct approver *approver)
{
	return approver->has_no_program;
}

bool approver_is_used_up(const struct approver *approver)
{
	return approver->is_used_up;
}

/*
 * The auto-pair machine (spec 40 parts 1 and 2): when to list, whom to approve, how fast to go.
 *
 * Events in, action bits and log lines out, one deadline. The caller makes the calls it is told to
 * make, one at a time, and comes back with the outcome; it wakes the machine with
 * PAIRING_EV_TIMER once pairing_deadline_ms has come.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/auto_pair.h"
#include "core/devices.h"
#include "core/pairing_pace.h"
#include "core/pairing_settings.h"
#include "core/pairing_skip.h"
#include "core/pairing_table.h"
#include "core/pairing_wake.h"
#include "core/refusals.h"
#include "util/text.h"

/* What it means that a request has come without a change of the store. */
#define PAIRING_BLIND_HINT \
	"a new request has not shown as a change of OpenClaw's store; every poll makes a list " \
	"from now on"

/* What to do when the gateway does not even let us list. */
#define PAIRING_REQUIRED_HINT \
	"run `openclaw devices list`, then `openclaw devices approve REQUEST_ID`"

enum pairing_state {
	PAIRING_WAITING,
	PAIRING_LOOKING,
	PAIRING_LISTING,
	PAIRING_APPROVING,
	PAIRING_DONE,
	PAIRING_STATE_COUNT_,
};

enum pairing_event_kind {
	PAIRING_EV_TIMER,
	PAIRING_EV_NUDGED,            /* somebody asks: poll now and be fast again */
	PAIRING_EV_CHANGED,           /* the store may have changed since the last look */
	PAIRING_EV_LOOKED,            /* look */
	PAIRING_EV_BUSY,              /* instead of a list: another approver is at work */
	PAIRING_EV_LISTED,            /* devices; look: taken since */
	PAIRING_EV_LIST_FAILED,       /* failure, text */
	PAIRING_EV_APPROVED,          /* the call ended with code 0 */
	PAIRING_EV_APPROVE_TIMED_OUT, /* by our limit */
	PAIRING_EV_APPROVE_DEFERRED,  /* text; the gateway could not be asked */
	PAIRING_EV_APPROVE_REFUSED,   /* text; the gateway said no */
	PAIRING_EVENT_COUNT_,
};

struct pairing_event {
	enum pairing_event_kind kind;
	const struct devices *devices;
	enum list_failure failure;
	const struct store_look *look;
	const char *text; /* printable; NULL: none */
};

enum {
	PAIRING_DO_LOOK = 1,    /* at the store; it may make the list needless */
	PAIRING_DO_LIST = 2,    /* unless another approver is at work */
	PAIRING_DO_APPROVE = 4, /* pairing_request_id */
	PAIRING_DO_REST = 8,    /* the pass is over: let other approvers have their turn */
	PAIRING_DO_REPORT = 16, /* tell the state */
	PAIRING_DO_FINISH = 32, /* the deadline has come */
};

struct pairing {
	struct pairing_settings settings;
	enum pairing_state state;
	bool nudged;   /* while a pass was under way */
	bool relists;  /* the list under way is not the pass's first */
	bool is_woken; /* the pass under way was brought forward by a change of the store */
	bool is_asked; /* … or by somebody who wants a list */
	uint64_t list_start_ms;
	struct pairing_skip skip;
	struct pairing_wake wake;
	uint64_t deadline_ms;
	uint64_t wait_until_ms;
	uint64_t pass;
	struct pairing_pace pace;
	unsigned list_timeout_count;    /* in a row */
	enum list_failure last_failure; /* of the last list; LIST_SUCCEEDED: none */
	size_t pending_total;           /* of the last good list, as are the next two */
	size_t paired_count;
	bool has_browser;
	struct pairing_table table;
	struct pairing_request *approving; /* in table; while state is PAIRING_APPROVING */
	struct refusals refusals;
	uint64_t approved;
	uint64_t rejected;
	uint64_t failed;
	uint64_t timeouts;
	uint64_t polls;
	uint64_t skipped_polls;
	char last_error[AUTO_PAIR_MESSAGE_BYTES];
};

/* Starts fast, the first poll 1 s from now. About 150 KiB: keep it off the stack. */
void pairing_init(
    struct pairing *pairing, const struct pairing_settings *settings, uint64_t now_ms);

/*
 * Returns what to do now. Log lines, each with its newline, are added to log. An event that cannot
 * happen in the state is ignored (0).
 */
unsigned pairing_handle(
    struct pairing *pairing, const struct pairing_event *event, uint64_t now_ms, struct text *log);

/* When PAIRING_EV_TIMER is wanted; NEVER_MS while a call is under way (its limit ends it). */
uint64_t pairing_deadline_ms(const struct pairing *pairing);

/* How long a call begun now may take: the run timeout, cut to what is left before the deadline. */
uint64_t pairing_call_timeout_ms(const struct pairing *pairing, uint64_t now_ms);

/* The id to approve, while state is PAIRING_APPROVING. */
const char *pairing_request_id(const struct pairing *pairing);

/*
 * The pairing machine with hands: carries out what core/pairing.h decides, by calls to the CLI,
 * looks at the store and the lock on the state directory. The watcher keeps it going, `--once`
 * stops it after a pass.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "core/pairing.h"
#include "util/process.h"

struct approver;
struct loop;

struct approver_request {
	char *const *environment; /* ours */
	const struct pairing_settings *settings;
	uint64_t approve_limit_ms; /* a call takes no longer; NEVER_MS: the run timeout */
	uint64_t max_approvals;    /* calls; UINT64_MAX: no limit */
	bool watch_store;          /* poll when it changes, and not while it does not */
	/*
	 * Called after every step of the machine: what it decided (PAIRING_DO_*), and its log
	 * lines.
	 */
	void (*handle)(void *data, unsigned actions, const char *lines);
	void *data;
};

/* Returns 0 or -ENOMEM. */
int approver_new(struct loop *loop, const struct approver_request *request, uint64_t now_ms,
    struct approver **ret_approver);

/* Frees *approver and makes it NULL; harmless on NULL. A running call is killed. */
void approver_free(struct approver **approver);

/* Poll now, and fast again. */
void approver_nudge(struct approver *approver, uint64_t now_ms);

/* Starts nothing any more and ends the running call; approver_is_calling says when it has. */
void approver_stop(struct approver *approver, uint64_t now_ms);
bool approver_is_calling(const struct approver *approver);

void approver_handle_exit(
    struct approver *approver, pid_t pid, const struct exit_info *exit, uint64_t now_ms);
uint64_t approver_deadline_ms(const struct approver *approver);
void approver_handle_deadline(struct approver *approver, uint64_t now_ms);

/* Borrowed, for reports. */
const struct pairing *approver_pairing(const struct approver *approver);

/* What came in the way of the last pass. */
bool approver_was_busy(const struct approver *approver);       /* another approver */
bool approver_has_no_program(const struct approver *approver); /* there is no openclaw */
bool approver_is_used_up(const struct approver *approver);     /* max_approvals */

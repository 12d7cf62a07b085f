#include "app/watcher.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/approver.h"
#include "core/auto_pair_json.h"
#include "core/pairing_report.h"
#include "io/clock.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/notify.h"
#include "io/reaper.h"
#include "io/signals.h"
#include "util/macros.h"
#include "util/parse.h"

enum {
	REAP_MAX = 64,
	STATUS_MAX_BYTES = 1024, /* what a report has besides the JSON */
};

struct watcher {
	struct loop *loop;
	struct signals *signals;
	struct approver *approver;
	struct log *log;
	const char *notify_socket; /* NULL: alone */
	uint64_t watchdog_ms;      /* distance of two pings; NEVER_MS: none */
	uint64_t next_ping_ms;
	int64_t last_poll_at_ms;
	uint64_t polls; /* answered or not, when last_poll_at_ms was taken */
	bool ended;
	int ended_by; /* the signal that told us to; 0: the deadline */
};

/* ---- telling nemoinit ---- */

/* A report that is lost (queue full, nemoinit away) is followed by the next one. */
static void notify(const struct watcher *watcher, const char *message)
{
	if (watcher->notify_socket)
		(void)notify_send(watcher->notify_socket, message, strlen(message));
}

/* What a person has to do, if anything. */
static void add_warning(struct text *text, const struct pairing *pairing)
{
	text_add(text, "X_NEMOINIT_WARNING=");
	if (pairing->last_failure == LIST_PAIRING_REQUIRED)
		text_add(text, "pairing-required: " PAIRING_REQUIRED_HINT);
	else if (pairing->skip.is_off)
		text_add(text, PAIRING_BLIND_HINT);
	text_add(text, "\n");
}

static void add_status(struct text *text, const struct auto_pair *state)
{
	text_addf(text, "STATUS=%s, %llu approved, %zu pending",
	    auto_pair_mode_to_string(state->mode), (unsigned long long)state->approved,
	    state->pending_count);
	if (state->last_error[0])
		text_addf(text, "; last error: %s", state->last_error);
	text_add(text, "\n");
}

static void report(struct watcher *watcher, uint64_t now_ms)
{
	static struct auto_pair_request requests[AUTO_PAIR_PENDING_MAX]; /* 60 KiB */
	const struct pairing *pairing = approver_pairing(watcher->approver);
	struct auto_pair state;
	struct text message;
	char *json;

	if (pairing->polls + pairing->skipped_polls != watcher->polls)
		watcher->last_poll_at_ms = (int64_t)clock_epoch_ms();
	watcher->polls = pairing->polls + pairing->skipped_polls;
	if (!watcher->notify_socket)
		return;
	pairing_report(pairing, now_ms, requests, &state);
	state.last_poll_at_ms = watcher->last_poll_at_ms;
	text_init_heap(&message, NOTIFY_MAX_BYTES + 1);
	add_status(&message, &state);
	add_warning(&message, pairing);
	json = auto_pair_encode(&state, NOTIFY_MAX_BYTES - STATUS_MAX_BYTES);
	if (json)
		text_addf(&message, "X_NEMOINIT_AUTO_PAIR=%s\n", json);
	free(json);
	if (message.data && !message.truncated)
		notify(watcher, message.data);
	text_deinit(&message);
}

/* WATCHDOG_USEC, unless WATCHDOG_PID says it is meant for another (sd_watchdog_enabled(3)). */
static uint64_t watchdog_distance_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t value;

	if (pid && (parse_count(pid, 1, INT32_MAX, &value) || value != (uint64_t)getpid()))
		return NEVER_MS;
	if (!usec || parse_count(usec, 1, UINT64_MAX, &value))
		return NEVER_MS;
	return max_ms(value / 2000, 1);
}

/* ---- events ---- */

/* Log lines, each with its newline. */
static void watcher_say(struct watcher *watcher, const char *text)
{
	uint64_t dropped = log_take_dropped(watcher->log);
	char told[64];

	if (dropped) {
		snprintf(told, sizeof(told), "[auto-pair] %llu lines dropped\n",
		    (unsigned long long)dropped);
		log_write(watcher->log, told, strlen(told));
	}
	while (*text) {
		size_t length = strcspn(text, "\n");

		length += text[length] == '\n'; /* the last one may have been cut */
		log_write(watcher->log, text, length);
		text += length;
	}
	log_flush(watcher->log);
}

static void watcher_on_step(void *data, unsigned actions, const char *text)
{
	struct watcher *watcher = data;

	watcher_say(watcher, text);
	if (actions & PAIRING_DO_REPORT)
		report(watcher, loop_now_ms(watcher->loop));
	if (actions & PAIRING_DO_FINISH)
		watcher->ended = true;
}

static void watcher_on_dead(void *data, pid_t pid, const struct exit_info *exit)
{
	struct watcher *watcher = data;

	approver_handle_exit(watcher->approver, pid, exit, loop_now_ms(watcher->loop));
}

static void watcher_on_signal(void *data, int signal, pid_t sender)
{
	struct watcher *watcher = data;

	(void)sender;
	switch (signal) {
	case SIGUSR1: approver_nudge(watcher->approver, loop_now_ms(watcher->loop)); break;
	case SIGTERM:
	case SIGINT:
	case SIGHUP:
	case SIGQUIT:
		watcher->ended = true;
		watcher->ended_by = signal;
		approver_stop(watcher->approver, loop_now_ms(watcher->loop));
		break;
	default: break; /* SIGCHLD has done its work by waking the loop */
	}
}

static uint64_t watcher_turn(void *data, uint64_t now_ms)
{
	struct watcher *watcher = data;

	while (reaper_drain(REAP_MAX, watcher_on_dead, watcher))
		;
	approver_handle_deadline(watcher->approver, now_ms);
	if (watcher->ended && !approver_is_calling(watcher->approver))
		loop_stop(watcher->loop);
	if (now_ms >= watcher->next_ping_ms) {
		notify(watcher, "WATCHDOG=1\n");
		watcher->next_ping_ms = deadline_after(now_ms, watcher->watchdog_ms);
	}
	return min_ms(approver_deadline_ms(watcher->approver), watcher->next_ping_ms);
}

/* ---- life ---- */

static int set_up(
    struct watcher *watcher, const struct pairing_settings *settings, char *const *environment)
{
	struct approver_request request = {
		.environment = environment,
		.settings = settings,
		.approve_limit_ms = NEVER_MS,
		.max_approvals = UINT64_MAX,
		.watch_store = true,
		.handle = watcher_on_step,
		.data = watcher,
	};
	int result = loop_new(&watcher->loop);

	if (!result)
		result = log_new(watcher->loop, STDOUT_FILENO, &watcher->log);
	if (!result)
		result = signals_new(watcher->loop, watcher_on_signal, watcher, &watcher->signals);
	if (!result)
		result = approver_new(
		    watcher->loop, &request, loop_now_ms(watcher->loop), &watcher->approver);
	return result;
}

int watcher_run(const struct pairing_settings *settings, char *const *environment)
{
	struct watcher watcher = { .notify_socket = getenv("NOTIFY_SOCKET"),
		.watchdog_ms = watchdog_distance_ms(),
		.last_poll_at_ms = -1 };
	struct loop_hook hook = { .turn = watcher_turn, .data = &watcher };
	int result = set_up(&watcher, settings, environment);

	if (result) {
		fprintf(stderr, "nemopair: cannot start: %s\n", strerror(-result));
	} else {
		watcher.next_ping_ms = watcher.watchdog_ms == NEVER_MS ? NEVER_MS : 0;
		notify(&watcher, "READY=1\n");
		report(&watcher, loop_now_ms(watcher.loop));
		loop_run(watcher.loop, &hook);
		notify(&watcher, "STOPPING=1\n");
	}
	approver_free(&watcher.approver);
	signals_free(&watcher.signals);
	log_free(&watcher.log);
	loop_free(watcher.loop);
	/* Only the deadline is a good end: whoever else ends the watcher must not look like it. */
	return result ? 1 : watcher.ended_by ? 128 + watcher.ended_by : 0;
}

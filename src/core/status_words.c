#include "core/status_words.h"

#include <string.h>

#include "core/event_ring.h"
#include "core/signal_name.h"
#include "util/macros.h"

enum {
	OUTSIDE_MAX_BYTES = 400,
};

/* VERB by signal 9 KILL TAIL; VERB with exit code 1 TAIL */
static const struct {
	const char *verb;
	const char *tail;
} exit_words[] = {
	[EXIT_REASON_NONE] = { "has not run yet", "" },
	[EXIT_REASON_REQUESTED] = { "ended", ", as asked" },
	[EXIT_REASON_CLEAN] = { "ended", ", by itself" },
	[EXIT_REASON_FAILURE] = { "ended", "" },
	[EXIT_REASON_SIGNAL] = { "killed", "" },
	[EXIT_REASON_OOM] = { "killed", ", memory had run out" },
	[EXIT_REASON_CONFIG] = { "ended", ": it refuses its configuration" },
	[EXIT_REASON_FATAL_OUTPUT] = { "ended", " after a fatal message" },
	[EXIT_REASON_EXEC_FAILED] = { "could not be started", "" },
	[EXIT_REASON_PROBE_FAILED] = { "stopped", ": its probe had failed for too long" },
	[EXIT_REASON_START_TIMEOUT] = { "stopped", ": it was not ready in time" },
	[EXIT_REASON_WATCHDOG] = { "stopped", ": its watchdog message had not come" },
};
static_assert(ARRAY_LEN(exit_words) == EXIT_REASON_COUNT_, "words for every reason");

/* NULL where the last exit says it. */
static const char *const blocked_words[] = {
	[BLOCKED_NOT] = NULL,
	[BLOCKED_CONFIG] = NULL,
	[BLOCKED_FATAL_OUTPUT] = NULL,
	[BLOCKED_CRASH_LOOP] = "it keeps ending",
	[BLOCKED_TASK_FAILED] = "a task before it failed",
	[BLOCKED_PRIVILEGES] = "its user or its privileges cannot be set",
};
static_assert(ARRAY_LEN(blocked_words) == BLOCKED_CODE_COUNT_, "a row for every code");

void status_add_outside(struct text *text, const char *string)
{
	bool was_truncated = text->truncated;

	if (!string)
		return;
	text->truncated = false;
	text_add_printable(text, string, strlen(string), OUTSIDE_MAX_BYTES);
	if (text->truncated)
		text_add(text, "…");
	text->truncated = was_truncated;
}

void status_add_ago(struct text *text, int64_t at_ms, int64_t now_ms)
{
	if (at_ms < 0 || at_ms > now_ms)
		return;
	text_add(text, " ");
	text_add_span(text, (uint64_t)(now_ms - at_ms));
	text_add(text, " ago");
}

void status_add_previous_run(struct text *text, const struct snapshot_life *run, int64_t now_ms)
{
	const struct event *last = run->last_events.items;

	if (run->ended != LIFE_END_KILLED)
		return;
	text_add(text, "killed; last recorded");
	status_add_ago(text, run->at_ms, now_ms);
	if (!run->last_events.count)
		return;
	last += run->last_events.count - 1;
	text_add(text, ": ");
	if (last->service) {
		status_add_outside(text, last->service);
		text_add(text, ": ");
	}
	status_add_outside(text, last->message);
}

static void add_signal(struct text *text, int64_t number)
{
	const char *name = number < 128 ? signal_to_string((int)number) : NULL;

	text_addf(text, " by signal %lld", (long long)number);
	if (name)
		text_addf(text, " %s", name);
}

/* ` (57.0s ago, ran 1.3s)` */
static void add_exit_times(struct text *text, const struct snapshot_exit *last, int64_t now_ms)
{
	bool has_ago = last->at_ms >= 0 && last->at_ms <= now_ms;

	if (!has_ago && last->uptime_ms < 0)
		return;
	text_add(text, " (");
	if (has_ago) {
		text_add_span(text, (uint64_t)(now_ms - last->at_ms));
		text_add(text, " ago");
	}
	if (last->uptime_ms >= 0) {
		text_add(text, has_ago ? ", ran " : "ran ");
		text_add_span(text, (uint64_t)last->uptime_ms);
	}
	text_add(text, ")");
}

void status_add_exit(struct text *text, const struct snapshot_exit *last, int64_t now_ms)
{
	text_add(text, exit_words[last->reason].verb);
	if (last->signal >= 0)
		add_signal(text, last->signal);
	else if (last->code >= 0 && last->reason != EXIT_REASON_EXEC_FAILED)
		text_addf(text, " with exit code %lld", (long long)last->code);
	text_add(text, exit_words[last->reason].tail);
	if (last->oom == 1 && last->reason != EXIT_REASON_OOM)
		text_add(text, ", while memory ran out");
	add_exit_times(text, last, now_ms);
}

/* Ended, or down, in a way that its last exit explains. */
static bool is_explained_by_exit(const struct snapshot_service *service)
{
	if (service->last_exit.reason == EXIT_REASON_NONE)
		return false;
	switch (service->state) {
	case SERVICE_BACKOFF:
	case SERVICE_BLOCKED:
	case SERVICE_STOPPED:
	case SERVICE_FINISHED: return true;
	case SERVICE_WAITING:
	case SERVICE_STARTING: return service->consecutive_failures > 0;
	case SERVICE_DISABLED:
	case SERVICE_READY:
	case SERVICE_FAILING:
	case SERVICE_STOPPING:
	case SERVICE_STATE_COUNT_: break;
	}
	return service->crash_loop;
}

bool status_is_troubled(const struct snapshot_service *service)
{
	if (service->crash_loop || service->warnings.count)
		return true;
	switch (service->state) {
	case SERVICE_DISABLED:
	case SERVICE_READY: return false;
	case SERVICE_WAITING:
	case SERVICE_STARTING:
	case SERVICE_FAILING:
	case SERVICE_STOPPING:
	case SERVICE_BACKOFF:
	case SERVICE_BLOCKED:
	case SERVICE_STOPPED:
	case SERVICE_FINISHED:
	case SERVICE_STATE_COUNT_: break;
	}
	return true;
}

/* Parts of a sentence, set apart. */
static void add_separator(struct text *text, size_t start)
{
	if (text->length_bytes > start)
		text_add(text, "; ");
}

static void add_blocked(struct text *text, const struct snapshot_blocked *blocked)
{
	text_addf(text, "blocked (%s", blocked_code_to_string(blocked->code));
	if (blocked->id) {
		text_add(text, " ");
		status_add_outside(text, blocked->id);
	}
	if (blocked->task) {
		text_add(text, ", task ");
		status_add_outside(text, blocked->task);
	}
	text_add(text, ")");
	if (blocked_words[blocked->code])
		text_addf(text, ": %s", blocked_words[blocked->code]);
}

static bool is_foreign(const struct snapshot_listener *listener)
{
	return listener->port >= 0 && listener->owner == LISTENER_FOREIGN;
}

void status_add_listener(struct text *text, const struct snapshot_listener *listener)
{
	text_addf(text, "port %lld is ", (long long)listener->port);
	switch (listener->owner) {
	case LISTENER_NONE: text_add(text, "held by nobody"); return;
	case LISTENER_UNKNOWN: text_add(text, "held, it cannot be seen by whom"); return;
	case LISTENER_SELF: text_add(text, "held by this service"); break;
	case LISTENER_FOREIGN: text_add(text, "held by a stranger"); break;
	case LISTENER_OWNER_COUNT_: return;
	}
	if (listener->pid < 0) {
		if (is_foreign(listener))
			text_add(text, " that cannot be looked into");
		return;
	}
	text_addf(text, ", pid %lld", (long long)listener->pid);
	if (listener->command) {
		text_add(text, " (");
		status_add_outside(text, listener->command);
		text_add(text, ")");
	}
}

void status_add_probe(struct text *text, const struct snapshot_probe *probe, int64_t now_ms)
{
	status_add_outside(text, probe->target ? probe->target : probe->type);
	if (probe->detail) {
		text_add(text, ": ");
		status_add_outside(text, probe->detail);
	} else {
		text_add(text, probe->ok < 0 ? ": no result yet" : probe->ok ? ": ok" : ": failed");
	}
	if (probe->failures > 0)
		text_addf(text, ", %lld missed in a row", (long long)probe->failures);
	if (probe->last_ok_at_ms >= 0) {
		text_add(text, ", last good");
		status_add_ago(text, probe->last_ok_at_ms, now_ms);
	}
}

void status_add_why(struct text *text, const struct snapshot_service *service, int64_t now_ms)
{
	size_t start = text->length_bytes;
	bool has_stranger = is_foreign(&service->listener);

	if (service->blocked.code != BLOCKED_NOT)
		add_blocked(text, &service->blocked);
	if (has_stranger) {
		add_separator(text, start);
		status_add_listener(text, &service->listener);
	}
	if (service->crash_loop && service->blocked.code != BLOCKED_CRASH_LOOP) {
		add_separator(text, start);
		text_add(text, "crash loop");
	}
	if (is_explained_by_exit(service) && !has_stranger) {
		add_separator(text, start);
		status_add_exit(text, &service->last_exit, now_ms);
		if (service->consecutive_failures > 1)
			text_addf(text, ", %lld failures in a row",
			    (long long)service->consecutive_failures);
	}
	if (service->probe.type &&
	    (service->state == SERVICE_FAILING || service->state == SERVICE_STARTING)) {
		add_separator(text, start);
		text_add(text, "probe ");
		status_add_probe(text, &service->probe, now_ms);
	}
}

static void add_hint(struct text *text, const char *command, const char *name)
{
	text_addf(text, "nemoctl %s ", command);
	status_add_outside(text, name);
}

/* "in 3.2s", or "soon" when it is not known when. */
static void add_due(struct text *text, int64_t in_ms)
{
	if (in_ms < 0) {
		text_add(text, "soon");
		return;
	}
	text_add(text, "in ");
	text_add_span(text, (uint64_t)in_ms);
}

static void add_backoff_next(struct text *text, const struct snapshot_service *service)
{
	bool has_stranger = is_foreign(&service->listener);

	text_add(text, has_stranger ? "looks again " : "next start ");
	add_due(text, service->next_start_in_ms);
	if (has_stranger) {
		text_add(text, ", starts when the port is free");
	} else if (service->crash_loop) {
		text_add(text, "; or at once: ");
		add_hint(text, "reset", service->name);
	}
}

static void add_blocked_next(struct text *text, const struct snapshot_service *service)
{
	if (service->next_start_in_ms >= 0) {
		text_add(text, "next try ");
		add_due(text, service->next_start_in_ms);
		text_add(text, "; or at once: ");
	} else {
		text_add(text, "needs: ");
	}
	add_hint(text, "recover", service->name);
}

static void add_starting_next(struct text *text, const struct snapshot_service *service)
{
	if (!service->probe.type && service->listener.port >= 0)
		text_addf(text, "ready when it holds port %lld", (long long)service->listener.port);
	else if (!service->probe.type)
		text_add(text, "ready as soon as it runs");
	else if (strcmp(service->probe.type, "notify") == 0)
		text_add(text, "ready when it says READY=1");
	else
		text_add(text, "probing until it answers");
}

static void add_stopping_next(struct text *text, const struct snapshot_service *service)
{
	text_add(text, "waits for it to end");
	if (service->stop_timeout_ms >= 0) {
		text_add(text, ", kills it after at most ");
		text_add_span(text, (uint64_t)service->stop_timeout_ms);
	}
}

void status_add_next(
    struct text *text, const struct snapshot *snapshot, const struct snapshot_service *service)
{
	switch (service->state) {
	case SERVICE_DISABLED:
	case SERVICE_READY:
	case SERVICE_STATE_COUNT_: return;
	case SERVICE_WAITING: text_add(text, "starts when what it waits for is ready"); return;
	case SERVICE_STARTING: add_starting_next(text, service); return;
	case SERVICE_FAILING: text_add(text, "probing again"); return;
	case SERVICE_STOPPING: add_stopping_next(text, service); return;
	case SERVICE_BACKOFF: add_backoff_next(text, service); return;
	case SERVICE_BLOCKED: add_blocked_next(text, service); return;
	case SERVICE_STOPPED:
	case SERVICE_FINISHED:
		if (snapshot->health == HEALTH_STOPPING)
			return;
		text_add(text, "stays down; to start it: ");
		add_hint(text, "start", service->name);
		return;
	}
}

#include "app/settle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/supervisor.h"
#include "app/tasks.h"
#include "core/reply_json.h"
#include "util/macros.h"
#include "util/text.h"

enum {
	SETTLE_TIMEOUT_MS = 120000,
	SETTLE_STOP_EXTRA_MS = 5000, /* beyond stop_timeout */
	SETTLE_MESSAGE_BYTES = 512,
};

/* One service of a request. */
struct settle_unit {
	struct unit *unit;
	pid_t old_pid;
	uint64_t starts; /* before */
	bool is_restart; /* ready counts only after a new start */
	bool is_done;
	enum outcome outcome;
	char *message; /* owned; NULL: none */
};

struct settle {
	struct settle *next;
	struct supervisor *supervisor;
	uint64_t client;
	char id[REQUEST_ID_BYTES];
	bool is_bare;
	bool is_answered;
	enum request_op op;
	uint64_t deadline_ms;
	int stop_level;   /* restart or stop of all: the level that is going down; -1: none */
	unsigned reloads; /* when that level was looked for */
	struct settle_unit *units;
	size_t count;
};

static void settle_finish(struct settle_unit *one, enum outcome outcome, const char *message)
{
	one->is_done = true;
	one->outcome = outcome;
	unit_set_text(&one->message, message);
}

/* The message is how its last start ended. */
static void settle_finish_by_exit(struct settle_unit *one, enum outcome outcome)
{
	char message[SETTLE_MESSAGE_BYTES];
	struct text text;

	text_init(&text, message, sizeof(message));
	unit_describe_exit(one->unit, &text);
	settle_finish(one, outcome, message);
}

static void settle_start(struct settle_unit *one, uint64_t now_ms)
{
	if (one->unit->service.state == SERVICE_DISABLED)
		settle_finish(one, OUTCOME_SKIPPED, "disabled");
	else
		unit_handle(one->unit, SERVICE_EV_START, now_ms);
}

/* Brings one service up, if it is not; what is on its way is only waited for. */
static void settle_recover(struct settle_unit *one, uint64_t now_ms)
{
	switch (one->unit->service.state) {
	case SERVICE_STOPPING: /* may be on its way down */
	case SERVICE_BACKOFF:
	case SERVICE_BLOCKED:
	case SERVICE_STOPPED:
	case SERVICE_WAITING: /* these four are left alone, but for the mark of a crash loop */
	case SERVICE_STARTING:
	case SERVICE_READY:
	case SERVICE_FAILING: unit_handle(one->unit, SERVICE_EV_START, now_ms); break;
	case SERVICE_FINISHED:
		if (one->unit->service.last_exit.reason == EXIT_REASON_CLEAN)
			settle_finish(one, OUTCOME_SKIPPED, "finished");
		else
			unit_handle(one->unit, SERVICE_EV_START, now_ms);
		break;
	case SERVICE_DISABLED: settle_finish(one, OUTCOME_SKIPPED, "disabled"); break;
	case SERVICE_STATE_COUNT_: break;
	}
}

static void settle_check_waiting(const struct supervisor *supervisor, struct settle_unit *one)
{
	const struct unit *other = supervisor_held_up_by(supervisor, one->unit);
	char message[64];

	/* A boot task that runs again may bring that one up too. */
	if (!other || tasks_holding(supervisor->tasks, one->unit, false))
		return;
	snprintf(message, sizeof(message), "waits for %s", other->config->name);
	settle_finish(one, OUTCOME_FAILED, message);
}

static void settle_foreign_port(struct settle_unit *one)
{
	char message[SETTLE_MESSAGE_BYTES];
	struct text text;

	text_init(&text, message, sizeof(message));
	text_addf(&text, "port %u is held by a stranger: ", one->unit->config->port);
	unit_describe_holder(one->unit, &text);
	settle_finish(one, OUTCOME_FOREIGN_PORT, message);
}

static void settle_check_stopped(struct settle_unit *one)
{
	/* Down is all that was asked for: there is no word of its own for it. */
	if (unit_is_down(one->unit))
		settle_finish(one, OUTCOME_SKIPPED, NULL);
}

static void settle_check(const struct supervisor *supervisor, struct settle_unit *one)
{
	struct unit *unit = one->unit;
	const struct service *service = &unit->service;

	if (unit->is_removed) {
		settle_finish(one, OUTCOME_FAILED, "not configured any more");
		return;
	}
	switch (service->state) {
	case SERVICE_READY:
		if (!one->is_restart || service->starts > one->starts)
			settle_finish(one,
			    unit->pid == one->old_pid ? OUTCOME_ALREADY_RUNNING : OUTCOME_STARTED,
			    NULL);
		break;
	case SERVICE_BLOCKED: settle_finish_by_exit(one, OUTCOME_BLOCKED); break;
	case SERVICE_BACKOFF:
		if (service->has_foreign_port)
			settle_foreign_port(one);
		else
			settle_finish_by_exit(one, OUTCOME_FAILED);
		break;
	case SERVICE_FINISHED:
		settle_finish_by_exit(
		    one, service_is_order_ready(service) ? OUTCOME_STARTED : OUTCOME_FAILED);
		break;
	case SERVICE_STOPPED: settle_finish(one, OUTCOME_FAILED, "stopped meanwhile"); break;
	case SERVICE_DISABLED: settle_finish(one, OUTCOME_SKIPPED, "disabled"); break;
	case SERVICE_WAITING: settle_check_waiting(supervisor, one); break;
	case SERVICE_STARTING:
	case SERVICE_FAILING:
	case SERVICE_STOPPING:
	case SERVICE_STATE_COUNT_: break;
	}
}

/* ---- restart and stop of all: down in reverse order, then up in order ---- */

/* What a reload has added meanwhile has been stopped with the others. */
static void settle_start_all(struct settle *settle, uint64_t now_ms)
{
	struct supervisor *supervisor = settle->supervisor;

	supervisor->is_restarting_all = false;
	for (size_t i = 0; i < supervisor->unit_count - supervisor->leaving_count; i++)
		unit_handle(supervisor->units[i], SERVICE_EV_START, now_ms);
}

static void settle_begin_down(struct settle *settle, uint64_t now_ms)
{
	settle->reloads = settle->supervisor->reloads;
	settle->supervisor->is_restarting_all = settle->op == REQUEST_RESTART;
	settle->stop_level = supervisor_top_level(settle->supervisor);
	settle->supervisor->is_restarting_all = settle->op == REQUEST_RESTART;
	supervisor_stop_level(settle->supervisor, settle->stop_level, 0, now_ms);
}

static void settle_turn_down(struct settle *settle, uint64_t now_ms)
{
	if (settle->stop_level >= 0 && settle->reloads != settle->supervisor->reloads)
		settle_begin_down(settle, now_ms); /* the levels are others now */
	while (settle->stop_level >= 0 &&
	       supervisor_is_level_down(settle->supervisor, settle->stop_level)) {
		if (settle->stop_level == 0) {
			settle->stop_level = -1;
			if (settle->op == REQUEST_RESTART)
				settle_start_all(settle, now_ms);
			return;
		}
		supervisor_stop_level(settle->supervisor, --settle->stop_level, 0, now_ms);
	}
}

/* Those that change a service on purpose; recover only sees to it, and joins whatever goes on. */
static bool settle_is_exclusive(enum request_op op)
{
	return op == REQUEST_START || op == REQUEST_STOP || op == REQUEST_RESTART;
}

static bool settle_overlaps(const struct settle *others, const struct unit *unit)
{
	for (; others; others = others->next)
		for (size_t i = 0; settle_is_exclusive(others->op) && i < others->count; i++)
			if (others->units[i].unit == unit &&
			    (!others->units[i].is_done || others->stop_level >= 0))
				return true;
	return false;
}

static void settle_begin(struct settle *settle, bool is_all, uint64_t now_ms)
{
	settle->stop_level = -1;
	if ((settle->op == REQUEST_RESTART || settle->op == REQUEST_STOP) && is_all) {
		settle_begin_down(settle, now_ms);
		return;
	}
	for (size_t i = 0; i < settle->count; i++) {
		struct settle_unit *one = &settle->units[i];

		if (settle->op == REQUEST_RESTART)
			unit_handle(one->unit, SERVICE_EV_RESTART, now_ms);
		else if (settle->op == REQUEST_STOP)
			unit_stop(one->unit, 0, now_ms);
		else if (settle->op == REQUEST_START)
			settle_start(one, now_ms);
		else
			settle_recover(one, now_ms);
	}
}

/* The levels of a stop of all go down one after the other, so their times add up at worst. */
static uint64_t settle_default_ms(enum request_op op, struct unit *const *units, size_t count)
{
	uint64_t sum_ms = SETTLE_STOP_EXTRA_MS;

	if (op != REQUEST_STOP)
		return SETTLE_TIMEOUT_MS;
	for (size_t i = 0; i < count; i++)
		sum_ms = deadline_after(sum_ms, units[i]->config->stop_timeout_ms);
	return sum_ms;
}

int settle_new(struct supervisor *supervisor, const struct request *request, uint64_t client,
    const struct settle *others, uint64_t now_ms, struct settle **ret_settle)
{
	struct unit *only =
	    request->service[0] ? supervisor_find(supervisor, request->service) : NULL;
	size_t count = request->service[0] ? 1 : supervisor->unit_count - supervisor->leaving_count;
	struct unit **first = only ? &only : supervisor->units;
	struct settle *settle;

	if (request->service[0] && !only)
		return -ENOENT;
	for (size_t i = 0; i < count; i++)
		if (settle_is_exclusive(request->op) && settle_overlaps(others, first[i]))
			return -EBUSY;
	settle = calloc(1, sizeof(*settle));
	if (settle)
		settle->units = calloc(count + 1, sizeof(*settle->units));
	if (!settle || !settle->units) {
		free(settle);
		return -ENOMEM;
	}
	settle->supervisor = supervisor;
	settle->client = client;
	snprintf(settle->id, sizeof(settle->id), "%s", request->id);
	settle->is_bare = request->bare;
	settle->op = request->op;
	settle->deadline_ms = deadline_after(
	    now_ms, request->timeout_ms == NEVER_MS ? settle_default_ms(request->op, first, count)
						    : request->timeout_ms);
	settle->count = count;
	for (size_t i = 0; i < count; i++)
		settle->units[i] = (struct settle_unit){ .unit = unit_hold(first[i]),
			.old_pid = first[i]->pid,
			.starts = first[i]->service.starts,
			.is_restart = request->op == REQUEST_RESTART };
	settle_begin(settle, !only, now_ms);
	*ret_settle = settle;
	return 0;
}

void settle_free(struct settle *settle)
{
	for (size_t i = 0; i < settle->count; i++) {
		unit_release(settle->units[i].unit);
		free(settle->units[i].message);
	}
	free(settle->units);
	free(settle);
}

void settle_turn(struct settle *settle, uint64_t now_ms)
{
	settle_turn_down(settle, now_ms);
	for (size_t i = 0; i < settle->count; i++) {
		struct settle_unit *one = &settle->units[i];

		if (!one->is_done && settle->stop_level < 0 && settle->op == REQUEST_STOP)
			settle_check_stopped(one);
		else if (!one->is_done && settle->stop_level < 0)
			settle_check(settle->supervisor, one);
		if (!one->is_done && now_ms >= settle->deadline_ms)
			settle_finish(one, OUTCOME_TIMEOUT,
			    service_state_to_string(service_shown_state(&one->unit->service)));
	}
}

bool settle_is_answerable(const struct settle *settle, uint64_t now_ms)
{
	bool is_done = settle->stop_level < 0;

	for (size_t i = 0; i < settle->count; i++)
		is_done = is_done && settle->units[i].is_done;
	return !settle->is_answered && (is_done || now_ms >= settle->deadline_ms);
}

void settle_answered(struct settle *settle)
{
	settle->is_answered = true;
}

bool settle_is_answered(const struct settle *settle)
{
	return settle->is_answered;
}

bool settle_is_over(const struct settle *settle)
{
	return settle->is_answered && settle->stop_level < 0;
}

uint64_t settle_deadline_ms(const struct settle *settle)
{
	return settle->is_answered ? NEVER_MS : settle->deadline_ms;
}

/* stop: done or not, there is nothing else to say of a service. */
static char *settle_encode_stop(const struct settle *settle)
{
	const struct settle_unit *one = settle->units;
	char message[96];

	for (; one < settle->units + settle->count; one++) {
		if (one->is_done && one->outcome != OUTCOME_TIMEOUT)
			continue;
		snprintf(
		    message, sizeof(message), "%s is still being stopped", one->unit->config->name);
		return reply_encode_error(
		    settle->id, one->is_done ? REPLY_TIMEOUT : REPLY_STOPPING, message);
	}
	return reply_encode_ok(settle->id);
}

char *settle_encode(const struct settle *settle)
{
	struct service_outcome *outcomes;
	char *line;

	if (settle->op == REQUEST_STOP)
		return settle_encode_stop(settle);
	if (settle->supervisor->is_stopping)
		return reply_encode_error(settle->id, REPLY_STOPPING, "nemoinit is shutting down");
	outcomes = calloc(settle->count + 1, sizeof(*outcomes));
	if (!outcomes)
		return NULL;
	for (size_t i = 0; i < settle->count; i++) {
		const struct settle_unit *one = &settle->units[i];

		outcomes[i] = (struct service_outcome){ .name = one->unit->config->name,
			.outcome = one->outcome,
			.old_pid = one->old_pid ? one->old_pid : -1,
			.pid = one->unit->pid ? one->unit->pid : -1,
			.message = one->message };
	}
	line = reply_encode_outcomes(settle->id, outcomes, settle->count);
	free(outcomes);
	return line;
}

uint64_t settle_client(const struct settle *settle)
{
	return settle->client;
}

bool settle_is_bare(const struct settle *settle)
{
	return settle->is_bare;
}

struct settle **settle_next(struct settle *settle)
{
	return &settle->next;
}

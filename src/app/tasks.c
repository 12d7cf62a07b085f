#include "app/tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/run.h"
#include "app/supervisor.h"
#include "core/order.h"
#include "core/service_env.h"
#include "core/task.h"
#include "util/macros.h"
#include "util/text.h"

enum {
	TASK_MESSAGE_LINES = 10, /* of its output, in the status of what it blocks */
	TASK_MESSAGE_BYTES = TASK_MESSAGE_LINES * (LINE_RING_BYTES + 1),
};

struct task_runner {
	struct tasks *tasks;
	struct task *task;
	struct run *run;
	struct speaker speaker; /* with the lines of the run under way or the last one */
};

struct tasks {
	struct supervisor *supervisor;
	struct task_list list;
	struct task_runner **runners; /* as list.items; each owned */
};

/* ---- what follows from an end ---- */

/* What it wrote last, else how it ended; the caller's. */
static char *task_message(const struct task_runner *runner, const char *words)
{
	const char *lines[LINE_RING_COUNT];
	size_t count = line_ring_get(&runner->speaker.ring, lines);
	struct text text;

	text_init_heap(&text, TASK_MESSAGE_BYTES);
	for (size_t i = count > TASK_MESSAGE_LINES ? count - TASK_MESSAGE_LINES : 0; i < count; i++)
		text_addf(&text, "%s%s", text.length_bytes ? "\n" : "", lines[i]);
	if (!count)
		text_add(&text, words);
	return text.data;
}

/* Before a start that waits for it; else it only tells. */
static bool task_stands_before(const struct task *task)
{
	return task->config->when == TASK_BOOT || task->config->when == TASK_START;
}

static const struct unit *task_unit(const struct task_runner *runner)
{
	uint16_t service = runner->task->wish.service;

	return service == ORDER_NOBODY ? NULL : runner->tasks->supervisor->units[service];
}

static void task_block_units(const struct task_runner *runner, const char *words, uint64_t now_ms)
{
	struct supervisor *supervisor = runner->tasks->supervisor;
	const struct task *task = runner->task;
	char *message = task_message(runner, words), failure[640];
	struct text text;

	text_init(&text, failure, sizeof(failure));
	text_addf(&text, "task %s failed: %s", task->config->name, words);
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		struct unit *unit = supervisor->units[i];

		if (!task_list_is_blocking(&runner->tasks->list, task, i))
			continue;
		unit_set_text(&unit->task, task->config->name);
		unit_set_redacted(unit, &unit->task_failure, failure);
		unit_set_redacted(unit, &unit->task_message, message);
		unit_handle(unit, SERVICE_EV_TASK_FAILED, now_ms);
	}
	free(message);
}

/* It was all that kept them down, and somebody has had it run again. */
static void task_release_units(const struct task_runner *runner, uint64_t now_ms)
{
	struct supervisor *supervisor = runner->tasks->supervisor;

	for (size_t i = 0; i < supervisor->unit_count; i++) {
		struct unit *unit = supervisor->units[i];

		if (unit->service.state == SERVICE_BLOCKED &&
		    unit->service.blocked == BLOCKED_TASK_FAILED && unit->task &&
		    strcmp(unit->task, runner->task->config->name) == 0 &&
		    task_has_made_way(runner->task, i))
			unit_handle(unit, SERVICE_EV_START, now_ms);
	}
}

static void task_on_end(void *data, const struct run_end *end, uint64_t now_ms)
{
	struct task_runner *runner = data;
	struct supervisor *supervisor = runner->tasks->supervisor;
	const struct task_config *config = runner->task->config;
	bool is_blocking = task_stands_before(runner->task) && config->on_failure == TASK_BLOCK;

	task_list_end(&runner->tasks->list, runner->task, end->is_good);
	supervisor->is_order_dirty = supervisor->is_changed = true;
	if (supervisor->is_stopping)
		return;
	if (!end->is_good && !runner->task->is_cancelled) {
		supervisor_report(supervisor, is_blocking ? LOG_ERROR : LOG_WARN, task_unit(runner),
		    "task-failed", "task %s failed: %s%s", config->name, end->words,
		    !task_stands_before(runner->task) ? ""
		    : is_blocking                     ? "; what waits for it is blocked"
						      : "; going on without it");
		task_block_units(runner, end->words, now_ms);
	}
	task_release_units(runner, now_ms);
}

/* ---- life ---- */

static void task_runner_free(struct task_runner *runner)
{
	if (!runner)
		return;
	run_free(&runner->run);
	line_ring_deinit(&runner->speaker.ring);
	line_fold_deinit(&runner->speaker.fold);
	redact_deinit(&runner->speaker.redact);
	free(runner);
}

static struct task_runner *task_runner_new(struct tasks *tasks, struct task *task)
{
	struct task_runner *runner = calloc(1, sizeof(*runner));
	struct run_owner owner = {
		.supervisor = tasks->supervisor, .name = task->config->name, .handle = task_on_end
	};

	if (!runner)
		return NULL;
	runner->tasks = tasks;
	runner->task = task;
	runner->speaker.redact.others = &tasks->supervisor->redact;
	owner.speaker = &runner->speaker;
	owner.data = runner;
	if (run_new(&owner, &runner->run)) {
		task_runner_free(runner);
		return NULL;
	}
	return runner;
}

int tasks_new(struct supervisor *supervisor, const struct config *config, size_t unit_count,
    struct tasks **ret_tasks)
{
	struct tasks *tasks = calloc(1, sizeof(*tasks));
	int result =
	    tasks ? task_list_init(&tasks->list, config->tasks, config->task_count, unit_count)
		  : -ENOMEM;

	if (!result) {
		tasks->supervisor = supervisor;
		tasks->runners = calloc(tasks->list.count + 1, sizeof(struct task_runner *));
		result = tasks->runners ? 0 : -ENOMEM;
	}
	for (size_t i = 0; !result && i < tasks->list.count; i++) {
		tasks->runners[i] = task_runner_new(tasks, &tasks->list.items[i]);
		result = tasks->runners[i] ? 0 : -ENOMEM;
	}
	if (result)
		tasks_free(&tasks);
	else
		*ret_tasks = tasks;
	return result;
}

void tasks_free(struct tasks **tasks)
{
	if (!*tasks)
		return;
	for (size_t i = 0; (*tasks)->runners && i < (*tasks)->list.count; i++)
		task_runner_free((*tasks)->runners[i]);
	free((*tasks)->runners);
	task_list_deinit(&(*tasks)->list);
	free(*tasks);
	*tasks = NULL;
}

static void tasks_take_runner(struct tasks *tasks, size_t place, struct task_runner **from)
{
	struct task_runner *runner = *from;

	*from = tasks->runners[place];
	tasks->runners[place] = runner;
	runner->tasks = tasks;
	runner->task = &tasks->list.items[place];
}

void tasks_replace(
    struct supervisor *supervisor, struct tasks *fresh, struct unit *const *units, size_t count)
{
	struct tasks *old = supervisor->tasks;

	task_list_take_over(&fresh->list, &old->list);
	for (size_t i = 0; i < fresh->list.count; i++) {
		const struct task_config *config = fresh->list.items[i].config;
		const struct task *before = task_list_find(&old->list, config->name, config->when);

		if (before)
			tasks_take_runner(fresh, i, &old->runners[before - old->list.items]);
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < supervisor->unit_count; k++)
			if (supervisor->units[k] == units[i])
				task_list_take_service(&fresh->list, &old->list, k, i);
		task_list_enable(&fresh->list, i, units[i]->service.state != SERVICE_DISABLED);
	}
	supervisor->tasks = fresh;
	tasks_free(&old);
}

/* ---- units ---- */

bool tasks_may_start(struct tasks *tasks, const struct unit *unit, bool is_order_ready)
{
	return task_list_ask(&tasks->list, unit->place, is_order_ready);
}

const char *tasks_holding(const struct tasks *tasks, const struct unit *unit, bool is_order_ready)
{
	const struct task *task = task_list_before(&tasks->list, unit->place, is_order_ready);

	return task ? task->config->name : NULL;
}

static void tasks_report_dropped(
    const struct tasks *tasks, const struct unit *unit, unsigned dropped, const char *event)
{
	if (dropped)
		supervisor_report(tasks->supervisor, LOG_WARN, unit, "warning",
		    "%u tasks have %d runs before them already and are not told: %s", dropped,
		    TASK_WISHES_MAX, event);
}

void tasks_on_state(struct tasks *tasks, const struct unit *unit, uint64_t now_ms)
{
	const struct service *service = &unit->service;
	bool is_first_ready = service->state == SERVICE_READY && service->ready_ms == now_ms;

	if (unit->is_removed) /* and with it what is of it */
		return;
	task_list_enable(&tasks->list, unit->place, service->state != SERVICE_DISABLED);
	if (service->state == SERVICE_WAITING)
		task_list_enter(&tasks->list, unit->place);
	else
		task_list_leave(&tasks->list, unit->place,
		    service->state == SERVICE_BACKOFF && service->has_foreign_port);
	tasks_report_dropped(tasks, unit,
	    task_list_tell_blocked(&tasks->list, unit->place, service->blocked != BLOCKED_NOT),
	    "blocked");
	if (is_first_ready)
		tasks_report_dropped(tasks, unit,
		    task_list_tell(&tasks->list, unit->place, TASK_EVENT_READY), "ready");
}

void tasks_on_crash_loop(struct tasks *tasks, const struct unit *unit)
{
	if (unit->is_removed)
		return;
	tasks_report_dropped(tasks, unit,
	    task_list_tell(&tasks->list, unit->place, TASK_EVENT_CRASH_LOOP), "crash loop");
}

/* ---- runs ---- */

void tasks_on_exit(struct tasks *tasks, pid_t pid, const struct exit_info *exit, uint64_t now_ms)
{
	for (size_t i = 0; i < tasks->list.count; i++)
		run_on_exit(tasks->runners[i]->run, pid, exit, now_ms);
}

bool tasks_have_pid(const struct tasks *tasks, pid_t pid)
{
	for (size_t i = 0; i < tasks->list.count; i++)
		if (run_pid(tasks->runners[i]->run) == pid)
			return true;
	return false;
}

static void task_begin(struct task_runner *runner, uint64_t now_ms)
{
	const struct supervisor *supervisor = runner->tasks->supervisor;
	const struct task_config *config = runner->task->config;
	const char *event = task_event_to_string(runner->task->wish.event);
	struct service_env given = { .socket = supervisor->socket,
		.path = supervisor->config->path,
		.event = event,
		.service = event ? task_unit(runner)->config->name : NULL };
	struct words environment;
	struct error error;
	int result;

	line_ring_deinit(&runner->speaker.ring);
	result = task_env_build(supervisor->environment, config, &given, &environment);
	if (result)
		error_set(&error, result, "no memory for its environment");
	else
		result = run_start(runner->run, &config->command, &environment, &config->identity,
		    config->working_directory, config->timeout_ms, now_ms, &error);
	if (result)
		task_on_end(runner, &(struct run_end){ .words = error.message }, now_ms);
}

uint64_t tasks_turn(struct tasks *tasks, uint64_t now_ms)
{
	uint64_t deadline_ms = NEVER_MS;
	struct task *task = NULL;

	for (unsigned begun = 0; !tasks->supervisor->is_stopping; begun++) {
		if (begun == TASKS_BEGUN_PER_TURN) {
			deadline_ms = now_ms;
			break;
		}
		task = task_list_next(&tasks->list);
		if (!task)
			break;
		task_begin(tasks->runners[task - tasks->list.items], now_ms);
	}
	for (size_t i = 0; i < tasks->list.count; i++) {
		struct task_runner *runner = tasks->runners[i];

		if (runner->task->is_cancelled)
			run_stop(runner->run, now_ms);
		deadline_ms = min_ms(deadline_ms, run_turn(runner->run, now_ms));
	}
	return deadline_ms;
}

void tasks_shift(struct tasks *tasks, uint64_t gap_ms)
{
	for (size_t i = 0; i < tasks->list.count; i++)
		run_shift(tasks->runners[i]->run, gap_ms);
}

void tasks_stop(struct tasks *tasks, uint64_t now_ms)
{
	for (size_t i = 0; i < tasks->list.count; i++)
		run_stop(tasks->runners[i]->run, now_ms);
}

bool tasks_are_running(const struct tasks *tasks)
{
	for (size_t i = 0; i < tasks->list.count; i++)
		if (run_is_running(tasks->runners[i]->run))
			return true;
	return false;
}

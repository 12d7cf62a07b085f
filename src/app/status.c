#include "app/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/recorder.h"
#include "app/run.h"
#include "app/supervisor.h"
#include "app/tasks.h"
#include "core/metrics_text.h"
#include "core/snapshot.h"
#include "core/snapshot_json.h"
#include "io/log.h"
#include "util/macros.h"
#include "util/text.h"

/* What one service's snapshot borrows; lives as long as the encoding. */
struct status_strings {
	char *command;
	char *target;
	char *message;
	const char *output[LINE_RING_COUNT];
	char *waiting;
	const char *warnings[UNIT_WARNING_COUNT_ + 1];
};

static int64_t time_left_or_none(uint64_t deadline_ms, uint64_t now_ms)
{
	uint64_t left_ms = time_left_ms(deadline_ms, now_ms);

	return left_ms == NEVER_MS ? -1 : (int64_t)left_ms;
}

static void fill_exit(struct snapshot_exit *out, const struct unit *unit)
{
	const struct service_exit *exit = &unit->service.last_exit;

	*out = (struct snapshot_exit){ .reason = exit->reason,
		.at_ms = unit->exit_at_ms,
		.code = exit->has_status && !exit->info.by_signal ? exit->info.value : -1,
		.signal = exit->has_status && exit->info.by_signal ? exit->info.value : -1,
		.oom = unit->exit_oom,
		.uptime_ms = exit->has_status ? (int64_t)exit->uptime_ms : -1,
		.pid = unit->exit_pid };
}

static void fill_probe(
    struct snapshot_probe *out, const struct unit *unit, const struct status_strings *strings)
{
	static const char *const types[] = {
		[PROBE_NONE] = NULL,
		[PROBE_HTTP] = "http",
		[PROBE_TCP] = "tcp",
		[PROBE_WS] = "ws",
		[PROBE_EXEC] = "exec",
		[PROBE_NOTIFY] = "notify",
	};

	*out = (struct snapshot_probe){ .type = types[unit->config->probe.type],
		.target = strings->target,
		.ok = unit->probe_ok,
		.failures = unit->service.health.misses,
		.last_ok_at_ms = unit->probe_last_ok_at_ms,
		.latency_ms = unit->probe_latency_ms,
		.detail = unit->probe_detail };
}

static void fill_listener(
    struct snapshot_listener *out, const struct unit *unit, bool is_privileged)
{
	*out = (struct snapshot_listener){ .port = unit->config->port ? unit->config->port : -1,
		.owner = unit->listener_owner,
		.pid = unit->listener_pid ? unit->listener_pid : -1,
		.command = is_privileged ? unit->listener_command : NULL };
}

/*
 * blocked.message: the last output lines, for want of better the words of the failed start; of a
 * task those of the task.
 */
static void fill_blocked(struct snapshot_blocked *out, const struct unit *unit,
    struct status_strings *strings, bool is_privileged)
{
	const char *lines[LINE_RING_COUNT];
	size_t count;
	struct text text;

	/* While a stranger's port holds up the next try, that is what the state tells. */
	*out = (struct snapshot_blocked){ .code =
					      service_shown_state(&unit->service) == SERVICE_BLOCKED
						  ? unit->service.blocked
						  : BLOCKED_NOT };
	if (out->code == BLOCKED_FATAL_OUTPUT && unit->service.fatal_output >= 0)
		out->id = unit->config->fatal_outputs[unit->service.fatal_output].id;
	if (out->code == BLOCKED_TASK_FAILED)
		out->task = unit->task;
	if (out->code == BLOCKED_NOT || !is_privileged)
		return;
	if (out->code == BLOCKED_TASK_FAILED) {
		out->message = unit->task_message;
		return;
	}
	count = line_ring_get(&unit->speaker.ring, lines);
	text_init_heap(&text, 8192);
	for (size_t i = count > 10 ? count - 10 : 0; i < count; i++)
		text_addf(&text, "%s%s", text.length_bytes ? "\n" : "", lines[i]);
	strings->message = text.data;
	out->message = text.data ? text.data : unit->failure;
}

/* When a failing service is going to be restarted. */
static char *describe_failing(const struct unit *unit, uint64_t now_ms)
{
	uint64_t left_ms = time_left_ms(service_unhealthy_ms(&unit->service), now_ms);
	struct text text;

	if (left_ms == NEVER_MS || unit->config->unhealthy_action != UNHEALTHY_RESTART)
		return NULL;
	text_init_heap(&text, 128);
	text_add(&text, "restart in ");
	text_add_span(&text, left_ms);
	text_add(&text, ", unless a probe succeeds first");
	return text.data;
}

/*
 * What a waiting service waits for: the first that is not there, and how it is. Why a starting one
 * will not be ready, and when a failing one is restarted.
 */
static char *describe_waiting(const struct unit *unit, uint64_t now_ms)
{
	const struct supervisor *supervisor = unit->supervisor;
	const char *task = tasks_holding(supervisor->tasks, unit, false);
	const struct unit *other;
	struct text text;

	if (unit->service.state == SERVICE_STARTING && unit->service.fatal_output >= 0) {
		text_init_heap(&text, 128);
		text_addf(&text, "%s: it will not be called ready", unit->failure);
		return text.data;
	}
	if (unit->service.state == SERVICE_FAILING)
		return describe_failing(unit, now_ms);
	if (unit->service.state != SERVICE_WAITING)
		return NULL;
	if (run_is_running(unit->repair))
		return strdup("waits for its repair command");
	other = task ? NULL : supervisor_awaited(supervisor, unit);
	if (!task && !other)
		task = tasks_holding(supervisor->tasks, unit, true);
	if (!task && !other)
		return NULL;
	text_init_heap(&text, 128);
	if (task)
		text_addf(&text, "waits for task %s", task);
	else
		text_addf(&text, "waits for %s (%s)", other->config->name,
		    service_state_to_string(service_shown_state(&other->service)));
	return text.data;
}

static void fill_warnings(struct snapshot_strings *out, const struct unit *unit,
    struct status_strings *strings, uint64_t now_ms)
{
	*out = (struct snapshot_strings){ .items = strings->warnings };
	for (size_t i = 0; i < ARRAY_LEN(unit->warnings); i++)
		if (unit->warnings[i])
			strings->warnings[out->count++] = unit->warnings[i];
	strings->waiting = describe_waiting(unit, now_ms);
	if (strings->waiting)
		strings->warnings[out->count++] = strings->waiting;
}

static void fill_service(struct snapshot_service *out, const struct unit *unit,
    struct status_strings *strings, bool is_privileged, uint64_t now_ms)
{
	const struct service *service = &unit->service;
	enum service_state state = service_shown_state(service);
	bool is_waiting = state == SERVICE_BACKOFF || service->state == SERVICE_BLOCKED;

	/* What the configuration says; all else is redacted when it is heard. */
	strings->command = words_join(&unit->config->command);
	strings->target = unit->config->probe.text ? strdup(unit->config->probe.text) : NULL;
	supervisor_redact_text(unit->supervisor, unit, &strings->command);
	supervisor_redact_text(unit->supervisor, unit, &strings->target);
	*out = (struct snapshot_service){ .name = unit->config->name,
		.state = state,
		.ready = state == SERVICE_READY,
		.enabled = unit->config->enabled,
		.command = strings->command,
		.pid = unit->pid ? unit->pid : -1,
		.started_at_ms = unit->started_at_ms,
		.uptime_ms = unit->pid ? (int64_t)(now_ms - service->started_ms) : -1,
		.restarts = (int64_t)service->restarts,
		.consecutive_failures = service->failures,
		.crash_loop = service->is_crash_loop,
		.next_start_in_ms =
		    is_waiting ? time_left_or_none(service->deadline_ms, now_ms) : -1,
		.stop_timeout_ms = (int64_t)unit->config->stop_timeout_ms,
		.restarts_by = unit->restarts_by,
		.output_bytes = unit->output_bytes,
		.log_dropped_lines = unit_log_dropped(unit),
		.last_output_at_ms =
		    unit->speaker.ring.last_at_ms ? (int64_t)unit->speaker.ring.last_at_ms : -1 };
	if (is_privileged) {
		out->last_output.items = strings->output;
		out->last_output.count = line_ring_get(&unit->speaker.ring, strings->output);
	}
	fill_exit(&out->last_exit, unit);
	fill_probe(&out->probe, unit, strings);
	fill_listener(&out->listener, unit, is_privileged);
	fill_blocked(&out->blocked, unit, strings, is_privileged);
	fill_warnings(&out->warnings, unit, strings, now_ms);
}

/* What was wrong at the start, and the orphans there are now. NULL without memory. */
static const char **list_warnings(
    const struct supervisor *supervisor, bool is_privileged, size_t *ret_count)
{
	size_t count = supervisor->warnings.count;
	const char **items = calloc(count + 1 + FOREST_ORPHANS_MAX, sizeof(*items));
	const char *unrecorded = recorder_warning(supervisor->recorder);

	if (!items)
		return NULL;
	for (size_t i = 0; i < count; i++)
		items[i] = supervisor->warnings.items[i];
	if (unrecorded)
		items[count++] = unrecorded;
	for (size_t i = 0; i < FOREST_ORPHANS_MAX; i++) {
		const struct forest_orphan *orphan = &supervisor->forest.orphans[i];

		if (orphan->pid)
			items[count++] = is_privileged ? orphan->text : orphan->plain;
	}
	*ret_count = count;
	return items;
}

static void fill_nemoinit(struct snapshot_nemoinit *out, const struct supervisor *supervisor,
    bool is_privileged, uint64_t now_ms)
{
	*out = (struct snapshot_nemoinit){ .version = NEMOINIT_VERSION,
		.instance = supervisor->instance,
		.pid = getpid(),
		.is_pid1 = supervisor->is_pid1,
		.uid = getuid(),
		.host = supervisor->host,
		.started_at_ms = supervisor->started_at_ms,
		.uptime_ms = (int64_t)(now_ms - supervisor->started_ms),
		.socket = supervisor->socket,
		.config = supervisor->config->file ? supervisor->config->file : "built-in",
		.reaped = (int64_t)supervisor->reaped,
		.dropped_lines = log_dropped(supervisor->log),
		.stop_budget_ms = (int64_t)supervisor->config->stop_budget_ms };
	recorder_fill(supervisor->recorder, is_privileged, &out->previous_run);
}

/* What the watcher last said, moved on to now; what it cannot say is known from its unit. */
static const struct auto_pair *fill_auto_pair(
    struct supervisor *supervisor, struct auto_pair *out, uint64_t now_ms)
{
	const struct unit *unit = supervisor_find(supervisor, "auto-pair");
	uint64_t age_ms = now_ms - supervisor->auto_pair_ms;

	if (!unit)
		return NULL;
	*out = supervisor->auto_pair;
	if (out->next_poll_in_ms >= 0)
		out->next_poll_in_ms -= (int64_t)min_ms(age_ms, (uint64_t)out->next_poll_in_ms);
	if (out->deadline_in_ms >= 0)
		out->deadline_in_ms -= (int64_t)min_ms(age_ms, (uint64_t)out->deadline_in_ms);
	if (unit->pid)
		return out;
	out->next_poll_in_ms = out->deadline_in_ms = -1;
	out->mode = unit->service.state == SERVICE_DISABLED ? AUTO_PAIR_DISABLED
		    : unit->service.state == SERVICE_FINISHED &&
			    unit->service.last_exit.reason == EXIT_REASON_CLEAN
			? AUTO_PAIR_DONE
			: AUTO_PAIR_DOWN;
	return out;
}

/* A picture of all at this moment, and what it borrows. */
struct status_picture {
	struct snapshot snapshot;
	struct status_strings *strings;
	const char **warnings;
	struct auto_pair auto_pair;
};

/* 0 or -ENOMEM; the caller ends with picture_deinit in each case. */
static int picture_init(struct status_picture *picture, struct supervisor *supervisor,
    bool is_privileged, uint64_t now_ms)
{
	struct snapshot *snapshot = &picture->snapshot;
	size_t count = supervisor->unit_count, warning_count = 0;

	*picture =
	    (struct status_picture){ .strings = calloc(count + 1, sizeof(*picture->strings)) };
	snapshot->services = calloc(count + 1, sizeof(*snapshot->services));
	picture->warnings = list_warnings(supervisor, is_privileged, &warning_count);
	if (!picture->strings || !snapshot->services || !picture->warnings)
		return -ENOMEM;
	snapshot->service_count = count;
	for (size_t i = 0; i < count; i++)
		fill_service(&snapshot->services[i], supervisor->units[i], &picture->strings[i],
		    is_privileged, now_ms);
	snapshot->health = snapshot_health(snapshot->services, count, supervisor->is_stopping);
	fill_nemoinit(&snapshot->nemoinit, supervisor, is_privileged, now_ms);
	snapshot->nemoinit.warnings =
	    (struct snapshot_strings){ .items = picture->warnings, .count = warning_count };
	snapshot->auto_pair = fill_auto_pair(supervisor, &picture->auto_pair, now_ms);
	return 0;
}

static void picture_deinit(struct status_picture *picture)
{
	for (size_t i = 0; i < picture->snapshot.service_count; i++) {
		free(picture->strings[i].command);
		free(picture->strings[i].target);
		free(picture->strings[i].message);
		free(picture->strings[i].waiting);
	}
	free(picture->strings);
	free(picture->warnings);
	free(picture->snapshot.services);
}

char *status_encode(struct supervisor *supervisor, const char *id, const char *service,
    bool is_privileged, uint64_t now_ms)
{
	struct status_picture picture;
	char *line = NULL;

	if (!picture_init(&picture, supervisor, is_privileged, now_ms))
		line = snapshot_encode(&picture.snapshot, id, service);
	picture_deinit(&picture);
	return line;
}

char *metrics_encode(struct supervisor *supervisor, const char *id, uint64_t now_ms)
{
	struct status_picture picture;
	char *line = NULL;

	if (!picture_init(&picture, supervisor, false, now_ms))
		line = metrics_reply_encode(&picture.snapshot, id);
	picture_deinit(&picture);
	return line;
}

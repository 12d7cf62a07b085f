#include "app/unit.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/run.h"
#include "app/supervisor.h"
#include "app/tasks.h"
#include "io/cgroup.h"
#include "io/clock.h"
#include "io/fd.h"
#include "io/log_file.h"
#include "io/loop.h"
#include "io/notify.h"
#include "io/output.h"
#include "io/terminal.h"
#include "io/tree.h"
#include "util/macros.h"
#include "util/text.h"

enum {
	UNIT_CGROUP_AGAIN_MS = 1000, /* the dead may be in it for a moment */
};

struct unit *unit_new(
    struct supervisor *supervisor, struct service_config *config, size_t place, uint64_t now_ms)
{
	struct unit *unit = malloc(sizeof(*unit));

	if (!unit)
		return NULL;
	*unit = (struct unit){ .supervisor = supervisor,
		.users = 1,
		.place = place,
		.config = &unit->own_config,
		.speaker.redact.others = &supervisor->redact,
		.own_config = *config,
		.status_fd = -1,
		.started_at_ms = -1,
		.exit_at_ms = -1,
		.exit_pid = -1,
		.exit_oom = -1,
		.probe_ok = -1,
		.probe_last_ok_at_ms = -1,
		.probe_latency_ms = -1,
		.streams = {
		    { .unit = unit, .name = "stdout" }, { .unit = unit, .name = "stderr" } } };
	*config = (struct service_config){ .name = NULL };
	snprintf(unit->tree.mark, sizeof(unit->tree.mark), "%s.%016" PRIx64 ":%s",
	    supervisor->instance, supervisor->secret, unit->config->name);
	service_init(&unit->service, unit->config, now_ms);
	return unit;
}

struct unit *unit_hold(struct unit *unit)
{
	unit->users++;
	return unit;
}

void unit_close(struct unit *unit)
{
	loop_watch_free(&unit->status_watch);
	fd_close(&unit->status_fd);
	unit_cancel_probe(unit);
	notify_socket_free(&unit->notify);
	for (size_t i = 0; i < ARRAY_LEN(unit->streams); i++)
		output_free(&unit->streams[i].output);
	log_file_free(&unit->speaker.log_file);
	run_free(&unit->repair);
}

void unit_release(struct unit *unit)
{
	if (!unit || --unit->users)
		return;
	unit_close(unit);
	for (size_t i = 0; i < ARRAY_LEN(unit->streams); i++) {
		free(unit->streams[i].splitter.partial);
		free(unit->streams[i].fatal);
	}
	words_deinit(&unit->env_file);
	tree_clear(&unit->tree);
	free(unit->tree.cgroup);
	line_ring_deinit(&unit->speaker.ring);
	line_fold_deinit(&unit->speaker.fold);
	redact_deinit(&unit->speaker.redact);
	free(unit->failure);
	free(unit->task);
	free(unit->task_failure);
	free(unit->task_message);
	free(unit->probe_detail);
	free(unit->listener_command);
	for (size_t i = 0; i < ARRAY_LEN(unit->warnings); i++)
		free(unit->warnings[i]);
	service_config_deinit(&unit->own_config);
	service_config_deinit(&unit->next_config);
	free(unit);
}

void unit_set_text(char **place, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	free(*place);
	*place = copy; /* without memory there is nothing to be shown */
}

void unit_set_redacted(struct unit *unit, char **place, const char *text)
{
	unit_set_text(place, text);
	supervisor_redact_text(unit->supervisor, unit, place);
}

bool unit_is_down(const struct unit *unit)
{
	return !unit->pid && !unit->session && unit->service.state != SERVICE_STOPPING &&
	       !run_is_running(unit->repair);
}

static void unit_warn(struct unit *unit, enum unit_warning place, const char *text)
{
	unit_set_text(&unit->warnings[place], text);
	supervisor_report(unit->supervisor, LOG_WARN, unit, "warning", "%s", text);
}

static void unit_perform(struct unit *unit, unsigned actions, uint64_t now_ms)
{
	struct supervisor *supervisor = unit->supervisor;

	if (actions & SERVICE_DO_CRASH_LOOP)
		supervisor_report(supervisor, LOG_ERROR, unit, "crash-loop",
		    "crash loop: more than %u unrequested exits in the time of crash_limit; see "
		    "nemoctl status %s",
		    unit->config->crash_limit.count, unit->config->name);
	if (actions & SERVICE_DO_CRASH_LOOP)
		tasks_on_crash_loop(supervisor->tasks, unit);
	if (actions & SERVICE_DO_UNKILLABLE)
		unit_warn(
		    unit, UNIT_WARNING_STOP, "unkillable: it does not die from SIGKILL (state D?)");
	if (actions & SERVICE_DO_CANCEL_PROBE)
		unit_cancel_probe(unit);
	if (actions & SERVICE_DO_CHECK_ORDER)
		supervisor->is_order_dirty = true;
	if (actions & SERVICE_DO_STOP_SIGNAL)
		unit_stop_signal(unit, now_ms);
	if (actions & SERVICE_DO_END_TREE)
		unit_end_tree(unit, now_ms);
	if (actions & SERVICE_DO_KILL_TREE)
		unit_kill_tree(unit, now_ms);
	if (actions & SERVICE_DO_START)
		unit_start(unit, now_ms);
	if (actions & SERVICE_DO_PROBE)
		unit_probe(unit, now_ms);
	if (actions & SERVICE_DO_REPAIR)
		unit_repair(unit, now_ms);
	if (actions & SERVICE_DO_CANCEL_REPAIR)
		run_stop(unit->repair, now_ms);
}

/* A stop that the probe has caused is explained by the probe's last words. */
static void unit_note_cause(struct unit *unit)
{
	if (unit->service.fatal_output < 0 &&
	    (unit->service.cause == SERVICE_CAUSE_UNHEALTHY ||
		unit->service.cause == SERVICE_CAUSE_START_TIMEOUT))
		unit_set_text(&unit->failure, unit->probe_detail);
}

void unit_handle_event(struct unit *unit, struct service_event *event, uint64_t now_ms)
{
	enum service_state before = unit->service.state;
	uint64_t restarts = unit->service.restarts;
	unsigned actions;

	event->random = supervisor_random(unit->supervisor);
	actions = service_handle(&unit->service, event, now_ms);
	if (unit->service.restarts != restarts)
		unit->restarts_by[unit->service.last_exit.reason]++;
	if (unit->service.state == SERVICE_STOPPING && before != SERVICE_STOPPING)
		unit_note_cause(unit);
	if (actions & SERVICE_DO_DIAGNOSE)
		unit_diagnose(unit, now_ms);
	if (unit->service.state != before) {
		unit_report_state(unit, before, now_ms);
		supervisor_on_state(unit->supervisor, unit, now_ms);
	}
	unit_perform(unit, actions, now_ms);
}

void unit_handle(struct unit *unit, enum service_event_type type, uint64_t now_ms)
{
	struct service_event event = { .type = type };

	unit_handle_event(unit, &event, now_ms);
}

void unit_stop(struct unit *unit, uint64_t limit_ms, uint64_t now_ms)
{
	struct service_event event = { .type = SERVICE_EV_STOP, .limit_ms = limit_ms };

	unit_handle_event(unit, &event, now_ms);
}

static void unit_report_adoption(struct unit *unit, const struct exit_info *exit)
{
	supervisor_report(unit->supervisor, LOG_WARN, unit, "adopted",
	    "adopted pid %d, which holds port %u; its parent pid %d %s %d", (int)unit->pid,
	    unit->config->port, (int)unit->exit_pid,
	    exit->by_signal ? "was ended by signal" : "exited with", exit->value);
}

void unit_on_exit(struct unit *unit, const struct exit_info *exit, uint64_t now_ms)
{
	struct service_event event = { .type = SERVICE_EV_EXITED, .exit = *exit };
	bool is_victim =
	    exit->by_signal && exit->value == SIGKILL && unit->service.killed_ms == NEVER_MS;
	pid_t pid = unit->pid;

	/* What it said before it went counts: a failed exec first, then its last words. */
	unit_read_start(unit, now_ms);
	/* Now or never: a stranger may have opened the other end, by way of /proc. */
	loop_watch_free(&unit->status_watch);
	fd_close(&unit->status_fd);
	for (size_t i = 0; i < ARRAY_LEN(unit->streams); i++)
		unit_drain_output(&unit->streams[i]);
	if (unit->notify)
		notify_socket_drain(unit->notify);
	/* Its last words may have named an heir that is our child by now. */
	if (unit->pid != pid || unit_take_next_main(unit))
		return;
	unit->exit_pid = unit->pid;
	unit->pid = unit->tree.main_pid = 0;
	if (unit->has_terminal)
		terminal_take_back();
	unit->has_terminal = false;
	unit->exit_at_ms = (int64_t)clock_epoch_ms();
	unit->exit_oom = supervisor_take_oom(unit->supervisor, is_victim, now_ms);
	event.is_oom = is_victim && unit->exit_oom == 1;
	if (unit_adopt(unit)) {
		event.type = SERVICE_EV_ADOPTED;
		unit->started_at_ms = unit->exit_at_ms;
		unit->probe_ok = -1;
		unit_report_adoption(unit, exit);
	}
	unit_handle_event(unit, &event, now_ms);
}

/* Who is going to start again keeps its own: to make one takes longer than a fork. */
static bool unit_needs_cgroup(const struct unit *unit)
{
	enum service_state state = unit->service.state;

	return unit->session || (!unit->tree.has_killed_cgroup && state != SERVICE_STOPPED &&
				    state != SERVICE_FINISHED && state != SERVICE_BLOCKED &&
				    state != SERVICE_DISABLED);
}

uint64_t unit_turn(struct unit *unit, uint64_t now_ms)
{
	uint64_t deadline_ms = service_deadline_ms(&unit->service);

	if (deadline_ms <= now_ms) {
		unit_handle(unit, SERVICE_EV_TIMER, now_ms);
		deadline_ms = service_deadline_ms(&unit->service);
	}
	if (unit->is_look_owed && now_ms >= unit->look_ms)
		unit_check_tree(unit, now_ms);
	if (unit->is_look_owed)
		deadline_ms = min_ms(deadline_ms, unit->look_ms);
	if (!unit_needs_cgroup(unit) && !cgroup_remove(&unit->tree.cgroup))
		deadline_ms = min_ms(deadline_ms, deadline_after(now_ms, UNIT_CGROUP_AGAIN_MS));
	deadline_ms = min_ms(deadline_ms, unit_turn_log(unit, now_ms));
	deadline_ms = min_ms(deadline_ms,
	    supervisor_turn_output(unit->supervisor, &unit->speaker, unit->config->name, now_ms));
	deadline_ms = min_ms(deadline_ms, run_turn(unit->repair, now_ms));
	return min_ms(deadline_ms, unit_turn_probe(unit, now_ms));
}

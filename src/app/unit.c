#include "app/unit.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/supervisor.h"
#include "core/signal_name.h"
#include "io/clock.h"
#include "io/fd.h"
#include "io/loop.h"
#include "io/notify.h"
#include "io/output.h"
#include "io/probe.h"
#include "io/tree.h"
#include "util/macros.h"
#include "util/text.h"

void unit_init(struct unit *unit, struct supervisor *supervisor,
    const struct service_config *config, uint64_t now_ms)
{
	*unit = (struct unit){ .supervisor = supervisor,
		.config = config,
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
	service_init(&unit->service, config, now_ms);
}

void unit_deinit(struct unit *unit)
{
	loop_watch_free(&unit->status_watch);
	fd_close(&unit->status_fd);
	probe_cancel(&unit->probe);
	notify_socket_free(&unit->notify);
	for (size_t i = 0; i < ARRAY_LEN(unit->streams); i++) {
		output_free(&unit->streams[i].output);
		free(unit->streams[i].splitter.partial);
	}
	line_ring_deinit(&unit->ring);
	free(unit->failure);
	free(unit->probe_detail);
	free(unit->listener_command);
	for (size_t i = 0; i < ARRAY_LEN(unit->warnings); i++)
		free(unit->warnings[i]);
}

void unit_set_text(char **place, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	free(*place);
	*place = copy; /* without memory there is nothing to be shown */
}

bool unit_is_down(const struct unit *unit)
{
	return !unit->pid && !unit->session && unit->service.state != SERVICE_STOPPING;
}

/* ---- what is told ---- */

static void text_add_exit(struct text *out, const struct unit *unit)
{
	const struct service_exit *exit = &unit->service.last_exit;
	const char *name = exit->info.by_signal ? signal_to_string(exit->info.value) : NULL;

	if (!exit->has_status)
		text_addf(out, "could not be started");
	else if (exit->reason == EXIT_REASON_EXEC_FAILED)
		text_addf(out, "failed to start");
	else if (exit->info.by_signal)
		text_addf(out, "ended by signal %d%s%s%s", exit->info.value, name ? " (" : "",
		    name ? name : "", name ? ")" : "");
	else
		text_addf(out, "exited with %d", exit->info.value);
	text_addf(out, " (%s", exit_reason_to_string(exit->reason));
	if (exit->has_status) {
		text_add(out, ", after ");
		text_add_span(out, exit->uptime_ms);
	}
	text_add(out, ")");
	if (unit->failure)
		text_addf(out, ": %s", unit->failure);
}

static void text_add_next_start(struct text *out, const struct unit *unit, uint64_t now_ms)
{
	uint64_t left_ms = time_left_ms(unit->service.deadline_ms, now_ms);

	if (left_ms == NEVER_MS) {
		text_addf(out, "needs: nemoctl recover %s", unit->config->name);
		return;
	}
	text_add(out, "next start in ");
	text_add_span(out, left_ms);
}

static void unit_report_ready(struct unit *unit, uint64_t now_ms)
{
	const char *probe = unit->config->probe.text, *address = probe ? strstr(probe, "//") : NULL;
	char buffer[160];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	text_add(&text, "ready after ");
	text_add_span(&text, now_ms - unit->service.started_ms);
	text_addf(&text, " (pid %d", (int)unit->pid);
	if (address && unit->config->probe.port == unit->config->port)
		text_addf(&text, ", %.*s", (int)strcspn(address + 2, "/"), address + 2);
	else if (unit->config->port)
		text_addf(&text, ", port %u", unit->config->port);
	text_add(&text, ")");
	supervisor_report(unit->supervisor, LOG_INFO, unit, "ready", "%s", buffer);
}

static void unit_report_down(struct unit *unit, uint64_t now_ms)
{
	enum service_state state = unit->service.state;
	bool is_bad = state == SERVICE_BACKOFF || state == SERVICE_BLOCKED;
	char buffer[900];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	text_add_exit(&text, unit);
	text_addf(&text, "; %s%s%s", service_state_to_string(state), is_bad ? ", " : "",
	    state == SERVICE_BLOCKED ? blocked_code_to_string(unit->service.blocked) : "");
	if (state == SERVICE_BLOCKED)
		text_add(&text, ", ");
	if (is_bad)
		text_add_next_start(&text, unit, now_ms);
	supervisor_report(unit->supervisor,
	    state == SERVICE_BLOCKED ? LOG_ERROR
	    : is_bad                 ? LOG_WARN
				     : LOG_INFO,
	    unit, service_state_to_string(state), "%s", buffer);
}

static const char *cause_to_string(const struct unit *unit)
{
	switch (unit->service.cause) {
	case SERVICE_CAUSE_REQUEST: return "as asked";
	case SERVICE_CAUSE_START_TIMEOUT: return "not ready within start_timeout";
	case SERVICE_CAUSE_UNHEALTHY: return "no good probe within unhealthy_after";
	case SERVICE_CAUSE_WATCHDOG: return "no watchdog ping in time";
	case SERVICE_CAUSE_NONE: break;
	}
	return "the rest of it";
}

/* Every change of state is one line. */
static void unit_report_state(struct unit *unit, enum service_state before, uint64_t now_ms)
{
	struct supervisor *supervisor = unit->supervisor;
	const struct service *service = &unit->service;

	switch (service->state) {
	case SERVICE_READY:
		if (before == SERVICE_FAILING)
			supervisor_report(
			    supervisor, LOG_INFO, unit, "recovered", "answers its probe again");
		else
			unit_report_ready(unit, now_ms);
		return;
	case SERVICE_FAILING:
		supervisor_report(supervisor, LOG_WARN, unit, "failing",
		    "probe failed: %s; probing again",
		    unit->probe_detail ? unit->probe_detail : "unknown");
		return;
	case SERVICE_STOPPING:
		if (service->has_process)
			supervisor_report(supervisor,
			    service->cause == SERVICE_CAUSE_REQUEST ? LOG_INFO : LOG_WARN, unit,
			    "stopping", "stopping pid %d: %s%s%s", (int)unit->pid,
			    cause_to_string(unit), unit->failure ? ": " : "",
			    unit->failure ? unit->failure : "");
		return;
	case SERVICE_BACKOFF:
		if (service->has_foreign_port)
			return; /* told once, where the stranger is known */
		unit_report_down(unit, now_ms);
		return;
	case SERVICE_BLOCKED:
	case SERVICE_FINISHED: unit_report_down(unit, now_ms); return;
	case SERVICE_STOPPED:
		if (before == SERVICE_STOPPING)
			unit_report_down(unit, now_ms);
		return;
	case SERVICE_WAITING:
		if (before == SERVICE_STOPPING && service->last_exit.has_status)
			unit_report_down(unit, now_ms);
		return;
	case SERVICE_STARTING: /* told with the pid, in unit_start */
	case SERVICE_DISABLED:
	case SERVICE_STATE_COUNT_: return;
	}
}

/* ---- what is done ---- */

static void unit_warn(struct unit *unit, enum unit_warning place, const char *text)
{
	unit_set_text(&unit->warnings[place], text);
	supervisor_report(unit->supervisor, LOG_WARN, unit, "warning", "%s", text);
}

static bool unit_is_tree_alive(const struct unit *unit)
{
	return unit->session &&
	       tree_is_alive(unit->session, supervisor_is_main_pid, unit->supervisor);
}

static void unit_forget_tree(struct unit *unit, uint64_t now_ms)
{
	unit->session = 0;
	unit->listener_owner = LISTENER_NONE;
	unit->listener_pid = 0;
	unit_handle(unit, SERVICE_EV_TREE_GONE, now_ms);
}

static void unit_end_tree(struct unit *unit, uint64_t now_ms)
{
	if (unit_is_tree_alive(unit))
		tree_signal_all(unit->session, SIGTERM);
	else
		unit_forget_tree(unit, now_ms);
}

static void unit_kill_tree(struct unit *unit, uint64_t now_ms)
{
	bool is_first = unit->service.killed_ms == now_ms; /* it is repeated until none is left */

	if (unit->session && is_first) {
		unit->supervisor->killed_count++;
		supervisor_report(unit->supervisor, LOG_WARN, unit, "killed",
		    "killing what is left of session %d", (int)unit->session);
	}
	if (unit->session)
		tree_signal_all(unit->session, SIGKILL);
	unit_check_tree(unit, now_ms);
}

static void unit_stop_signal(struct unit *unit)
{
	int result = unit->pid ? tree_signal_main(unit->pid, unit->config->stop_signal) : 0;

	if (result)
		supervisor_report(unit->supervisor, LOG_WARN, unit, "stopping",
		    "cannot signal pid %d: %s", (int)unit->pid, strerror(-result));
}

static void unit_perform(struct unit *unit, unsigned actions, uint64_t now_ms)
{
	struct supervisor *supervisor = unit->supervisor;

	if (actions & SERVICE_DO_CRASH_LOOP)
		supervisor_report(supervisor, LOG_ERROR, unit, "crash-loop",
		    "crash loop: more than %u unrequested exits in the time of crash_limit; see "
		    "nemoctl status %s",
		    unit->config->crash_limit.count, unit->config->name);
	if (actions & SERVICE_DO_UNKILLABLE)
		unit_warn(
		    unit, UNIT_WARNING_STOP, "unkillable: it does not die from SIGKILL (state D?)");
	if (actions & SERVICE_DO_CANCEL_PROBE)
		probe_cancel(&unit->probe);
	if (actions & SERVICE_DO_CHECK_ORDER)
		supervisor->is_order_dirty = true;
	if (actions & SERVICE_DO_STOP_SIGNAL)
		unit_stop_signal(unit);
	if (actions & SERVICE_DO_END_TREE)
		unit_end_tree(unit, now_ms);
	if (actions & SERVICE_DO_KILL_TREE)
		unit_kill_tree(unit, now_ms);
	if (actions & SERVICE_DO_START)
		unit_start(unit, now_ms);
	if (actions & SERVICE_DO_PROBE)
		unit_probe(unit, now_ms);
}

static void unit_handle_event(struct unit *unit, struct service_event *event, uint64_t now_ms)
{
	enum service_state before = unit->service.state;
	unsigned actions;

	event->random = supervisor_random(unit->supervisor);
	actions = service_handle(&unit->service, event, now_ms);
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

void unit_on_exit(struct unit *unit, const struct exit_info *exit, uint64_t now_ms)
{
	struct service_event event = { .type = SERVICE_EV_EXITED, .exit = *exit };

	/* What it said before it went counts: a failed exec first, then its last words. */
	unit_read_start(unit, now_ms);
	for (size_t i = 0; i < ARRAY_LEN(unit->streams); i++)
		if (unit->streams[i].output)
			output_drain(unit->streams[i].output);
	if (unit->notify)
		notify_socket_drain(unit->notify);
	unit->exit_pid = unit->pid;
	unit->pid = 0;
	unit->exit_at_ms = (int64_t)clock_epoch_ms();
	unit->exit_oom = supervisor_take_oom(unit->supervisor);
	event.is_oom = unit->exit_oom == 1 && exit->by_signal && exit->value == SIGKILL &&
		       unit->service.killed_ms == NEVER_MS;
	unit_handle_event(unit, &event, now_ms);
}

void unit_check_tree(struct unit *unit, uint64_t now_ms)
{
	if (unit->service.state == SERVICE_STOPPING && !unit->pid && !unit_is_tree_alive(unit))
		unit_forget_tree(unit, now_ms);
}

uint64_t unit_turn(struct unit *unit, uint64_t now_ms)
{
	uint64_t deadline_ms = service_deadline_ms(&unit->service);

	if (deadline_ms <= now_ms) {
		unit_handle(unit, SERVICE_EV_TIMER, now_ms);
		deadline_ms = service_deadline_ms(&unit->service);
	}
	return min_ms(deadline_ms, probe_turn(unit->probe, now_ms));
}

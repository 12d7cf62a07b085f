/* What people are told of a unit: one line for every change of state. */
#include <string.h>

#include "app/supervisor.h"
#include "app/unit.h"
#include "core/signal_name.h"
#include "util/macros.h"
#include "util/text.h"

void unit_describe_end(const struct exit_info *exit, struct text *out)
{
	const char *name = exit->by_signal ? signal_to_string(exit->value) : NULL;

	if (exit->by_signal)
		text_addf(out, "ended by signal %d%s%s%s", exit->value, name ? " (" : "",
		    name ? name : "", name ? ")" : "");
	else
		text_addf(out, "exited with %d", exit->value);
}

void unit_describe_exit(const struct unit *unit, struct text *out)
{
	const struct service_exit *exit = &unit->service.last_exit;

	if (unit->service.blocked == BLOCKED_TASK_FAILED && unit->task_failure) {
		text_add(out, unit->task_failure);
		return;
	}
	if (!exit->has_status)
		text_addf(out, "could not be started");
	else if (exit->reason == EXIT_REASON_EXEC_FAILED)
		text_addf(out, "failed to start");
	else
		unit_describe_end(&exit->info, out);
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
	if (address && unit->config->port && unit->config->probe.port == unit->config->port)
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
	bool is_hopeless = state == SERVICE_BLOCKED ||
			   (state == SERVICE_FINISHED &&
			       unit->service.last_exit.reason == EXIT_REASON_EXEC_FAILED);
	char buffer[900];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	unit_describe_exit(unit, &text);
	text_addf(&text, "; %s%s%s",
	    unit->service.is_repairing ? "running its repair command"
				       : service_state_to_string(state),
	    is_bad ? ", " : "",
	    state == SERVICE_BLOCKED ? blocked_code_to_string(unit->service.blocked) : "");
	if (state == SERVICE_BLOCKED)
		text_add(&text, ", ");
	if (is_bad)
		text_add_next_start(&text, unit, now_ms);
	supervisor_report(unit->supervisor,
	    is_hopeless ? LOG_ERROR
	    : is_bad    ? LOG_WARN
			: LOG_INFO,
	    unit,
	    state == SERVICE_WAITING    ? "exited"
	    : state == SERVICE_DISABLED ? "stopped"
					: service_state_to_string(state),
	    "%s", buffer);
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
	return "it says so itself (STOPPING=1)";
}

void unit_report_state(struct unit *unit, enum service_state before, uint64_t now_ms)
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
	case SERVICE_DISABLED:
		if (before == SERVICE_STOPPING)
			unit_report_down(unit, now_ms);
		else if (before != SERVICE_DISABLED && service->state == SERVICE_STOPPED)
			supervisor_report(supervisor, LOG_INFO, unit, "stopped",
			    "stopped, as asked; it was down already (%s)",
			    service_state_to_string(before));
		return;
	case SERVICE_WAITING:
		if (before == SERVICE_STOPPING && service->last_exit.has_status)
			unit_report_down(unit, now_ms);
		return;
	case SERVICE_STARTING: /* told with the pid, in unit_start */
	case SERVICE_STATE_COUNT_: return;
	}
}

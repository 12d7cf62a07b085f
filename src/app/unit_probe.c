/* Readiness and health: probes, the owner of the port, notifications. */
#include <string.h>
#include <unistd.h>

#include "app/probe_request.h"
#include "app/supervisor.h"
#include "app/unit.h"
#include "core/auto_pair_json.h"
#include "core/notify_message.h"
#include "io/clock.h"
#include "io/listener.h"
#include "io/loop.h"
#include "io/probe.h"
#include "io/proc.h"
#include "io/tree.h"
#include "util/macros.h"
#include "util/text.h"

bool unit_look_at_port(struct unit *unit)
{
	const struct probe_target *target = &unit->config->probe;
	struct listener_query query = { .port = unit->config->port,
		.has_address = target->text != NULL && target->port == unit->config->port,
		.is_ipv6 = target->is_ipv6,
		.tree = unit->session ? &unit->tree : NULL,
		.uid = unit->uid };
	struct listener listener;
	char command[LISTENER_COMMAND_BYTES];
	struct text text;

	memcpy(query.address, target->address, sizeof(query.address));
	listener_find(&query, &listener);
	unit->listener_owner = listener.owner;
	unit->listener_pid = listener.pid;
	text_init(&text, command, sizeof(command));
	text_add_printable(&text, listener.command, strlen(listener.command), sizeof(command) - 1);
	unit_set_redacted(unit, &unit->listener_command, command[0] ? command : NULL);
	return listener.owner == LISTENER_SELF || listener.owner == LISTENER_UNKNOWN;
}

void unit_describe_holder(const struct unit *unit, struct text *out)
{
	if (!unit->listener_pid) {
		text_add(out, "a process that cannot be read");
		return;
	}
	text_addf(out, "pid %d, %s", (int)unit->listener_pid,
	    unit->listener_command ? unit->listener_command : "command unknown");
}

/* The answer came; but from whom? A 200 from a stranger on our port is not ours. */
static bool unit_judge_port(struct unit *unit, struct error *error)
{
	if (!unit->config->port || unit_look_at_port(unit)) {
		unit_set_text(&unit->warnings[UNIT_WARNING_PORT],
		    unit->config->port && unit->listener_owner == LISTENER_UNKNOWN
			? "the holder of the port cannot be read; taken for the service"
			: NULL);
		return true;
	}
	if (unit->listener_owner == LISTENER_FOREIGN)
		/* Its command line is in the listener, which not everybody may read. */
		error_set(error, -1, "port %u is held by a stranger (pid %d)", unit->config->port,
		    (int)unit->listener_pid);
	else
		error_set(error, -1, "nobody listens on port %u", unit->config->port);
	return false;
}

void unit_end_probe(struct unit *unit, enum service_event_type verdict, const char *detail)
{
	uint64_t now_ms = clock_now_ms();
	struct error port_error;

	if (verdict == SERVICE_EV_PROBE_OK && !unit_judge_port(unit, &port_error)) {
		verdict = SERVICE_EV_PROBE_MISS;
		detail = port_error.message;
	}
	if (verdict != SERVICE_EV_PROBE_UNKNOWN)
		unit->probe_ok = verdict == SERVICE_EV_PROBE_OK;
	unit->probe_latency_ms = (int64_t)(now_ms - unit->probe_began_ms);
	if (verdict == SERVICE_EV_PROBE_OK)
		unit->probe_last_ok_at_ms = (int64_t)clock_epoch_ms();
	unit_set_redacted(unit, &unit->probe_detail, detail);
	unit_handle(unit, verdict, loop_now_ms(unit->supervisor->loop));
}

static void unit_finish_probe(struct unit *unit, int result, const struct error *error)
{
	unit_end_probe(unit, result ? SERVICE_EV_PROBE_MISS : SERVICE_EV_PROBE_OK,
	    result ? error->message : NULL);
}

static void unit_on_probe_done(void *data, int result, const struct error *error)
{
	struct unit *unit = data;
	struct error copy = { .message = "" };

	if (error)
		copy = *error; /* it may live in the probe */
	probe_cancel(&unit->probe);
	unit_finish_probe(unit, result, &copy);
}

static int unit_judge_reply(
    void *data, const char *reply, size_t length_bytes, bool is_end, struct error *error)
{
	const struct unit *unit = data;

	return probe_request_judge(&unit->config->probe, &unit->config->probe_status,
	    unit->config->probe_expect, reply, length_bytes, is_end, error);
}

void unit_probe(struct unit *unit, uint64_t now_ms)
{
	char message[PROBE_MESSAGE_BYTES];
	const struct probe_target *target = &unit->config->probe;
	struct probe_request request;
	struct error error;
	int result;

	unit->probe_began_ms = clock_now_ms();
	/* To hold the port is all that is asked. */
	if (target->type == PROBE_NONE || target->type == PROBE_NOTIFY) {
		/* What it says of itself stays; why it was not believed until now does not. */
		unit_end_probe(
		    unit, SERVICE_EV_PROBE_OK, unit->probe_ok == 1 ? unit->probe_detail : NULL);
		return;
	}
	if (target->type == PROBE_EXEC) {
		exec_probe_start(unit, now_ms);
		return;
	}
	probe_request_init(&request, target, message);
	request.judge = unit_judge_reply;
	request.done = unit_on_probe_done;
	request.data = unit;
	result = probe_start(unit->supervisor->loop, &request,
	    deadline_after(now_ms, unit->config->probe_timeout_ms), &unit->probe, &error);
	if (result)
		unit_finish_probe(unit, result, &error);
}

void unit_cancel_probe(struct unit *unit)
{
	probe_cancel(&unit->probe);
	exec_probe_free(&unit->exec_probe);
}

uint64_t unit_turn_probe(struct unit *unit, uint64_t now_ms)
{
	return min_ms(probe_turn(unit->probe, now_ms), exec_probe_turn(unit, now_ms));
}

/* ---- notifications ---- */

static void unit_take_auto_pair(
    struct unit *unit, const struct notify_message *message, uint64_t now_ms)
{
	struct supervisor *supervisor = unit->supervisor;
	char buffer[AUTO_PAIR_MESSAGE_BYTES];
	struct auto_pair fresh;
	struct text redacted;
	struct error error;

	if (auto_pair_decode(message->auto_pair, message->auto_pair_bytes, &fresh, &error)) {
		supervisor_report(supervisor, LOG_WARN, unit, "warning",
		    "its report cannot be read: %s", error.message);
		return;
	}
	text_init(&redacted, buffer, sizeof(buffer));
	if (supervisor_redact(supervisor, unit, fresh.last_error, &redacted) == buffer)
		memcpy(fresh.last_error, buffer, sizeof(buffer));
	auto_pair_deinit(&supervisor->auto_pair);
	supervisor->auto_pair = fresh;
	supervisor->auto_pair_ms = now_ms;
}

/*
 * A helper of the service may speak for it; the socket tells which service. One that has changed
 * its user is known by its process, if that is still there.
 */
static bool unit_may_notify(const struct unit *unit, pid_t pid, uid_t uid)
{
	struct proc_stat stat;

	if (uid == getuid() || uid == 0)
		return true;
	return proc_read_stat(pid, &stat) == 0 && tree_has(&unit->tree, &stat);
}

void unit_on_notify(void *data, const char *bytes, size_t length_bytes, pid_t pid, uid_t uid)
{
	struct unit *unit = data;
	uint64_t now_ms = loop_now_ms(unit->supervisor->loop);
	struct notify_message message;
	char detail[UNIT_DETAIL_BYTES];
	struct text text;

	if (!unit->pid || !unit_may_notify(unit, pid, uid))
		return;
	/* The notification may overtake the news of its own exec. */
	unit_read_start(unit, now_ms);
	notify_message_parse(bytes, length_bytes, &message);
	if (message.main_pid)
		unit_take_main_pid(unit, (pid_t)message.main_pid);
	if (message.status) {
		text_init(&text, detail, sizeof(detail));
		text_add_printable(&text, message.status, message.status_bytes, sizeof(detail) - 1);
		unit_set_redacted(unit, &unit->probe_detail, detail[0] ? detail : NULL);
	}
	if (message.warning) {
		text_init(&text, detail, sizeof(detail));
		text_add_printable(
		    &text, message.warning, message.warning_bytes, sizeof(detail) - 1);
		unit_set_redacted(
		    unit, &unit->warnings[UNIT_WARNING_SELF], detail[0] ? detail : NULL);
	}
	if (message.auto_pair && strcmp(unit->config->name, "auto-pair") == 0)
		unit_take_auto_pair(unit, &message, now_ms);
	if (message.is_ready) {
		unit->probe_ok = 1;
		unit->probe_last_ok_at_ms = (int64_t)clock_epoch_ms();
		unit->probe_latency_ms = -1;
		unit_handle(unit, SERVICE_EV_NOTIFY_READY, now_ms);
	}
	if (message.is_stopping)
		unit_handle(unit, SERVICE_EV_NOTIFY_STOPPING, now_ms);
	if (message.is_watchdog)
		unit_handle(unit, SERVICE_EV_NOTIFY_WATCHDOG, now_ms);
}

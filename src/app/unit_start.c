/* The beginning of a start: port, pipes, environment, process; and what it writes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/identity.h"
#include "app/supervisor.h"
#include "app/unit.h"
#include "core/env_line.h"
#include "core/fatal_text.h"
#include "core/service_env.h"
#include "io/cgroup.h"
#include "io/clock.h"
#include "io/fd.h"
#include "io/listener.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/notify.h"
#include "io/output.h"
#include "io/spawn.h"
#include "io/terminal.h"
#include "io/text_file.h"
#include "util/macros.h"

struct spawn_request unit_spawn_request(const struct unit *unit)
{
	bool is_main = unit->config->is_main;

	return (struct spawn_request){ .argv = unit->config->command.items,
		.search_path = unit->supervisor->config->path,
		.directory = unit->config->working_directory,
		.stdin_fd = is_main ? STDIN_FILENO : -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.nofile = unit->supervisor->nofile,
		/* It stays with the terminal, which belongs to a session. */
		.new_session = !is_main,
		.in_foreground = is_main && terminal_is_ours(),
		.die_with_parent = !unit->supervisor->is_pid1 };
}

int unit_environment(const struct unit *unit, struct words *ret_environment)
{
	const struct supervisor *supervisor = unit->supervisor;
	struct service_env given = { .socket = supervisor->socket,
		.path = supervisor->config->path,
		.notify_socket = unit->notify ? notify_socket_name(unit->notify) : NULL,
		.mark = unit->tree.mark,
		.file = &unit->env_file };

	return service_env_build(supervisor->environment, unit->config, &given, ret_environment);
}

/* For this start, with its probes and the repair after it. What it says may be secret: no word of
 * it is told. */
static int unit_read_env_file(struct unit *unit, struct error *error)
{
	const char *path = unit->config->env_file;
	size_t length = 0;
	char *text;
	int result;

	words_deinit(&unit->env_file);
	if (!path)
		return 0;
	result = text_file_read_trusted(path, ENV_FILE_BYTES, &text, &length);
	if (result)
		return error_set(error, result, "env_file '%s': %s", path, text_file_fault(result));
	result = env_lines_parse(text, length, &unit->env_file, error);
	explicit_bzero(text, length);
	free(text);
	return result ? error_prefix(error, "env_file '%s'", path) : 0;
}

/* ---- what it writes ---- */

static void unit_on_line(void *data, const char *line, size_t length_bytes)
{
	struct unit_stream *stream = data;
	struct unit *unit = stream->unit;

	supervisor_log_output(
	    unit->supervisor, &unit->speaker, unit->config->name, stream->name, line, length_bytes);
}

static void unit_end_stream(struct unit_stream *stream)
{
	struct unit *unit = stream->unit;

	line_splitter_flush(&stream->splitter, unit_on_line, stream);
	/* The end of one says nothing of a line that comes again on the other. */
	if (unit->speaker.fold.stream == stream->name)
		supervisor_end_output(unit->supervisor, &unit->speaker, unit->config->name);
}

void unit_drain_output(struct unit_stream *stream)
{
	if (stream->output)
		output_drain(stream->output);
	unit_end_stream(stream);
	(void)unit_turn_log(stream->unit, loop_now_ms(stream->unit->supervisor->loop));
}

/* Pipes for what the service writes; a stream that cannot be had is an error. */
static int unit_open_output(struct unit *unit, int write_fds[2], struct error *error)
{
	struct loop *loop = unit->supervisor->loop;

	for (size_t i = 0; i < ARRAY_LEN(unit->streams); i++) {
		struct unit_stream *stream = &unit->streams[i];
		int result;

		free(stream->fatal);
		stream->fatal = NULL;

		/* What a survivor of the last start still writes is nobody's any more. */
		unit_drain_output(stream);
		output_free(&stream->output);
		if (unit->config->output == OUTPUT_INHERIT)
			write_fds[i] = (int)i + 1;
		if (unit->config->output != OUTPUT_CAPTURE)
			continue;
		stream->splitter.redact =
		    unit->supervisor->config->redact ? &unit->speaker.redact : NULL;
		result = output_new(loop, unit_on_output, stream, &stream->output, &write_fds[i]);
		if (result)
			return error_set(
			    error, result, "pipe for %s: %s", stream->name, strerror(-result));
		if (unit->config->fatal_output_count)
			stream->fatal = calloc(1, sizeof(*stream->fatal));
		if (unit->config->fatal_output_count && !stream->fatal)
			return error_set(error, -ENOMEM, "no memory to look for fatal_output");
	}
	/* Not before: the words of a survivor open it. */
	if (unit->config->output != OUTPUT_CAPTURE)
		unit_close_log(unit, loop_now_ms(loop));
	return 0;
}

static void unit_on_start_status(void *data, unsigned events)
{
	struct unit *unit = data;

	(void)events;
	unit_read_start(unit, loop_now_ms(unit->supervisor->loop));
}

/* One that has been killed and cannot be removed yet is not used again: then this start has none.
 */
static void unit_prepare_cgroup(struct unit *unit)
{
	struct tree *tree = &unit->tree;

	if (tree->has_killed_cgroup && cgroup_remove(&tree->cgroup))
		tree->has_killed_cgroup = false;
	if (!tree->cgroup)
		tree->cgroup = cgroup_make(unit->supervisor->instance, unit->config->name);
}

static int unit_spawn(struct unit *unit, struct error *error)
{
	const struct supervisor *supervisor = unit->supervisor;
	struct spawn_request request = unit_spawn_request(unit);
	struct words environment = { .items = NULL };
	struct privileges privileges = { .sets = NULL };
	int write_fds[2] = { -1, -1 }, result = 0;

	/* A name of its own for each start: what is queued of the last must not speak for it. */
	notify_socket_free(&unit->notify);
	if (unit->config->probe.type == PROBE_NOTIFY || unit->config->watchdog_ms)
		result =
		    notify_socket_new(supervisor->loop, unit_on_notify, unit, &unit->notify, error);
	if (!result)
		result = unit_read_env_file(unit, error);
	if (!result && unit_environment(unit, &environment))
		result = error_set(error, -ENOMEM, "no memory for its environment");
	if (!result)
		result = identity_resolve(&unit->config->identity,
		    supervisor->config->strict_privileges, &privileges, error);
	if (!result)
		result = unit_open_output(unit, write_fds, error);
	/* Not before: what a survivor has written has the secrets of the last start. */
	if (!result && redact_learn(&unit->speaker.redact, environment.items))
		result = error_set(error, -ENOMEM, "no memory for its environment");
	if (!result)
		unit_prepare_cgroup(unit);
	if (!result) {
		unit->uid = privileges.has_user ? privileges.uid : geteuid();
		request.privileges = &privileges;
		request.cgroup = unit->tree.has_killed_cgroup ? NULL : unit->tree.cgroup;
		request.environment = environment.items;
		request.stdout_fd = write_fds[0];
		request.stderr_fd = write_fds[1];
		result = spawn_start(&request, &unit->pid, &unit->status_fd, error);
		unit->has_terminal = !result && request.in_foreground;
	}
	if (unit->config->output == OUTPUT_CAPTURE) {
		fd_close(&write_fds[0]);
		fd_close(&write_fds[1]);
	}
	words_deinit(&environment);
	privileges_deinit(&privileges);
	return result;
}

/* A stranger holds the port: say who, once, and let the machine wait. Never kill it. */
static bool unit_is_port_taken(struct unit *unit)
{
	char holder[LISTENER_COMMAND_BYTES + 32];
	struct text text;

	if (!unit->config->port)
		return false;
	(void)unit_look_at_port(unit);
	if (unit->listener_owner != LISTENER_FOREIGN) {
		unit->is_port_reported = false;
		return false;
	}
	if (!unit->is_port_reported) {
		text_init(&text, holder, sizeof(holder));
		unit_describe_holder(unit, &text);
		supervisor_report(unit->supervisor, LOG_WARN, unit, "foreign-listener",
		    "port %u is held by a stranger (%s); not started, looking again every %d s",
		    unit->config->port, holder, SERVICE_PORT_RETRY_MS / 1000);
	}
	unit->is_port_reported = true;
	return true;
}

void unit_start(struct unit *unit, uint64_t now_ms)
{
	struct supervisor *supervisor = unit->supervisor;
	struct error error;

	if (unit_is_port_taken(unit)) {
		unit_handle(unit, SERVICE_EV_PORT_FOREIGN, now_ms);
		return;
	}
	unit->probe_ok = -1;
	unit_set_text(&unit->failure, NULL);
	unit_set_text(&unit->warnings[UNIT_WARNING_STOP], NULL);
	if (unit_spawn(unit, &error)) {
		unit_set_redacted(unit, &unit->failure, error.message);
		unit_set_redacted(unit, &unit->warnings[UNIT_WARNING_START], error.message);
		unit->exit_at_ms = (int64_t)clock_epoch_ms();
		unit->exit_pid = unit->exit_oom = -1;
		unit_handle(unit, SERVICE_EV_SPAWN_FAILED, now_ms);
		return;
	}
	unit->spawn_report = (struct spawn_report){ .is_privilege = false };
	unit->session = unit->pid;
	tree_set_main(&unit->tree, unit->pid, unit->pid);
	unit->held_port = unit->config->port;
	unit->started_at_ms = (int64_t)clock_epoch_ms();
	supervisor_report(
	    supervisor, LOG_INFO, unit, "starting", "starting (pid %d)", (int)unit->pid);
	/* Without memory for the watch the exec is heard of when the process ends. */
	if (loop_watch_new(supervisor->loop, unit->status_fd, LOOP_READ, unit_on_start_status, unit,
		&unit->status_watch))
		unit->status_watch = NULL;
	unit_handle(unit, SERVICE_EV_SPAWNED, now_ms);
}

/* It runs, but not as it was to be: as a rule because we have not the right to make it so. */
static void unit_report_refused(struct unit *unit, const struct spawn_report *report)
{
	char buffer[512];
	struct text text;
	bool is_short;

	if (report->refused[PRIVILEGES_USER])
		unit->uid = geteuid();
	text_init(&text, buffer, sizeof(buffer));
	text_add(&text, "runs without what was refused: ");
	is_short = identity_describe_refused(report, &text);
	unit_set_text(&unit->warnings[UNIT_WARNING_PRIVILEGES], is_short ? buffer : NULL);
	if (is_short)
		supervisor_report(unit->supervisor, LOG_WARN, unit, "warning", "%s", buffer);
}

void unit_read_start(struct unit *unit, uint64_t now_ms)
{
	struct service_event event = { .type = SERVICE_EV_EXEC_OK };
	struct spawn_request request = unit_spawn_request(unit);
	struct error error;
	int result;

	if (unit->status_fd < 0)
		return;
	result = spawn_read_status(unit->status_fd, &request, &unit->spawn_report, &error);
	if (result > 0)
		return;
	loop_watch_free(&unit->status_watch);
	fd_close(&unit->status_fd);
	if (result) {
		unit_set_redacted(unit, &unit->failure, error.message);
		unit_set_redacted(unit, &unit->warnings[UNIT_WARNING_START], error.message);
	} else {
		unit_set_text(&unit->warnings[UNIT_WARNING_START], NULL);
	}
	if (!result)
		unit_report_refused(unit, &unit->spawn_report);
	if (result)
		event = (struct service_event){ .type = SERVICE_EV_EXEC_FAILED,
			.is_privilege = unit->spawn_report.is_privilege };
	unit_handle_event(unit, &event, now_ms);
}

/* Only what it writes before it is ready can be fatal. */
static void unit_look_for_fatal_text(
    struct unit_stream *stream, const char *bytes, size_t length_bytes)
{
	struct unit *unit = stream->unit;
	const struct service_config *config = unit->config;
	struct service_event event = { .type = SERVICE_EV_FATAL_OUTPUT };
	char failure[128];
	int found;

	/* Its words may overtake the news of its own exec, which can make it ready. */
	unit_read_start(unit, loop_now_ms(unit->supervisor->loop));
	if (unit->service.was_ready) {
		free(stream->fatal);
		stream->fatal = NULL;
		return;
	}
	found = fatal_text_feed(
	    stream->fatal, config->fatal_outputs, config->fatal_output_count, bytes, length_bytes);
	if (found < 0 || unit->service.fatal_output >= 0)
		return;
	snprintf(failure, sizeof(failure), "its output has fatal_output.%s",
	    config->fatal_outputs[found].id);
	unit_set_text(&unit->failure, failure);
	supervisor_report(unit->supervisor, LOG_ERROR, unit, "warning",
	    "%s: it will not be called ready", failure);
	event.text = (unsigned)found;
	unit_handle_event(unit, &event, loop_now_ms(unit->supervisor->loop));
}

void unit_on_output(void *data, const char *bytes, size_t length_bytes)
{
	struct unit_stream *stream = data;

	stream->unit->output_bytes += length_bytes;
	unit_open_log(stream->unit);
	if (length_bytes && stream->fatal)
		unit_look_for_fatal_text(stream, bytes, length_bytes);
	if (length_bytes)
		line_splitter_feed(&stream->splitter, bytes, length_bytes, unit_on_line, stream);
	else
		unit_end_stream(stream);
}

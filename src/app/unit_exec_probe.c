/*
 * The probe that is a command: a job beside the service, as the service in all but its output,
 * which is not logged: its last line says why the probe failed. Nothing of it outlives its end.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/identity.h"
#include "app/supervisor.h"
#include "app/unit.h"
#include "core/lines.h"
#include "core/probe_exit.h"
#include "io/job.h"
#include "io/loop.h"
#include "util/macros.h"
#include "util/text.h"

enum {
	EXEC_PROBE_LINE_BYTES = 160,
};

/* What it writes on one of its streams: only the last line that is not blank is kept. */
struct exec_probe_stream {
	struct line_splitter splitter;
	char line[EXEC_PROBE_LINE_BYTES]; /* raw, its beginning; not terminated */
	size_t length_bytes;
};

struct exec_probe {
	struct unit *unit;
	struct job *job;
	struct words environment;
	char *search_path; /* a copy: a reload may come while it runs */
	struct exec_probe_stream output;
	struct exec_probe_stream error_output;
};

static void exec_probe_on_line(void *data, const char *line, size_t length_bytes)
{
	struct exec_probe_stream *stream = data;
	size_t blanks = 0;
	struct text masked;

	/* Before it is cut: a part of a secret cannot be told. */
	text_init_heap(&masked, 2 * LINE_MAX_BYTES);
	if (stream->splitter.redact &&
	    redact_line(stream->splitter.redact, line, length_bytes, &masked)) {
		line = masked.data ? masked.data : "";
		length_bytes = masked.length_bytes;
	}
	while (blanks < length_bytes && isspace((unsigned char)line[blanks]))
		blanks++;
	length_bytes -= blanks;
	if (length_bytes) {
		stream->length_bytes =
		    length_bytes < sizeof(stream->line) ? length_bytes : sizeof(stream->line);
		memcpy(stream->line, line + blanks, stream->length_bytes);
	}
	text_deinit(&masked);
}

static void exec_probe_on_output(void *data, bool is_stderr, const char *bytes, size_t length_bytes)
{
	struct exec_probe *probe = data;
	struct exec_probe_stream *stream = is_stderr ? &probe->error_output : &probe->output;

	line_splitter_feed(&stream->splitter, bytes, length_bytes, exec_probe_on_line, stream);
}

/* How it ended, and what it said last. */
static void exec_probe_describe(
    struct exec_probe *probe, const struct job_result *result, struct text *out)
{
	const struct exec_probe_stream *said = &probe->output;

	line_splitter_flush(&probe->output.splitter, exec_probe_on_line, &probe->output);
	line_splitter_flush(
	    &probe->error_output.splitter, exec_probe_on_line, &probe->error_output);
	switch (result->outcome) {
	case JOB_NOT_STARTED: text_add(out, result->error->message); return;
	case JOB_TIMED_OUT:
		text_add(out, "not over after ");
		text_add_span(out, probe->unit->config->probe_timeout_ms);
		break;
	case JOB_EXITED: unit_describe_end(&result->exit, out); break;
	}
	if (!said->length_bytes)
		said = &probe->error_output;
	if (said->length_bytes) {
		text_add(out, ": ");
		text_add_printable(
		    out, said->line, said->length_bytes, out->size_bytes - out->length_bytes - 1);
	}
}

static enum service_event_type exec_probe_judge(const struct job_result *result)
{
	if (result->outcome != JOB_EXITED || result->exit.by_signal)
		return SERVICE_EV_PROBE_MISS;
	switch (result->exit.value) {
	case PROBE_EXIT_GOOD: return SERVICE_EV_PROBE_OK;
	case PROBE_EXIT_UNKNOWN: return SERVICE_EV_PROBE_UNKNOWN;
	default: return SERVICE_EV_PROBE_MISS;
	}
}

static void exec_probe_on_end(void *data, const struct job_result *result)
{
	struct exec_probe *probe = data;
	struct unit *unit = probe->unit;
	enum service_event_type verdict = exec_probe_judge(result);
	char detail[UNIT_DETAIL_BYTES];
	struct text text;

	text_init(&text, detail, sizeof(detail));
	exec_probe_describe(probe, result, &text);
	exec_probe_free(&unit->exec_probe);
	unit_end_probe(unit, verdict, verdict == SERVICE_EV_PROBE_OK ? NULL : detail);
}

static int exec_probe_begin(struct exec_probe *probe, uint64_t now_ms, struct error *error)
{
	struct unit *unit = probe->unit;
	struct job_request request = { .spawn = unit_spawn_request(unit),
		.timeout_ms = unit->config->probe_timeout_ms,
		.handle_output = exec_probe_on_output,
		.is_known = supervisor_knows_child,
		.known_data = unit->supervisor };
	struct privileges privileges = { .sets = NULL };
	int result = unit_environment(unit, &probe->environment);

	if (unit->supervisor->config->redact)
		probe->output.splitter.redact = probe->error_output.splitter.redact =
		    &unit->speaker.redact;
	probe->search_path = strdup(request.spawn.search_path);
	if (!result && !probe->search_path)
		result = -ENOMEM;
	if (!result)
		result = job_new(unit->supervisor->loop, exec_probe_on_end, probe, &probe->job);
	if (result)
		return error_set(error, result, "no memory for the probe");
	/* Also beside the command of the command line, which has neither but the terminal. */
	request.spawn.new_session = true;
	request.spawn.in_foreground = false;
	request.spawn.argv = unit->config->probe.command.items;
	request.spawn.search_path = probe->search_path;
	request.spawn.environment = probe->environment.items;
	result = identity_resolve(&unit->config->identity,
	    unit->supervisor->config->strict_privileges, &privileges, error);
	request.spawn.privileges = &privileges;
	if (!result)
		result = job_start(probe->job, &request, now_ms, error);
	privileges_deinit(&privileges);
	return result;
}

void exec_probe_start(struct unit *unit, uint64_t now_ms)
{
	struct exec_probe *probe = calloc(1, sizeof(*probe));
	struct error error;
	int result = -ENOMEM;

	if (probe) {
		probe->unit = unit;
		result = exec_probe_begin(probe, now_ms, &error);
	} else {
		error_set(&error, result, "no memory for the probe");
	}
	unit->exec_probe = probe;
	if (!result)
		return;
	/* It has not run, which is no fault of the service. */
	exec_probe_free(&unit->exec_probe);
	unit_end_probe(unit, SERVICE_EV_PROBE_UNKNOWN, error.message);
}

void exec_probe_free(struct exec_probe **probe)
{
	if (!*probe)
		return;
	job_free(&(*probe)->job);
	words_deinit(&(*probe)->environment);
	free((*probe)->search_path);
	free((*probe)->output.splitter.partial);
	free((*probe)->error_output.splitter.partial);
	free(*probe);
	*probe = NULL;
}

pid_t exec_probe_pid(const struct exec_probe *probe)
{
	return probe ? job_pid(probe->job) : 0;
}

void exec_probe_handle_exit(
    struct exec_probe *probe, pid_t pid, const struct exit_info *exit, uint64_t now_ms)
{
	if (probe)
		job_handle_exit(probe->job, pid, exit, now_ms);
}

uint64_t exec_probe_turn(struct unit *unit, uint64_t now_ms)
{
	if (unit->exec_probe)
		job_handle_deadline(unit->exec_probe->job, now_ms);
	/* That may have been its end. */
	return unit->exec_probe ? job_deadline_ms(unit->exec_probe->job) : NEVER_MS;
}

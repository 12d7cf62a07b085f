#include "app/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/identity.h"
#include "app/supervisor.h"
#include "io/job.h"
#include "io/loop.h"
#include "util/macros.h"
#include "util/text.h"

enum {
	RUN_WORDS_BYTES = 512,
};

struct run_stream {
	struct run *run;
	const char *name;
	struct line_splitter splitter;
};

struct run {
	struct run_owner owner;
	char *name;
	struct job *job;
	/* Copies, since a reload may replace the configuration while it runs. */
	struct words command;
	struct words environment;
	char *directory;
	char *search_path;
	struct run_stream streams[2];
	uint64_t started_ms;
	uint64_t timeout_ms;
	bool is_stopped;
};

static void run_forget_request(struct run *run)
{
	words_deinit(&run->command);
	words_deinit(&run->environment);
	free(run->directory);
	free(run->search_path);
	run->directory = run->search_path = NULL;
}

/* ---- what it writes ---- */

static void run_on_line(void *data, const char *line, size_t length_bytes)
{
	struct run_stream *stream = data;
	const struct run_owner *owner = &stream->run->owner;

	supervisor_log_output(
	    owner->supervisor, owner->speaker, stream->run->name, stream->name, line, length_bytes);
}

static void run_on_output(void *data, bool is_stderr, const char *bytes, size_t length_bytes)
{
	struct run *run = data;
	struct run_stream *stream = &run->streams[is_stderr];

	line_splitter_feed(&stream->splitter, bytes, length_bytes, run_on_line, stream);
}

/* ---- how it ends ---- */

static void run_describe(
    const struct run *run, const struct job_result *result, uint64_t now_ms, struct text *out)
{
	switch (result->outcome) {
	case JOB_NOT_STARTED: text_add(out, result->error->message); return;
	case JOB_TIMED_OUT:
		if (run->is_stopped) {
			text_add(out, "cancelled");
			break;
		}
		text_add(out, "not over within ");
		text_add_span(out, run->timeout_ms);
		return;
	case JOB_EXITED: unit_describe_end(&result->exit, out); break;
	}
	text_add(out, " after ");
	text_add_span(out, now_ms - run->started_ms);
}

static void run_report_refused(const struct run *run, const struct job_result *result)
{
	char words[512];
	struct text text;

	text_init(&text, words, sizeof(words));
	if (result->outcome != JOB_NOT_STARTED && identity_describe_refused(result->report, &text))
		supervisor_report(run->owner.supervisor, LOG_WARN, NULL, "warning",
		    "%s: ran without what was refused: %s", run->name, words);
}

static void run_on_end(void *data, const struct job_result *result)
{
	struct run *run = data;
	uint64_t now_ms = loop_now_ms(run->owner.supervisor->loop);
	char words[RUN_WORDS_BYTES];
	struct run_end end = { .is_good = result->outcome == JOB_EXITED &&
					  !result->exit.by_signal && result->exit.value == 0,
		.words = words };
	struct text text;

	for (size_t i = 0; i < ARRAY_LEN(run->streams); i++)
		line_splitter_flush(&run->streams[i].splitter, run_on_line, &run->streams[i]);
	supervisor_end_output(run->owner.supervisor, run->owner.speaker, run->name);
	text_init(&text, words, sizeof(words));
	run_describe(run, result, now_ms, &text);
	run_report_refused(run, result);
	run_forget_request(run);
	run->owner.handle(run->owner.data, &end, now_ms);
}

/* ---- life ---- */

int run_new(const struct run_owner *owner, struct run **ret_run)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return -ENOMEM;
	run->owner = *owner;
	run->streams[0] = (struct run_stream){ .run = run, .name = "stdout" };
	run->streams[1] = (struct run_stream){ .run = run, .name = "stderr" };
	run->name = strdup(owner->name);
	if (!run->name || job_new(owner->supervisor->loop, run_on_end, run, &run->job)) {
		run_free(&run);
		return -ENOMEM;
	}
	*ret_run = run;
	return 0;
}

void run_free(struct run **run)
{
	if (!*run)
		return;
	job_free(&(*run)->job);
	for (size_t i = 0; i < ARRAY_LEN((*run)->streams); i++)
		free((*run)->streams[i].splitter.partial);
	run_forget_request(*run);
	free((*run)->name);
	free(*run);
	*run = NULL;
}

static int run_copy_request(
    struct run *run, const struct words *command, const char *directory, const char *search_path)
{
	int result = 0;

	for (size_t i = 0; !result && i < command->count; i++)
		result = words_add(&run->command, strdup(command->items[i]));
	run->search_path = strdup(search_path);
	run->directory = directory ? strdup(directory) : NULL;
	return result || !run->search_path || (directory && !run->directory) ? -ENOMEM : 0;
}

int run_start(struct run *run, const struct words *command, struct words *environment,
    const struct identity_config *identity, const char *directory, uint64_t timeout_ms,
    uint64_t now_ms, struct error *error)
{
	const struct supervisor *supervisor = run->owner.supervisor;
	struct job_request request = { .timeout_ms = timeout_ms,
		.handle_output = run_on_output,
		.mark = run->owner.mark,
		.is_known = supervisor_knows_child,
		.known_data = run->owner.supervisor };
	struct privileges privileges = { .sets = NULL };
	int result;

	run->environment = *environment;
	*environment = (struct words){ .items = NULL };
	run->started_ms = now_ms;
	run->timeout_ms = timeout_ms;
	run->is_stopped = false;
	result = run_copy_request(run, command, directory, supervisor->config->path);
	for (size_t i = 0; i < ARRAY_LEN(run->streams); i++)
		run->streams[i].splitter.redact =
		    supervisor->config->redact ? &run->owner.speaker->redact : NULL;
	if (!result)
		result = redact_learn(&run->owner.speaker->redact, run->environment.items);
	if (result)
		error_set(error, result, "no memory to run it");
	else
		result = identity_resolve(
		    identity, supervisor->config->strict_privileges, &privileges, error);
	if (!result) {
		request.spawn = (struct spawn_request){ .argv = run->command.items,
			.environment = run->environment.items,
			.search_path = run->search_path,
			.directory = run->directory,
			.nofile = supervisor->nofile,
			.privileges = &privileges,
			.new_session = true,
			.die_with_parent = !supervisor->is_pid1 };
		result = job_start(run->job, &request, now_ms, error);
	}
	privileges_deinit(&privileges);
	if (result)
		run_forget_request(run);
	return result;
}

void run_stop(struct run *run, uint64_t now_ms)
{
	if (!run_is_running(run))
		return;
	run->is_stopped = true;
	job_stop(run->job, now_ms);
}

bool run_is_running(const struct run *run)
{
	return run && job_is_running(run->job);
}

void run_shift(struct run *run, uint64_t gap_ms)
{
	if (run)
		job_shift(run->job, gap_ms);
}

pid_t run_pid(const struct run *run)
{
	return run ? job_pid(run->job) : 0;
}

void run_on_exit(struct run *run, pid_t pid, const struct exit_info *exit, uint64_t now_ms)
{
	if (run)
		job_handle_exit(run->job, pid, exit, now_ms);
}

uint64_t run_turn(struct run *run, uint64_t now_ms)
{
	if (!run)
		return NEVER_MS;
	job_handle_deadline(run->job, now_ms);
	return min_ms(job_deadline_ms(run->job),
	    supervisor_turn_output(run->owner.supervisor, run->owner.speaker, run->name, now_ms));
}

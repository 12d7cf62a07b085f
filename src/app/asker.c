#include "app/asker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/probe_request.h"
#include "core/call_output.h"
#include "core/drift.h"
#include "core/http_reply.h"
#include "core/probe_target.h"
#include "core/version_json.h"
#include "io/children.h"
#include "io/job.h"
#include "io/loop.h"
#include "io/probe.h"
#include "io/reaper.h"
#include "io/signals.h"
#include "util/macros.h"

enum {
	OUTPUT_MAX_BYTES = 64 * 1024,
};

struct asker {
	struct loop *loop;
	struct signals *signals;
	struct job *job;
	struct probe *probe; /* while a server is asked */
	struct drift_side side;
	bool owns_children;
	bool is_over;
	bool is_interrupted;
};

static void finish(struct asker *asker, const char *reason)
{
	asker->is_over = true;
	snprintf(asker->side.reason, sizeof(asker->side.reason), "%s", reason);
}

/* ---- a program ---- */

/* `exit code 2: what it says of it` */
static void finish_failed(
    struct asker *asker, const struct exit_info *exit, const struct call_output *output)
{
	char buffer[DRIFT_REASON_BYTES];
	struct text reason;

	text_init(&reason, buffer, sizeof(buffer));
	text_addf(&reason, "%s %d", exit->by_signal ? "signal" : "exit code", exit->value);
	if (output->error_output[0] || output->output[0]) {
		text_add(&reason, ": ");
		call_output_format(output, &reason, DRIFT_REASON_BYTES / 2);
	}
	finish(asker, buffer);
}

static void asker_on_end(void *data, const struct job_result *result)
{
	struct asker *asker = data;
	const struct call_output output = {
		.output = result->output->data ? result->output->data : "",
		.error_output = result->error_output->data ? result->error_output->data : "",
	};

	if (result->outcome == JOB_NOT_STARTED)
		finish(asker, result->error->message);
	else if (result->outcome == JOB_TIMED_OUT)
		finish(asker, "no answer in time");
	else if (result->exit.by_signal || result->exit.value)
		finish_failed(asker, &result->exit, &output);
	else if (drift_find_version(
		     output.output, result->output->length_bytes, asker->side.version))
		finish(asker, "");
	else
		finish(asker, "its output tells no version");
}

/* ---- a server ---- */

/* One that is not ready (503) knows its version too. */
static int asker_judge(
    void *data, const char *reply, size_t length_bytes, bool is_end, struct error *error)
{
	struct asker *asker = data;
	int status = http_reply_status(reply, length_bytes, is_end, error), result;
	const char *body = http_reply_body(reply, length_bytes);

	if (status <= 0)
		return status;
	if (status / 100 != 2 && status != 503)
		return error_set(error, -EBADMSG, "HTTP status %d", status);
	if (!body)
		return is_end ? error_set(error, -EPROTO, "the reply has no body") : 0;
	result =
	    version_decode(body, length_bytes - (size_t)(body - reply), asker->side.version, error);
	if (result == -EPROTO && !is_end)
		return 0;
	return result ? result : 1;
}

static void asker_on_done(void *data, int result, const struct error *error)
{
	struct asker *asker = data;

	probe_cancel(&asker->probe);
	finish(asker, result ? error->message : "");
}

/* ---- both ---- */

static void asker_on_dead(void *data, pid_t pid, const struct exit_info *exit)
{
	struct asker *asker = data;

	job_handle_exit(asker->job, pid, exit, loop_now_ms(asker->loop));
}

static void asker_on_signal(void *data, int signal, pid_t sender)
{
	struct asker *asker = data;

	(void)sender;
	if (signal != SIGTERM && signal != SIGINT && signal != SIGHUP && signal != SIGQUIT)
		return;
	asker->is_interrupted = true;
	job_stop(asker->job, loop_now_ms(asker->loop));
	if (asker->probe) {
		probe_cancel(&asker->probe);
		finish(asker, "interrupted");
	}
}

static uint64_t asker_turn(void *data, uint64_t now_ms)
{
	struct asker *asker = data;
	uint64_t deadline_ms;

	while (reaper_drain(64, asker_on_dead, asker))
		;
	job_handle_deadline(asker->job, now_ms);
	deadline_ms = probe_turn(asker->probe, now_ms);
	if (asker->is_over)
		loop_stop(asker->loop);
	return min_ms(deadline_ms, job_deadline_ms(asker->job));
}

static void await_end(struct asker *asker, struct drift_side *ret_side)
{
	struct loop_hook hook = { .turn = asker_turn, .data = asker };

	if (!asker->is_over)
		loop_run(asker->loop, &hook);
	*ret_side = asker->side;
}

static void begin(struct asker *asker)
{
	asker->side = (struct drift_side){ .version = "" };
	asker->is_over = false;
}

void asker_run(
    struct asker *asker, char *const *argv, uint64_t limit_ms, struct drift_side *ret_side)
{
	/* A session of its own has no terminal to ask for a password at. */
	struct job_request request = {
		.spawn = { .argv = argv,
		    .environment = environ,
		    .search_path = "",
		    .new_session = true,
		    .die_with_parent = true },
		.timeout_ms = job_limit_ms(limit_ms),
		.max_output_bytes = OUTPUT_MAX_BYTES,
		.owns_children = asker->owns_children,
	};
	struct error error;

	begin(asker);
	if (job_start(asker->job, &request, loop_now_ms(asker->loop), &error))
		finish(asker, error.message);
	await_end(asker, ret_side);
}

void asker_get(struct asker *asker, const struct probe_target *target, uint64_t limit_ms,
    struct drift_side *ret_side)
{
	char message[PROBE_MESSAGE_BYTES];
	struct probe_request request;
	struct error error;

	begin(asker);
	probe_request_init(&request, target, message);
	request.judge = asker_judge;
	request.done = asker_on_done;
	request.data = asker;
	if (probe_start(asker->loop, &request, deadline_after(loop_now_ms(asker->loop), limit_ms),
		&asker->probe, &error))
		finish(asker, error.message);
	await_end(asker, ret_side);
}

bool asker_is_interrupted(const struct asker *asker)
{
	return asker->is_interrupted;
}

int asker_new(struct asker **ret_asker, struct error *error)
{
	struct asker *asker = calloc(1, sizeof(*asker));
	int result = asker ? loop_new(&asker->loop) : -ENOMEM;

	signals_block();
	children_adopt();
	if (!result)
		result = signals_new(asker->loop, asker_on_signal, asker, &asker->signals);
	if (!result)
		result = job_new(asker->loop, asker_on_end, asker, &asker->job);
	if (result) {
		asker_free(asker);
		return error_set(error, result, "%s", strerror(-result));
	}
	/* Whoever became us by exec may have left us children, which are nobody's to kill. */
	asker->owns_children = !children_exist();
	*ret_asker = asker;
	return 0;
}

void asker_free(struct asker *asker)
{
	if (!asker)
		return;
	probe_cancel(&asker->probe);
	job_free(&asker->job);
	signals_free(&asker->signals);
	loop_free(asker->loop);
	free(asker);
}

#include "app/probe_node.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "app/cli.h"
#include "core/call_output.h"
#include "core/nodes_json.h"
#include "io/children.h"
#include "io/clock.h"
#include "io/job.h"
#include "io/loop.h"
#include "io/reaper.h"
#include "io/signals.h"
#include "util/macros.h"
#include "util/text.h"

enum {
	LINE_BYTES = 512,
	REASON_BYTES = 300,
};

struct node_probe {
	const struct node_probe_request *request;
	struct loop *loop;
	struct signals *signals;
	struct cli cli;
	bool is_over;
	enum probe_exit verdict;
	char buffer[LINE_BYTES];
	struct text line;
};

static void say_failure(
    struct node_probe *probe, const struct job_result *result, const struct call_output *output)
{
	char buffer[REASON_BYTES];
	struct text reason;

	text_init(&reason, buffer, sizeof(buffer));
	cli_describe(result, output, &reason, sizeof(buffer) - 1);
	text_addf(&probe->line, "the nodes cannot be listed: %s", buffer);
}

/* A list that is complete: what does it say of the node? */
static enum probe_exit judge_list(
    struct node_probe *probe, const struct job_result *result, const struct call_output *output)
{
	const struct call_output said_beside = { .output = "",
		.error_output = output->error_output };
	struct nodes nodes = { .items = NULL };
	enum probe_exit verdict;
	struct error error;

	if (nodes_decode(output->output, result->output->length_bytes, &nodes, &error)) {
		text_addf(&probe->line, "the nodes cannot be listed: %s", error.message);
		return PROBE_EXIT_UNKNOWN;
	}
	verdict = nodes_judge(&nodes, probe->request->name, probe->request->max_age_ms,
	    (int64_t)clock_epoch_ms(), &probe->line);
	nodes_deinit(&nodes);
	if (verdict != PROBE_EXIT_BAD || !call_output_is_local(output))
		return verdict;
	text_init(&probe->line, probe->buffer, sizeof(probe->buffer));
	say_failure(probe, result, &said_beside);
	return PROBE_EXIT_UNKNOWN;
}

static void node_probe_on_end(
    void *data, const struct job_result *result, const struct call_output *output)
{
	struct node_probe *probe = data;

	probe->is_over = true;
	probe->verdict = PROBE_EXIT_UNKNOWN;
	if (result->outcome == JOB_TIMED_OUT)
		text_add(&probe->line, "the nodes cannot be listed: no end of it in time");
	else if (result->outcome == JOB_NOT_STARTED || result->exit.by_signal || result->exit.value)
		say_failure(probe, result, output);
	else if (result->output->truncated)
		text_add(&probe->line, "the nodes cannot be listed: too much output");
	else
		probe->verdict = judge_list(probe, result, output);
}

static void node_probe_on_dead(void *data, pid_t pid, const struct exit_info *exit)
{
	struct node_probe *probe = data;

	job_handle_exit(probe->cli.job, pid, exit, loop_now_ms(probe->loop));
}

static void node_probe_on_signal(void *data, int signal, pid_t sender)
{
	struct node_probe *probe = data;

	(void)sender;
	if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT)
		job_stop(probe->cli.job, loop_now_ms(probe->loop));
}

static uint64_t node_probe_turn(void *data, uint64_t now_ms)
{
	struct node_probe *probe = data;

	while (reaper_drain(64, node_probe_on_dead, probe))
		;
	job_handle_deadline(probe->cli.job, now_ms);
	if (probe->is_over)
		loop_stop(probe->loop);
	return job_deadline_ms(probe->cli.job);
}

static int begin(struct node_probe *probe, struct error *error)
{
	static const char *const words[] = { "nodes", "list", NULL };
	const struct node_probe_request *request = probe->request;
	struct cli_request cli_request = {
		.environment = request->environment,
		.max_output_bytes = NODES_OUTPUT_MAX_BYTES,
		.handle = node_probe_on_end,
		.data = probe,
	};
	int result = loop_new(&probe->loop);

	if (!result)
		result = signals_new(probe->loop, node_probe_on_signal, probe, &probe->signals);
	if (!result)
		result = cli_init(&probe->cli, probe->loop, &cli_request);
	if (result)
		return error_set(error, result, "%s", strerror(-result));
	return cli_start(&probe->cli, words, job_limit_ms(request->timeout_ms), 1,
	    loop_now_ms(probe->loop), error);
}

enum probe_exit node_probe_run(const struct node_probe_request *request)
{
	struct node_probe probe = { .request = request, .verdict = PROBE_EXIT_UNKNOWN };
	struct loop_hook hook = { .turn = node_probe_turn, .data = &probe };
	struct error error;

	text_init(&probe.line, probe.buffer, sizeof(probe.buffer));
	signals_block();
	children_adopt();
	if (begin(&probe, &error))
		text_addf(&probe.line, "the nodes cannot be listed: %s", error.message);
	else
		loop_run(probe.loop, &hook);
	puts(probe.buffer);
	cli_deinit(&probe.cli);
	signals_free(&probe.signals);
	loop_free(probe.loop);
	return probe.verdict;
}

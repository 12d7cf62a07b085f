#include "app/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/call_output.h"
#include "io/executable.h"
#include "io/job.h"
#include "util/macros.h"

enum {
	CLI_HEADROOM_MS =
	    2000, /* the CLI's own limit ends before ours: it needs a second to start */
	CLI_TIMEOUT_MIN_MS = 1000, /* less would fail calls that work */
};

void cli_describe(const struct job_result *result, const struct call_output *output,
    struct text *text, size_t max_bytes)
{
	if (result->outcome == JOB_NOT_STARTED) {
		text_add_printable(
		    text, result->error->message, strlen(result->error->message), max_bytes);
		return;
	}
	call_output_format(output, text, max_bytes);
	if (!text->length_bytes)
		text_addf(text, "%s %d", result->exit.by_signal ? "signal" : "exit code",
		    result->exit.value);
}

static void cli_on_end(void *data, const struct job_result *result)
{
	struct cli *cli = data;
	struct call_output output = {
		.output = result->output->data ? result->output->data : "",
		.error_output = result->error_output->data ? result->error_output->data : "",
	};

	if (result->outcome == JOB_NOT_STARTED) {
		free(cli->program); /* moved or replaced: look again */
		cli->program = NULL;
	}
	cli->request.handle(cli->request.data, result, &output);
}

static bool begins_with(const char *variable, const char *name)
{
	return strncmp(variable, name, strlen(name)) == 0;
}

static bool is_for_call(const struct cli_request *request, const char *variable)
{
	/* Between our supervisor and us. */
	static const char *const unwanted[] = {
		"OPENCLAW_NO_RESPAWN=", "NOTIFY_SOCKET=", "WATCHDOG_USEC=", "WATCHDOG_PID="
	};

	for (size_t i = 0; i < ARRAY_LEN(unwanted); i++) {
		if (begins_with(variable, unwanted[i]))
			return false;
	}
	return !request->unwanted || !begins_with(variable, request->unwanted);
}

static char **call_environment(const struct cli_request *request)
{
	static char no_respawn[] = "OPENCLAW_NO_RESPAWN=1";
	size_t count = 0, filled = 0;
	char **copy;

	while (request->environment[count])
		count++;
	copy = calloc(count + 2, sizeof(*copy));
	if (!copy)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (is_for_call(request, request->environment[i]))
			copy[filled++] = request->environment[i];
	}
	copy[filled] = no_respawn;
	return copy;
}

int cli_init(struct cli *cli, struct loop *loop, const struct cli_request *request)
{
	const char *name = getenv("OPENCLAW_BIN");

	*cli = (struct cli){
		.request = *request,
		.name = name && name[0] ? name : "openclaw",
		.search_path = executable_search_path(),
		.environment = call_environment(request),
	};
	if (!cli->environment || job_new(loop, cli_on_end, cli, &cli->job)) {
		cli_deinit(cli);
		return -ENOMEM;
	}
	return 0;
}

void cli_deinit(struct cli *cli)
{
	job_free(&cli->job);
	free(cli->environment);
	free(cli->program);
	*cli = (struct cli){ .job = NULL };
}

int cli_start(struct cli *cli, const char *const *words, uint64_t timeout_ms, unsigned asks,
    uint64_t now_ms, struct error *error)
{
	struct job_request request = {
		.timeout_ms = timeout_ms,
		.max_output_bytes = cli->request.max_output_bytes,
		.owns_children = true,
	};
	uint64_t limit_ms =
	    timeout_ms > CLI_HEADROOM_MS ? (timeout_ms - CLI_HEADROOM_MS) / asks : 0;
	size_t count = 0;

	if (!cli->program)
		cli->program = executable_find(cli->name, cli->search_path);
	if (!cli->program)
		return error_set(error, -ENOENT, "no '%s' in PATH=%s", cli->name, cli->search_path);
	cli->argv[count++] = cli->program;
	for (size_t i = 0; i < CLI_WORDS_MAX && words[i]; i++)
		cli->argv[count++] = words[i];
	cli->argv[count++] = "--json";
	if (limit_ms >= CLI_TIMEOUT_MIN_MS) {
		snprintf(cli->timeout, sizeof(cli->timeout), "%llu", (unsigned long long)limit_ms);
		cli->argv[count++] = "--timeout";
		cli->argv[count++] = cli->timeout;
	}
	cli->argv[count] = NULL;
	request.spawn = (struct spawn_request){ .argv = (char *const *)cli->argv,
		.environment = cli->environment,
		.search_path = cli->search_path,
		.die_with_parent = true };
	return job_start(cli->job, &request, now_ms, error);
}

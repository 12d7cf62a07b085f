#include "app/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ask.h"
#include "app/show.h"
#include "app/wait.h"
#include "app/watch.h"
#include "core/request_json.h"
#include "io/clock.h"
#include "util/macros.h"
#include "util/text.h"

enum {
	QUERY_TIMEOUT_MS = 5000,
	WORK_TIMEOUT_MS = 120000,
	STOP_TIMEOUT_MS = 3600000, /* the server knows stop_timeout, and keeps it */
	SERVER_GRACE_MS = 2000,    /* for a server that keeps the limit itself to say so */
};

/* clang-format off */
static const struct command commands[] = {
	{ .name = "status", .arguments = "[NAME]", .argument_max = 1,
	  .help = "what runs, since when, why not, and what happens next",
	  .op = REQUEST_STATUS, .timeout_ms = QUERY_TIMEOUT_MS, .show = show_status },
	{ .name = "recover", .arguments = "[NAME]", .argument_max = 1,
	  .help = "start what is down; what is ready is left alone",
	  .op = REQUEST_RECOVER, .timeout_ms = WORK_TIMEOUT_MS, .has_server_timeout = true, .show = show_outcomes },
	{ .name = "start", .arguments = "[NAME]", .argument_max = 1,
	  .help = "start what is down, a finished one too",
	  .op = REQUEST_START, .timeout_ms = WORK_TIMEOUT_MS, .has_server_timeout = true, .show = show_outcomes },
	{ .name = "stop", .arguments = "[NAME]", .argument_max = 1,
	  .help = "stop, and stay down until start, restart or recover",
	  .op = REQUEST_STOP, .timeout_ms = STOP_TIMEOUT_MS, .has_server_timeout = true, .show = show_done },
	{ .name = "restart", .arguments = "[NAME]", .argument_max = 1,
	  .help = "stop and start",
	  .op = REQUEST_RESTART, .timeout_ms = WORK_TIMEOUT_MS, .has_server_timeout = true, .show = show_outcomes },
	{ .name = "reset", .arguments = "[NAME]", .argument_max = 1,
	  .help = "forget crashes, start what is blocked or backing off",
	  .op = REQUEST_RESET, .timeout_ms = QUERY_TIMEOUT_MS, .show = show_done },
	{ .name = "pair", .arguments = "",
	  .help = "let the auto-pair watcher look now and be fast again",
	  .op = REQUEST_PAIR, .timeout_ms = QUERY_TIMEOUT_MS, .show = show_done },
	{ .name = "logs", .arguments = "NAME [-n N] [-f]", .argument_min = 1, .argument_max = 1,
	  .options = COMMAND_LINES | COMMAND_FOLLOW,
	  .help = "what it has written; -f goes on with what it writes",
	  .op = REQUEST_LOGS, .timeout_ms = QUERY_TIMEOUT_MS, .show = show_feed },
	{ .name = "events", .arguments = "[-f] [--since SEQ]",
	  .options = COMMAND_FOLLOW | COMMAND_SINCE,
	  .help = "what has happened; -f goes on with what happens",
	  .op = REQUEST_EVENTS, .timeout_ms = QUERY_TIMEOUT_MS, .show = show_feed },
	{ .name = "watch", .arguments = "",
	  .help = "the status, drawn anew each second",
	  .op = REQUEST_STATUS, .timeout_ms = QUERY_TIMEOUT_MS, .run = watch_run },
	{ .name = "wait", .arguments = "NAME...", .argument_min = 1, .argument_max = SIZE_MAX,
	  .options = COMMAND_FOR,
	  .help = "until these are ready, or with --for stopped down",
	  .op = REQUEST_STATUS, .timeout_ms = WORK_TIMEOUT_MS, .run = wait_run },
	{ .name = "metrics", .arguments = "",
	  .help = "counters and states in Prometheus text format",
	  .op = REQUEST_METRICS, .timeout_ms = QUERY_TIMEOUT_MS, .show = show_metrics },
	{ .name = "reload", .arguments = "",
	  .help = "read the configuration again; what has not changed runs on",
	  .op = REQUEST_RELOAD, .timeout_ms = WORK_TIMEOUT_MS, .show = show_done },
	{ .name = "shutdown", .arguments = "",
	  .help = "stop everything, nemoinit too",
	  .op = REQUEST_SHUTDOWN, .timeout_ms = QUERY_TIMEOUT_MS, .show = show_done },
	{ .name = "live", .arguments = "",
	  .help = "does nemoinit answer?",
	  .op = REQUEST_STATUS, .timeout_ms = QUERY_TIMEOUT_MS, .show = show_live },
	{ .name = "ready", .arguments = "[NAME...]", .argument_max = SIZE_MAX,
	  .help = "are these services ready, or all?",
	  .op = REQUEST_STATUS, .timeout_ms = QUERY_TIMEOUT_MS, .show = show_ready },
	{ .name = "drift", .arguments = "--action TEXT", .options = COMMAND_DRIFT,
	  .help = "are OpenShell and its gateway of one version?",
	  .run = drift_run },
};
/* clang-format on */

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

void command_add_usage(struct text *text)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		char words[48];

		snprintf(words, sizeof(words), "%s %s", commands[i].name, commands[i].arguments);
		text_addf(text, "  %-25s %s\n", words, commands[i].help);
	}
}

/* The request of a command line; false if a name has not the shape of one, told. */
static bool make_request(
    const struct command *command, const struct invocation *invocation, struct request *ret_request)
{
	struct request request = { .op = command->op,
		.timeout_ms = NEVER_MS,
		.since = invocation->since,
		.lines = invocation->lines,
		.follow = invocation->options & COMMAND_FOLLOW };

	for (size_t i = 0; i < invocation->argument_count; i++) {
		if (!request_is_service_name(invocation->arguments[i])) {
			show_complaint("'%s' is no name of a service", invocation->arguments[i]);
			return false;
		}
	}
	if (invocation->argument_count == 1 && command->argument_max == 1)
		memcpy(request.service, invocation->arguments[0],
		    strlen(invocation->arguments[0]) + 1);
	if (command->has_server_timeout)
		request.timeout_ms = invocation->timeout_ms;
	*ret_request = request;
	return true;
}

/* Shows a reply and frees it. */
static enum exit_status show(const struct command *command, const struct invocation *invocation,
    char *reply, size_t length_bytes)
{
	enum exit_status status = command->show(invocation, reply, length_bytes);

	if (invocation->wants_json)
		status = show_json(reply, length_bytes, status);
	free(reply);
	return status;
}

/* Until the server has nothing more to say, or may not say it. */
static enum exit_status follow(const struct command *command, const struct invocation *invocation,
    struct client *client, enum exit_status status)
{
	struct error error = { .code = 0 };
	size_t length_bytes = 0;
	char *line = NULL;
	int result;

	client->deadline_ms = invocation->timeout_ms == NEVER_MS
				  ? NEVER_MS
				  : deadline_after(clock_now_ms(), invocation->timeout_ms);
	while (status == EXIT_STATUS_DONE) {
		result = client_receive(client, &line, &length_bytes, &error);
		if (result) {
			show_complaint("%s", error.message);
			return ask_status(result);
		}
		status = show(command, invocation, line, length_bytes);
	}
	return status;
}

static enum exit_status run(const struct command *command, const struct invocation *invocation)
{
	uint64_t limit_ms =
	    invocation->timeout_ms == NEVER_MS ? command->timeout_ms : invocation->timeout_ms;
	uint64_t grace_ms = command->has_server_timeout ? SERVER_GRACE_MS : 0;
	struct error error = { .code = 0 };
	struct client client = { .fd = -1 };
	enum exit_status status;
	struct request request;
	size_t length_bytes = 0;
	char *reply = NULL;
	int result;

	if (!make_request(command, invocation, &request))
		return EXIT_STATUS_USAGE;
	result = ask_open(invocation, &request, deadline_after(clock_now_ms(), limit_ms + grace_ms),
	    &client, &reply, &length_bytes, &error);
	if (result) {
		show_complaint("%s", error.message);
		status = ask_status(result);
	} else {
		status = show(command, invocation, reply, length_bytes);
	}
	if (!result && request.follow)
		status = follow(command, invocation, &client, status);
	client_close(&client);
	return status;
}

enum exit_status command_run(const struct command *command, const struct invocation *invocation)
{
	if (invocation->argument_count > command->argument_max) {
		show_complaint("%s: too many arguments; try 'nemoctl --help'", command->name);
		return EXIT_STATUS_USAGE;
	}
	if (invocation->argument_count < command->argument_min) {
		show_complaint(
		    "%s: the name of a service is missing; try 'nemoctl --help'", command->name);
		return EXIT_STATUS_USAGE;
	}
	if (invocation->options & ~command->options) {
		show_complaint("%s: an option is not one of this command; try 'nemoctl --help'",
		    command->name);
		return EXIT_STATUS_USAGE;
	}
	return command->run ? command->run(command, invocation) : run(command, invocation);
}

#include "app/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/show.h"
#include "core/request_json.h"
#include "io/client.h"
#include "io/clock.h"
#include "util/macros.h"
#include "util/text.h"

enum {
	QUERY_TIMEOUT_MS = 5000,
	WORK_TIMEOUT_MS = 120000,
	STOP_TIMEOUT_MS = 3600000, /* the server knows stop_timeout, and keeps it */
	SERVER_GRACE_MS = 2000,    /* for a server that keeps the limit itself to say so */
};

static const struct command commands[] = {
	{ "status", "[NAME]", "what runs, since when, why not, and what happens next", 1,
	    REQUEST_STATUS, QUERY_TIMEOUT_MS, false, show_status },
	{ "recover", "[NAME]", "start what is down; what is ready is left alone", 1,
	    REQUEST_RECOVER, WORK_TIMEOUT_MS, true, show_outcomes },
	{ "start", "[NAME]", "start what is down, a finished one too", 1, REQUEST_START,
	    WORK_TIMEOUT_MS, true, show_outcomes },
	{ "stop", "[NAME]", "stop, and stay down until start, restart or recover", 1, REQUEST_STOP,
	    STOP_TIMEOUT_MS, true, show_done },
	{ "reset", "[NAME]", "forget crashes, start what is blocked or backing off", 1,
	    REQUEST_RESET, QUERY_TIMEOUT_MS, false, show_done },
	{ "restart", "[NAME]", "stop and start", 1, REQUEST_RESTART, WORK_TIMEOUT_MS, true,
	    show_outcomes },
	{ "pair", "", "let the auto-pair watcher look now and be fast again", 0, REQUEST_PAIR,
	    QUERY_TIMEOUT_MS, false, show_done },
	{ "reload", "", "read the configuration again; what has not changed runs on", 0,
	    REQUEST_RELOAD, WORK_TIMEOUT_MS, false, show_done },
	{ "shutdown", "", "stop everything, nemoinit too", 0, REQUEST_SHUTDOWN, QUERY_TIMEOUT_MS,
	    false, show_done },
	{ "live", "", "does nemoinit answer?", 0, REQUEST_STATUS, QUERY_TIMEOUT_MS, false,
	    show_live },
	{ "ready", "[NAME...]", "are these services ready, or all?", SIZE_MAX, REQUEST_STATUS,
	    QUERY_TIMEOUT_MS, false, show_ready },
};

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
		char words[40];

		snprintf(words, sizeof(words), "%s %s", commands[i].name, commands[i].arguments);
		text_addf(text, "  %-22s %s\n", words, commands[i].help);
	}
}

/* What client.h documents, as exit codes. */
static enum exit_status status_of_errno(int result)
{
	switch (result) {
	case -ETIMEDOUT: return EXIT_STATUS_TIMEOUT;
	case -EACCES:
	case -EPERM: return EXIT_STATUS_DENIED;
	case -ENAMETOOLONG:
	case -EINVAL:
	case -ENOTUNIQ: return EXIT_STATUS_USAGE;
	case -EMSGSIZE:
	case -ENOMEM: return EXIT_STATUS_FAILED;
	default: return EXIT_STATUS_UNREACHABLE;
	}
}

/* Sends the request and takes the reply, the caller's to free. 0 or -errno, told. */
static int ask(const struct command *command, const struct invocation *invocation,
    const struct request *request, char **ret_reply, size_t *ret_length_bytes)
{
	uint64_t limit_ms =
	    invocation->timeout_ms == NEVER_MS ? command->timeout_ms : invocation->timeout_ms;
	uint64_t deadline_ms = deadline_after(
	    clock_now_ms(), limit_ms + (command->has_server_timeout ? SERVER_GRACE_MS : 0));
	char *line = request_encode(request);
	struct error error = { .code = 0 };
	struct client client = { .fd = -1 };
	int result = -ENOMEM;

	if (line)
		result = client_open(&client, invocation->socket_path, getenv("XDG_RUNTIME_DIR"),
		    deadline_ms, &error);
	else
		error_set(&error, result, "no memory");
	if (!result)
		result = client_exchange(
		    &client, line, strlen(line), ret_reply, ret_length_bytes, &error);
	if (result)
		show_complaint("%s", error.message);
	client_close(&client);
	free(line);
	return result;
}

/* The request of a command line; false if a name has not the shape of one, told. */
static bool make_request(
    const struct command *command, const struct invocation *invocation, struct request *ret_request)
{
	struct request request = { .op = command->op, .timeout_ms = NEVER_MS };

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

enum exit_status command_run(const struct command *command, const struct invocation *invocation)
{
	struct request request;
	enum exit_status status;
	size_t length_bytes = 0;
	char *reply = NULL;
	int result;

	if (invocation->argument_count > command->argument_max) {
		show_complaint("%s: too many arguments; try 'nemoctl --help'", command->name);
		return EXIT_STATUS_USAGE;
	}
	if (!make_request(command, invocation, &request))
		return EXIT_STATUS_USAGE;
	result = ask(command, invocation, &request, &reply, &length_bytes);
	if (result)
		return status_of_errno(result);
	status = command->show(invocation, reply, length_bytes);
	if (invocation->wants_json)
		status = show_json(reply, length_bytes, status);
	free(reply);
	return status;
}

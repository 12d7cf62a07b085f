/* nemoctl's commands: each is one request, and a way to show its reply. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/drift.h"
#include "core/exit_status.h"
#include "core/request.h"

struct text;

/* Options that only some commands have. */
enum {
	COMMAND_LINES = 1,
	COMMAND_FOLLOW = 2,
	COMMAND_SINCE = 4,
	COMMAND_FOR = 8,
	COMMAND_DRIFT = 16, /* all of drift's */
};

/* What the command line says. */
struct invocation {
	const char *socket_path; /* NULL: search */
	bool wants_json;
	uint64_t timeout_ms; /* NEVER_MS: the command's default */
	unsigned options;    /* COMMAND_* that were given */
	int64_t lines;       /* -1: all */
	int64_t since;
	bool is_for_stopped; /* --for stopped */
	struct drift_request drift;
	char *const *arguments;
	size_t argument_count;
};

struct command {
	const char *name;
	const char *arguments; /* for the usage */
	const char *help;
	size_t argument_min;
	size_t argument_max;
	unsigned options; /* COMMAND_* that it knows */
	enum request_op op;
	uint64_t timeout_ms;
	bool has_server_timeout; /* the server is told the time limit and keeps to it itself */
	enum exit_status (*show)(
	    const struct invocation *invocation, const char *reply, size_t length_bytes);
	/* NULL: one request, shown; otherwise it is its own affair. */
	enum exit_status (*run)(const struct command *command, const struct invocation *invocation);
};

/* NULL: no such command. */
const struct command *command_find(const char *name);

/* Adds a line for each command. */
void command_add_usage(struct text *text);

/* Asks, shows the reply on stdout and what went wrong on stderr. */
enum exit_status command_run(const struct command *command, const struct invocation *invocation);

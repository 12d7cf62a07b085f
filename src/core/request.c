#include "core/request.h"

#include "util/macros.h"

/* A new op is a line here and one in the enum. */
static const struct {
	const char *name;
	bool is_mutating;
	bool is_private; /* changes nothing, but not everybody may read it */
	unsigned arguments;
} ops[] = {
	[REQUEST_STATUS] = { "status", .arguments = REQUEST_HAS_SERVICE },
	[REQUEST_RECOVER] = { "recover", .is_mutating = true, .arguments = REQUEST_HAS_SERVICE },
	[REQUEST_START] = { "start", .is_mutating = true, .arguments = REQUEST_HAS_SERVICE },
	[REQUEST_STOP] = { "stop", .is_mutating = true, .arguments = REQUEST_HAS_SERVICE },
	[REQUEST_RESET] = { "reset", .is_mutating = true, .arguments = REQUEST_HAS_SERVICE },
	[REQUEST_RESTART] = { "restart", .is_mutating = true, .arguments = REQUEST_HAS_SERVICE },
	[REQUEST_PAIR] = { "pair", .is_mutating = true },
	[REQUEST_LOGS] = { "logs", .is_private = true,
	    .arguments = REQUEST_HAS_SERVICE | REQUEST_NEEDS_SERVICE | REQUEST_HAS_FOLLOW |
			 REQUEST_HAS_LINES },
	[REQUEST_EVENTS] = { "events", .is_private = true,
	    .arguments = REQUEST_HAS_FOLLOW | REQUEST_HAS_SINCE },
	[REQUEST_METRICS] = { .name = "metrics" },
	[REQUEST_RELOAD] = { "reload", .is_mutating = true },
	[REQUEST_SHUTDOWN] = { "shutdown", .is_mutating = true },
};
static_assert(ARRAY_LEN(ops) == REQUEST_OP_COUNT_, "a row for every op");

static const char *const code_names[] = {
	[REPLY_BAD_REQUEST] = "bad-request",
	[REPLY_UNKNOWN_OP] = "unknown-op",
	[REPLY_UNKNOWN_SERVICE] = "unknown-service",
	[REPLY_TOO_LONG] = "too-long",
	[REPLY_DENIED] = "denied",
	[REPLY_BUSY] = "busy",
	[REPLY_TIMEOUT] = "timeout",
	[REPLY_STOPPING] = "stopping",
	[REPLY_FAILED] = "failed",
};
static_assert(ARRAY_LEN(code_names) == REPLY_CODE_COUNT_, "a name for every code");

static const char *const outcome_names[] = {
	[OUTCOME_ALREADY_RUNNING] = "already-running",
	[OUTCOME_STARTED] = "started",
	[OUTCOME_BLOCKED] = "blocked",
	[OUTCOME_FOREIGN_PORT] = "foreign-port",
	[OUTCOME_TIMEOUT] = "timeout",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_SKIPPED] = "skipped",
};
static_assert(ARRAY_LEN(outcome_names) == OUTCOME_COUNT_, "a name for every outcome");

const char *request_op_to_string(enum request_op op)
{
	return ops[op].name;
}

const char *reply_code_to_string(enum reply_code code)
{
	return code_names[code];
}

const char *outcome_to_string(enum outcome outcome)
{
	return outcome_names[outcome];
}

bool request_op_is_mutating(enum request_op op)
{
	return ops[op].is_mutating;
}

bool request_op_is_privileged(enum request_op op)
{
	return ops[op].is_mutating || ops[op].is_private;
}

unsigned request_op_arguments(enum request_op op)
{
	return ops[op].arguments;
}

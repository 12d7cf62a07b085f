/*
 * The control protocol's requests and the replies that are not a status (spec 20 part 4), as plain
 * data; request_json.h and reply_json.h have their JSON form. Both ends use both.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	REQUEST_MAX_BYTES = 4096, /* one line, its newline not counted */
	REQUEST_ID_BYTES = 65,
	REQUEST_SERVICE_BYTES = 33, /* names have at most 32 characters */
};

enum request_op {
	REQUEST_STATUS,
	REQUEST_RECOVER,
	REQUEST_START,
	REQUEST_STOP,
	REQUEST_RESTART,
	REQUEST_RESET,
	REQUEST_PAIR,
	REQUEST_LOGS,
	REQUEST_EVENTS,
	REQUEST_METRICS,
	REQUEST_RELOAD,
	REQUEST_SHUTDOWN,
	REQUEST_OP_COUNT_,
};

struct request {
	enum request_op op;
	char id[REQUEST_ID_BYTES];           /* "": none */
	char service[REQUEST_SERVICE_BYTES]; /* "": none, i.e. all */
	uint64_t timeout_ms;                 /* NEVER_MS: the op's default */
	int64_t since;                       /* events: those with a greater number; 0: all */
	int64_t lines;                       /* logs: at most so many; -1: all that are kept */
	bool follow;                         /* events, logs: go on with what comes */
	bool bare;                           /* a word line: answer it and close the connection */
};

enum reply_code {
	REPLY_BAD_REQUEST,
	REPLY_UNKNOWN_OP,
	REPLY_UNKNOWN_SERVICE,
	REPLY_TOO_LONG,
	REPLY_DENIED,
	REPLY_BUSY,
	REPLY_TIMEOUT,
	REPLY_STOPPING,
	REPLY_FAILED,
	REPLY_CODE_COUNT_,
};

/* What recover, start and restart say of one service. */
enum outcome {
	OUTCOME_ALREADY_RUNNING,
	OUTCOME_STARTED,
	OUTCOME_BLOCKED,
	OUTCOME_FOREIGN_PORT,
	OUTCOME_TIMEOUT,
	OUTCOME_FAILED,
	OUTCOME_SKIPPED,
	OUTCOME_COUNT_,
};

struct service_outcome {
	const char *name; /* borrowed */
	enum outcome outcome;
	int64_t old_pid; /* -1: none */
	int64_t pid;
	const char *message; /* borrowed; NULL: null */
};

const char *request_op_to_string(enum request_op op);
const char *reply_code_to_string(enum reply_code code);
const char *outcome_to_string(enum outcome outcome);

/* Does the op change something? Not while nemoinit is shutting down. */
bool request_op_is_mutating(enum request_op op);

/* May only a privileged peer ask for it? */
bool request_op_is_privileged(enum request_op op);

/* What a request of that op may say beside its op, id and timeout. */
enum {
	REQUEST_HAS_SERVICE = 1,
	REQUEST_NEEDS_SERVICE = 2,
	REQUEST_HAS_FOLLOW = 4,
	REQUEST_HAS_SINCE = 8,
	REQUEST_HAS_LINES = 16,
};

/* A set of these. */
unsigned request_op_arguments(enum request_op op);

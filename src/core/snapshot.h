/*
 * A picture of everything at one moment, as plain data: what the status reply says (spec 20
 * part 5). nemoinit fills it and encodes it within one call; nemoctl decodes it with the same
 * codec. Strings are borrowed: from the live objects on one side, from the decoded JSON on the
 * other. "Unknown or not applicable" is -1 for numbers and NULL for strings.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/auto_pair.h"
#include "util/process.h"

enum service_state {
	SERVICE_DISABLED,
	SERVICE_WAITING,
	SERVICE_STARTING,
	SERVICE_READY,
	SERVICE_FAILING,
	SERVICE_STOPPING,
	SERVICE_BACKOFF,
	SERVICE_BLOCKED,
	SERVICE_STOPPED,
	SERVICE_FINISHED,
	SERVICE_STATE_COUNT_,
};

enum exit_reason {
	EXIT_REASON_NONE, /* never exited: last_exit is null */
	EXIT_REASON_REQUESTED,
	EXIT_REASON_CLEAN,
	EXIT_REASON_FAILURE,
	EXIT_REASON_SIGNAL,
	EXIT_REASON_OOM,
	EXIT_REASON_CONFIG,
	EXIT_REASON_FATAL_OUTPUT,
	EXIT_REASON_EXEC_FAILED,
	EXIT_REASON_PROBE_FAILED,
	EXIT_REASON_START_TIMEOUT,
	EXIT_REASON_WATCHDOG,
	EXIT_REASON_COUNT_,
};

enum blocked_code {
	BLOCKED_NOT, /* blocked is null */
	BLOCKED_CONFIG,
	BLOCKED_FATAL_OUTPUT,
	BLOCKED_CRASH_LOOP,
	BLOCKED_TASK_FAILED,
	BLOCKED_PRIVILEGES,
	BLOCKED_CODE_COUNT_,
};

enum health {
	HEALTH_STOPPING,
	HEALTH_BLOCKED,
	HEALTH_DEGRADED,
	HEALTH_STARTING,
	HEALTH_HEALTHY,
	HEALTH_COUNT_,
};

struct snapshot_strings {
	const char *const *items;
	size_t count;
};

struct snapshot_list {
	const void *items; /* each as the field's table says */
	size_t count;
};

/* How the life before has ended, as far as something was kept of it. */
enum life_end {
	LIFE_END_NONE, /* nothing: previous_run is null */
	LIFE_END_CLEAN,
	LIFE_END_KILLED,
	LIFE_END_COUNT_,
};

struct snapshot_life {
	enum life_end ended;
	int64_t at_ms; /* of the end; of one that was killed: of its last record */
	struct snapshot_list last_events; /* struct event; null for a peer that may not read them */
};

struct snapshot_exit {
	enum exit_reason reason;
	int64_t at_ms;
	int64_t code;
	int64_t signal;
	int64_t oom; /* 1, 0, or -1 where the counter cannot be read */
	int64_t uptime_ms;
	int64_t pid;
};

struct snapshot_probe { /* type NULL: the whole object is null */
	const char *type;
	const char *target;
	int64_t ok; /* 1, 0, -1: no result yet */
	int64_t failures;
	int64_t last_ok_at_ms;
	int64_t latency_ms;
	const char *detail;
};

struct snapshot_listener { /* port -1: the whole object is null */
	int64_t port;
	enum listener_owner owner;
	int64_t pid;
	const char *command;
};

struct snapshot_blocked {
	enum blocked_code code;
	const char *id;
	const char *task;
	const char *message;
};

struct snapshot_service {
	const char *name;
	enum service_state state;
	bool ready;
	bool enabled;
	const char *command;
	int64_t pid;
	int64_t started_at_ms;
	int64_t uptime_ms;
	int64_t restarts;
	int64_t consecutive_failures;
	bool crash_loop;
	int64_t next_start_in_ms;
	int64_t stop_timeout_ms;
	struct snapshot_blocked blocked;
	struct snapshot_exit last_exit;
	struct snapshot_probe probe;
	struct snapshot_listener listener;
	/* items NULL: null, for a peer that may not read it */
	struct snapshot_strings last_output;
	int64_t last_output_at_ms;
	struct snapshot_strings warnings;
	/* For metrics only. */
	const uint32_t *restarts_by; /* by reason: EXIT_REASON_COUNT_ of them */
	uint64_t log_dropped_lines;
	uint64_t output_bytes;
};

struct snapshot_nemoinit {
	const char *version;
	const char *instance;
	int64_t pid;
	bool is_pid1; /* mode `pid1`, else `subreaper` */
	int64_t uid;
	const char *host;
	int64_t started_at_ms;
	int64_t uptime_ms;
	const char *socket;
	const char *config;
	int64_t reaped;
	int64_t stop_budget_ms;
	struct snapshot_strings warnings;
	struct snapshot_life previous_run;
	uint64_t dropped_lines; /* for metrics only */
};

struct snapshot {
	enum health health;
	struct snapshot_nemoinit nemoinit;
	struct snapshot_service *services;
	size_t service_count;
	const struct auto_pair *auto_pair; /* NULL: null */
};

const char *service_state_to_string(enum service_state state);
const char *exit_reason_to_string(enum exit_reason reason);
const char *blocked_code_to_string(enum blocked_code code);
const char *life_end_to_string(enum life_end end);
const char *listener_owner_to_string(enum listener_owner owner);
const char *health_to_string(enum health health);

/*
 * The first health that applies in the order of enum health. stopping: a shutdown is under way.
 * A service that is `finished` counts by its last exit, `disabled` ones count as ready.
 */
enum health snapshot_health(const struct snapshot_service *services, size_t count, bool stopping);

/* The service of that name, or NULL. */
const struct snapshot_service *snapshot_find(const struct snapshot *snapshot, const char *name);

#include "core/snapshot.h"

#include <string.h>

#include "util/macros.h"

static const char *const state_names[] = {
	[SERVICE_DISABLED] = "disabled",
	[SERVICE_WAITING] = "waiting",
	[SERVICE_STARTING] = "starting",
	[SERVICE_READY] = "ready",
	[SERVICE_FAILING] = "failing",
	[SERVICE_STOPPING] = "stopping",
	[SERVICE_BACKOFF] = "backoff",
	[SERVICE_BLOCKED] = "blocked",
	[SERVICE_STOPPED] = "stopped",
	[SERVICE_FINISHED] = "finished",
};
static_assert(ARRAY_LEN(state_names) == SERVICE_STATE_COUNT_, "a name for every state");

static const char *const reason_names[] = {
	[EXIT_REASON_NONE] = "none",
	[EXIT_REASON_REQUESTED] = "requested",
	[EXIT_REASON_CLEAN] = "clean",
	[EXIT_REASON_FAILURE] = "failure",
	[EXIT_REASON_SIGNAL] = "signal",
	[EXIT_REASON_OOM] = "oom",
	[EXIT_REASON_CONFIG] = "config",
	[EXIT_REASON_FATAL_OUTPUT] = "fatal-output",
	[EXIT_REASON_EXEC_FAILED] = "exec-failed",
	[EXIT_REASON_PROBE_FAILED] = "probe-failed",
	[EXIT_REASON_START_TIMEOUT] = "start-timeout",
	[EXIT_REASON_WATCHDOG] = "watchdog",
};
static_assert(ARRAY_LEN(reason_names) == EXIT_REASON_COUNT_, "a name for every reason");

static const char *const blocked_names[] = {
	[BLOCKED_NOT] = "none",
	[BLOCKED_CONFIG] = "config",
	[BLOCKED_FATAL_OUTPUT] = "fatal-output",
	[BLOCKED_CRASH_LOOP] = "crash-loop",
	[BLOCKED_TASK_FAILED] = "task-failed",
	[BLOCKED_PRIVILEGES] = "privileges",
};
static_assert(ARRAY_LEN(blocked_names) == BLOCKED_CODE_COUNT_, "a name for every code");

static const char *const life_end_names[] = {
	[LIFE_END_NONE] = "none",
	[LIFE_END_CLEAN] = "clean",
	[LIFE_END_KILLED] = "killed",
};
static_assert(ARRAY_LEN(life_end_names) == LIFE_END_COUNT_, "a name for every end");

static const char *const owner_names[] = {
	[LISTENER_NONE] = "none",
	[LISTENER_SELF] = "self",
	[LISTENER_FOREIGN] = "foreign",
	[LISTENER_UNKNOWN] = "unknown",
};
static_assert(ARRAY_LEN(owner_names) == LISTENER_OWNER_COUNT_, "a name for every owner");

static const char *const health_names[] = {
	[HEALTH_STOPPING] = "stopping",
	[HEALTH_BLOCKED] = "blocked",
	[HEALTH_DEGRADED] = "degraded",
	[HEALTH_STARTING] = "starting",
	[HEALTH_HEALTHY] = "healthy",
};
static_assert(ARRAY_LEN(health_names) == HEALTH_COUNT_, "a name for every health");

const char *service_state_to_string(enum service_state state)
{
	return state_names[state];
}

const char *exit_reason_to_string(enum exit_reason reason)
{
	return reason_names[reason];
}

const char *blocked_code_to_string(enum blocked_code code)
{
	return blocked_names[code];
}

const char *life_end_to_string(enum life_end end)
{
	return life_end_names[end];
}

const char *listener_owner_to_string(enum listener_owner owner)
{
	return owner_names[owner];
}

const char *health_to_string(enum health health)
{
	return health_names[health];
}

static enum health service_health(const struct snapshot_service *service)
{
	if (service->crash_loop)
		return HEALTH_BLOCKED;
	switch (service->state) {
	case SERVICE_BLOCKED: return HEALTH_BLOCKED;
	case SERVICE_FAILING:
	case SERVICE_BACKOFF:
	case SERVICE_STOPPING:
	case SERVICE_STOPPED: return HEALTH_DEGRADED;
	case SERVICE_FINISHED:
		return service->last_exit.reason == EXIT_REASON_CLEAN ? HEALTH_HEALTHY
								      : HEALTH_DEGRADED;
	case SERVICE_STARTING:
	case SERVICE_WAITING: return HEALTH_STARTING;
	case SERVICE_READY:
	case SERVICE_DISABLED:
	case SERVICE_STATE_COUNT_: break;
	}
	return HEALTH_HEALTHY;
}

enum health snapshot_health(const struct snapshot_service *services, size_t count, bool stopping)
{
	enum health worst = HEALTH_HEALTHY;

	if (stopping)
		return HEALTH_STOPPING;
	for (size_t i = 0; i < count; i++) {
		enum health one = service_health(&services[i]);

		worst = one < worst ? one : worst;
	}
	return worst;
}

const struct snapshot_service *snapshot_find(const struct snapshot *snapshot, const char *name)
{
	for (size_t i = 0; i < snapshot->service_count; i++)
		if (strcmp(snapshot->services[i].name, name) == 0)
			return &snapshot->services[i];
	return NULL;
}

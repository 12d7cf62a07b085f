#include "core/config_keys.h"

#include <string.h>

#include "core/config.h"
#include "util/macros.h"

#define SECOND_MS (UINT64_C(1000))
#define DAY_MS    (86400 * SECOND_MS)
#define TERABYTE  (UINT64_C(1) << 40)

static const char *const interrupt_words[] = { "auto", "stop", "ignore", NULL };
static const char *const status_access_words[] = { "all", "owner", NULL };
static const char *const log_format_words[] = { "text", "json", NULL };
static const char *const restart_words[] = { "always", "on-failure", "never", NULL };
static const char *const crash_action_words[] = { "slow", "block", NULL };
static const char *const unhealthy_words[] = { "restart", "report", NULL };
static const char *const task_when_words[] = { "boot", "start", "ready", "trouble", NULL };
static const char *const on_failure_words[] = { "block", "continue", NULL };
static const char *const output_words[] = { "capture", "inherit", "null", NULL };

#define FIELD(member)         .offset = offsetof(struct config, member)
#define SERVICE_FIELD(member) .offset = offsetof(struct service_config, member)
#define TASK_FIELD(member)    .offset = offsetof(struct task_config, member)

/* clang-format off */
static const struct config_key nemoinit_keys[] = {
	{ "socket", VALUE_TEXT, FIELD(socket), .fallback = "auto", .is_fixed = true },
	{ "socket_mode", VALUE_MODE, FIELD(socket_mode), .fallback = "auto", .is_fixed = true },
	{ "socket_group", VALUE_TEXT, FIELD(socket_group), .is_fixed = true },
	{ "status_access", VALUE_CHOICE, FIELD(status_access), .fallback = "all", .words = status_access_words },
	{ "gateway_port", VALUE_PORT, FIELD(gateway_port), .fallback = "auto" },
	{ "stop_budget", VALUE_DURATION, FIELD(stop_budget_ms), .fallback = "8s", .min = 100, .max = DAY_MS },
	{ "interrupt", VALUE_CHOICE, FIELD(interrupt), .fallback = "auto", .words = interrupt_words },
	{ "log_format", VALUE_CHOICE, FIELD(log_format), .fallback = "text", .words = log_format_words },
	{ "log_dir", VALUE_TEXT, FIELD(log_dir) },
	{ "log_max_size", VALUE_SIZE, FIELD(log_max_bytes), .fallback = "10M", .min = 1024, .max = TERABYTE },
	{ "log_keep", VALUE_NUMBER, FIELD(log_keep), .fallback = "3", .max = CONFIG_LOG_KEEP_MAX },
	{ "redact", VALUE_BOOL, FIELD(redact), .fallback = "on" },
	{ "path", VALUE_PATH, FIELD(path) },
	{ "state_dir", VALUE_TEXT, FIELD(state_dir), .is_fixed = true },
	{ "strict_privileges", VALUE_BOOL, FIELD(strict_privileges), .fallback = "no" },
};

static const struct config_key service_keys[] = {
	{ "command", VALUE_COMMAND, SERVICE_FIELD(command) },
	{ "enabled", VALUE_BOOL, SERVICE_FIELD(enabled), .fallback = "yes" },
	{ "after", VALUE_WORDS, SERVICE_FIELD(after) },
	{ "restart", VALUE_CHOICE, SERVICE_FIELD(restart), .fallback = "always", .words = restart_words },
	{ "restart_delay", VALUE_DURATION, SERVICE_FIELD(restart_delay_ms), .fallback = "500ms", .max = DAY_MS },
	{ "restart_delay_max", VALUE_DURATION, SERVICE_FIELD(restart_delay_max_ms), .fallback = "60s", .max = DAY_MS },
	{ "stable_after", VALUE_DURATION, SERVICE_FIELD(stable_after_ms), .fallback = "60s", .max = DAY_MS },
	{ "crash_limit", VALUE_RATE, SERVICE_FIELD(crash_limit), .fallback = "5/10m", .max = DAY_MS },
	{ "crash_action", VALUE_CHOICE, SERVICE_FIELD(crash_action), .fallback = "slow", .words = crash_action_words },
	{ "fatal_exit_codes", VALUE_EXITS, SERVICE_FIELD(fatal_exit_codes), .fallback = "78" },
	{ "repair", VALUE_COMMAND, SERVICE_FIELD(repair) },
	{ "repair_timeout", VALUE_DURATION, SERVICE_FIELD(repair_timeout_ms), .fallback = "120s", .min = 1, .max = DAY_MS },
	{ "fatal_retry", VALUE_DURATION, SERVICE_FIELD(fatal_retry_ms), .fallback = "5m", .max = DAY_MS },
	{ "start_timeout", VALUE_DURATION, SERVICE_FIELD(start_timeout_ms), .fallback = "600s", .min = 1, .max = DAY_MS },
	{ "stop_signal", VALUE_SIGNAL, SERVICE_FIELD(stop_signal), .fallback = "TERM" },
	{ "stop_timeout", VALUE_DURATION, SERVICE_FIELD(stop_timeout_ms), .fallback = "20s", .min = 1, .max = DAY_MS },
	/* Before those whose default depends on it. */
	{ "probe", VALUE_PROBE, SERVICE_FIELD(probe), .fallback = "none" },
	{ "probe_status", VALUE_STATUSES, SERVICE_FIELD(probe_status), .fallback = "200 401" },
	{ "probe_expect", VALUE_TEXT, SERVICE_FIELD(probe_expect) },
	{ "probe_interval", VALUE_DURATION, SERVICE_FIELD(probe_interval_ms), .fallback = "10s", .exec_fallback = "60s", .min = 10, .max = DAY_MS },
	{ "probe_timeout", VALUE_DURATION, SERVICE_FIELD(probe_timeout_ms), .fallback = "5s", .exec_fallback = "30s", .min = 10, .max = DAY_MS },
	{ "probe_start_interval", VALUE_DURATION, SERVICE_FIELD(probe_start_interval_ms), .fallback = "1s", .exec_fallback = "60s", .min = 10, .max = DAY_MS },
	{ "probe_retry_interval", VALUE_DURATION, SERVICE_FIELD(probe_retry_interval_ms), .fallback = "2s", .exec_fallback = "60s", .min = 10, .max = DAY_MS },
	{ "unhealthy_after", VALUE_DURATION, SERVICE_FIELD(unhealthy_after_ms), .fallback = "45s", .exec_fallback = "3m", .min = 10, .max = DAY_MS },
	{ "unhealthy_action", VALUE_CHOICE, SERVICE_FIELD(unhealthy_action), .fallback = "restart", .words = unhealthy_words },
	{ "probe_restart_interval", VALUE_DURATION, SERVICE_FIELD(probe_restart_interval_ms), .fallback = "0", .max = DAY_MS },
	{ "port", VALUE_PORT, SERVICE_FIELD(port) },
	{ "watchdog", VALUE_DURATION, SERVICE_FIELD(watchdog_ms), .fallback = "0", .max = DAY_MS },
	{ "restart_with", VALUE_WORDS, SERVICE_FIELD(restart_with) },
	{ "user", VALUE_TEXT, SERVICE_FIELD(identity.user) },
	{ "group", VALUE_TEXT, SERVICE_FIELD(identity.group) },
	{ "groups", VALUE_TEXT, SERVICE_FIELD(identity.groups) },
	{ "working_directory", VALUE_TEXT, SERVICE_FIELD(working_directory) },
	{ "umask", VALUE_MODE, SERVICE_FIELD(identity.umask), .fallback = "inherited" },
	{ "oom_score_adj", VALUE_NUMBER, SERVICE_FIELD(identity.oom_score_adj), .fallback = "inherited", .min = (uint64_t)-1000, .max = 1000 },
	{ "limit_nofile", VALUE_LIMIT, SERVICE_FIELD(identity.nofile), .fallback = "inherited" },
	{ "limit_nproc", VALUE_LIMIT, SERVICE_FIELD(identity.nproc), .fallback = "inherited" },
	{ "limit_core", VALUE_LIMIT, SERVICE_FIELD(identity.core), .fallback = "inherited" },
	{ "capabilities", VALUE_TEXT, SERVICE_FIELD(identity.capabilities) },
	{ "no_new_privs", VALUE_BOOL, SERVICE_FIELD(identity.no_new_privs), .fallback = "yes" },
	{ "env_unset", VALUE_WORDS, SERVICE_FIELD(env_unset) },
	{ "env_file", VALUE_TEXT, SERVICE_FIELD(env_file) },
	{ "output", VALUE_CHOICE, SERVICE_FIELD(output), .fallback = "capture", .words = output_words },
};

static const struct config_key task_keys[] = {
	{ "command", VALUE_COMMAND, TASK_FIELD(command) },
	{ "user", VALUE_TEXT, TASK_FIELD(identity.user) },
	{ "group", VALUE_TEXT, TASK_FIELD(identity.group) },
	{ "working_directory", VALUE_TEXT, TASK_FIELD(working_directory) },
	{ "timeout", VALUE_DURATION, TASK_FIELD(timeout_ms), .fallback = "60s", .min = 1, .max = DAY_MS },
	{ "when", VALUE_CHOICE, TASK_FIELD(when), .fallback = "boot", .words = task_when_words },
	{ "of", VALUE_WORDS, TASK_FIELD(of) },
	{ "on_failure", VALUE_CHOICE, TASK_FIELD(on_failure), .fallback = "block", .words = on_failure_words },
};
/* clang-format on */

const struct config_key *config_keys(enum section_kind kind, size_t *ret_count)
{
	switch (kind) {
	case SECTION_SERVICE: break;
	case SECTION_NEMOINIT: *ret_count = ARRAY_LEN(nemoinit_keys); return nemoinit_keys;
	case SECTION_TASK: *ret_count = ARRAY_LEN(task_keys); return task_keys;
	}
	*ret_count = ARRAY_LEN(service_keys);
	return service_keys;
}

const struct config_key *config_key_find(enum section_kind kind, const char *name)
{
	size_t count;
	const struct config_key *keys = config_keys(kind, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

const char *config_key_fallback(const struct config_key *key, const struct service_config *service)
{
	if (service && service->probe.type == PROBE_EXEC && key->exec_fallback)
		return key->exec_fallback;
	return key->fallback;
}

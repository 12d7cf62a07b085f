/* How a start ended, and what follows from that. */
#include "core/service_steps.h"
#include "util/macros.h"

enum {
	EXIT_RESTART_ME = 75, /* EX_TEMPFAIL: asks for a new start (spec 30 part 1) */
};

static bool has_exit_code(const struct exit_codes *codes, int code)
{
	return codes->bits[code / 32 % 8] >> code % 32 & 1;
}

/* "Requested" only if we asked, never by exit code: a gateway answers TERM with 0. */
static enum exit_reason service_classify(
    const struct service *service, const struct service_event *event)
{
	switch (service->cause) {
	case SERVICE_CAUSE_REQUEST: return EXIT_REASON_REQUESTED;
	case SERVICE_CAUSE_START_TIMEOUT:
		return service->fatal_output >= 0 ? EXIT_REASON_FATAL_OUTPUT
						  : EXIT_REASON_START_TIMEOUT;
	case SERVICE_CAUSE_UNHEALTHY: return EXIT_REASON_PROBE_FAILED;
	case SERVICE_CAUSE_WATCHDOG: return EXIT_REASON_WATCHDOG;
	case SERVICE_CAUSE_NONE: break;
	}
	if (service->has_failed_exec)
		return EXIT_REASON_EXEC_FAILED;
	if (service->fatal_output >= 0)
		return EXIT_REASON_FATAL_OUTPUT;
	if (event->exit.by_signal)
		return event->is_oom ? EXIT_REASON_OOM : EXIT_REASON_SIGNAL;
	if (event->exit.value == 0 || event->exit.value == EXIT_RESTART_ME)
		return EXIT_REASON_CLEAN;
	if (has_exit_code(&service->config->fatal_exit_codes, event->exit.value))
		return EXIT_REASON_CONFIG;
	return EXIT_REASON_FAILURE;
}

static unsigned service_back_off(struct service *service, uint64_t delay_ms, uint64_t now_ms)
{
	if (!delay_ms)
		return service_wait(service, now_ms);
	service_enter(service, SERVICE_BACKOFF, now_ms, deadline_after(now_ms, delay_ms));
	return 0;
}

static unsigned service_block(
    struct service *service, enum blocked_code code, uint64_t retry_ms, uint64_t now_ms)
{
	service->blocked = code;
	service_enter(service, SERVICE_BLOCKED, now_ms,
	    retry_ms ? deadline_after(now_ms, retry_ms) : NEVER_MS);
	return 0;
}

/* One more exit, or an adoption, which is one too: are these too many? */
static unsigned service_count_exit(struct service *service, uint64_t now_ms)
{
	const struct rate_limit *limit = &service->config->crash_limit;

	if (!crash_window_add(&service->crashes, limit->count, limit->window_ms, now_ms) ||
	    service->is_crash_loop)
		return 0;
	service->is_crash_loop = true;
	return SERVICE_DO_CRASH_LOOP;
}

/*
 * A fatal exit code: repaired once, else a person is needed. One that is ready as soon as it runs
 * would be repaired for ever: these exits count as others do, and a loop of them is not repaired.
 */
static unsigned service_on_config_exit(struct service *service, uint64_t now_ms)
{
	const struct service_config *config = service->config;
	bool is_repairable = service->last_exit.reason == EXIT_REASON_CONFIG &&
			     config->repair.count && !service->has_repaired;
	unsigned actions = is_repairable ? service_count_exit(service, now_ms) : 0;

	service->failures++;
	if (!is_repairable || service->is_crash_loop)
		return actions |
		       service_block(service, BLOCKED_CONFIG, config->fatal_retry_ms, now_ms);
	service->is_repairing = service->has_repaired = true;
	service_enter(service, SERVICE_WAITING, now_ms, NEVER_MS);
	return actions | SERVICE_DO_REPAIR;
}

/* The delay by spec 30 part 2; counts the failure. */
static uint64_t service_next_delay_ms(struct service *service, uint32_t random)
{
	const struct service_config *config = service->config;
	const struct service_exit *exit = &service->last_exit;

	if (exit->reason == EXIT_REASON_CLEAN && exit->was_ready)
		return 0; /* it asks for a new start this way; no failure */
	service->failures++;
	if (service->was_stable)
		return 0;
	return backoff_next(
	    config->restart_delay_ms, config->restart_delay_max_ms, service->failures, random);
}

void service_on_exec_failed(struct service *service, const struct service_event *event)
{
	service->has_failed_exec = true;
	service->has_failed_privilege = event->is_privilege;
}

/* What the restart rule says about an exit nobody asked for. */
static unsigned service_restart_by_rule(struct service *service, uint32_t random, uint64_t now_ms)
{
	const struct service_config *config = service->config;
	const struct service_exit *exit = &service->last_exit;
	bool is_done = exit->reason == EXIT_REASON_CLEAN && exit->info.value == 0;
	bool is_retry = service->blocked == BLOCKED_CONFIG;
	uint64_t delay_ms;
	unsigned actions;

	service->is_asked = false;
	service->blocked = BLOCKED_NOT;
	if (service->was_stable) { /* the timer that says so may come after the exit */
		service->failures = 0;
		service->is_crash_loop = false;
	}
	if (exit->reason == EXIT_REASON_EXEC_FAILED && service->has_failed_privilege) {
		service->failures++;
		return service_block(service, BLOCKED_PRIVILEGES, 0, now_ms);
	}
	if (exit->reason == EXIT_REASON_FATAL_OUTPUT) {
		service->failures++;
		return service_block(service, BLOCKED_FATAL_OUTPUT, 0, now_ms);
	}
	if (config->restart == RESTART_NEVER ||
	    (config->restart == RESTART_ON_FAILURE && is_done)) {
		service_enter(service, SERVICE_FINISHED, now_ms, NEVER_MS);
		return 0;
	}
	if (exit->reason == EXIT_REASON_CONFIG || is_retry)
		return service_on_config_exit(service, now_ms);
	delay_ms = service_next_delay_ms(service, random);
	actions = service_count_exit(service, now_ms);
	if (service->is_crash_loop && config->crash_action == CRASH_BLOCK)
		return actions | service_block(service, BLOCKED_CRASH_LOOP, 0, now_ms);
	if (service->is_crash_loop)
		delay_ms = backoff_next(
		    config->restart_delay_max_ms, config->restart_delay_max_ms, 1, random);
	return actions | service_back_off(service, delay_ms, now_ms);
}

static void service_note_exit(
    struct service *service, const struct service_event *event, uint64_t now_ms)
{
	service->last_exit = (struct service_exit){ .reason = service_classify(service, event),
		.info = event->exit,
		.has_status = true,
		.was_ready = service->was_ready,
		.uptime_ms = now_ms - service->started_ms };
}

unsigned service_on_adopted(
    struct service *service, const struct service_event *event, uint64_t now_ms)
{
	/* It may have become ready before the one that it takes over from has gone. */
	bool has_said_ready = service->has_said_ready;

	service_note_exit(service, event, now_ms);
	service_begin(service, now_ms);
	if (has_said_ready)
		health_ask(&service->health, now_ms);
	return SERVICE_DO_CANCEL_PROBE | service_count_exit(service, now_ms);
}

unsigned service_on_exited(
    struct service *service, const struct service_event *event, uint64_t now_ms)
{
	service_note_exit(service, event, now_ms);
	service->has_process = false;
	health_stop(&service->health);
	if (service->killed_ms != NEVER_MS) /* the whole tree has been killed already */
		service_enter(service, SERVICE_STOPPING, now_ms, service->deadline_ms);
	else
		service_enter(service, SERVICE_STOPPING, now_ms,
		    min_ms(service->state == SERVICE_STOPPING ? service->deadline_ms : NEVER_MS,
			deadline_after(now_ms, SERVICE_TREE_GRACE_MS)));
	return SERVICE_DO_END_TREE | SERVICE_DO_CANCEL_PROBE;
}

unsigned service_on_tree_gone(struct service *service, uint32_t random, uint64_t now_ms)
{
	bool was_asked = service->cause == SERVICE_CAUSE_REQUEST || service->is_asked;

	service->cause = SERVICE_CAUSE_NONE;
	service->killed_ms = NEVER_MS;
	service->is_unkillable = false;
	if (!service->is_wanted) {
		service_rest(service, !service->config->enabled, now_ms);
		return 0;
	}
	if (was_asked)
		return service_start_afresh(service, now_ms);
	return service_restart_by_rule(service, random, now_ms);
}

unsigned service_on_spawn_failed(struct service *service, uint32_t random, uint64_t now_ms)
{
	service->last_exit = (struct service_exit){ .reason = EXIT_REASON_EXEC_FAILED };
	service->was_ready = service->was_stable = false;
	service->has_failed_privilege = false;
	return service_restart_by_rule(service, random, now_ms);
}

#include "sim_rules.h"

#include <stdio.h>
#include <string.h>

#include "app/run.h"
#include "app/tasks.h"
#include "sim.h"

enum {
	TURNS_PER_SECOND_MAX = 2000,
	TURNS_AT_ONCE_MAX = 100,
};

/* supervisor_on_state as the program has it; the linker puts the one below in front of it. */
void __real_supervisor_on_state(struct supervisor *supervisor, struct unit *unit, uint64_t now_ms);
void __wrap_supervisor_on_state(struct supervisor *supervisor, struct unit *unit, uint64_t now_ms);

static const char *const state_events[] = { "starting", "ready", "recovered", "failing", "stopping",
	"backoff", "blocked", "finished", "stopped", "exited" };

/* ---- one line for every change of state ---- */

static bool is_state_event(const char *event)
{
	for (size_t i = 0; i < ARRAY_LEN(state_events); i++)
		if (strcmp(state_events[i], event) == 0)
			return true;
	return false;
}

void rules_on_event(const char *name, const char *event)
{
	struct sim_shadow *shadow = &sim.shadows[fake_find_service(name)];
	size_t place = 0;

	while (shadow->events[place].name[0] && strcmp(shadow->events[place].name, event) != 0)
		if (++place == SIM_EVENTS_MAX)
			sim_fail("too many kinds of events");
	snprintf(shadow->events[place].name, sizeof(shadow->events[place].name), "%s", event);
	shadow->events[place].count++;
	if (!is_state_event(event))
		return;
	shadow->state_lines++;
	snprintf(shadow->state_line, sizeof(shadow->state_line), "%s", event);
}

/* The event that tells of a change; NULL: it needs no words. */
static const char *event_of(
    const struct service *service, enum service_state before, const struct fake_process *process)
{
	switch (service->state) {
	case SERVICE_STARTING:
		return process && process->is_heir ? NULL : "starting"; /* "adopted" has told */
	case SERVICE_READY: return before == SERVICE_FAILING ? "recovered" : "ready";
	case SERVICE_FAILING: return "failing";
	case SERVICE_STOPPING: return service->has_process ? "stopping" : NULL;
	case SERVICE_BACKOFF: return service->has_foreign_port ? NULL : "backoff";
	case SERVICE_BLOCKED: return "blocked";
	case SERVICE_FINISHED: return "finished";
	case SERVICE_STOPPED: return before != SERVICE_DISABLED ? "stopped" : NULL;
	case SERVICE_DISABLED: return before == SERVICE_STOPPING ? "stopped" : NULL;
	case SERVICE_WAITING:
		return before == SERVICE_STOPPING && service->last_exit.has_status ? "exited"
										   : NULL;
	case SERVICE_STATE_COUNT_: break;
	}
	return NULL;
}

static void check_line(const struct unit *unit, struct sim_shadow *shadow)
{
	const char *event = event_of(&unit->service, shadow->state, fake_main(sim_place(unit)));

	if (shadow->state_lines != (event != NULL) ||
	    (event && strcmp(event, shadow->state_line) != 0))
		sim_fail("%s: %s → %s is told by %u lines, the last is '%s'; wanted is '%s'",
		    unit->config->name, service_state_to_string(shadow->state),
		    service_state_to_string(unit->service.state), shadow->state_lines,
		    shadow->state_line, event ? event : "none");
	shadow->state_lines = 0;
}

/* ---- restarts: not faster than backoff and crash_limit allow ---- */

static unsigned count_crashes(const struct sim_shadow *shadow, uint64_t window_ms)
{
	unsigned count = 0;

	for (unsigned i = 0; i < shadow->crashes && i < SIM_CRASHES_MAX; i++)
		count += fake.now_ms - shadow->crashes_ms[i] <= window_ms;
	return count;
}

static void check_delay(const struct unit *unit, const struct sim_shadow *shadow)
{
	const struct service_config *config = unit->config;
	const struct service *service = &unit->service;
	bool is_down = service->state == SERVICE_BACKOFF;
	uint64_t delay_ms = is_down ? service->deadline_ms - fake.now_ms : 0, wanted_ms;

	if (count_crashes(shadow, config->crash_limit.window_ms) > config->crash_limit.count) {
		if (!service->is_crash_loop)
			sim_fail("%s: too many crashes and no crash loop", config->name);
		if (config->crash_action == CRASH_BLOCK && service->state != SERVICE_BLOCKED)
			sim_fail("%s: a crash loop does not block it", config->name);
	}
	if (service->state == SERVICE_BLOCKED)
		return;
	wanted_ms = min_ms(config->restart_delay_ms, config->restart_delay_max_ms);
	for (unsigned i = 1; i < service->failures && wanted_ms; i++)
		wanted_ms = min_ms(2 * wanted_ms, config->restart_delay_max_ms);
	if (service->is_crash_loop)
		wanted_ms = config->restart_delay_max_ms;
	/* After a stable run, and when it asked for a new start itself, there is no delay. */
	if (!service->is_crash_loop && !is_down &&
	    (service->failures == 1 || service->last_exit.reason == EXIT_REASON_CLEAN) &&
	    service->last_exit.was_ready)
		return;
	if (delay_ms < wanted_ms - wanted_ms / 10 || delay_ms > wanted_ms + wanted_ms / 10)
		sim_fail("%s: failure %u is followed by %llu ms, wanted about %llu", config->name,
		    service->failures, (unsigned long long)delay_ms, (unsigned long long)wanted_ms);
}

static void check_exit(const struct unit *unit, struct sim_shadow *shadow)
{
	const struct service *service = &unit->service;
	bool was_running = shadow->state == SERVICE_STOPPING || shadow->state == SERVICE_WAITING;

	if (!was_running || service->has_foreign_port || service->is_asked ||
	    service->is_repairing || service->last_exit.reason == EXIT_REASON_NONE)
		return;
	if (service->state != SERVICE_BACKOFF && service->state != SERVICE_WAITING &&
	    service->blocked != BLOCKED_CRASH_LOOP)
		return;
	shadow->crashes_ms[shadow->crashes++ % SIM_CRASHES_MAX] = fake.now_ms;
	check_delay(unit, shadow);
}

/* ---- stops: only with a reason ---- */

/* Unless its command is made to say or do otherwise. */
static bool can_answer(const struct service_config *config, const struct fake_child *plan)
{
	return config->probe.type != PROBE_EXEC ||
	       (plan->check_code < 0 && plan->check_ms < config->probe_timeout_ms);
}

static void check_cause(const struct unit *unit)
{
	const struct service_config *config = unit->config;
	const struct fake_process *process = fake_main(sim_place(unit));
	uint64_t hang_ms,
	    pace_ms = config->probe_interval_ms + config->probe_timeout_ms + SIM_SLACK_MS;
	const struct fake_child *plan;

	if (!process || fake.services[sim_place(unit)].stranger_ms != NEVER_MS)
		return;
	plan = &process->plan;
	hang_ms = deadline_after(process->born_ms, plan->hang_ms);
	switch (unit->service.cause) {
	case SERVICE_CAUSE_UNHEALTHY:
		if (!can_answer(config, plan))
			return;
		if (hang_ms > fake.now_ms ||
		    fake.now_ms - hang_ms + pace_ms <
			config->unhealthy_after_ms + sim_frozen_since(hang_ms))
			sim_fail("%s is called unhealthy, and has answered until just now",
			    config->name);
		return;
	case SERVICE_CAUSE_WATCHDOG:
		if (deadline_after(plan->serve_ms, plan->ping_ms) < config->watchdog_ms &&
		    plan->ping_end_ms == NEVER_MS && hang_ms > fake.now_ms)
			sim_fail("%s is stopped by its watchdog, and has pinged", config->name);
		return;
	case SERVICE_CAUSE_START_TIMEOUT:
		if (deadline_after(plan->serve_ms,
			config->probe_start_interval_ms + config->probe_timeout_ms + SIM_SLACK_MS) <
			config->start_timeout_ms &&
		    plan->hang_ms == NEVER_MS && can_answer(config, plan))
			sim_fail("%s is called slow to start, and is not", config->name);
		return;
	case SERVICE_CAUSE_NONE:
	case SERVICE_CAUSE_REQUEST: return;
	}
}

/* Ready is what this very process has become, not its predecessor or a stranger. */
static void check_ready(const struct unit *unit)
{
	const struct fake_process *process = fake_main(sim_place(unit));
	bool by_exec = unit->config->probe.type == PROBE_NONE && !unit->config->port;

	if (!process || process->pid != unit->pid)
		sim_fail("%s is ready without a process", unit->config->name);
	if (!by_exec && !process->is_ready)
		sim_fail("%s is called ready, and does not serve yet", unit->config->name);
	if (unit->config->port && !process->holds_port && !process->is_zombie)
		sim_fail("%s is called ready, and does not hold its port", unit->config->name);
}

void __wrap_supervisor_on_state(struct supervisor *supervisor, struct unit *unit, uint64_t now_ms)
{
	struct sim_shadow *shadow = &sim.shadows[sim_place(unit)];
	const struct service *service = &unit->service;

	if (now_ms != fake.now_ms)
		sim_fail("%s: a change at another time than now", unit->config->name);
	check_line(unit, shadow);
	check_exit(unit, shadow);
	if (service->state == SERVICE_STOPPING && service->has_process)
		check_cause(unit);
	if (service->has_foreign_port && !fake.services[sim_place(unit)].has_stranger)
		sim_fail("%s is kept down by a stranger who is not there", unit->config->name);
	if (service->state == SERVICE_READY && shadow->state == SERVICE_STARTING)
		check_ready(unit);
	if (service->state == SERVICE_STARTING && supervisor->is_stopping)
		sim_fail("%s is started during a shutdown", unit->config->name);
	if (service->state == SERVICE_STARTING && shadow->state == SERVICE_WAITING &&
	    tasks_holding(supervisor->tasks, unit, true))
		sim_fail("%s is started before a task that must come first", unit->config->name);
	if (service->is_asked) /* it forgets what was */
		shadow->crashes = 0;
	if (service->state == SERVICE_STOPPING)
		shadow->stop_timeout_ms = unit->config->stop_timeout_ms;
	shadow->state = service->state;
	shadow->since_ms = now_ms;
	__real_supervisor_on_state(supervisor, unit, now_ms);
}

/* ---- nothing stays where it is for longer than it may ---- */

static bool may_start(const struct unit *unit)
{
	for (size_t i = 0; i < unit->config->after.count; i++)
		if (!service_is_order_ready(sim_service(unit->config->after.items[i])))
			return false;
	/* Its port may still be in the hands of one that is going down. */
	return !sim.supervisor.is_stopping && !supervisor_awaited(&sim.supervisor, unit) &&
	       !run_is_running(unit->repair) && !tasks_holding(sim.supervisor.tasks, unit, true);
}

static uint64_t starting_limit_ms(const struct unit *unit, const struct fake_process *process)
{
	const struct service_config *config = unit->config;
	const struct fake_child *plan = &process->plan;
	uint64_t ready_ms = deadline_after(
	    plan->serve_ms, config->probe_start_interval_ms + config->probe_timeout_ms);

	if (config->probe.type == PROBE_NOTIFY && !config->port)
		ready_ms = plan->serve_ms;
	else if (!unit->config->port && config->probe.type == PROBE_NONE)
		ready_ms = plan->exec_ms;
	if (plan->exec_error || fake.services[sim_place(unit)].stranger_ms != NEVER_MS ||
	    plan->hang_ms <= ready_ms || !can_answer(config, plan))
		ready_ms = NEVER_MS;
	return min_ms(ready_ms, config->start_timeout_ms);
}

/* How long a ready service may go on while its process answers nothing. */
static uint64_t sick_limit_ms(const struct service_config *config)
{
	uint64_t misses_ms = config->probe_interval_ms +
			     4 * (config->probe_timeout_ms + config->probe_retry_interval_ms);

	return max_ms(config->unhealthy_after_ms, misses_ms);
}

static void check_sick(const struct unit *unit, const struct fake_process *process)
{
	const struct service_config *config = unit->config;
	uint64_t sick_ms =
	    max_ms(deadline_after(process->born_ms, process->plan.hang_ms), unit->service.ready_ms);

	if ((config->probe.type == PROBE_HTTP || config->probe.type == PROBE_WS ||
		config->probe.type == PROBE_EXEC) &&
	    fake_is_hanging(process, fake.now_ms) &&
	    fake.now_ms > deadline_after(sick_ms,
			      sick_limit_ms(config) + SIM_SLACK_MS + 2 * sim_frozen_since(sick_ms)))
		sim_fail("%s answers nothing, and nobody minds", config->name);
	if (config->watchdog_ms && fake_is_hanging(process, fake.now_ms) &&
	    fake.now_ms > deadline_after(sick_ms,
			      config->watchdog_ms + SIM_SLACK_MS + sim_frozen_since(sick_ms)))
		sim_fail("%s does not ping, and nobody minds", config->name);
	if (unit->service.state == SERVICE_FAILING &&
	    fake.now_ms > deadline_after(sim.shadows[sim_place(unit)].since_ms,
			      sick_limit_ms(config) + SIM_SLACK_MS +
				  2 * sim_frozen_since(sim.shadows[sim_place(unit)].since_ms)) &&
	    process->plan.hang_ms == NEVER_MS && can_answer(config, &process->plan))
		sim_fail("%s stays failing, and answers", config->name);
}

static void check_stopping(const struct unit *unit, uint64_t age_ms)
{
	const struct service_config *config = unit->config;
	uint64_t limit_ms =
	    max_ms(sim.shadows[sim_place(unit)].stop_timeout_ms, SERVICE_TREE_GRACE_MS) +
	    SERVICE_UNKILLABLE_MS + SIM_SLACK_MS;

	if (sim.supervisor.is_stopping)
		limit_ms += sim.config.stop_budget_ms;
	if (age_ms > limit_ms && !unit->service.is_unkillable)
		sim_fail("%s is stopping for %llu ms", config->name, (unsigned long long)age_ms);
	if (unit->service.is_unkillable && !fake_count_alive(sim_place(unit)))
		sim_fail("%s is called unkillable, and nothing of it lives", config->name);
}

static void check_unit(const struct unit *unit)
{
	const struct service *service = &unit->service;
	const struct sim_shadow *shadow = &sim.shadows[sim_place(unit)];
	const struct fake_process *process = fake_main(sim_place(unit));
	uint64_t age_ms = fake.now_ms - shadow->since_ms;

	if (service->state != shadow->state)
		sim_fail("%s has changed its state unseen", unit->config->name);
	age_ms -= min_ms(age_ms, sim_frozen_since(shadow->since_ms));
	if ((process != NULL) != (unit->pid != 0) || service->has_process != (unit->pid != 0))
		sim_fail("%s: who is its main process?", unit->config->name);
	if (unit->probe && (!service->has_process || service->state == SERVICE_STOPPING))
		sim_fail("%s is probed while it is going down", unit->config->name);
	switch (service->state) {
	case SERVICE_WAITING:
		if (may_start(unit))
			sim_fail("%s waits for nothing", unit->config->name);
		break;
	case SERVICE_BACKOFF:
	case SERVICE_BLOCKED:
		if (service->deadline_ms <= fake.now_ms)
			sim_fail("%s is not tried again", unit->config->name);
		if (service->deadline_ms == NEVER_MS && service->blocked != BLOCKED_CRASH_LOOP &&
		    service->blocked != BLOCKED_TASK_FAILED && unit->config->fatal_retry_ms)
			sim_fail("%s will never be tried again", unit->config->name);
		break;
	case SERVICE_STARTING:
		if (age_ms > starting_limit_ms(unit, process) + SIM_SLACK_MS)
			sim_fail("%s is starting for ever", unit->config->name);
		break;
	case SERVICE_READY:
	case SERVICE_FAILING: check_sick(unit, process); break;
	case SERVICE_STOPPING: check_stopping(unit, age_ms); break;
	case SERVICE_DISABLED:
	case SERVICE_STOPPED:
	case SERVICE_FINISHED:
	case SERVICE_STATE_COUNT_: break;
	}
	if (!service->has_process && service->state != SERVICE_STOPPING &&
	    fake_count_alive(sim_place(unit)))
		sim_fail("%s is down, and something of it lives", unit->config->name);
}

/* No busy loop: turns are bounded, at one time and in one second. */
static void check_turns(void)
{
	static uint64_t last_ms;
	static unsigned at_once;

	if (sim.deadline_ms < fake.now_ms && fake.now_ms - sim.deadline_ms > SIM_SLACK_MS)
		sim_fail("the next deadline was %llu ms ago",
		    (unsigned long long)(fake.now_ms - sim.deadline_ms));
	at_once = fake.now_ms == last_ms ? at_once + 1 : 0;
	last_ms = fake.now_ms;
	if (fake.now_ms / 1000 != sim.second_ms) {
		sim.second_ms = fake.now_ms / 1000;
		sim.turns = 0;
	}
	if (at_once > TURNS_AT_ONCE_MAX || ++sim.turns > TURNS_PER_SECOND_MAX)
		sim_fail("a busy loop");
}

static void check_objects(void)
{
	size_t count = sim.supervisor.unit_count;

	if (fake.fds > 1 + count || fake.watches > count || fake.probes > count ||
	    fake.jobs > 2 * count + sim.config.task_count || fake.outputs > 2 * count ||
	    fake.notifies > count)
		sim_fail("leaks: %zu descriptors, %zu watches, %zu probes, %zu jobs, "
			 "%zu outputs, %zu notification sockets",
		    fake.fds, fake.watches, fake.probes, fake.jobs, fake.outputs, fake.notifies);
}

void rules_check(void)
{
	check_turns();
	check_objects();
	for (size_t i = 0; i < sim.supervisor.unit_count; i++)
		check_unit(sim.supervisor.units[i]);
}

#include "app/supervisor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/run.h"
#include "app/tasks.h"
#include "io/clock.h"
#include "io/fd.h"
#include "io/loop.h"
#include "io/oom.h"
#include "io/reaper.h"
#include "util/macros.h"

/* ---- life ---- */

int supervisor_init(struct supervisor *supervisor, const struct supervisor_options *options,
    struct problems *warnings, uint64_t now_ms)
{
	*supervisor = (struct supervisor){ .loop = options->loop,
		.log = options->log,
		.config = options->config,
		.environment = options->environment,
		.is_pid1 = options->is_pid1,
		.nofile = options->nofile,
		.command_line = options->command_line,
		.started_ms = now_ms,
		.started_at_ms = (int64_t)clock_epoch_ms(),
		.warnings = *warnings,
		.config_warnings = options->config_warnings,
		.unit_count = options->config->service_count,
		.turn_ms = now_ms,
		.wake_ms = NEVER_MS,
		.is_reaping = true, /* children of whatever was this process before us */
		.secret = options->secret,
		.random = options->random_seed ? options->random_seed : 1 };
	*warnings = (struct problems){ .items = NULL };
	if (redact_learn(&supervisor->redact, options->environment))
		return -ENOMEM;
	text_init_heap(&supervisor->line, SUPERVISOR_LINE_BYTES);
	auto_pair_init(&supervisor->auto_pair, AUTO_PAIR_DOWN);
	snprintf(supervisor->instance, sizeof(supervisor->instance), "%08" PRIx32 "%08" PRIx32,
	    supervisor_random(supervisor), supervisor_random(supervisor));
	if (gethostname(supervisor->host, sizeof(supervisor->host) - 1) < 0)
		supervisor->host[0] = '\0';
	supervisor->oom_fd = oom_open("");
	if (supervisor->oom_fd >= 0 && oom_read(supervisor->oom_fd, &supervisor->oom_count))
		fd_close(&supervisor->oom_fd);
	supervisor->oom_claimed = supervisor->oom_count;
	supervisor->units = calloc(supervisor->unit_count + 1, sizeof(*supervisor->units));
	if (!supervisor->units)
		supervisor->unit_count = 0;
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		supervisor->units[i] =
		    unit_new(supervisor, &options->config->services[i], i, now_ms);
		if (!supervisor->units[i])
			return -ENOMEM;
	}
	if (!supervisor->units)
		return -ENOMEM;
	config_forget_services(options->config);
	return tasks_new(supervisor, options->config, supervisor->unit_count, &supervisor->tasks);
}

void supervisor_deinit(struct supervisor *supervisor)
{
	tasks_free(&supervisor->tasks);
	for (size_t i = 0; i < supervisor->unit_count; i++)
		unit_release(supervisor->units[i]);
	free(supervisor->units);
	forest_deinit(&supervisor->forest);
	free(supervisor->socket);
	auto_pair_deinit(&supervisor->auto_pair);
	event_ring_deinit(&supervisor->events);
	redact_deinit(&supervisor->redact);
	text_deinit(&supervisor->line);
	problems_deinit(&supervisor->warnings);
	fd_close(&supervisor->oom_fd);
	supervisor->units = NULL;
	supervisor->unit_count = 0;
	supervisor->socket = NULL;
}

void supervisor_start(struct supervisor *supervisor, uint64_t now_ms)
{
	for (size_t i = 0; i < supervisor->unit_count; i++)
		unit_handle(supervisor->units[i], SERVICE_EV_START, now_ms);
}

struct unit *supervisor_find(const struct supervisor *supervisor, const char *name)
{
	struct unit *unit = supervisor_find_any(supervisor, name);

	return unit && !unit->is_removed ? unit : NULL;
}

struct unit *supervisor_find_any(const struct supervisor *supervisor, const char *name)
{
	for (size_t i = 0; i < supervisor->unit_count; i++)
		if (strcmp(supervisor->units[i]->config->name, name) == 0)
			return supervisor->units[i];
	return NULL;
}

/* ---- for units ---- */

/* xorshift32: spreads restarts, guards no secret. */
uint32_t supervisor_random(struct supervisor *supervisor)
{
	supervisor->random ^= supervisor->random << 13;
	supervisor->random ^= supervisor->random >> 17;
	supervisor->random ^= supervisor->random << 5;
	return supervisor->random;
}

/* Has the OOM killer struck? It is looked for in every turn, lest an old strike explain a later
 * KILL. */
static void supervisor_look_oom(struct supervisor *supervisor, uint64_t now_ms)
{
	uint64_t before = supervisor->oom_count;

	if (supervisor->oom_fd < 0)
		return;
	if (oom_read(supervisor->oom_fd, &supervisor->oom_count)) {
		fd_close(&supervisor->oom_fd);
		return;
	}
	if (supervisor->oom_count <= before)
		return;
	if (now_ms >= supervisor->oom_end_ms)
		supervisor->oom_claimed = before;
	supervisor->oom_end_ms = deadline_after(now_ms, SUPERVISOR_OOM_MS);
	supervisor_report(supervisor, LOG_WARN, NULL, "oom",
	    "out of memory: the kernel has killed %" PRIu64 " of the processes here",
	    supervisor->oom_count - before);
}

int supervisor_take_oom(struct supervisor *supervisor, bool is_victim, uint64_t now_ms)
{
	supervisor_look_oom(supervisor, now_ms);
	if (supervisor->oom_fd < 0)
		return -1;
	if (supervisor->oom_claimed >= supervisor->oom_count || now_ms >= supervisor->oom_end_ms)
		return 0;
	if (is_victim)
		supervisor->oom_claimed++;
	return 1;
}

bool supervisor_knows_child(void *data, pid_t pid)
{
	const struct supervisor *supervisor = data;

	for (size_t i = 0; i < supervisor->unit_count; i++)
		if (supervisor->units[i]->pid == pid ||
		    exec_probe_pid(supervisor->units[i]->exec_probe) == pid ||
		    run_pid(supervisor->units[i]->repair) == pid)
			return true;
	return tasks_have_pid(supervisor->tasks, pid);
}

/* A restart of `unit` is over: who is to be restarted with it? */
static void supervisor_restart_with(
    struct supervisor *supervisor, const struct unit *unit, uint64_t now_ms)
{
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		struct unit *other = supervisor->units[i];
		enum service_state state = other->service.state;

		if (!words_has(&other->config->restart_with, unit->config->name))
			continue;
		if (state == SERVICE_FINISHED)
			unit_handle(other, SERVICE_EV_START, now_ms);
		else if (state == SERVICE_STARTING || state == SERVICE_READY ||
			 state == SERVICE_FAILING)
			unit_handle(other, SERVICE_EV_RESTART, now_ms);
	}
}

void supervisor_on_state(struct supervisor *supervisor, struct unit *unit, uint64_t now_ms)
{
	enum service_state state = unit->service.state;
	bool is_first_ready = state == SERVICE_READY && unit->service.ready_ms == now_ms;

	supervisor->is_changed = true;
	if (state == SERVICE_STARTING && strcmp(unit->config->name, "auto-pair") == 0) {
		/* Counters belong to one life of the watcher. */
		auto_pair_deinit(&supervisor->auto_pair);
		auto_pair_init(&supervisor->auto_pair, AUTO_PAIR_FAST);
	}
	if (state == SERVICE_READY || unit_is_down(unit))
		supervisor->is_order_dirty = true;
	supervisor->forest.is_look_owed = supervisor->forest.is_look_owed || is_first_ready;
	tasks_on_state(supervisor->tasks, unit, now_ms);
	if (is_first_ready && unit->service.starts > 1 && !supervisor->is_stopping)
		supervisor_restart_with(supervisor, unit, now_ms);
}

/* ---- order ---- */

/* After a reload the port may still be held by whoever had it before. */
static const struct unit *supervisor_port_holder(
    const struct supervisor *supervisor, const struct unit *unit)
{
	uint16_t port = unit->config->port;

	for (size_t i = 0; port && i < supervisor->unit_count; i++)
		if (supervisor->units[i]->held_port == port && supervisor->units[i] != unit)
			return supervisor->units[i];
	return NULL;
}

const struct unit *supervisor_awaited(const struct supervisor *supervisor, const struct unit *unit)
{
	if (unit->is_removed) /* its places are those of a configuration that is no more */
		return unit;
	for (size_t i = 0; i < unit->config->after.count; i++) {
		const struct unit *other = supervisor->units[unit->config->after_index[i]];

		if (!service_is_order_ready(&other->service))
			return other;
	}
	return supervisor_port_holder(supervisor, unit);
}

const struct unit *supervisor_held_up_by(
    const struct supervisor *supervisor, const struct unit *unit)
{
	for (size_t i = 0; i < unit->config->after.count; i++) {
		const struct unit *other = supervisor->units[unit->config->after_index[i]];
		enum service_state state = other->service.state;

		if (state == SERVICE_BLOCKED || state == SERVICE_BACKOFF ||
		    state == SERVICE_STOPPED ||
		    (state == SERVICE_FINISHED && !service_is_order_ready(&other->service)))
			return other;
	}
	return NULL;
}

/* A repair that was cut short must be over too. The command waits for nobody. */
static bool supervisor_may_start(struct supervisor *supervisor, const struct unit *unit)
{
	return unit->config->is_main ||
	       (!unit->is_removed && !run_is_running(unit->repair) &&
		   tasks_may_start(supervisor->tasks, unit, !supervisor_awaited(supervisor, unit)));
}

/* Starts what waits and may. Returns false if there is more to be started than one turn allows. */
static bool supervisor_start_waiting(struct supervisor *supervisor, uint64_t now_ms)
{
	unsigned started = 0;

	/* What fails while others are being stopped stays down, whatever its level. */
	while (supervisor->is_order_dirty && !supervisor->is_stopping) {
		supervisor->is_order_dirty = false;
		for (size_t i = 0; i < supervisor->unit_count; i++) {
			struct unit *unit = supervisor->units[i];

			if (unit->service.state != SERVICE_WAITING ||
			    !supervisor_may_start(supervisor, unit))
				continue;
			if (started++ >= SUPERVISOR_STARTS_PER_TURN) {
				supervisor->is_order_dirty = true;
				return false;
			}
			unit_handle(unit, SERVICE_EV_ORDER_READY, now_ms);
		}
	}
	return true;
}

/* ---- children ---- */

static void supervisor_on_exit(void *data, pid_t pid, const struct exit_info *exit)
{
	struct supervisor *supervisor = data;
	uint64_t now_ms = loop_now_ms(supervisor->loop);

	supervisor->reaped++;
	supervisor->forest.is_look_owed = true;
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		if (supervisor->units[i]->pid == pid) {
			unit_on_exit(supervisor->units[i], exit, now_ms);
			return;
		}
	}
	forest_on_exit(supervisor, pid);
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		exec_probe_handle_exit(supervisor->units[i]->exec_probe, pid, exit, now_ms);
		run_on_exit(supervisor->units[i]->repair, pid, exit, now_ms);
	}
	tasks_on_exit(supervisor->tasks, pid, exit, now_ms);
}

void supervisor_on_child(struct supervisor *supervisor)
{
	supervisor->is_reaping = true;
}

static void supervisor_reap(struct supervisor *supervisor, uint64_t now_ms)
{
	if (!supervisor->is_reaping)
		return;
	supervisor->is_reaping =
	    reaper_drain(SUPERVISOR_REAPS_PER_TURN, supervisor_on_exit, supervisor);
	for (size_t i = 0; i < supervisor->unit_count; i++)
		unit_check_tree(supervisor->units[i], now_ms);
}

/* ---- the turn ---- */

/*
 * We were starved, stopped or suspended: the services were too, or at least nobody looked at them.
 * Their clocks of health move on by the gap, before anything is judged by them.
 */
void supervisor_wake(struct supervisor *supervisor, uint64_t now_ms)
{
	bool was_late = supervisor->is_late;
	uint64_t gap_ms;

	supervisor->is_late = now_ms > deadline_after(supervisor->wake_ms, SUPERVISOR_LATE_MS);
	if (!supervisor->is_late)
		return;
	/*
	 * From the last turn on: nobody knows when in that time it began, and moved by the lateness
	 * alone the first deadline would be due this instant, before any news has been read. But on
	 * a machine that is slow all the time no deadline would ever come that way.
	 */
	gap_ms = now_ms - (was_late ? supervisor->wake_ms : supervisor->turn_ms);
	supervisor_report(supervisor, LOG_WARN, NULL, "late",
	    "woke up %" PRIu64 " ms late; health deadlines move by %" PRIu64 " ms",
	    now_ms - supervisor->wake_ms, gap_ms);
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		service_shift(&supervisor->units[i]->service, gap_ms);
		run_shift(supervisor->units[i]->repair, gap_ms);
	}
	/* One that was over in time must not count as hung before the news of its end is read. */
	tasks_shift(supervisor->tasks, gap_ms);
}

uint64_t supervisor_turn(struct supervisor *supervisor, uint64_t now_ms)
{
	uint64_t deadline_ms = NEVER_MS;

	supervisor_look_oom(supervisor, now_ms);
	supervisor_reap(supervisor, now_ms);
	for (size_t i = 0; i < supervisor->unit_count; i++)
		deadline_ms = min_ms(deadline_ms, unit_turn(supervisor->units[i], now_ms));
	supervisor_turn_reload(supervisor, now_ms);
	if (!supervisor_start_waiting(supervisor, now_ms) || supervisor->is_reaping)
		deadline_ms = now_ms;
	supervisor_check_command(supervisor, now_ms);
	deadline_ms = min_ms(deadline_ms, tasks_turn(supervisor->tasks, now_ms));
	if (supervisor->is_stopping)
		deadline_ms = min_ms(deadline_ms, supervisor_turn_stop(supervisor, now_ms));
	/* A storm of dead children fills /proc. */
	if (!supervisor->is_reaping)
		deadline_ms = min_ms(deadline_ms, forest_turn(supervisor, now_ms));
	/* What was started in this turn has deadlines of its own. */
	for (size_t i = 0; i < supervisor->unit_count; i++)
		deadline_ms =
		    min_ms(deadline_ms, service_deadline_ms(&supervisor->units[i]->service));
	supervisor->turn_ms = now_ms;
	supervisor->wake_ms = deadline_ms;
	return deadline_ms;
}

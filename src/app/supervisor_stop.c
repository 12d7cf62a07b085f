/* The way down: level by level within the stop budget, then whatever is left. */
#include <signal.h>

#include <stdio.h>

#include "app/supervisor.h"
#include "app/tasks.h"
#include "io/proc.h"
#include "util/macros.h"
#include "util/text.h"

enum {
	EXIT_NOT_STARTED = 126, /* as a shell has it (sh(1)) */
};

int supervisor_top_level(const struct supervisor *supervisor)
{
	int top = 0;

	for (size_t i = 0; i < supervisor->unit_count; i++)
		if (supervisor->units[i]->config->level > top)
			top = supervisor->units[i]->config->level;
	return top;
}

bool supervisor_is_level_down(const struct supervisor *supervisor, int level)
{
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		const struct unit *unit = supervisor->units[i];

		/* What KILL does not end must not hold up the rest. */
		if (unit->config->level == level && !unit_is_down(unit) &&
		    !unit->service.is_unkillable)
			return false;
	}
	return true;
}

void supervisor_stop_level(
    struct supervisor *supervisor, int level, uint64_t limit_ms, uint64_t now_ms)
{
	for (size_t i = 0; i < supervisor->unit_count; i++)
		if (supervisor->units[i]->config->level == level)
			unit_stop(supervisor->units[i], limit_ms, now_ms);
}

static unsigned count_lower_levels(const struct supervisor *supervisor, int level)
{
	unsigned count = 0;

	while (level-- > 0)
		count += !supervisor_is_level_down(supervisor, level);
	return count;
}

/* A level may use all that is left less a reserve for each later one. */
static void supervisor_begin_level(struct supervisor *supervisor, uint64_t now_ms)
{
	uint64_t left_ms = time_left_ms(supervisor->stop_end_ms, now_ms);
	uint64_t reserve_ms = (uint64_t)SUPERVISOR_LEVEL_RESERVE_MS *
			      count_lower_levels(supervisor, supervisor->stop_level);

	uint64_t limit_ms = left_ms > reserve_ms ? left_ms - reserve_ms : 1;

	supervisor->level_end_ms = deadline_after(now_ms, limit_ms + SUPERVISOR_KILL_GRACE_MS);
	supervisor_stop_level(supervisor, supervisor->stop_level, limit_ms, now_ms);
}

/* Down, or not even its KILL has ended it in its time: that must not cost the others theirs. */
static bool supervisor_is_level_over(const struct supervisor *supervisor, uint64_t now_ms)
{
	/* Tasks go down beside the services; the last level gives them the rest of the budget. */
	if (!supervisor->stop_level && tasks_are_running(supervisor->tasks) &&
	    now_ms < supervisor->stop_end_ms)
		return false;
	return now_ms >= supervisor->level_end_ms ||
	       supervisor_is_level_down(supervisor, supervisor->stop_level);
}

void supervisor_stop(struct supervisor *supervisor, const char *why, uint64_t now_ms)
{
	char span[32];
	struct text budget;

	if (supervisor->is_stopping) {
		if (now_ms < deadline_after(supervisor->stop_ms, SUPERVISOR_PATIENCE_MS))
			return;
		supervisor->stop_end_ms = now_ms;
		supervisor->level_end_ms = deadline_after(now_ms, SUPERVISOR_KILL_GRACE_MS);
		supervisor_report(
		    supervisor, LOG_WARN, NULL, "shutdown", "%s again: killing what is left", why);
		for (size_t i = 0; i < supervisor->unit_count; i++) {
			unit_stop(supervisor->units[i], 1, now_ms);
			unit_handle(supervisor->units[i], SERVICE_EV_KILL, now_ms);
		}
		return;
	}
	supervisor->is_stopping = true;
	snprintf(supervisor->stop_reason, sizeof(supervisor->stop_reason), "%s", why);
	supervisor->stop_ms = now_ms;
	supervisor->stop_end_ms = deadline_after(now_ms, supervisor->config->stop_budget_ms);
	supervisor->stop_level = supervisor_top_level(supervisor);
	text_init(&budget, span, sizeof(span));
	text_add_span(&budget, supervisor->config->stop_budget_ms);
	supervisor_report(supervisor, LOG_INFO, NULL, "shutdown",
	    "%s: stopping all services within %s", why, span);
	tasks_stop(supervisor->tasks, now_ms);
	/* Nothing may start from here on, whatever level it is of. */
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		struct unit *unit = supervisor->units[i];

		unit->was_killed = false;
		if (unit_is_down(unit))
			unit_stop(unit, 0, now_ms);
	}
	supervisor_begin_level(supervisor, now_ms);
}

static bool kill_child(void *data, pid_t pid)
{
	unsigned *count = data;

	if (kill(pid, SIGKILL) == 0)
		++*count;
	return true;
}

/* What no service accounts for: orphans, and what they leave to us when they go. */
static unsigned supervisor_kill_rest(const struct supervisor *supervisor)
{
	unsigned count = 0;

	/* As PID 1, -1 is everything in the namespace but ourselves (kill(2)). */
	if (supervisor->is_pid1)
		return kill(-1, SIGKILL) == 0;
	(void)proc_each_child(kill_child, &count);
	return count;
}

static bool supervisor_has_cgroups(const struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->unit_count; i++)
		if (supervisor->units[i]->tree.cgroup)
			return true;
	return false;
}

static bool was_killed(const struct unit *unit)
{
	return unit->was_killed && unit_is_down(unit);
}

static bool is_left(const struct unit *unit)
{
	return !unit_is_down(unit);
}

/* `, 2 of them HOW (a b)`; nothing if there are none. */
static void text_add_those(struct text *out, const struct supervisor *supervisor,
    bool (*is_one)(const struct unit *unit), const char *how)
{
	unsigned count = 0;

	for (size_t i = 0; i < supervisor->unit_count; i++)
		count += is_one(supervisor->units[i]);
	if (!count)
		return;
	text_addf(out, ", %u of them %s (", count, how);
	for (size_t i = 0; i < supervisor->unit_count; i++)
		if (is_one(supervisor->units[i]))
			text_addf(
			    out, "%s%s", supervisor->units[i]->config->name, --count ? " " : "");
	text_add(out, ")");
}

static void supervisor_report_end(struct supervisor *supervisor, uint64_t now_ms)
{
	struct text text;

	text_init(&text, supervisor->stopped, sizeof(supervisor->stopped));
	text_add(&text, "all services stopped in ");
	text_add_span(&text, now_ms - supervisor->stop_ms);
	text_add_those(&text, supervisor, was_killed, "by KILL");
	text_add_those(&text, supervisor, is_left, "not even by KILL");
	supervisor_report(supervisor, LOG_INFO, NULL, "shutdown", "%s: %s", supervisor->stop_reason,
	    supervisor->stopped);
}

uint64_t supervisor_turn_stop(struct supervisor *supervisor, uint64_t now_ms)
{
	while (supervisor->stop_level >= 0 && supervisor_is_level_over(supervisor, now_ms)) {
		if (--supervisor->stop_level >= 0) {
			supervisor_begin_level(supervisor, now_ms);
			continue;
		}
		supervisor->rest_end_ms = deadline_after(now_ms, SUPERVISOR_REST_MS);
	}
	if (supervisor->stop_level >= 0)
		return now_ms < supervisor->level_end_ms ? supervisor->level_end_ms
							 : supervisor->stop_end_ms;
	/* What is killed leaves its children to us: again, until there are none. */
	if (!supervisor->is_down &&
	    ((!supervisor_kill_rest(supervisor) && !supervisor_has_cgroups(supervisor)) ||
		now_ms >= supervisor->rest_end_ms)) {
		supervisor_report_end(supervisor, now_ms);
		supervisor->is_down = true;
	}
	return deadline_after(now_ms, SUPERVISOR_REST_AGAIN_MS);
}

bool supervisor_is_down(const struct supervisor *supervisor)
{
	return supervisor->is_down;
}

/* ---- the command ---- */

static struct unit *find_command(const struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->unit_count; i++)
		if (supervisor->units[i]->config->is_main)
			return supervisor->units[i];
	return NULL;
}

void supervisor_check_command(struct supervisor *supervisor, uint64_t now_ms)
{
	const struct unit *command = find_command(supervisor);
	char why[SUPERVISOR_REASON_BYTES];
	struct text text;

	/* One that is being restarted never gets there, unless all are. */
	if (!command || supervisor->is_stopping || supervisor->is_restarting_all ||
	    (command->service.state != SERVICE_FINISHED &&
		command->service.state != SERVICE_STOPPED))
		return;
	text_init(&text, why, sizeof(why));
	text_addf(&text, "%s ", command->config->name);
	unit_describe_exit(command, &text);
	supervisor_stop(supervisor, why, now_ms);
}

void supervisor_forward(const struct supervisor *supervisor, int signal)
{
	const struct unit *command = find_command(supervisor);

	/*
	 * To the process, not to its group: what comes from keys of the terminal the kernel has
	 * sent to the whole group itself, and a member would get that twice. What runs in groups of
	 * their own is the command's business anyway. It may be gone by now, unreaped.
	 */
	if (command && command->pid)
		(void)kill(command->pid, signal);
}

int supervisor_exit_code(const struct supervisor *supervisor)
{
	const struct unit *command = find_command(supervisor);
	const struct service_exit *exit = command ? &command->service.last_exit : NULL;

	if (command && command->pid) /* KILL has not ended it: it will have, in the end */
		return 128 + SIGKILL;
	if (!exit || exit->reason == EXIT_REASON_NONE)
		return 0;
	if (!exit->has_status)
		return EXIT_NOT_STARTED;
	return exit->info.by_signal ? 128 + exit->info.value : exit->info.value;
}

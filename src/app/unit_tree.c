/* The processes of a unit: who of them is the main one, and their end. */
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "app/forest.h"
#include "app/supervisor.h"
#include "app/unit.h"
#include "io/cgroup.h"
#include "io/clock.h"
#include "io/proc.h"
#include "io/tree.h"
#include "util/macros.h"

enum {
	UNIT_LOOK_PAUSE = 2, /* times what a look at the tree has cost: others have their turn */
	UNIT_MISSED_PAUSE_MS = 10,
};

/* ---- the end ---- */

/* A look costs a walk through all of /proc: the next one waits for a multiple of that. */
static void unit_pace_look(struct unit *unit, uint64_t began_ms)
{
	uint64_t ended_ms = clock_now_ms();

	unit->look_ms = deadline_after(ended_ms, (ended_ms - began_ms) * UNIT_LOOK_PAUSE);
}

static bool unit_is_tree_gone(const struct unit *unit)
{
	return !unit->session || tree_are_children_known(supervisor_knows_child, unit->supervisor);
}

/* Once the main process has been reaped. What cannot be looked at counts as alive. */
static bool unit_is_tree_alive(struct unit *unit)
{
	uint64_t began_ms = clock_now_ms();
	bool is_alive;

	if (unit_is_tree_gone(unit))
		return false;
	is_alive = forest_look(unit->supervisor, true) || unit->tree.count;
	unit_pace_look(unit, began_ms);
	/* One that the look has missed, or only the dead: no end of a child may call us again. */
	if (!is_alive && cgroup_is_populated(unit->tree.cgroup)) {
		is_alive = unit->is_look_owed = true;
		unit->look_ms = deadline_after(unit->look_ms, UNIT_MISSED_PAUSE_MS);
	}
	return is_alive;
}

static void unit_forget_tree(struct unit *unit, uint64_t now_ms)
{
	tree_clear(&unit->tree);
	unit->session = 0;
	unit->held_port = 0;
	unit->is_look_owed = false;
	unit->next_main = 0;
	unit->listener_owner = LISTENER_NONE;
	unit->listener_pid = 0;
	unit->probe_ok = -1;
	unit_set_text(&unit->listener_command, NULL);
	unit_set_text(&unit->warnings[UNIT_WARNING_STOP], NULL);
	unit_set_text(&unit->warnings[UNIT_WARNING_PORT], NULL);
	unit_set_text(&unit->warnings[UNIT_WARNING_SELF], NULL);
	unit_handle(unit, SERVICE_EV_TREE_GONE, now_ms);
}

void unit_stop_signal(struct unit *unit, uint64_t now_ms)
{
	int result;

	if (!unit->pid)
		return;
	/* Who is whose child, before they lose their parents. */
	forest_refresh(unit->supervisor, now_ms);
	result = tree_signal_main(unit->pid, unit->config->stop_signal);
	if (result)
		supervisor_report(unit->supervisor, LOG_WARN, unit, "stopping",
		    "cannot signal pid %d: %s", (int)unit->pid, strerror(-result));
}

void unit_end_tree(struct unit *unit, uint64_t now_ms)
{
	if (unit_is_tree_alive(unit))
		tree_signal(&unit->tree, SIGTERM);
	else
		unit_forget_tree(unit, now_ms);
}

static void unit_kill_members(struct unit *unit)
{
	uint64_t began_ms = clock_now_ms();

	tree_kill(&unit->tree);
	unit_pace_look(unit, began_ms);
}

void unit_kill_tree(struct unit *unit, uint64_t now_ms)
{
	bool is_first = unit->service.killed_ms == now_ms; /* it is repeated until none is left */

	/* A repeat costs as many looks, for ever if it cannot be killed: others have their turn. */
	if (!is_first && now_ms < unit->look_ms)
		return;
	/* While the main process is unreaped its number is ours; after that only a look tells. */
	if (!unit->pid && !unit_is_tree_alive(unit)) {
		unit_forget_tree(unit, now_ms);
		return;
	}
	unit->was_killed = true;
	if (unit->session && is_first)
		supervisor_report(unit->supervisor, LOG_WARN, unit, "killed",
		    "killing what is left of %s %d",
		    unit->config->is_main ? "process group" : "session", (int)unit->session);
	unit_kill_members(unit);
}

void unit_check_tree(struct unit *unit, uint64_t now_ms)
{
	unit->is_look_owed = unit->service.state == SERVICE_STOPPING && !unit->pid;
	if (!unit->is_look_owed)
		return;
	if (unit_is_tree_gone(unit)) {
		unit_forget_tree(unit, now_ms);
		return;
	}
	if (now_ms < unit->look_ms)
		return;
	unit->is_look_owed = false;
	if (tree_has_survivor(&unit->tree))
		return; /* its end will call us again */
	if (!unit_is_tree_alive(unit))
		unit_forget_tree(unit, now_ms);
	else if (unit->service.killed_ms != NEVER_MS) /* what is left has been born since */
		unit_kill_members(unit);
}

/* ---- the main process ---- */

static void unit_set_main(struct unit *unit, const struct proc_stat *stat)
{
	unit->pid = stat->pid;
	unit->next_main = 0;
	tree_set_main(&unit->tree, stat->pid, stat->session);
}

void unit_take_main_pid(struct unit *unit, pid_t pid)
{
	struct proc_stat stat;

	if (pid == unit->pid) {
		unit->next_main = 0;
		return;
	}
	/* The one that has got the stop signal is waited for; what it leaves is ended after it. */
	if (unit->service.state == SERVICE_STOPPING)
		return;
	if (proc_read_stat(pid, &stat) || proc_is_dead(&stat) || !tree_has(&unit->tree, &stat)) {
		supervisor_report(unit->supervisor, LOG_WARN, unit, "warning",
		    "MAINPID=%d is no process of this service; ignored", (int)pid);
		return;
	}
	if (stat.parent != getpid()) {
		unit->next_main = pid;
		unit->next_main_start = stat.start_time;
		return;
	}
	supervisor_report(unit->supervisor, LOG_INFO, unit, "main-pid",
	    "pid %d is the main process now, as it says; before it was %d", (int)pid,
	    (int)unit->pid);
	unit_set_main(unit, &stat);
}

bool unit_take_next_main(struct unit *unit)
{
	pid_t before = unit->pid;
	struct proc_stat stat;

	if (!unit->next_main || unit->service.state == SERVICE_STOPPING)
		return false;
	if (proc_read_stat(unit->next_main, &stat) || proc_is_dead(&stat) ||
	    stat.start_time != unit->next_main_start || stat.parent != getpid())
		return false;
	unit_set_main(unit, &stat);
	supervisor_report(unit->supervisor, LOG_INFO, unit, "main-pid",
	    "pid %d is the main process now, as it has said; %d has ended", (int)unit->pid,
	    (int)before);
	return true;
}

bool unit_adopt(struct unit *unit)
{
	struct supervisor *supervisor = unit->supervisor;
	struct proc_stat stat;

	if (!unit->config->port || unit->service.state == SERVICE_STOPPING ||
	    unit->service.cause != SERVICE_CAUSE_NONE || supervisor->is_stopping ||
	    tree_are_children_known(supervisor_knows_child, supervisor))
		return false;
	(void)forest_look(supervisor, false);
	(void)unit_look_at_port(unit);
	if (unit->listener_owner != LISTENER_SELF || proc_read_stat(unit->listener_pid, &stat) ||
	    stat.parent != getpid())
		return false;
	unit_set_main(unit, &stat);
	return true;
}

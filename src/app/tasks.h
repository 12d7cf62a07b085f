/*
 * The tasks at work: runs what core/task.h says, and tells the units what came of it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/process.h"

struct config;
struct supervisor;
struct tasks;
struct unit;

enum {
	TASKS_BEGUN_PER_TURN = 32, /* forks before the loop gets its turn again */
};

/*
 * For the tasks of config, borrowed for life, and at most unit_count units. Returns 0 or -ENOMEM.
 */
int tasks_new(struct supervisor *supervisor, const struct config *config, size_t unit_count,
    struct tasks **ret_tasks);
/* Kills what runs. Harmless on NULL; makes *tasks NULL. */
void tasks_free(struct tasks **tasks);

/*
 * A reload: fresh, which is new, takes over from supervisor->tasks and replaces them. What is in
 * both goes on; what runs of another is killed. units: as they will be placed, count of them;
 * supervisor->units are still as they were.
 */
void tasks_replace(
    struct supervisor *supervisor, struct tasks *fresh, struct unit *const *units, size_t count);

/*
 * May the unit start, as far as tasks are concerned? What stands in its way is run.
 * is_order_ready: everything it starts after is there.
 */
bool tasks_may_start(struct tasks *tasks, const struct unit *unit, bool is_order_ready);

/* The name of the task that a waiting unit waits for; NULL: none. is_order_ready: as above. */
const char *tasks_holding(const struct tasks *tasks, const struct unit *unit, bool is_order_ready);

/* The unit's state has changed. */
void tasks_on_state(struct tasks *tasks, const struct unit *unit, uint64_t now_ms);
/* It has just been marked as one that crashes in a loop. */
void tasks_on_crash_loop(struct tasks *tasks, const struct unit *unit);

/* A child has been reaped, one of theirs or another. */
void tasks_on_exit(struct tasks *tasks, pid_t pid, const struct exit_info *exit, uint64_t now_ms);
/* Is it the process of a task? */
bool tasks_have_pid(const struct tasks *tasks, pid_t pid);

/* Begins what is to run, unless a shutdown is under way, and ends what is; the next deadline. */
uint64_t tasks_turn(struct tasks *tasks, uint64_t now_ms);

/* Our own loop stood still for gap_ms: what runs has that much more time. */
void tasks_shift(struct tasks *tasks, uint64_t gap_ms);

/* Ends what runs. */
void tasks_stop(struct tasks *tasks, uint64_t now_ms);
bool tasks_are_running(const struct tasks *tasks);

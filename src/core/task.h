/*
 * The tasks of a configuration: which one is to run now, which one a service has to wait for, and
 * what follows from a result (spec 20 part 2). Pure: told what services do and how runs end.
 *
 * Services are known by their places in config.services.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"

enum {
	TASK_WISHES_MAX = 32, /* runs of one task that wait for their turn */
};

enum task_state {
	TASK_IDLE, /* boot: it is to run as soon as it may */
	TASK_RUNNING,
	TASK_DONE,   /* boot: it has run */
	TASK_FAILED, /* boot: it has not, until a service asks again */
};

/* What a ready or trouble task is told of. */
enum task_event {
	TASK_EVENT_NONE,
	TASK_EVENT_READY,
	TASK_EVENT_BLOCKED,
	TASK_EVENT_CRASH_LOOP,
	TASK_EVENT_COUNT_,
};

/* A run for one service. */
struct task_wish {
	uint16_t service; /* ORDER_NOBODY: none (boot) */
	enum task_event event;
	uint32_t number; /* the older the smaller */
};

struct task {
	const struct task_config *config; /* borrowed, for life */
	enum task_state state;
	bool is_cancelled;     /* running: nobody waits for it any more, it is to be ended */
	struct task_wish wish; /* of the run under way or the last one */
	struct task_wish wishes[TASK_WISHES_MAX]; /* start, ready, trouble: to come, oldest first */
	size_t wish_count;
};

struct task_service {
	bool is_enabled;
	bool is_waiting; /* to be started */
	bool is_blocked;
	size_t start_place; /* start tasks before this place are done for the start at hand */
};

struct task_list {
	struct task *items; /* in the order of the file */
	size_t count;
	struct task_service *services;
	size_t service_count;
	uint32_t last_number;
};

/* configs is borrowed for life. Returns 0 or -ENOMEM; the caller deinits in both cases. */
int task_list_init(
    struct task_list *list, const struct task_config *configs, size_t count, size_t service_count);
void task_list_deinit(struct task_list *list);

/*
 * A reload: list is new, old what it replaces. Tasks of the same name and moment go on; start tasks
 * begin anew. Then each service is told of that stays, with its place before and from now on; runs
 * for one that does not are for nobody from now on.
 */
void task_list_take_over(struct task_list *list, const struct task_list *old);
void task_list_take_service(
    struct task_list *list, const struct task_list *old, size_t old_service, size_t service);
/* The task of that name and moment; NULL: none. */
struct task *task_list_find(const struct task_list *list, const char *name, enum task_when when);

/* ---- services ---- */

/* Services are disabled until they are told of. */
void task_list_enable(struct task_list *list, size_t service, bool is_enabled);

/* The service waits to be started. */
void task_list_enter(struct task_list *list, size_t service);

/*
 * It does not any more. What runs for it alone is cancelled. has_not_started: it has only looked at
 * its port and will be back; its start tasks need not run again for that.
 */
void task_list_leave(struct task_list *list, size_t service, bool has_not_started);

/*
 * May it start? If a task stands in the way that would not run by itself, it is wanted from now on.
 * is_order_ready: everything it starts after is there; only then do its start tasks run.
 */
bool task_list_ask(struct task_list *list, size_t service, bool is_order_ready);

/* The task it waits for; NULL: none. is_order_ready: as above. */
const struct task *task_list_before(
    const struct task_list *list, size_t service, bool is_order_ready);

/* Wants the ready (else trouble) tasks of the service. Returns how many have too many to do. */
unsigned task_list_tell(struct task_list *list, size_t service, enum task_event event);

/* Likewise for TASK_EVENT_BLOCKED, if it is blocked and was not when this was told last. */
unsigned task_list_tell_blocked(struct task_list *list, size_t service, bool is_blocked);

/* ---- runs ---- */

/* A task that begins to run now: its wish says for whom. NULL: none. */
struct task *task_list_next(struct task_list *list);

/* The run has ended. */
void task_list_end(struct task_list *list, struct task *task, bool is_good);

/* Does the failure of its last run keep this service from starting? It waits for just that. */
bool task_list_is_blocking(const struct task_list *list, const struct task *task, size_t service);

/* Is it a boot task that the service starts after, and done? */
bool task_has_made_way(const struct task *task, size_t service);

/* The value of NEMOINIT_EVENT; NULL: none. */
const char *task_event_to_string(enum task_event event);

/*
 * The life of one service: which state it is in, what an event makes of it, and what is to be done
 * (spec 30 part 1). Pure: time, chance and facts about processes come in with events; what is to be
 * done goes out as SERVICE_DO_* bits; the table is in service.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/backoff.h"
#include "core/config.h"
#include "core/health.h"
#include "core/snapshot.h"
#include "util/process.h"

enum {
	SERVICE_PORT_RETRY_MS = 2000, /* a stranger holds the port: look again this often */
	SERVICE_TREE_GRACE_MS = 2000, /* for the rest of a tree whose main process has gone */
	SERVICE_KILL_AGAIN_MS = 500,  /* KILL is repeated for what was born meanwhile */
	SERVICE_UNKILLABLE_MS = 5000, /* after KILL: say that it does not die (state D) */
};

enum service_event_type {
	SERVICE_EV_START,        /* asked: be up; forgets failures */
	SERVICE_EV_STOP,         /* asked: be down */
	SERVICE_EV_RESTART,      /* asked: down if it runs, then up */
	SERVICE_EV_RECONFIGURE,  /* its configuration is about to be another */
	SERVICE_EV_DISABLE,      /* likewise, and by that it is not to run */
	SERVICE_EV_KILL,         /* no more patience */
	SERVICE_EV_ORDER_READY,  /* everything in `after` is ready (or ended well) */
	SERVICE_EV_PORT_FOREIGN, /* its port is held by a stranger */
	SERVICE_EV_SPAWNED,      /* a process exists */
	SERVICE_EV_SPAWN_FAILED, /* no process could be had */
	SERVICE_EV_EXEC_OK,      /* it runs the command */
	SERVICE_EV_EXEC_FAILED,  /* it could not; its exit follows */
	SERVICE_EV_PROBE_OK,     /* and the port is its own */
	SERVICE_EV_PROBE_MISS,
	SERVICE_EV_PROBE_UNKNOWN,   /* neither: it has nothing to say (an exec probe's 3) */
	SERVICE_EV_NOTIFY_READY,    /* READY=1 */
	SERVICE_EV_NOTIFY_WATCHDOG, /* WATCHDOG=1 */
	SERVICE_EV_NOTIFY_STOPPING, /* STOPPING=1: it is on its way out by itself */
	SERVICE_EV_FATAL_OUTPUT,    /* it has written one of its fatal_output texts */
	SERVICE_EV_TASK_FAILED,     /* a task that must come before it has failed */
	SERVICE_EV_REPAIRED,        /* the repair command has ended, one way or another */
	SERVICE_EV_ADOPTED,         /* the main process has ended, but one of its tree, now our
				     * child, holds the port: that one is the main process now */
	SERVICE_EV_EXITED,          /* the main process, reaped */
	SERVICE_EV_TREE_GONE,       /* and nothing of it is left */
	SERVICE_EV_TIMER,           /* service_deadline_ms has come */
	SERVICE_EV_COUNT_,
};

struct service_event {
	enum service_event_type type;
	uint32_t random;       /* uniform; looked at where a delay is drawn */
	uint64_t limit_ms;     /* STOP: time until KILL; 0: stop_timeout */
	struct exit_info exit; /* EXITED, ADOPTED */
	bool is_oom;           /* likewise: the kernel's OOM killer did it */
	bool is_privilege;     /* EXEC_FAILED: who it was to be, or what it may do, was refused */
	unsigned text;         /* FATAL_OUTPUT: which, in config->fatal_outputs */
};

enum {
	SERVICE_DO_CHECK_ORDER = 1 << 0,  /* say ORDER_READY when (or as soon as) it is so */
	SERVICE_DO_START = 1 << 1,        /* look at the port, spawn; say PORT_FOREIGN or SPAWN* */
	SERVICE_DO_STOP_SIGNAL = 1 << 2,  /* stop_signal and CONT to the main process */
	SERVICE_DO_END_TREE = 1 << 3,     /* TERM and CONT to what is left; say TREE_GONE when so */
	SERVICE_DO_KILL_TREE = 1 << 4,    /* KILL to all of it */
	SERVICE_DO_PROBE = 1 << 5,        /* say PROBE_OK or PROBE_MISS */
	SERVICE_DO_CANCEL_PROBE = 1 << 6, /* if one is under way */
	SERVICE_DO_CRASH_LOOP = 1 << 7,   /* it has just been marked: tell people */
	SERVICE_DO_UNKILLABLE = 1 << 8,   /* likewise */
	SERVICE_DO_DIAGNOSE = 1 << 9,     /* tell what is known of a process that does not serve,
					   * before anything is done to it */
	SERVICE_DO_REPAIR = 1 << 10,      /* run the repair command; say REPAIRED */
	SERVICE_DO_CANCEL_REPAIR = 1 << 11,
};

/* Why a running service is being stopped. */
enum service_cause {
	SERVICE_CAUSE_NONE, /* nobody stops it */
	SERVICE_CAUSE_REQUEST,
	SERVICE_CAUSE_START_TIMEOUT,
	SERVICE_CAUSE_UNHEALTHY,
	SERVICE_CAUSE_WATCHDOG,
};

struct service_exit {
	enum exit_reason reason; /* EXIT_REASON_NONE: it has never ended */
	struct exit_info info;   /* of exec-failed by fork: exit code 0 */
	bool has_status;         /* false: there was no process (fork failed) */
	bool was_ready;
	uint64_t uptime_ms;
};

struct service {
	const struct service_config *config; /* borrowed, for life; what is in it may change */
	enum service_state state;            /* written by service_enter() only */
	uint64_t since_ms;                   /* when that was */
	uint64_t deadline_ms;                /* of the state; NEVER_MS: none */
	enum service_cause cause;
	enum blocked_code blocked;
	bool is_wanted;   /* should be up */
	bool is_asked;    /* the next start was asked for: no restart to be counted */
	bool has_process; /* a main process that has not been reaped */
	bool has_failed_exec;
	bool has_failed_privilege; /* and that was why */
	bool has_foreign_port;     /* backoff: only because of a stranger on the port */
	bool is_repairing;         /* waiting: for the repair command */
	bool has_repaired;         /* once, since it was last ready */
	bool is_diagnosed;         /* told that it is unhealthy, where nothing more is to be done */
	int fatal_output;          /* which of its texts this start has written; -1: none */
	bool was_ready;            /* in this start */
	bool has_said_ready;       /* READY=1, and not yet counted: of an heir, before its time */
	bool was_stable;           /* likewise: ready for stable_after without a break */
	bool is_unkillable;
	bool is_crash_loop;
	unsigned failures; /* in a row */
	uint64_t starts;
	uint64_t restarts;
	uint64_t started_ms;
	uint64_t ready_ms;
	uint64_t killed_ms;     /* first KILL of this stop; NEVER_MS: none yet */
	uint64_t probe_stop_ms; /* when the probe last had it stopped; NEVER_MS: never yet */
	struct service_exit last_exit;
	struct crash_window crashes;
	struct health_clock health;
};

/* config is borrowed. A new service is disabled or stopped, until SERVICE_EV_START. */
void service_init(struct service *service, const struct service_config *config, uint64_t now_ms);

/* Returns SERVICE_DO_* bits. An event that makes no sense in a state changes nothing. */
unsigned service_handle(
    struct service *service, const struct service_event *event, uint64_t now_ms);

/* When SERVICE_EV_TIMER is due; NEVER_MS: not by time alone. */
uint64_t service_deadline_ms(const struct service *service);

/* Our own loop stood still: the deadlines for the service's health move by gap_ms. */
void service_shift(struct service *service, uint64_t gap_ms);

/* Does `after` count it as there: ready, or finished after a clean end, or disabled? */
bool service_is_order_ready(const struct service *service);

/*
 * When something follows from its being unhealthy, by unhealthy_action; NEVER_MS: nothing does, or
 * it has to miss more probes first.
 */
uint64_t service_unhealthy_ms(const struct service *service);

/* The state as people are told it: a blocked service that is being tried again stays blocked. */
enum service_state service_shown_state(const struct service *service);

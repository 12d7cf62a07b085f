/*
 * The supervisor: all units, their order, and the shutdown. Routes what the mechanisms report to
 * the machines; the one place from which log lines and state changes are told.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "app/forest.h"
#include "app/speaker.h"
#include "app/unit.h"
#include "core/auto_pair.h"
#include "core/config.h"
#include "core/event_ring.h"
#include "core/log_line.h"
#include "core/problems.h"
#include "util/process.h"
#include "util/text.h"

struct loop;
struct options;
struct recorder;
struct log;
struct rlimit;
struct tasks;

enum {
	SUPERVISOR_STARTS_PER_TURN = 32, /* forks before the loop gets its turn again */
	SUPERVISOR_REAPS_PER_TURN = 256,
	SUPERVISOR_LATE_MS = 1000,         /* a wake-up this late shifts the clocks of health */
	SUPERVISOR_OOM_MS = 10000,         /* what the OOM killer has struck dies within it */
	SUPERVISOR_LEVEL_RESERVE_MS = 500, /* of the stop budget, for each later level */
	SUPERVISOR_KILL_GRACE_MS = 100,    /* of it, for a level to die from its KILL */
	SUPERVISOR_PATIENCE_MS = 1000,     /* a second TERM counts only this long after the first */
	SUPERVISOR_REST_MS = 1000,         /* for orphans to die from KILL */
	SUPERVISOR_REST_AGAIN_MS = 10,
	SUPERVISOR_REASON_BYTES = 512,
	SUPERVISOR_LINE_BYTES = 6 * LINE_MAX_BYTES, /* of our log, every byte escaped */
};

struct supervisor {
	struct loop *loop;
	struct log *log;
	struct config *config; /* but for its services, which the units have */
	char *const *environment;
	struct redact redact; /* what that holds of secrets */
	bool is_pid1;
	const struct rlimit *nofile;
	const struct options *command_line;
	char instance[17]; /* of this life */
	uint64_t secret;   /* in the marks: everybody may learn the instance, and forge one */
	char host[65];
	uint64_t started_ms;
	int64_t started_at_ms;
	char *socket; /* path of the control socket; NULL: none */
	struct problems warnings;
	size_t config_warnings; /* so many of them, the first, are of the configuration */

	struct unit **units; /* in the order of the configuration; behind them what leaves it */
	size_t unit_count;
	struct tasks *tasks;
	struct forest forest;
	size_t leaving_count; /* of these: not configured any more, going down */
	unsigned reloads;     /* so far: places and levels have changed */
	bool is_reloading;    /* a unit has a change to come, or leaves */
	bool is_order_dirty;  /* a unit waits, or has become ready */
	bool is_reaping;      /* there may be more dead children */
	bool is_changed;      /* a state has changed since somebody has looked */
	uint64_t reaped;
	uint64_t turn_ms; /* when the last turn was */
	uint64_t wake_ms; /* when it wanted to be called again */
	bool is_late;     /* and was called much later */
	uint32_t random;
	int oom_fd; /* -1: no counter */
	uint64_t oom_count;
	uint64_t oom_claimed; /* this many of them explain the end of a service */
	uint64_t oom_end_ms;  /* until then the others may */

	struct event_ring events;
	struct recorder *recorder; /* borrowed; NULL: nothing is kept across lives */
	struct text line; /* of our log, being made; its memory goes at the end of a turn */
	/* Who wants to hear every captured line, and (line NULL) that a service has gone for good;
	 * NULL: nobody. */
	void (*on_line)(void *data, const char *name, const struct kept_line *line);
	void *on_line_data;

	struct auto_pair auto_pair; /* as last reported */
	uint64_t auto_pair_ms;      /* when */

	bool is_restarting_all; /* the command is down only until the rest is */
	bool is_stopping;
	char stop_reason[SUPERVISOR_REASON_BYTES];
	uint64_t stop_ms;      /* when the shutdown began */
	uint64_t stop_end_ms;  /* when its budget is used up */
	int stop_level;        /* being stopped; -1: all down, the rest is being killed */
	uint64_t level_end_ms; /* when its share is used up, and the next level's turn comes */
	uint64_t rest_end_ms;
	bool is_down;
	char stopped[SUPERVISOR_REASON_BYTES]; /* the end of the shutdown in words: time, how */
};

struct supervisor_options {
	struct loop *loop;
	struct log *log;
	struct config *config;
	char *const *environment;
	bool is_pid1;
	const struct rlimit *nofile;        /* for services; NULL: ours */
	const struct options *command_line; /* for a reload */
	size_t config_warnings; /* so many of the warnings, the first, are of the configuration */
	uint32_t random_seed;
	uint64_t secret; /* of the marks */
};

/*
 * All borrowed for life; the services are taken out of config. Takes over warnings. Returns 0 or
 * -ENOMEM.
 */
int supervisor_init(struct supervisor *supervisor, const struct supervisor_options *options,
    struct problems *warnings, uint64_t now_ms);
void supervisor_deinit(struct supervisor *supervisor);

/* The boot: starts what is enabled. */
void supervisor_start(struct supervisor *supervisor, uint64_t now_ms);

/* The wait is over, no handler has run yet: was it too long? loop_hook.wake calls it. */
void supervisor_wake(struct supervisor *supervisor, uint64_t now_ms);

/* Does what is due; returns the next deadline. loop_hook.turn calls it. */
uint64_t supervisor_turn(struct supervisor *supervisor, uint64_t now_ms);

/* SIGCHLD: dead children are reaped in the next turn. */
void supervisor_on_child(struct supervisor *supervisor);

/*
 * Orderly shutdown. When one is under way for SUPERVISOR_PATIENCE_MS already: KILL now. why: for
 * the log.
 */
void supervisor_stop(struct supervisor *supervisor, const char *why, uint64_t now_ms);

/* While stopping: what is due; returns the next deadline. Part of supervisor_turn. */
uint64_t supervisor_turn_stop(struct supervisor *supervisor, uint64_t now_ms);

/* Is the shutdown over? */
bool supervisor_is_down(const struct supervisor *supervisor);

/* The end of the command is the end of all. Part of supervisor_turn. */
void supervisor_check_command(struct supervisor *supervisor, uint64_t now_ms);

/* Passes a signal on to the command; without one nothing happens. */
void supervisor_forward(const struct supervisor *supervisor, int signal);

/*
 * What the program ends with after the shutdown: the code of the command, 128 + N for signal N, 126
 * if it could not be started; 0 without a command, or if its turn never came.
 */
int supervisor_exit_code(const struct supervisor *supervisor);

/*
 * Another configuration, from here on (app/supervisor_reload.c). What has not changed is left
 * alone; what has is stopped, to start with the new values, those that are `after` others before
 * these; what is new is started; what is gone from it is stopped, and then forgotten. Takes what
 * is in fresh and in warnings, those of the new configuration. 0, or -ENOMEM: nothing has changed,
 * and both are still the caller's to deinit. Not during a shutdown.
 */
int supervisor_reload(struct supervisor *supervisor, struct config *fresh,
    struct problems *warnings, uint64_t now_ms);

/* What a reload has left to be done. Part of supervisor_turn. */
void supervisor_turn_reload(struct supervisor *supervisor, uint64_t now_ms);

/* The unit of that name, or NULL; not one that leaves the configuration. */
struct unit *supervisor_find(const struct supervisor *supervisor, const char *name);
/* Those too. */
struct unit *supervisor_find_any(const struct supervisor *supervisor, const char *name);

/*
 * Who has to come up, or to go, before the unit may start: the first in its `after` that is not
 * there, or one that is still going down with its port. NULL: it may.
 */
const struct unit *supervisor_awaited(const struct supervisor *supervisor, const struct unit *unit);
/* One in its `after` that is down for good, so that it waits for ever; NULL: none. */
const struct unit *supervisor_held_up_by(
    const struct supervisor *supervisor, const struct unit *unit);

/* Stops all units of a level that run. */
void supervisor_stop_level(
    struct supervisor *supervisor, int level, uint64_t limit_ms, uint64_t now_ms);
bool supervisor_is_level_down(const struct supervisor *supervisor, int level);
int supervisor_top_level(const struct supervisor *supervisor);

/* Logs the warnings; there are any at a start or after a reload. */
void supervisor_report_warnings(struct supervisor *supervisor, size_t count);

/* ---- for units ---- */

/*
 * One log line; an event as well, if the name is one of event_ring.h's. unit NULL: about nemoinit
 * itself.
 */
void supervisor_report(struct supervisor *supervisor, enum log_level level, const struct unit *unit,
    const char *event, const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * A line of output: redacted, then into the ring, to who follows, and into the log. name: whose;
 * stream: "stdout" or "stderr".
 */
void supervisor_log_output(struct supervisor *supervisor, struct speaker *speaker, const char *name,
    const char *stream, const char *line, size_t length_bytes);

/*
 * A line that comes again and again is folded in the log: tells how often it has come, when that is
 * due, and returns when it will be; or now, at the end of a stream.
 */
uint64_t supervisor_turn_output(
    struct supervisor *supervisor, struct speaker *speaker, const char *name, uint64_t now_ms);
void supervisor_end_output(
    struct supervisor *supervisor, struct speaker *speaker, const char *name);

/*
 * The text without the secrets of the unit's environment (NULL: of ours): the text itself, or what
 * is in buffer then.
 */
const char *supervisor_redact(const struct supervisor *supervisor, const struct unit *unit,
    const char *text, struct text *buffer);

/*
 * The end of a turn: what was told in it is written. Returns whether lines had to be dropped since
 * the last time, which is then told.
 */
bool supervisor_flush_log(struct supervisor *supervisor);

/* The same in place, of a text from the heap or NULL; without memory it is "". */
void supervisor_redact_text(
    const struct supervisor *supervisor, const struct unit *unit, char **text);

/* The unit's state has changed. */
void supervisor_on_state(struct supervisor *supervisor, struct unit *unit, uint64_t now_ms);

/* Have we started this child ourselves? data: the supervisor. */
bool supervisor_knows_child(void *data, pid_t pid);

uint32_t supervisor_random(struct supervisor *supervisor);

/*
 * A main process has ended; is_victim: by a SIGKILL that is not ours. Has the OOM killer struck a
 * moment ago? 1, 0, or -1 where that cannot be read. One strike explains one victim.
 */
int supervisor_take_oom(struct supervisor *supervisor, bool is_victim, uint64_t now_ms);

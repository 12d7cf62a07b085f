/*
 * A unit: one service's machine joined with its mechanisms (process, output, probe, notification
 * socket). Executes what the machine says and tells it what happens.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "app/speaker.h"
#include "core/lines.h"
#include "core/service.h"
#include "core/snapshot.h"
#include "core/words.h"
#include "io/spawn.h"
#include "io/tree.h"

struct exec_probe;
struct fatal_text;
struct run;
struct supervisor;
struct text;

enum {
	UNIT_DETAIL_BYTES = 256, /* of what a probe or a notification has to say */
};

/* Places for warnings, one for each thing that can be wrong at a time. */
enum unit_warning {
	UNIT_WARNING_START,      /* why it could not be executed */
	UNIT_WARNING_STOP,       /* it does not die */
	UNIT_WARNING_PRIVILEGES, /* what was refused, and it runs all the same */
	UNIT_WARNING_PORT,       /* the port's holder cannot be read */
	UNIT_WARNING_LOG,        /* its log file cannot be written */
	UNIT_WARNING_SELF,       /* what the service says itself (X_NEMOINIT_WARNING) */
	UNIT_WARNING_COUNT_,
};

/* One captured stream. */
struct unit_stream {
	struct unit *unit;
	const char *name; /* stdout, stderr */
	struct output *output;
	struct line_splitter splitter;
	struct fatal_text *fatal; /* until it is ready, if it has fatal_output; else NULL */
};

/* How far it is with what a reload wants of it (app/supervisor_reload.c). */
enum unit_change {
	UNIT_CHANGE_NONE,
	UNIT_CHANGE_DUE,      /* runs as before, until it is its level's turn */
	UNIT_CHANGE_STOPPING, /* the old process is on its way down */
};

struct unit {
	struct supervisor *supervisor;
	unsigned users; /* the supervisor, and each request that waits for it */
	size_t place;   /* in supervisor->units */
	const struct service_config
	    *config; /* own_config: the place stays, what is in it may change */
	struct service_config own_config;
	enum unit_change change;
	uint16_t change_level;             /* by the configuration it was started with */
	struct service_config next_config; /* while the change is due */
	bool is_removed;                   /* not configured any more, and not down yet */
	struct service service;
	pid_t pid;        /* main process, not reaped yet; 0: none */
	uid_t uid;        /* that the last start was to have */
	pid_t session;    /* first main process of the last start; 0: nothing of its tree is left */
	struct tree tree; /* of that start */
	uint16_t held_port; /* `port` of that start; 0: none, or nothing of the tree is left */
	pid_t next_main;    /* by MAINPID=, when the main process has ended; 0: none */
	uint64_t next_main_start;
	uint64_t look_ms;  /* not before then is the tree looked at again */
	bool is_look_owed; /* a child has gone meanwhile */
	bool was_killed;   /* during the shutdown */
	bool has_terminal; /* its group is the terminal's foreground group */
	int status_fd;     /* of a start whose exec has not been heard of; -1: none */
	struct loop_watch *status_watch;
	struct spawn_report spawn_report; /* what has been heard */
	struct probe *probe;              /* under way; NULL: none */
	struct exec_probe *exec_probe;    /* likewise */
	uint64_t probe_began_ms;
	struct notify_socket *notify;
	struct words env_file; /* what it said at the last start */
	struct run *repair;    /* NULL: never needed yet */
	struct unit_stream streams[2];
	struct speaker speaker;

	/* For status and metrics only. */
	uint32_t restarts_by[EXIT_REASON_COUNT_]; /* by how the start before had ended */
	uint64_t output_bytes;                    /* captured, in all */
	uint64_t log_dropped; /* lines, in all log files but the one that it has now */
	char *task;           /* whose failure has blocked it last */
	char *task_failure;   /* that, in words */
	char *task_message;   /* what the task wrote last */
	char *failure; /* why the last start or the last probe-caused stop failed, in words */
	int64_t started_at_ms; /* epoch; -1: never */
	int64_t exit_at_ms;    /* epoch; -1: never */
	int64_t exit_pid;
	int64_t exit_oom; /* 1, 0, -1: the counter cannot be read */
	int64_t probe_ok; /* 1, 0, -1: none yet */
	int64_t probe_last_ok_at_ms;
	int64_t probe_latency_ms;
	char *probe_detail;
	enum listener_owner listener_owner;
	pid_t listener_pid;
	char *listener_command;
	bool has_log_problem;                /* and it has been told */
	bool is_port_reported;               /* the stranger on the port has been told of */
	char *warnings[UNIT_WARNING_COUNT_]; /* owned; NULL: all is well */
};

/*
 * Takes what is in config, and leaves it zeroed. NULL when memory is short: then it is untouched.
 * The caller is its first user.
 */
struct unit *unit_new(
    struct supervisor *supervisor, struct service_config *config, size_t place, uint64_t now_ms);
/* One more, one less. The last frees everything; ends no process. unit_release(NULL) is harmless.
 */
struct unit *unit_hold(struct unit *unit);
void unit_release(struct unit *unit);
/* Nothing is heard of it any more: it is down, and not supervised from here on. */
void unit_close(struct unit *unit);

/* Tells the machine of an event, and does what it says. */
void unit_handle(struct unit *unit, enum service_event_type type, uint64_t now_ms);
/* The same, of an event with details; its random number is drawn here. */
void unit_handle_event(struct unit *unit, struct service_event *event, uint64_t now_ms);
/* SERVICE_EV_STOP with a limit (0: stop_timeout). */
void unit_stop(struct unit *unit, uint64_t limit_ms, uint64_t now_ms);

/* The main process has been reaped. */
void unit_on_exit(struct unit *unit, const struct exit_info *exit, uint64_t now_ms);

/* A child has gone: was that the last of a tree we wait for (app/unit_tree.c)? */
void unit_check_tree(struct unit *unit, uint64_t now_ms);
/* SERVICE_DO_STOP_SIGNAL, _END_TREE, _KILL_TREE (app/unit_tree.c). */
void unit_stop_signal(struct unit *unit, uint64_t now_ms);
void unit_end_tree(struct unit *unit, uint64_t now_ms);
void unit_kill_tree(struct unit *unit, uint64_t now_ms);
/* MAINPID=: at once if pid is our child, else when the main process ends; nothing while it is being
 * stopped (app/unit_tree.c). */
void unit_take_main_pid(struct unit *unit, pid_t pid);
/* The main process has ended: true if another is it now, as told by MAINPID= (app/unit_tree.c). */
bool unit_take_next_main(struct unit *unit);
/*
 * The main process has ended unasked: if a process of its tree, our child now, holds the port, that
 * one is the main process and true is returned (app/unit_tree.c).
 */
bool unit_adopt(struct unit *unit);

/* Does what is due; returns the next deadline. */
uint64_t unit_turn(struct unit *unit, uint64_t now_ms);

/* Nothing of it runs or is being ended. */
bool unit_is_down(const struct unit *unit);

/* Spawns the main process: SERVICE_DO_START, after the look at the port (app/unit_start.c). */
void unit_start(struct unit *unit, uint64_t now_ms);
/* Hears of the exec if it can (app/unit_start.c). */
void unit_read_start(struct unit *unit, uint64_t now_ms);
/* What is spawned for the unit has all of this, but for its argv, environment and output; and its
 * environment, which the caller deinits: 0 or -ENOMEM (app/unit_start.c). */
struct spawn_request unit_spawn_request(const struct unit *unit);
int unit_environment(const struct unit *unit, struct words *ret_environment);
/* Begins a probe: SERVICE_DO_PROBE; ends it without a result (app/unit_probe.c). */
void unit_probe(struct unit *unit, uint64_t now_ms);
void unit_cancel_probe(struct unit *unit);
/* A probe is over: SERVICE_EV_PROBE_*, and what was wrong, in words; NULL: nothing. Looks whose the
 * port is before it believes a success (app/unit_probe.c). */
void unit_end_probe(struct unit *unit, enum service_event_type verdict, const char *detail);
/* Ends a probe whose time is over; returns the deadline of one under way (app/unit_probe.c). */
uint64_t unit_turn_probe(struct unit *unit, uint64_t now_ms);

/* The same for a probe that is a command, in unit->exec_probe (app/unit_exec_probe.c). */
void exec_probe_start(struct unit *unit, uint64_t now_ms);
uint64_t exec_probe_turn(struct unit *unit, uint64_t now_ms);
/* Ends and frees it, and makes *probe NULL. The rest, too, is harmless on NULL. */
void exec_probe_free(struct exec_probe **probe);
/* Its process, if that has not been reaped; else 0. */
pid_t exec_probe_pid(const struct exec_probe *probe);
/* A child has been reaped, its or another's. May end the probe. */
void exec_probe_handle_exit(
    struct exec_probe *probe, pid_t pid, const struct exit_info *exit, uint64_t now_ms);

/* Tells what is known of a process that does not serve: SERVICE_DO_DIAGNOSE
 * (app/unit_diagnosis.c). */
void unit_diagnose(struct unit *unit, uint64_t now_ms);
/* Looks who holds the service's port; true if it is the service itself (app/unit_probe.c). */
bool unit_look_at_port(struct unit *unit);
/* The holder of the port: `pid 12, COMMAND`, as far as it can be read (app/unit_probe.c). */
void unit_describe_holder(const struct unit *unit, struct text *out);
/* A message on the unit's notification socket (app/unit_probe.c). */
void unit_on_notify(void *data, const char *message, size_t length_bytes, pid_t pid, uid_t uid);
/* Takes what is in the pipe now, an unfinished line too (app/unit_start.c). */
void unit_drain_output(struct unit_stream *stream);
/* A batch of output; length 0: the stream has ended (app/unit_start.c). */
void unit_on_output(void *data, const char *bytes, size_t length_bytes);

/* From here on what it says goes into its log file too, if there is to be one (app/unit_log.c). */
void unit_open_log(struct unit *unit);
/* No more; tells what has got lost. The next unit_open_log goes by the configuration of then. */
void unit_close_log(struct unit *unit, uint64_t now_ms);
/* Writes what has been added, and tells if that fails; returns when it wants to be called again. */
uint64_t unit_turn_log(struct unit *unit, uint64_t now_ms);
/* Lines that are missing in its log files. */
uint64_t unit_log_dropped(const struct unit *unit);

/* Runs the repair command: SERVICE_DO_REPAIR (app/unit_repair.c). */
void unit_repair(struct unit *unit, uint64_t now_ms);

/* Tells of a change of state, one line or, where there is nothing to say, none
 * (app/unit_report.c). */
void unit_report_state(struct unit *unit, enum service_state before, uint64_t now_ms);
/* `exited with 1`, `ended by signal 9 (KILL)` (app/unit_report.c). */
void unit_describe_end(const struct exit_info *exit, struct text *out);
/* How the last start ended and why, in words (app/unit_report.c). */
void unit_describe_exit(const struct unit *unit, struct text *out);
/* Replaces an owned text; text NULL: none. */
void unit_set_text(char **place, const char *text);
/* The same, without the secrets of the unit: for what it or others say of it. */
void unit_set_redacted(struct unit *unit, char **place, const char *text);

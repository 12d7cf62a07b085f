/*
 * A world for the supervisor: the functions of src/io over processes, ports and a clock that exist
 * only here, linked instead of the io library. Time moves by fake_advance alone. What a service
 * does after a fork stands in its struct fake_child.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/process.h"

enum {
	FAKE_SERVICES_MAX = 8,
	FAKE_PROCESSES_MAX = 32,
	FAKE_OBJECTS_MAX = 64,
	FAKE_LOG_LINES = 48,
	FAKE_LOG_LINE_BYTES = 400,
	FAKE_MESSAGES_MAX = 8,
	FAKE_TASKS_MAX = 16,
	FAKE_KILL_AFTER_MS = 500, /* from TERM to KILL of a job */
	FAKE_LATENCY_MS = 2,      /* of an answer to a probe */
};

/* What the next process of a service is going to do. Times count from its fork; NEVER_MS: never. */
struct fake_child {
	uint64_t exec_ms;
	int exec_error;       /* errno of an exec that fails; 0: succeeds */
	uint64_t serve_ms;    /* takes its port and answers; sends READY=1 */
	uint64_t hang_ms;     /* from here on it holds the port and answers nothing … */
	uint64_t hang_end_ms; /* … until here */
	uint64_t ping_ms;     /* WATCHDOG=1 this often from serve_ms on … */
	uint64_t ping_end_ms; /* … until here, and never while it hangs */
	uint64_t exit_ms;
	struct exit_info exit;
	uint64_t term_ms; /* from a stop signal to its exit with term_exit; NEVER_MS: ignores it */
	struct exit_info term_exit;
	uint64_t kill_ms; /* from KILL to its death; NEVER_MS: state D */
	unsigned members; /* other processes of its tree, which outlive it */
	uint64_t member_term_ms;
	bool has_sessions; /* its members: each one of its own */
	bool has_heir;     /* when it ends, a member has its port and goes on serving */
	uint64_t chat_ms;  /* writes a line this often; NEVER_MS: silent */
	uint64_t check_ms; /* an exec probe of it takes so long; NEVER_MS: it never ends … */
	int check_code;    /* … and exits so; -1: by whether the service answers */
};

struct fake_process {
	pid_t pid; /* 0: free place */
	pid_t session;
	pid_t start; /* main process at its fork */
	size_t service;
	bool is_main;
	bool is_zombie;
	bool is_child; /* of ours: we reap it */
	bool is_heir;
	bool has_executed;
	bool holds_port;
	bool has_words; /* to be read from its output */
	bool is_ready;  /* has sent READY=1 or taken its port */
	struct fake_child plan;
	uint64_t born_ms;
	uint64_t die_ms;
	struct exit_info exit;
	uint64_t next_ping_ms;
	uint64_t next_chat_ms;
	char notify[16]; /* its NOTIFY_SOCKET; "": none */
};

struct fake_service {
	char name[33]; /* argv[0] of its command */
	uint16_t port; /* 0: none */
	struct fake_child child;
	uint64_t stranger_ms; /* a stranger takes the port as soon as it is free from here on … */
	uint64_t stranger_end_ms;
	bool has_stranger;
	unsigned starts;
	uint64_t last_start_ms;
};

/* A command that is no service: a task, a repair. */
struct fake_task {
	char name[32];    /* argv[0] */
	uint64_t end_ms;  /* from its start; NEVER_MS: not by itself */
	uint64_t term_ms; /* from a stop; NEVER_MS: ignores it */
	int code;
	unsigned starts;
	unsigned running; /* now */
	char told[64];    /* its NEMOINIT_EVENT and NEMOINIT_SERVICE */
};

struct fake {
	uint64_t start_ms;
	uint64_t now_ms;
	struct fake_service services[FAKE_SERVICES_MAX];
	size_t service_count;
	struct fake_task tasks[FAKE_TASKS_MAX];
	size_t task_count;
	struct fake_process processes[FAKE_PROCESSES_MAX];
	pid_t last_pid;
	bool has_sigchld;
	int fork_error;      /* errno of every fork; 0: they succeed */
	bool is_status_held; /* somebody else has the status pipes open too */
	uint64_t oom_count;
	bool is_disk_full;
	unsigned file_lines; /* written to log files */
	unsigned file_tries; /* of those that could not be written */
	size_t fds, watches, probes, jobs, outputs, notifies, log_files; /* alive */
	unsigned job_starts;
	int job_error; /* errno of every start of a job; 0: they succeed */
	/* Called before a process is made; may change the service's child. NULL: none. */
	void (*on_spawn)(size_t service);
	/* Called for each event line. NULL: none. */
	void (*on_event)(const char *service, const char *event);
	/* A rule of the world is broken. Must not return. */
	void (*on_fault)(const char *what);
	char log[FAKE_LOG_LINES][FAKE_LOG_LINE_BYTES]; /* a ring of the last lines */
	unsigned log_next;
};

extern struct fake fake;

/* A new world at start_ms. */
void fake_reset(uint64_t start_ms);
size_t fake_add_service(const char *name, uint16_t port);
/* A command that does nothing for a second, well; one that is there already is left as it is. */
void fake_add_task(const char *name);
struct fake_task *fake_task(const char *name);
/* The place of the service in fake.services; FAKE_SERVICES_MAX: there is none of that name. */
size_t fake_find_service(const char *name);
/* A healthy child: serves after a second, never ends, obeys TERM at once. */
struct fake_child fake_child_healthy(void);

/* When something next happens that nemoinit would be woken for; NEVER_MS: never. */
uint64_t fake_next_ms(void);
/* Moves the clock; children live on. */
void fake_advance(uint64_t now_ms);
/* Calls the handlers of everything that is ready, once each. Returns true for a SIGCHLD. */
bool fake_dispatch(void);

/* The main process of a service that has not been reaped, or NULL. */
struct fake_process *fake_main(size_t service);
/* The first living member beside it, or NULL. */
struct fake_process *fake_member(size_t service);
/* A child of ours that belongs to no service. */
struct fake_process *fake_orphan(void);
/* How many processes of a service (FAKE_SERVICES_MAX: of none) live (zombies do not). */
unsigned fake_count_alive(size_t service);
bool fake_is_hanging(const struct fake_process *process, uint64_t at_ms);
/* A notification, which waits to be read like any other. */
void fake_send(const struct fake_process *process, const char *message);
/* A signal from outside. */
void fake_kill(struct fake_process *process, int signal);

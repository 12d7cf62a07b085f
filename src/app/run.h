/*
 * A command that runs beside the services for a limited time: a task, a repair. In a session of its
 * own, of which nothing outlives it; what it writes is logged line by line.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/lines.h"
#include "core/words.h"
#include "util/error.h"
#include "util/process.h"

struct run;
struct speaker;
struct identity_config;
struct supervisor;

/* How it ended. */
struct run_end {
	bool is_good;      /* with exit code 0, in time */
	const char *words; /* `exited with 1 after 3.2s`; why it could not be executed */
};

struct run_owner {
	struct supervisor *supervisor;
	const char *name;        /* whose output it is; copied */
	const char *mark;        /* of what is ended with it (io/job.h); borrowed for life */
	struct speaker *speaker; /* borrowed for life; each start gives it its secrets */
	/* The end, told once for each start. */
	void (*handle)(void *data, const struct run_end *end, uint64_t now_ms);
	void *data;
};

/* Returns 0 or -ENOMEM. */
int run_new(const struct run_owner *owner, struct run **ret_run);
/* Kills what runs, and tells nothing more. Harmless on NULL; makes *run NULL. */
void run_free(struct run **run);

/*
 * Starts command (copied), at most one at a time. Takes over environment, also on failure; its
 * items are an envp. directory: NULL for ours. Returns 0, or -errno and nothing will be told.
 */
int run_start(struct run *run, const struct words *command, struct words *environment,
    const struct identity_config *identity, const char *directory, uint64_t timeout_ms,
    uint64_t now_ms, struct error *error);

/* Its time is over now: TERM, then KILL, then the end is told. These are harmless on NULL. */
void run_stop(struct run *run, uint64_t now_ms);
bool run_is_running(const struct run *run);
/* Our own loop stood still for gap_ms: its time is that much longer. */
void run_shift(struct run *run, uint64_t gap_ms);
/* Its main process, if that has not been reaped; else 0. */
pid_t run_pid(const struct run *run);
/* A child has been reaped, its own or another's. May tell the end. */
void run_on_exit(struct run *run, pid_t pid, const struct exit_info *exit, uint64_t now_ms);
/* Does what is due, which may tell the end; returns the next deadline. */
uint64_t run_turn(struct run *run, uint64_t now_ms);

/*
 * One short helper process: output captured and capped, time limited, nothing left behind: all
 * children of this process where they are the job's alone, else its session or process group.
 *
 * The owner passes on what its reaper collects (job_handle_exit) and calls job_handle_deadline
 * when job_deadline_ms has come. The end is told once, by a call to `handle`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/spawn.h"
#include "util/error.h"
#include "util/process.h"
#include "util/text.h"

struct job;
struct loop;

enum {
	JOB_KILL_AFTER_MS = 500, /* from TERM to KILL */
};

enum job_outcome {
	JOB_EXITED,
	JOB_TIMED_OUT,   /* or was stopped; what the shell's timeout(1) calls 124 */
	JOB_NOT_STARTED, /* error */
};

/* Pointers are borrowed until the end has been told. */
struct job_request {
	struct spawn_request spawn; /* stdin, stdout and stderr are the job's to set */
	uint64_t timeout_ms;
	size_t max_output_bytes; /* of stdout and of stderr each; more is read and dropped */
	/*
	 * Gets what is written as it comes, with the owner's data, and nothing is kept. NULL: it is
	 * all in the result. Must not free the job.
	 */
	void (*handle_output)(void *data, bool is_stderr, const char *bytes, size_t length_bytes);
	const char *mark; /* TREE_MARK_NAME in its environment: what bears it is ended with it,
			   * wherever it has gone; NULL: none. Needs a session of its own */
	/*
	 * Is this child of ours somebody's who is known? Where all are, nothing is left of the job,
	 * and a look at all processes is spared. NULL: nobody can tell.
	 */
	bool (*is_known)(void *known_data, pid_t pid);
	void *known_data;
	bool owns_children; /* every child of this process is the job's: none survives it */
};

/* Valid during the call of `handle`. */
struct job_result {
	enum job_outcome outcome;
	struct exit_info exit;     /* JOB_EXITED */
	const struct error *error; /* JOB_NOT_STARTED */
	const struct spawn_report *report;
	const struct text *output; /* data may be NULL when empty; truncated: there was more */
	const struct text *error_output;
};

/* How long a job may run that must be over in time_ms, TERM, the wait for it and KILL included. */
uint64_t job_limit_ms(uint64_t time_ms);

/* Returns 0 or -ENOMEM. */
int job_new(struct loop *loop, void (*handle)(void *data, const struct job_result *result),
    void *data, struct job **ret_job);

/*
 * Frees *job and makes it NULL; harmless on NULL. A process still running gets SIGKILL, and
 * nothing more is told.
 */
void job_free(struct job **job);

/* Starts the process; at most one at a time. Returns 0, or -errno and nothing will be told. */
int job_start(
    struct job *job, const struct job_request *request, uint64_t now_ms, struct error *error);

/* Brings the limit forward to now: TERM, then KILL; the end is told as JOB_TIMED_OUT. */
void job_stop(struct job *job, uint64_t now_ms);

/* Our own loop stood still for gap_ms: its time is that much longer. */
void job_shift(struct job *job, uint64_t gap_ms);

bool job_is_running(const struct job *job);

/* Its process, if that has not been reaped; else 0. */
pid_t job_pid(const struct job *job);

/* A child has been reaped, ours or another's. May tell the end. */
void job_handle_exit(struct job *job, pid_t pid, const struct exit_info *exit, uint64_t now_ms);

/* When job_handle_deadline is wanted; NEVER_MS when idle. */
uint64_t job_deadline_ms(const struct job *job);
void job_handle_deadline(struct job *job, uint64_t now_ms);

/*
 * Starting a process: fork, a fixed list of async-signal-safe steps, exec.
 *
 * Everything that may block or allocate happens before the fork. fork, not vfork: an exec that
 * hangs on a dead file system must not hang us; clone3 where the child is to be born in a cgroup,
 * and fork again where that is refused. The child gets an empty signal mask; dispositions
 * are those of the parent, which has called signals_block and so has them at their default. The
 * child tells of a step that failed through a close-on-exec pipe; end of file without a word means
 * that exec has succeeded.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "io/privileges.h"
#include "util/error.h"

struct spawn_request {
	char *const *argv;
	char *const *environment;
	const char *search_path;             /* PATH for an argv[0] without a slash */
	const char *directory;               /* NULL: ours */
	const char *cgroup;                  /* directory of the one to be born in; NULL: ours */
	int stdin_fd;                        /* -1: /dev/null */
	int stdout_fd;                       /* -1: /dev/null; else borrowed */
	int stderr_fd;                       /* likewise */
	const struct rlimit *nofile;         /* RLIMIT_NOFILE; NULL: ours */
	const struct privileges *privileges; /* prepared; NULL: ours */
	bool new_session;                    /* setsid; else a process group of its own */
	bool in_foreground;                  /* that group gets the terminal, our stdin */
	bool die_with_parent; /* PR_SET_PDEATHSIG TERM, for a parent that is not PID 1 */
};

/*
 * Forks and returns at once. *ret_status_fd is non-blocking and the caller's to close: read it
 * with spawn_read_status when readable. Returns 0, or -errno (EAGAIN: no process to be had,
 * ENOMEM, EMFILE) and *error names what failed.
 */
int spawn_start(
    const struct spawn_request *request, pid_t *ret_pid, int *ret_status_fd, struct error *error);

/* What the child has told; zeroed at first. */
struct spawn_report {
	int refused[PRIVILEGES_STEP_COUNT_]; /* errno of each step that was refused; 0: done */
	bool is_privilege;                   /* what has failed is one of these */
};

/*
 * Reads what the child has to tell; what it has been refused is added to *report (NULL: nobody
 * wants to know). Returns 1: not all has been told yet; 0: exec has succeeded; -errno of the step
 * that failed, and *error says which, with argv[0] and the PATH searched.
 */
int spawn_read_status(int status_fd, const struct spawn_request *request,
    struct spawn_report *report, struct error *error);

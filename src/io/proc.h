/* Reading /proc (proc(5)): who is whose child, in which group and session, since when. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
	pid_t pid;
	pid_t parent;
	pid_t group;
	pid_t session;
	char state;          /* R S D T Z … */
	long threads;        /* a Z with more than one still runs: only its main thread has ended */
	uint64_t start_time; /* ticks since boot: with the pid, the identity of a process */
};

/* Returns 0 or -errno (-ESRCH: gone). */
int proc_read_stat(pid_t pid, struct proc_stat *ret_stat);

/* Has all of it ended? It only waits to be reaped then. */
bool proc_is_dead(const struct proc_stat *stat);

/* Calls handle for every process that can be seen, until it returns false. 0 or -errno. */
int proc_each(bool (*handle)(void *data, const struct proc_stat *stat), void *data);

/*
 * Calls handle for each direct child of the calling process (single-threaded), zombies included.
 * Returns 0 or -errno. Kernels without /proc/PID/task/TID/children are asked the long way. A list
 * of children that changes while it is read may miss one (proc(5)).
 */
int proc_each_child(bool (*handle)(void *data, pid_t pid), void *data);

/*
 * The value of a variable in the environment the process was executed with, NUL-terminated. Returns
 * 0 or -errno: -ENOENT where it has none of that name or a longer value, -EACCES where it may not
 * be read, -ESRCH if it is gone.
 */
int proc_read_variable(pid_t pid, const char *name, char *value, size_t size_bytes);

/* The command line, blanks for its NULs, raw bytes; else, also in state D, where to read it could
 * take as long as the process hangs, `[comm]`; "" if gone. NUL-terminated. */
void proc_read_command(pid_t pid, char *buffer, size_t size_bytes);

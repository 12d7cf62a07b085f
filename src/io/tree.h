/*
 * The tree of a service: its processes, wherever they have gone to.
 *
 * A process is known as a member by, in this order: being the main process; its session or process
 * group, if one of the main processes led it; having been seen as a member before (pid and start
 * time); a parent that is a member; and, for what has lost its parent, the cgroup it was born in,
 * where the tree has one, or a mark in the environment it was executed with. What cannot be
 * attributed by any of these is nobody's: it is left alone.
 *
 * Two facts of the kernel are made use of. Our own children are reaped by us alone, so their pids
 * cannot become another's unseen. And the number of a session or process group is not given away
 * while it has a member (setsid(2)); one that has been seen empty is forgotten.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat;

#define TREE_MARK_NAME "_NEMOINIT"

enum {
	TREE_MARK_BYTES = 96,
	TREE_LEADERS_MAX = 4,    /* one main process after the other; the oldest gives way */
	TREE_MEMBERS_MAX = 4096, /* remembered from one look to the next */
	TREE_PROCESSES_MAX = 65536,
};

struct tree_member {
	pid_t pid;
	pid_t group;
	uint64_t start_time; /* ticks since boot: with the pid, the identity of a process */
	bool is_child;       /* of ours */
	bool is_stopped;
};

struct tree {
	char mark[TREE_MARK_BYTES]; /* value of TREE_MARK_NAME in their environment; "": none */
	char *cgroup;               /* directory of theirs (io/cgroup.h), owned; NULL: none */
	bool has_killed_cgroup;     /* not to be used again: see tree_kill */
	pid_t main_pid;             /* not reaped yet; 0: none */
	pid_t leaders[TREE_LEADERS_MAX]; /* of sessions and groups that are its own; 0: free */
	struct tree_member *members;     /* alive at the last look, by pid */
	size_t count;
};

/*
 * A start, or another main process of the same start. What leader leads, a session or only a
 * process group, is the tree's from here on; it may be ours, which is not.
 */
void tree_set_main(struct tree *tree, pid_t main_pid, pid_t leader);

/* Nothing of it is left. Frees what is remembered; mark and cgroup stay. */
void tree_clear(struct tree *tree);

/*
 * A look at all processes: puts into each of the trees who is alive of it now. on_orphan (or NULL)
 * is called for each living child of ours that belongs to none of the trees. Returns 0, or -errno
 * when not everything could be seen: then nothing has changed. Costs a read for each process there
 * is; the caller paces it.
 */
int tree_look(struct tree *const *trees, size_t count,
    void (*on_orphan)(void *data, const struct proc_stat *stat), void *data);

/* A look for one tree: is anybody alive? So it is called as well where that cannot be told. */
bool tree_is_alive(struct tree *tree);

/* Is it a member? Looks at its ancestors one by one, not at all processes. */
bool tree_has(const struct tree *tree, const struct proc_stat *stat);

/*
 * Is one of the members of the last look still alive? The dead are forgotten. Cheap, but tells
 * nothing of those born since.
 */
bool tree_has_survivor(struct tree *tree);

/*
 * Are all our living children known to somebody (is_known)? Then nothing can be left of a tree
 * whose main process has been reaped, since what loses its parent becomes our child: a look can be
 * spared. False as well where that is not so, or cannot be told.
 */
bool tree_are_children_known(bool (*is_known)(void *data, pid_t pid), void *data);

/* Sends signal, then CONT, since a stopped process must wake to die. 0 or -errno (-ESRCH: gone). */
int tree_signal_main(pid_t main_pid, int signal);

/* The same to every member of the last look that is still the same process. */
void tree_signal(const struct tree *tree, int signal);

/*
 * KILL to all of it: to its cgroup at once, and to the others after passes of STOP until no member
 * is left that could make another: a bomb forks faster than it can be killed one by one. The number
 * of passes is bounded; what is born beyond them is for the next call.
 */
void tree_kill(struct tree *tree);

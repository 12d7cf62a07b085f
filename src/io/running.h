/*
 * The file that a running process executes, which is not always the one of that name: it may have
 * been replaced, or be that of a container. Held by a descriptor, it stays what it is while it is
 * looked at and executed (proc_pid_exe(5)).
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct running {
	pid_t pid;
	int fd;              /* O_PATH */
	char path[PATH_MAX]; /* as the process sees it, without the ` (deleted)` */
	bool is_replaced;    /* there is no file of that name any more, or another one */
	bool is_here;        /* what the process sees of the file system is what we see */
	uid_t owner;         /* of the file */
	dev_t device;
	ino_t inode;
};

/*
 * The caller closes. Returns 0, or -errno: -ESRCH if there is no such process or it executes
 * nothing, -EACCES where that is not to be seen.
 */
int running_open(pid_t pid, struct running *ret_running);

/* Harmless twice. */
void running_close(struct running *running);

/* Do both execute the same file? */
bool running_is_same(const struct running *a, const struct running *b);

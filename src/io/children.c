#include "io/children.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/fd.h"

void children_adopt(void)
{
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
}

bool children_exist(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Reads a small /proc file; its length, or -1. */
static ssize_t read_proc(const char *path, char *ret_buffer, size_t size_bytes)
{
	int fd __attribute__((cleanup(fd_close))) = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -1;
	length = read(fd, ret_buffer, size_bytes - 1);
	ret_buffer[length > 0 ? length : 0] = '\0';
	return length;
}

/* The parent of a process: the word behind its name and state in stat (proc(5)); -1: gone. */
static pid_t parent_of(const char *pid)
{
	char path[32], line[512], *name_end;

	snprintf(path, sizeof(path), "/proc/%.10s/stat", pid);
	if (read_proc(path, line, sizeof(line)) <= 0)
		return -1;
	/* The name may hold blanks and parentheses: only its last one is the end. */
	name_end = strrchr(line, ')');
	return name_end && strlen(name_end) > 4 ? (pid_t)atol(name_end + 4) : -1;
}

/* For kernels without CONFIG_PROC_CHILDREN. */
static void kill_by_scan(void)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    parent_of(entry->d_name) == getpid())
			(void)kill((pid_t)atol(entry->d_name), SIGKILL);
	}
	closedir(directory);
}

void children_kill(void)
{
	char path[64], list[4096], *at = list, *end;
	long pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	if (read_proc(path, list, sizeof(list)) < 0) {
		kill_by_scan();
		return;
	}
	/* Nobody but us reaps them, so a number cannot have gone to a stranger meanwhile. What the
	 * buffer cuts off (a number too, which then names nobody of ours or a child) is for the
	 * next call. */
	for (; (pid = strtol(at, &end, 10)) > 0 && *end == ' '; at = end)
		(void)kill((pid_t)pid, SIGKILL);
}

#include "io/running.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fd.h"

static bool is_same_file(const char *path, const struct stat *file)
{
	struct stat other;

	return stat(path, &other) == 0 && other.st_dev == file->st_dev &&
	       other.st_ino == file->st_ino;
}

/* Its mount namespace is ours, or at least the file is. */
static bool is_here(const struct running *running, const struct stat *file)
{
	struct stat ours;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)running->pid);
	if (stat("/proc/self/ns/mnt", &ours) == 0 && is_same_file(path, &ours))
		return true;
	return !running->is_replaced && is_same_file(running->path, file);
}

static int read_path(struct running *running)
{
	static const char suffix[] = " (deleted)";
	const size_t suffix_length = sizeof(suffix) - 1;
	char link[64];
	ssize_t length;
	char *end;

	/* Of the descriptor: the process may execute another file by now. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", running->fd);
	length = readlink(link, running->path, sizeof(running->path));
	if (length < 0)
		return -errno;
	if ((size_t)length == sizeof(running->path))
		return -ENAMETOOLONG;
	running->path[length] = '\0';
	end = running->path + length - ((size_t)length > suffix_length ? suffix_length : 0);
	running->is_replaced = strcmp(end, suffix) == 0;
	if (running->is_replaced)
		*end = '\0';
	return 0;
}

int running_open(pid_t pid, struct running *ret_running)
{
	struct running *running = ret_running;
	struct stat file;
	char link[64];
	int result;

	*running = (struct running){ .pid = pid };
	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	running->fd = fd_lift(open(link, O_PATH | O_CLOEXEC));
	if (running->fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	result = read_path(running);
	if (!result && fstat(running->fd, &file) < 0)
		result = -errno;
	if (result) {
		running_close(running);
		return result;
	}
	running->is_here = is_here(running, &file);
	running->owner = file.st_uid;
	running->device = file.st_dev;
	running->inode = file.st_ino;
	return 0;
}

void running_close(struct running *running)
{
	fd_close(&running->fd);
}

bool running_is_same(const struct running *a, const struct running *b)
{
	return a->device == b->device && a->inode == b->inode;
}

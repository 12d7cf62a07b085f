#include "io/fd.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

void fd_close(int *fd)
{
	/* Linux frees the number even when close fails (close(2)): there is nothing to try again.
	 */
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

int fd_lift(int fd)
{
	int lifted;

	if (fd > 2 || fd < 0)
		return fd;
	lifted = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (lifted < 0)
		lifted = -errno;
	(void)close(fd);
	return lifted;
}

int fd_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

int fd_open_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return -errno;
		/* 0-2 must survive exec. */
		if (fd <= 2 && fcntl(fd, F_SETFD, 0) < 0)
			return -errno;
	} while (fd <= 2);
	fd_close(&fd);
	return 0;
}

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1u << 2)
#endif

void fd_protect_inherited(void)
{
	const struct dirent *entry;
	DIR *directory;

	/* By number: musl 1.2.3 has no close_range(3). Kernels before 5.11 refuse: the older way.
	 */
	if (syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	directory = opendir("/proc/self/fd");
	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		int fd = atoi(entry->d_name);

		if (fd > 2)
			(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	closedir(directory);
}

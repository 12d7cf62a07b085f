#include "io/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/cgroup.h"
#include "io/fd.h"

static int oom_open_file(void *data, const char *directory, bool is_v2)
{
	char file[PATH_MAX];
	uint64_t count;
	int fd, result;

	(void)data;
	if (snprintf(file, sizeof(file), "%s/%s", directory,
		is_v2 ? "memory.events" : "memory.oom_control") >= (int)sizeof(file))
		return -ENAMETOOLONG;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = oom_read(fd, &count);
	if (result)
		fd_close(&fd);
	return result ? result : fd;
}

int oom_open(const char *root)
{
	int fd = cgroup_find(root, "memory", oom_open_file, NULL);

	return fd < 0 ? fd : fd_lift(fd);
}

int oom_read(int fd, uint64_t *ret_count)
{
	char buffer[512];
	const char *at;
	ssize_t length = pread(fd, buffer, sizeof(buffer) - 1, 0);

	if (length < 0)
		return -errno;
	buffer[length] = '\0';
	/* A line of its own: there is oom_group_kill too. */
	at = strncmp(buffer, "oom_kill ", 9) == 0 ? buffer : strstr(buffer, "\noom_kill ");
	if (!at || sscanf(at, " oom_kill %" SCNu64, ret_count) != 1)
		return -ENODATA;
	return 0;
}

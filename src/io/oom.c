#include "io/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/fd.h"

/* Our path in a hierarchy, from a line of /proc/self/cgroup: `ID:CONTROLLERS:PATH`. */
static int oom_try_line(const char *line)
{
	const char *controllers = strchr(line, ':'), *path;
	char file[512];
	bool is_v2;
	int fd;

	path = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!path)
		return -ENOENT;
	is_v2 = path == controllers + 1;
	if (!is_v2 && strncmp(controllers, ":memory:", 8) != 0)
		return -ENOENT;
	path++;
	for (;;) {
		snprintf(file, sizeof(file), "/sys/fs/cgroup%s%.*s/%s", is_v2 ? "" : "/memory",
		    (int)strcspn(path, "\n"), path, is_v2 ? "memory.events" : "memory.oom_control");
		fd = open(file, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 || !*path)
			return fd >= 0 ? fd : -errno;
		/* A container sees its own cgroup at the root, whatever /proc calls it. */
		path = "";
	}
}

int oom_open(void)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[512];
	uint64_t count;
	int fd = -ENOENT;

	if (!file)
		return -errno;
	while (fd < 0 && fgets(line, sizeof(line), file)) {
		fd = oom_try_line(line);
		if (fd >= 0 && oom_read(fd, &count))
			fd_close(&fd);
	}
	fclose(file);
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
	at = strstr(buffer, "oom_kill ");
	if (!at || sscanf(at, "oom_kill %" SCNu64, ret_count) != 1)
		return -ENODATA;
	return 0;
}

#include "io/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/fd.h"

enum {
	LINE_BYTES = 1024, /* longer lines of mountinfo are of other file systems */
};

/* A word of a line, which is shorter than the buffer for it. */
#define WORD "%1023s"

static void oom_close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static FILE *oom_open_proc(const char *root, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/proc/self/%s", root, name);
	return fopen(path, "re");
}

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (;; list++) {
		size_t item = strcspn(list, ",\n");

		if (item == length && strncmp(list, word, length) == 0)
			return true;
		list += item;
		if (*list != ',')
			return false;
	}
}

/* Our path in the hierarchy, from the lines `ID:CONTROLLERS:PATH`; v2 has no controllers there. */
static int oom_find_path(const char *root, bool is_v2, char path[static LINE_BYTES])
{
	FILE *file __attribute__((cleanup(oom_close_file))) = oom_open_proc(root, "cgroup");
	char line[LINE_BYTES], controllers[LINE_BYTES];

	while (file && fgets(line, sizeof(line), file)) {
		if (is_v2 ? sscanf(line, "0::" WORD, path) == 1
			  : sscanf(line, "%*u:%1023[^:]:" WORD, controllers, path) == 2 &&
				has_word(controllers, "memory"))
			return 0;
	}
	return -ENOENT;
}

static int oom_open_file(const char *root, const char *point, const char *path, bool is_v2)
{
	char file[PATH_MAX];
	uint64_t count;
	int fd, result;

	snprintf(file, sizeof(file), "%s%s%s/%s", root, point, path,
	    is_v2 ? "memory.events" : "memory.oom_control");
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = oom_read(fd, &count);
	if (result)
		fd_close(&fd);
	return result ? result : fd;
}

/* One line of proc_pid_mountinfo(5). */
static int oom_try_mount(const char *root, const char *line)
{
	char top[LINE_BYTES], point[LINE_BYTES], type[16], options[LINE_BYTES] = "",
							   path[LINE_BYTES];
	const char *behind = strstr(line, " - ");
	bool is_v2;
	size_t length;
	int fd;

	if (!behind || sscanf(line, "%*u %*u %*s " WORD " " WORD, top, point) != 2 ||
	    sscanf(behind, " - %15s %*s " WORD, type, options) < 1)
		return -ENOENT;
	is_v2 = strcmp(type, "cgroup2") == 0;
	if (!is_v2 && (strcmp(type, "cgroup") != 0 || !has_word(options, "memory")))
		return -ENOENT;
	if (oom_find_path(root, is_v2, path))
		return -ENOENT;
	/* A container may see its own cgroup at the top, whatever /proc calls it. */
	length = strcmp(top, "/") == 0 ? 0 : strlen(top);
	fd =
	    oom_open_file(root, point, strncmp(path, top, length) == 0 ? path + length : "", is_v2);
	return fd < 0 ? oom_open_file(root, point, "", is_v2) : fd;
}

int oom_open(const char *root)
{
	FILE *file __attribute__((cleanup(oom_close_file))) = oom_open_proc(root, "mountinfo");
	char line[LINE_BYTES];
	int fd = -ENOENT;

	while (fd < 0 && file && fgets(line, sizeof(line), file))
		fd = oom_try_mount(root, line);
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

#include "io/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/fd.h"
#include "io/privileges.h"

enum {
	ENVIRONMENT_MAX_BYTES = 256 * 1024, /* of one process that are looked through */
};

/* Reads up to size - 1 bytes and a NUL; the number of bytes, or -errno. */
static ssize_t proc_read_file(pid_t pid, const char *name, char *buffer, size_t size_bytes)
{
	char path[64];
	int fd __attribute__((cleanup(fd_close))) = -1;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	length = read(fd, buffer, size_bytes - 1);
	if (length < 0)
		return -errno;
	buffer[length] = '\0';
	return length;
}

int proc_read_stat(pid_t pid, struct proc_stat *ret_stat)
{
	struct proc_stat stat = { .pid = pid };
	char buffer[1024];
	ssize_t length = proc_read_file(pid, "stat", buffer, sizeof(buffer));
	const char *fields;
	unsigned long long start_time;

	if (length < 0)
		return (int)length;
	/* The name in parentheses is the process's own choice: only the last ')' ends it. */
	fields = strrchr(buffer, ')');
	if (!fields || sscanf(fields,
			   ") %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			   "%ld %*d %llu",
			   &stat.state, &stat.parent, &stat.group, &stat.session, &stat.threads,
			   &start_time) != 6)
		return -EIO;
	stat.start_time = start_time;
	*ret_stat = stat;
	return 0;
}

bool proc_is_dead(const struct proc_stat *stat)
{
	return stat->state == 'Z' && stat->threads <= 1;
}

int proc_each(bool (*handle)(void *data, const struct proc_stat *stat), void *data)
{
	DIR *directory = opendir("/proc");
	const struct dirent *entry;
	bool go_on = true;

	if (!directory)
		return -errno;
	while (go_on && (entry = readdir(directory))) {
		struct proc_stat stat;

		/* What vanishes while we look is simply not there. */
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    proc_read_stat(atoi(entry->d_name), &stat) == 0)
			go_on = handle(data, &stat);
	}
	closedir(directory);
	return 0;
}

struct child_walk {
	bool (*handle)(void *data, pid_t pid);
	void *data;
	pid_t parent;
};

static bool visit_child(void *data, const struct proc_stat *stat)
{
	const struct child_walk *walk = data;

	return stat->parent != walk->parent || walk->handle(walk->data, stat->pid);
}

int proc_each_child(bool (*handle)(void *data, pid_t pid), void *data)
{
	struct child_walk walk = { .handle = handle, .data = data, .parent = getpid() };
	char path[64];
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "re");
	if (!file) /* a kernel without CONFIG_PROC_CHILDREN */
		return proc_each(visit_child, &walk);
	while (fscanf(file, "%d", &pid) == 1)
		if (!handle(data, pid))
			break;
	fclose(file);
	return 0;
}

/* Also what is another user's. The check is that of open(2): no loan is needed to read on. */
static int open_environment(pid_t pid)
{
	struct privileges_loan loan;
	char path[64];
	int fd, error;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 || errno != EACCES || !privileges_borrow(&loan, pid))
		return fd;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	error = errno;
	privileges_give_back(&loan);
	errno = error;
	return fd;
}

int proc_read_variable(pid_t pid, const char *name, char *value, size_t size_bytes)
{
	static char buffer[ENVIRONMENT_MAX_BYTES]; /* one thread: kept off the stack */
	int fd __attribute__((cleanup(fd_close))) = -1;
	size_t length = 0, name_length = strlen(name);
	char *entry = buffer, *end;
	ssize_t step = 1;

	fd = open_environment(pid);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/* In large pieces: whoever has much of it and many processes must not hold us up. */
	while (step > 0 && length < sizeof(buffer)) {
		step = read(fd, buffer + length, sizeof(buffer) - length);
		length += step > 0 ? (size_t)step : 0;
	}
	for (; (end = memchr(entry, '\0', (size_t)(buffer + length - entry))); entry = end + 1) {
		if (strncmp(entry, name, name_length) != 0 || entry[name_length] != '=' ||
		    (size_t)(end - entry) - name_length > size_bytes)
			continue;
		memcpy(value, entry + name_length + 1, (size_t)(end - entry) - name_length);
		return 0;
	}
	return -ENOENT;
}

void proc_read_command(pid_t pid, char *buffer, size_t size_bytes)
{
	struct proc_stat stat;
	char name[64];
	ssize_t length = 0;

	/* It lies in the memory of the process, which may be locked for as long as that hangs. */
	if (proc_read_stat(pid, &stat) == 0 && stat.state != 'D')
		length = proc_read_file(pid, "cmdline", buffer, size_bytes);

	for (ssize_t i = 0; i < length; i++)
		if (buffer[i] == '\0')
			buffer[i] = ' ';
	while (length > 0 && buffer[length - 1] == ' ')
		buffer[--length] = '\0';
	if (length > 0)
		return;
	buffer[0] = '\0';
	length = proc_read_file(pid, "comm", name, sizeof(name));
	if (length > 0)
		snprintf(buffer, size_bytes, "[%.*s]", (int)strcspn(name, "\n"), name);
}

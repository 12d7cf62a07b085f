#include "app/env_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/env_line.h"
#include "io/fd.h"
#include "io/text_file.h"

enum { ENV_FILE_MAX_BYTES = 65536 };

static void warn(const char *path, const char *what)
{
	fprintf(stderr, "nemopair: warning: %s: %s; ignored\n", path, what);
}

/* Why the file must not be used; NULL: it may. Asks the descriptor: a path may change its mind. */
static const char *find_fault(int fd)
{
	struct stat info;

	if (fstat(fd, &info) < 0)
		return strerror(errno);
	if (!S_ISREG(info.st_mode))
		return "not a regular file";
	if (info.st_uid != 0 && info.st_uid != geteuid())
		return "owned by somebody else";
	if (info.st_mode & S_IWOTH)
		return "writable by others";
	return info.st_size > ENV_FILE_MAX_BYTES ? "too large" : NULL;
}

static void load_lines(const char *path, char *text)
{
	char *name, *value, *line, *next;
	unsigned number = 0;

	for (line = text; line; line = next) {
		int result;

		number++;
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		result = env_line_parse(line, &name, &value);
		if (result == ENV_LINE_SET)
			result = setenv(name, value, 1);
		if (result < 0)
			fprintf(stderr, "nemopair: warning: %s:%u: no NAME=value; ignored\n", path,
			    number);
	}
}

void env_file_load(const char *path)
{
	int fd __attribute__((cleanup(fd_close))) =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *fault = fd < 0 ? strerror(errno) : find_fault(fd);
	size_t length = 0;
	char *text = NULL;
	int result = fault ? 0 : text_file_read_fd(fd, ENV_FILE_MAX_BYTES, &text, &length);

	if (result)
		fault = text_file_fault(result);
	else if (text && memchr(text, '\0', length))
		fault = "holds a NUL byte";
	if (fault)
		warn(path, fault);
	else
		load_lines(path, text);
	free(text);
}

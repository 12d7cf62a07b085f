#include "io/store.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fd.h"

enum presence { ABSENT, PRESENT, UNKNOWN };

static enum presence look_for(int directory_fd, const char *path)
{
	struct stat info;

	if (fstatat(directory_fd, path, &info, 0) == 0)
		return PRESENT;
	return errno == ENOENT || errno == ENOTDIR ? ABSENT : UNKNOWN;
}

/* Is the text an empty object, or nothing at all? Any white space may stand in it. */
static bool is_empty_object(const char *text, size_t length_bytes)
{
	char packed[3];
	size_t count = 0;

	for (size_t i = 0; i < length_bytes; i++) {
		if (isspace((unsigned char)text[i]))
			continue;
		if (count == sizeof(packed))
			return false;
		packed[count++] = text[i];
	}
	return !count || (count == 2 && packed[0] == '{' && packed[1] == '}');
}

static enum store_look look_into(int directory_fd)
{
	int fd __attribute__((cleanup(fd_close))) =
	    openat(directory_fd, "devices/pending.json", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char text[64]; /* an empty object fits, and what does not fit is not one */
	ssize_t length;

	if (fd < 0)
		return errno == ENOENT ? STORE_NOTHING_PENDING : STORE_ASK;
	length = read(fd, text, sizeof(text));
	if (length < 0 || length == (ssize_t)sizeof(text))
		return STORE_ASK;
	return is_empty_object(text, (size_t)length) ? STORE_NOTHING_PENDING : STORE_ASK;
}

enum store_look store_look(const char *directory)
{
	int fd __attribute__((cleanup(fd_close))) =
	    open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || look_for(fd, "state/openclaw.sqlite") != ABSENT)
		return STORE_ASK;
	switch (look_for(fd, "devices/.")) {
	case PRESENT: return look_into(fd);
	case ABSENT:
		return look_for(fd, "tasks/runs.sqlite") == PRESENT ? STORE_NOTHING_PENDING
								    : STORE_ASK;
	case UNKNOWN: break;
	}
	return STORE_ASK;
}

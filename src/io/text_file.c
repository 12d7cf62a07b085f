#include "io/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fd.h"

static int read_all(int fd, char *text, size_t max_bytes, size_t *ret_bytes)
{
	size_t length = 0;

	for (;;) {
		ssize_t step = read(fd, text + length, max_bytes + 1 - length);

		if (step < 0 && errno == EINTR)
			continue;
		if (step < 0)
			return -errno;
		length += (size_t)step;
		if (length > max_bytes)
			return -EFBIG;
		if (step == 0)
			break;
	}
	text[length] = '\0';
	*ret_bytes = length;
	return 0;
}

const char *text_file_fault(int result)
{
	switch (result) {
	case -EINVAL: return "is no regular file";
	case -EPERM: return "must be owned by root and writable by nobody else, since root runs it";
	case -EFBIG: return "is too large";
	default: return strerror(-result);
	}
}

static bool is_trusted(const struct stat *stat)
{
	return geteuid() != 0 || (stat->st_uid == 0 && !(stat->st_mode & S_IWOTH) &&
				     (!(stat->st_mode & S_IWGRP) || stat->st_gid == 0));
}

static int read_regular(
    int fd, const struct stat *stat, size_t max_bytes, char **ret_text, size_t *ret_bytes)
{
	char *text;
	int result;

	if (!S_ISREG(stat->st_mode))
		return -EINVAL;
	if (stat->st_size > (off_t)max_bytes)
		return -EFBIG;
	text = malloc(max_bytes + 1);
	if (!text)
		return -ENOMEM;
	result = read_all(fd, text, max_bytes, ret_bytes);
	if (result)
		free(text);
	else
		*ret_text = text;
	return result;
}

int text_file_read_fd(int fd, size_t max_bytes, char **ret_text, size_t *ret_bytes)
{
	struct stat stat;

	if (fstat(fd, &stat) < 0)
		return -errno;
	return read_regular(fd, &stat, max_bytes, ret_text, ret_bytes);
}

static int open_path(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

int text_file_read(const char *path, size_t max_bytes, char **ret_text, size_t *ret_bytes)
{
	int fd __attribute__((cleanup(fd_close))) = open_path(path);

	return fd < 0 ? -errno : text_file_read_fd(fd, max_bytes, ret_text, ret_bytes);
}

int text_file_read_trusted(const char *path, size_t max_bytes, char **ret_text, size_t *ret_bytes)
{
	int fd __attribute__((cleanup(fd_close))) = open_path(path);
	struct stat stat;

	if (fd < 0 || fstat(fd, &stat) < 0)
		return -errno;
	if (S_ISREG(stat.st_mode) && !is_trusted(&stat))
		return -EPERM;
	return read_regular(fd, &stat, max_bytes, ret_text, ret_bytes);
}

/*
 * The directory is not kept open: every use of a name in it begins with a look at what stands there
 * now. Between that look and the use only root and ourselves can change a name in it.
 */
#include "io/log_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fd.h"
#include "util/error.h"
#include "util/text.h"

enum {
	NAME_BYTES = 64,
};

int log_place_init(struct log_place *place, const char *directory, const char *name, unsigned keep)
{
	size_t length = strlen(directory);
	struct text path;

	/* With a slash at the end it would be followed if it were a link. */
	while (length > 1 && directory[length - 1] == '/')
		length--;
	text_init_heap(&path, length + NAME_BYTES);
	text_add_bytes(&path, directory, length);
	text_addf(&path, "/%s.log", name);
	*place = (struct log_place){
		.directory = strndup(directory, length), .path = path.data, .keep = keep
	};
	if (!place->directory || !place->path || path.truncated)
		return -ENOMEM;
	place->name = place->path + length + 1;
	return 0;
}

void log_place_deinit(struct log_place *place)
{
	free(place->directory);
	free(place->path);
}

static int fail(struct error *error, const char *path, int code)
{
	return error_set(error, code, "%s: %s", path, strerror(-code));
}

/* ---- the directory ---- */

static int judge_directory(const struct log_place *place, int fd, struct error *error)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return fail(error, place->directory, -errno);
	if (status.st_uid != 0 && status.st_uid != geteuid())
		return error_set(error, -EPERM, "%s: belongs to uid %u, neither to us nor to root",
		    place->directory, (unsigned)status.st_uid);
	if (status.st_mode & (S_IWGRP | S_IWOTH))
		return error_set(error, -EPERM, "%s: is writable by others (mode %04o)",
		    place->directory, (unsigned)status.st_mode & 07777);
	return 0;
}

/* A descriptor or -errno. */
static int open_directory(const struct log_place *place, struct error *error)
{
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = open(place->directory, flags), result;

	if (fd < 0 && errno == ENOENT && mkdir(place->directory, 0700) == 0)
		fd = open(place->directory, flags);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return error_set(
		    error, -errno, "%s: is no directory, or a link to one", place->directory);
	if (fd < 0)
		return fail(error, place->directory, -errno);
	result = judge_directory(place, fd, error);
	if (!result)
		return fd;
	fd_close(&fd);
	return result;
}

/* ---- the file ---- */

static int judge_file(const struct log_place *place, const struct stat *status, struct error *error)
{
	if (!S_ISREG(status->st_mode))
		return error_set(error, -EPERM, "%s: is no regular file", place->path);
	if (status->st_nlink > 1)
		return error_set(error, -EPERM, "%s: has another name too (%u links)", place->path,
		    (unsigned)status->st_nlink);
	if (status->st_uid != geteuid())
		return error_set(error, -EPERM, "%s: belongs to uid %u, not to us", place->path,
		    (unsigned)status->st_uid);
	return 0;
}

static int judge_open_file(
    const struct log_place *place, int fd, uint64_t *ret_size_bytes, struct error *error)
{
	struct stat status;
	int result;

	if (fstat(fd, &status) < 0)
		return fail(error, place->path, -errno);
	result = judge_file(place, &status, error);
	if (!result && (status.st_mode & 07777) != 0600 && fchmod(fd, 0600) < 0)
		result = fail(error, place->path, -errno);
	if (!result)
		*ret_size_bytes = (uint64_t)status.st_size;
	return result;
}

/* Whoever was cut off in the middle of a line: the next one does not continue it. */
static void end_last_line(int fd, uint64_t *size_bytes)
{
	char last = '\n';

	if (*size_bytes && pread(fd, &last, 1, (off_t)*size_bytes - 1) == 1 && last != '\n' &&
	    write(fd, "\n", 1) == 1)
		++*size_bytes;
}

static int open_file(
    const struct log_place *place, int directory_fd, uint64_t *ret_size_bytes, struct error *error)
{
	/* O_NONBLOCK and O_RDWR: a FIFO that somebody has put there holds nobody up. */
	int fd = openat(directory_fd, place->name,
	    O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	int result;

	if (fd < 0 && errno == ELOOP)
		return error_set(error, -errno, "%s: is a symbolic link", place->path);
	if (fd < 0)
		return fail(error, place->path, -errno);
	result = judge_open_file(place, fd, ret_size_bytes, error);
	if (!result) {
		end_last_line(fd, ret_size_bytes);
		return fd;
	}
	fd_close(&fd);
	return result;
}

/* ---- the older ones ---- */

/* 0 is the file itself. */
static void print_name(char *name, const struct log_place *place, unsigned number)
{
	int length = snprintf(name, NAME_BYTES, "%s", place->name);

	if (number)
		snprintf(name + length, NAME_BYTES - (size_t)length, ".%u", number);
}

static void remove_surplus(const struct log_place *place, int directory_fd)
{
	char name[NAME_BYTES];

	/* What cannot be removed is no file, or not there. */
	for (unsigned i = place->keep + 1; i <= LOG_PLACE_KEEP_MAX; i++) {
		print_name(name, place, i);
		(void)unlinkat(directory_fd, name, 0);
	}
}

/* What stands in the way of an older one costs that one, not the lines to come. */
static int move_files(const struct log_place *place, int directory_fd, struct error *error)
{
	char from[NAME_BYTES], to[NAME_BYTES];
	int result = 0;

	for (unsigned i = place->keep; i > 0; i--) {
		print_name(from, place, i - 1);
		print_name(to, place, i);
		result = renameat(directory_fd, from, directory_fd, to) < 0 ? -errno : 0;
	}
	if (!place->keep)
		result = unlinkat(directory_fd, place->name, 0) < 0 ? -errno : 0;
	if (!result || result == -ENOENT)
		return 0;
	return error_set(
	    error, result, "%s: cannot be rotated: %s", place->path, strerror(-result));
}

/* ---- all together ---- */

int log_place_open(const struct log_place *place, uint64_t *ret_size_bytes, struct error *error)
{
	int directory_fd __attribute__((cleanup(fd_close))) = open_directory(place, error), fd;

	if (directory_fd < 0)
		return directory_fd;
	fd = open_file(place, directory_fd, ret_size_bytes, error);
	if (fd >= 0)
		remove_surplus(place, directory_fd);
	return fd;
}

int log_place_rotate(const struct log_place *place, uint64_t *ret_size_bytes, struct error *error)
{
	int directory_fd __attribute__((cleanup(fd_close))) = open_directory(place, error), result;

	if (directory_fd < 0)
		return directory_fd;
	result = move_files(place, directory_fd, error);
	return result ? result : open_file(place, directory_fd, ret_size_bytes, error);
}

bool log_place_holds(const struct log_place *place, int fd, uint64_t *ret_size_bytes)
{
	int directory_fd __attribute__((cleanup(fd_close))) = open_directory(place, NULL);
	struct stat status, named;

	if (directory_fd < 0 || fstat(fd, &status) < 0 ||
	    fstatat(directory_fd, place->name, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*ret_size_bytes = (uint64_t)status.st_size;
	return status.st_dev == named.st_dev && status.st_ino == named.st_ino &&
	       !judge_file(place, &named, NULL);
}

#include "io/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fd.h"
#include "io/text_file.h"

static const char file_name[] = "nemoinit-run.json";
static const char new_name[] = "nemoinit-run.json.new";
static const char lock_name[] = "nemoinit-run.lock";

static int failed(struct error *error, int code, const char *what)
{
	return error_set(error, code, "%s: %s", what, strerror(-code));
}

void state_dir_init(struct state_dir *dir, const char *path)
{
	*dir = (struct state_dir){ .path = path, .lock_fd = -1 };
}

void state_dir_deinit(struct state_dir *dir)
{
	fd_close(&dir->lock_fd);
}

/* ---- the directory ---- */

/*
 * A file of its own for the lock: the directory may be one that others lock. Where no lock can be
 * had, on a read-only or a network filesystem, it goes without.
 */
static int state_dir_lock(struct state_dir *dir, int fd, struct error *error)
{
	int lock_fd = fd_lift(openat(fd, lock_name,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600));

	if (lock_fd >= 0 && flock(lock_fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		fd_close(&lock_fd);
		return error_set(error, -EBUSY, "another nemoinit keeps its record there");
	}
	fd_close(&dir->lock_fd);
	dir->lock_fd = lock_fd < 0 ? -1 : lock_fd;
	return 0;
}

/* The directory as it is now, open in *ret_fd, and ours alone. */
static int state_dir_enter(struct state_dir *dir, int *ret_fd, struct error *error)
{
	int fd __attribute__((cleanup(fd_close))) =
	    fd_lift(open(dir->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	struct stat stat;
	int result = 0;

	if (fd < 0)
		return error_set(error, -errno, "%s",
		    errno == ELOOP || errno == ENOTDIR ? "is no directory" : strerror(errno));
	if (fstat(fd, &stat) < 0)
		return failed(error, -errno, "fstat");
	if ((stat.st_uid != 0 && stat.st_uid != geteuid()) || stat.st_mode & S_IWOTH)
		return error_set(
		    error, -EPERM, "must be owned by root or our user and not writable by others");
	if (dir->lock_fd < 0 || stat.st_dev != dir->device || stat.st_ino != dir->inode)
		result = state_dir_lock(dir, fd, error);
	if (result)
		return result;
	dir->device = stat.st_dev;
	dir->inode = stat.st_ino;
	*ret_fd = fd_take(&fd);
	return 0;
}

/* ---- the file ---- */

int state_dir_read(struct state_dir *dir, size_t max_bytes, char **ret_text, size_t *ret_bytes,
    struct error *error)
{
	int dir_fd __attribute__((cleanup(fd_close))) = -1;
	int fd __attribute__((cleanup(fd_close))) = -1;
	int result = state_dir_enter(dir, &dir_fd, error);
	struct stat stat;

	if (result)
		return result;
	fd = fd_lift(
	    openat(dir_fd, file_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
	if (fd < 0 || fstat(fd, &stat) < 0)
		return failed(error, -errno, file_name);
	if (stat.st_uid != 0 && stat.st_uid != geteuid())
		return error_set(error, -EPERM, "%s is owned by somebody else", file_name);
	result = text_file_read_fd(fd, max_bytes, ret_text, ret_bytes);
	if (result)
		return error_set(error, result, "%s %s", file_name, text_file_fault(result));
	return 0;
}

static int write_all(int fd, const char *text, size_t length_bytes)
{
	while (length_bytes) {
		ssize_t step = write(fd, text, length_bytes);

		if (step < 0 && errno == EINTR)
			continue;
		if (step <= 0)
			return step < 0 ? -errno : -EIO;
		text += step;
		length_bytes -= (size_t)step;
	}
	return 0;
}

static int write_new(int dir_fd, const char *text, size_t length_bytes, bool is_last)
{
	int fd __attribute__((cleanup(fd_close))) = -1;
	int result;

	/* What a KILL has left of the last one. */
	if (unlinkat(dir_fd, new_name, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = fd_lift(openat(dir_fd, new_name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600));
	if (fd < 0)
		return -errno;
	(void)fchmod(fd, 0600); /* whatever our umask is; not every filesystem has modes */
	result = write_all(fd, text, length_bytes);
	if (!result && is_last && fsync(fd) < 0)
		result = -errno;
	return result;
}

int state_dir_write(
    struct state_dir *dir, const char *text, size_t length_bytes, bool is_last, struct error *error)
{
	int dir_fd __attribute__((cleanup(fd_close))) = -1;
	int result = state_dir_enter(dir, &dir_fd, error);

	if (result)
		return result;
	result = write_new(dir_fd, text, length_bytes, is_last);
	if (result)
		failed(error, result, new_name);
	if (!result && renameat(dir_fd, new_name, dir_fd, file_name) < 0)
		result = failed(error, -errno, file_name);
	if (result) {
		(void)unlinkat(dir_fd, new_name, 0); /* it may not even be there */
		return result;
	}
	/* Not every filesystem can; the file has its own. */
	if (is_last)
		(void)fsync(dir_fd);
	return 0;
}

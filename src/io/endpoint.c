#include "io/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/fd.h"

static int failed(struct error *error, int code, const char *what, const char *path)
{
	return error_set(error, code, "cannot %s %s: %s", what, path, strerror(-code));
}

void endpoint_lock_path(const struct endpoint *endpoint, char path[ENDPOINT_LOCK_PATH_BYTES])
{
	snprintf(path, ENDPOINT_LOCK_PATH_BYTES, "%s.lock", endpoint->path);
}

/* Does the name still lead to the file behind fd? */
static bool is_same_file(int fd, const char *path)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* One try. Returns 0, ENDPOINT_TAKEN, -ESTALE when the file was removed meanwhile, or -errno. */
static int lock_try(const char *path, int *ret_fd)
{
	/* O_NONBLOCK: nobody may make us wait with a FIFO of that name. */
	const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd __attribute__((cleanup(fd_close))) = fd_lift(open(path, flags, 0600));
	struct stat status;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? ENDPOINT_TAKEN : -errno;
	if (!is_same_file(fd, path))
		return -ESTALE;
	*ret_fd = fd_take(&fd);
	return 0;
}

static int endpoint_lock(struct endpoint *endpoint, struct error *error)
{
	char path[ENDPOINT_LOCK_PATH_BYTES];
	int result = -ESTALE;

	endpoint_lock_path(endpoint, path);
	/* The last holder removes the file; who opened it before that must open it again. */
	for (int i = 0; i < 10 && result == -ESTALE; i++)
		result = lock_try(path, &endpoint->lock_fd);
	return result < 0 ? failed(error, result, "lock", path) : result;
}

/*
 * The name to bind under. With a path so long that no name fits beside it, PATH itself: then there
 * is a moment in which clients find nothing.
 */
static void choose_bind_path(const char *path, char bind_path[SOCKET_PATH_BYTES])
{
	int length = snprintf(bind_path, SOCKET_PATH_BYTES, "%s.%08x", path, arc4random());

	if (length >= SOCKET_PATH_BYTES)
		snprintf(bind_path, SOCKET_PATH_BYTES, "%s", path);
}

/* Binds, sets mode and group, listens; nobody can connect before the last step. */
static int bind_at(struct endpoint *endpoint, const char *path,
    const struct endpoint_config *config, struct error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat status;
	mode_t mask;
	int result;

	memcpy(address.sun_path, path, strlen(path) + 1);
	/* Born with its mode: a chmod by name could hit what somebody has put there meanwhile. */
	mask = umask(~config->mode & 0777);
	result = bind(endpoint->listen_fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (result < 0)
		return failed(error, -errno, "bind", path);
	endpoint->is_group_refused =
	    config->group != (gid_t)-1 && lchown(path, (uid_t)-1, config->group) < 0;
	if (endpoint->is_group_refused && errno != EPERM)
		return failed(error, -errno, "set the group of", path);
	if (listen(endpoint->listen_fd, ENDPOINT_BACKLOG) < 0)
		return failed(error, -errno, "listen at", path);
	if (lstat(path, &status) < 0)
		return failed(error, -errno, "look at", path);
	endpoint->device = status.st_dev;
	endpoint->inode = status.st_ino;
	return 0;
}

/* Whatever stands at the path is ours to replace; only a directory has to be moved aside first. */
static int move_into_place(const char *path, const char *place)
{
	char aside[SOCKET_PATH_BYTES + 10];

	if (rename(path, place) == 0)
		return 0;
	if (errno != EISDIR)
		return -errno;
	snprintf(aside, sizeof(aside), "%s.%08x", place, arc4random());
	return rename(place, aside) == 0 && rename(path, place) == 0 ? 0 : -errno;
}

static int endpoint_bind(
    struct endpoint *endpoint, const struct endpoint_config *config, struct error *error)
{
	char path[SOCKET_PATH_BYTES];
	int result;

	endpoint->listen_fd =
	    fd_lift(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (endpoint->listen_fd < 0)
		return failed(error, -errno, "make a socket for", endpoint->path);
	choose_bind_path(endpoint->path, path);
	if (strcmp(path, endpoint->path) == 0 && unlink(path) < 0 && errno != ENOENT)
		return failed(error, -errno, "replace", path);
	result = bind_at(endpoint, path, config, error);
	if (!result) {
		result = move_into_place(path, endpoint->path);
		if (result)
			failed(error, result, "move the socket to", endpoint->path);
	}
	if (result)
		(void)unlink(path); /* it may not even be there */
	return result;
}

int endpoint_init(
    struct endpoint *endpoint, const struct endpoint_config *config, struct error *error)
{
	int result;

	*endpoint = (struct endpoint){ .lock_fd = -1, .listen_fd = -1 };
	if (strlen(config->path) >= sizeof(endpoint->path))
		return error_set(error, -ENAMETOOLONG, "the socket's path is longer than %zu bytes",
		    sizeof(endpoint->path) - 1);
	memcpy(endpoint->path, config->path, strlen(config->path) + 1);
	result = endpoint_lock(endpoint, error);
	if (!result)
		result = endpoint_bind(endpoint, config, error);
	if (result)
		endpoint_deinit(endpoint);
	return result;
}

static bool is_our_socket(const struct endpoint *endpoint)
{
	struct stat status;

	return endpoint->inode && lstat(endpoint->path, &status) == 0 &&
	       status.st_dev == endpoint->device && status.st_ino == endpoint->inode;
}

static bool is_lock_ours(const struct endpoint *endpoint)
{
	char path[ENDPOINT_LOCK_PATH_BYTES];

	endpoint_lock_path(endpoint, path);
	return is_same_file(endpoint->lock_fd, path);
}

bool endpoint_is_intact(const struct endpoint *endpoint)
{
	return is_our_socket(endpoint) && is_lock_ours(endpoint);
}

int endpoint_renew(struct endpoint *endpoint, const struct endpoint_config *config, int *ret_old_fd,
    struct error *error)
{
	struct endpoint fresh = *endpoint;
	int result = 0;

	if (!is_lock_ours(endpoint)) {
		result = endpoint_lock(&fresh, error);
		if (result)
			return result;
		fd_close(&endpoint->lock_fd);
		endpoint->lock_fd = fresh.lock_fd;
	}
	if (is_our_socket(endpoint))
		return 0;
	result = endpoint_bind(&fresh, config, error);
	if (result) {
		fd_close(&fresh.listen_fd);
		return result;
	}
	*ret_old_fd = endpoint->listen_fd;
	*endpoint = fresh;
	return 0;
}

void endpoint_deinit(struct endpoint *endpoint)
{
	char path[ENDPOINT_LOCK_PATH_BYTES];

	if (is_our_socket(endpoint))
		(void)unlink(endpoint->path); /* a name left over is replaced by the next start */
	endpoint->inode = 0;
	fd_close(&endpoint->listen_fd);
	/* The name goes before the lock: see lock_try. */
	endpoint_lock_path(endpoint, path);
	if (endpoint->lock_fd >= 0 && is_lock_ours(endpoint))
		(void)unlink(path);
	fd_close(&endpoint->lock_fd);
}

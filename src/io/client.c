#include "io/client.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/fd.h"
#include "util/macros.h"
#include "util/parse.h"
#include "util/text.h"

enum {
	OTHERS_TIMEOUT_MS = 500,
};

/* ---- one server ---- */

/* connect(2) waits while the server's queue is full, as long as SO_SNDTIMEO says (unix(7)). */
static int connect_to(const char *path, uint64_t deadline_ms, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	uint64_t left_ms = time_left_ms(deadline_ms, clock_now_ms());
	struct timeval limit = { 0 };
	int fd __attribute__((cleanup(fd_close))) =
	    fd_lift(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

	if (fd < 0)
		return -errno;
	if (deadline_ms != NEVER_MS) {
		left_ms = max_ms(left_ms, 1); /* 0 would be for ever */
		limit.tv_sec = (time_t)(left_ms / 1000);
		limit.tv_usec = (suseconds_t)(left_ms % 1000 * 1000);
	}
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	*ret_fd = fd_take(&fd);
	return 0;
}

/* Is uid the owner of path's directory, and does nobody else write there? */
static bool owns_directory(const char *path, uid_t uid)
{
	const char *slash = strrchr(path, '/');
	char directory[SOCKET_PATH_BYTES] = ".";
	struct stat status;

	if (slash)
		snprintf(directory, sizeof(directory), "%.*s",
		    slash == path ? 1 : (int)(slash - path), path);
	return lstat(directory, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == uid &&
	       !(status.st_mode & 022);
}

/* 0, or -EPERM when the server's uid gives no reason to believe it. */
static int check_server(int fd, const char *path, struct error *error)
{
	struct ucred server;
	socklen_t size = sizeof(server);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &server, &size) < 0)
		return error_set(error, -errno, "%s: who serves it? %s", path, strerror(errno));
	if (server.uid == 0 || server.uid == geteuid() || owns_directory(path, server.uid))
		return 0;
	return error_set(error, -EPERM, "%s is served by uid %u, which is not to be believed", path,
	    (unsigned)server.uid);
}

static int try_path(struct client *client, const char *path, struct error *error)
{
	int result = connect_to(path, client->deadline_ms, &client->fd);

	if (result == -ETIMEDOUT)
		return error_set(error, result, "%s: nobody accepts the connection", path);
	if (result)
		return error_set(error, result, "%s: %s%s", path, strerror(-result),
		    result == -ENOENT || result == -ECONNREFUSED ? "; is nemoinit running?" : "");
	result = check_server(client->fd, path, error);
	if (result) {
		fd_close(&client->fd);
		return result;
	}
	snprintf(client->path, sizeof(client->path), "%s", path);
	return 0;
}

/* Is this the end of the search, or may the next candidate be tried? */
static bool is_final(int result)
{
	return result == 0 || result == -EPERM || result == -ETIMEDOUT;
}

/* ---- the search ---- */

/* For root: the sockets of other users, each in a directory that only its user can have made. */
static bool is_others_socket(const char *name, char path[SOCKET_PATH_BYTES])
{
	static const char prefix[] = "nemoinit-";
	uint64_t uid = 0;
	int length;

	if (strncmp(name, prefix, strlen(prefix)) != 0 ||
	    parse_count(name + strlen(prefix), 0, UINT_MAX, &uid) < 0)
		return false;
	length = snprintf(path, SOCKET_PATH_BYTES, "/tmp/%s/nemoinit.sock", name);
	return length < SOCKET_PATH_BYTES && socket_directory_check(path, (uid_t)uid) == 0;
}

/* Connects to the only one that answers. 0, -ENOENT: none, -ENOTUNIQ: several, told in *error. */
static int try_others(struct client *client, struct error *error)
{
	const uint64_t deadline_ms = client->deadline_ms;
	char list[400] = "", path[SOCKET_PATH_BYTES];
	DIR *directory = opendir("/tmp");
	unsigned count = 0;
	struct dirent *entry;
	struct text text;

	text_init(&text, list, sizeof(list));
	while (directory && (entry = readdir(directory))) {
		int previous = client->fd;

		if (!is_others_socket(entry->d_name, path))
			continue;
		client->fd = -1;
		/* One user's server that accepts nobody must not hide the others'. */
		client->deadline_ms =
		    min_ms(deadline_ms, deadline_after(clock_now_ms(), OTHERS_TIMEOUT_MS));
		if (try_path(client, path, NULL) < 0) {
			client->fd = previous;
			continue;
		}
		fd_close(&previous);
		text_addf(&text, "%s%s", count++ ? ", " : "", path);
	}
	if (directory)
		(void)closedir(directory);
	client->deadline_ms = deadline_ms;
	if (!count)
		return -ENOENT;
	if (count == 1)
		return 0;
	fd_close(&client->fd);
	return error_set(error, -ENOTUNIQ, "several answer, choose one with --socket: %s", list);
}

/* Which of two failures says more: one that shows that something is there. */
static int worse(int a, int b)
{
	return b == -EACCES || a == -ENOENT || !a ? b : a;
}

static int search(struct client *client, const struct socket_paths *paths, struct error *error)
{
	int result = 0, reason = 0;

	for (size_t i = 0; i < paths->count; i++) {
		struct error detail = { .code = 0 };
		const char *path = paths->items[i];

		/* A stranger's directory in /tmp holds nothing for us. */
		if (socket_path_is_temporary(path) && paths->count > 1 &&
		    socket_directory_check(path, geteuid()) < 0)
			continue;
		result = try_path(client, path, &detail);
		if (!result)
			return 0;
		if (worse(reason, result) == result) {
			reason = result;
			if (error)
				*error = detail;
		}
		if (is_final(result))
			return result;
	}
	return reason ? reason : error_set(error, -ENOENT, "no socket of nemoinit was found");
}

int client_open(struct client *client, const char *explicit_path, const char *runtime_dir,
    uint64_t deadline_ms, struct error *error)
{
	struct socket_paths paths;
	int result = socket_paths_init(&paths, explicit_path, runtime_dir, geteuid()), others;

	*client = (struct client){ .fd = -1, .deadline_ms = deadline_ms };
	if (result == -ENAMETOOLONG)
		return error_set(error, result, "the socket's path is longer than %d bytes",
		    SOCKET_PATH_BYTES - 1);
	if (result)
		return error_set(error, result, "the socket's path is empty");
	result = search(client, &paths, error);
	if (!explicit_path && !is_final(result) && geteuid() == 0) {
		others = try_others(client, error);
		if (others != -ENOENT)
			return others;
	}
	if (result == -ENOENT || result == -ENOTDIR || result == -ENOTSOCK || result == -EPROTOTYPE)
		result = -ECONNREFUSED;
	return result;
}

void client_close(struct client *client)
{
	free(client->rest);
	client->rest = NULL;
	client->rest_bytes = 0;
	fd_close(&client->fd);
}

/* ---- the exchange ---- */

static int wait_for(const struct client *client, short events, struct error *error)
{
	struct pollfd entry = { .fd = client->fd, .events = events };
	uint64_t left_ms;
	int timeout_ms, count;

	do {
		left_ms = time_left_ms(client->deadline_ms, clock_now_ms());
		timeout_ms =
		    left_ms == NEVER_MS ? -1 : (int)(left_ms < INT_MAX ? left_ms : INT_MAX);
		count = poll(&entry, 1, timeout_ms);
	} while (count < 0 && errno == EINTR);
	if (count < 0)
		return error_set(error, -errno, "%s: %s", client->path, strerror(errno));
	if (!count)
		return error_set(error, -ETIMEDOUT, "%s: no answer in time", client->path);
	return 0;
}

/* A server that hangs up while we still write may have answered: what it said is read anyway. */
int client_send(
    const struct client *client, const char *line, size_t length_bytes, struct error *error)
{
	while (length_bytes) {
		int result = wait_for(client, POLLOUT, error);
		ssize_t sent;

		if (result)
			return result;
		sent = send(client->fd, line, length_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
			return 0;
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return error_set(error, -errno, "%s: %s", client->path, strerror(errno));
		line += sent > 0 ? sent : 0;
		length_bytes -= sent > 0 ? (size_t)sent : 0;
	}
	return 0;
}

/*
 * Moves the line, or all if it goes on, into *line; what is behind it is kept. 1: the line is
 * whole; 0: not yet; or -errno.
 */
static int take_bytes(struct client *client, const char *bytes, size_t length_bytes,
    struct text *line, struct error *error)
{
	const char *newline = memchr(bytes, '\n', length_bytes);
	size_t taken = newline ? (size_t)(newline - bytes) : length_bytes;
	size_t rest_bytes = newline ? length_bytes - taken - 1 : 0;
	char *rest = rest_bytes ? malloc(rest_bytes) : NULL;

	text_add_bytes(line, bytes, taken);
	if (line->truncated || (rest_bytes && !rest)) {
		free(rest);
		return error_set(
		    error, -EMSGSIZE, "%s: the answer is too long, or memory short", client->path);
	}
	if (rest)
		memcpy(rest, newline + 1, rest_bytes);
	free(client->rest);
	client->rest = rest;
	client->rest_bytes = rest_bytes;
	return newline != NULL;
}

/* Receives once; returns as take_bytes does. */
static int receive_some(struct client *client, struct text *line, struct error *error)
{
	char buffer[65536];
	int result = wait_for(client, POLLIN, error);
	ssize_t length;

	if (result)
		return result;
	length = recv(client->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (length <= 0)
		return error_set(error, -ECONNRESET,
		    "%s: the connection was closed without a whole answer", client->path);
	return take_bytes(client, buffer, (size_t)length, line, error);
}

int client_receive(
    struct client *client, char **ret_line, size_t *ret_length_bytes, struct error *error)
{
	struct text line;
	int result = 0;

	text_init_heap(&line, CLIENT_REPLY_MAX_BYTES);
	if (client->rest)
		result = take_bytes(client, client->rest, client->rest_bytes, &line, error);
	while (!result)
		result = receive_some(client, &line, error);
	if (result < 0) {
		text_deinit(&line);
		return result;
	}
	text_add(&line, ""); /* even an empty line is a string */
	*ret_line = line.data;
	*ret_length_bytes = line.length_bytes;
	return 0;
}

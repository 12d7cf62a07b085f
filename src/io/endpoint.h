/*
 * A listening unix socket's place in the file system, and the right to it.
 *
 * Who holds the lock on PATH.lock owns PATH, and may replace whatever stands there. The lock is
 * flock(2) on an open file, so it ends with its process and never goes stale. The socket is bound
 * under another name and renamed into place when it listens already: no client ever finds it
 * half-made.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "io/socket_path.h"
#include "util/error.h"

enum {
	ENDPOINT_TAKEN = 1,
	ENDPOINT_BACKLOG = 64,
	ENDPOINT_LOCK_PATH_BYTES = SOCKET_PATH_BYTES + sizeof(".lock"),
};

struct endpoint {
	char path[SOCKET_PATH_BYTES];
	int lock_fd;   /* -1: none */
	int listen_fd; /* -1: none; non-blocking */
	dev_t device;  /* of the socket's name, to know it again */
	ino_t inode;
	bool is_group_refused; /* we may not give it to the group that was asked for */
};

/* group: of the socket, (gid_t)-1 to leave it. */
struct endpoint_config {
	const char *path; /* at most 107 bytes */
	mode_t mode;
	gid_t group;
};

/*
 * Locks, binds and listens. Returns 0, ENDPOINT_TAKEN when another process holds the lock, or
 * -errno with the reason in words; nothing to close then. What stood at PATH is gone afterwards.
 */
int endpoint_init(
    struct endpoint *endpoint, const struct endpoint_config *config, struct error *error);

/* Are the socket's name and the lock's still ours? */
bool endpoint_is_intact(const struct endpoint *endpoint);

/*
 * Makes again what is not: the lock, and the socket, whose descriptor goes to *ret_old_fd then (the
 * caller's to close; -1: it stays). Returns as endpoint_init does; on failure nothing changes.
 */
int endpoint_renew(struct endpoint *endpoint, const struct endpoint_config *config, int *ret_old_fd,
    struct error *error);

/* PATH.lock */
void endpoint_lock_path(const struct endpoint *endpoint, char path[ENDPOINT_LOCK_PATH_BYTES]);

/* Closes both, and removes PATH and the lock file as far as they are still ours. Harmless twice. */
void endpoint_deinit(struct endpoint *endpoint);

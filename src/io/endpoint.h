/*
 * A listening unix socket's place in the file system, and the right to it.
 *
 * Who holds the lock on PATH.lock owns PATH, and may replace whatever stands there. The lock is
 * flock(2) on an open file, so it ends with its process and never goes stale. The socket is bound
 * under another name and renamed into place when it listens already: no client ever finds it
 * half-made.
 */
#pragma once

#include <sys/types.h>

#include "io/socket_path.h"
#include "util/error.h"

enum {
	ENDPOINT_TAKEN = 1,
	ENDPOINT_BACKLOG = 64,
};

struct endpoint {
	char path[SOCKET_PATH_BYTES];
	int lock_fd;   /* -1: none */
	int listen_fd; /* -1: none; non-blocking */
	dev_t device;  /* of the socket's name, to know it again */
	ino_t inode;
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

/* Closes both, and removes PATH and the lock file as far as they are still ours. Harmless twice. */
void endpoint_deinit(struct endpoint *endpoint);

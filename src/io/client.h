/*
 * The other end of the control socket, for nemoctl: lines out, lines in, all of it bounded by a
 * deadline (CLOCK_MONOTONIC ms, NEVER_MS for none). Blocks in poll(2).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "io/socket_path.h"
#include "util/error.h"

enum {
	CLIENT_REPLY_MAX_BYTES = 64 * 1024 * 1024,
};

struct client {
	int fd; /* -1: not connected */
	char path[SOCKET_PATH_BYTES];
	uint64_t deadline_ms; /* may be changed between calls */
	char *rest;           /* what has come behind the last line; NULL: nothing */
	size_t rest_bytes;
};

/*
 * Connects to the first server that answers: explicit_path (--socket or NEMOINIT_SOCKET), or the
 * candidates of socket_path.h; for root also those of other users in /tmp, if there is exactly one.
 * Its word is believed only if it runs as root, as us, or as the owner of the socket's directory
 * when nobody else may write there (SO_PEERCRED). Returns 0, or with *error:
 *   -ECONNREFUSED  nobody answers           -ETIMEDOUT   not in time
 *   -EACCES        we may not connect       -EPERM       not to be believed
 *   -ENOTUNIQ      several answer           -ENAMETOOLONG, -EINVAL  the path is none
 * or another -errno of the system. The caller ends with client_close.
 */
int client_open(struct client *client, const char *explicit_path, const char *runtime_dir,
    uint64_t deadline_ms, struct error *error);
/* Harmless twice. */
void client_close(struct client *client);

/* Sends a line (its newline included). Returns 0 or -errno, with *error. */
int client_send(
    const struct client *client, const char *line, size_t length_bytes, struct error *error);

/*
 * Receives one line. *ret_line is on the heap, NUL-terminated without its newline, the caller's to
 * free. Returns 0, -ETIMEDOUT, -ECONNRESET when the connection ends before the line does, -EMSGSIZE
 * for a line beyond the limit, or another -errno, with *error.
 */
int client_receive(
    struct client *client, char **ret_line, size_t *ret_length_bytes, struct error *error);

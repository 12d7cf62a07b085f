/*
 * sd_notify(3), both ends. Messages are datagrams of `NAME=value` lines; what they mean is decided
 * elsewhere.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "util/error.h"

struct loop;
struct notify_socket;

enum {
	NOTIFY_MAX_BYTES = 16384, /* longer datagrams are dropped whole */
	NOTIFY_DRAIN_MAX = 64,    /* messages read after an exit, at most */
};

/*
 * A socket with a kernel-chosen abstract name (unix(7), autobind): reachable for every uid, gone
 * with its last descriptor. handle gets a NUL-terminated message and the sender's credentials as
 * the kernel vouches for them. Returns 0 or -errno.
 */
int notify_socket_new(struct loop *loop,
    void (*handle)(void *data, const char *message, size_t length_bytes, pid_t pid, uid_t uid),
    void *data, struct notify_socket **ret_socket, struct error *error);
void notify_socket_free(struct notify_socket **socket);

/* Hands over what waits: the last words of a process that has gone. */
void notify_socket_drain(struct notify_socket *socket);

/* The value for NOTIFY_SOCKET (`@…`), owned by the socket. */
const char *notify_socket_name(const struct notify_socket *socket);

/*
 * Sends one message to the socket named `address` (the value of NOTIFY_SOCKET: an absolute path or
 * `@abstract`). Never blocks: a full queue is -EAGAIN, and the message is lost. Returns 0 or
 * -errno.
 */
int notify_send(const char *address, const char *message, size_t length_bytes);

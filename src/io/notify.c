#include "io/notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/fd.h"
#include "io/loop.h"

struct notify_socket {
	int fd;
	char name[16]; /* the kernel chooses `\0` and five hex digits */
	struct loop_watch *watch;
	void (*handle)(void *data, const char *message, size_t length_bytes, pid_t pid, uid_t uid);
	void *data;
};

/* Reads one datagram; false when there is none. */
static bool notify_receive(struct notify_socket *socket)
{
	static char buffer[NOTIFY_MAX_BYTES + 1]; /* one loop, one reader: kept off the stack */
	char control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec vector = { .iov_base = buffer, .iov_len = NOTIFY_MAX_BYTES };
	struct msghdr header = { .msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t length = recvmsg(socket->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *entry;
	struct ucred sender;

	if (length < 0)
		return errno == EINTR;
	/* Without credentials, or cut: a message that cannot be trusted is no message. */
	entry = CMSG_FIRSTHDR(&header);
	if ((header.msg_flags & MSG_TRUNC) || !entry || entry->cmsg_level != SOL_SOCKET ||
	    entry->cmsg_type != SCM_CREDENTIALS)
		return true;
	memcpy(&sender, CMSG_DATA(entry), sizeof(sender));
	buffer[length] = '\0';
	socket->handle(socket->data, buffer, (size_t)length, sender.pid, sender.uid);
	return true;
}

static void notify_on_ready(void *data, unsigned events)
{
	(void)events;
	/* One a turn: a chatty service must not keep the others waiting. */
	(void)notify_receive(data);
}

void notify_socket_drain(struct notify_socket *socket)
{
	for (unsigned i = 0; i < NOTIFY_DRAIN_MAX; i++)
		if (!notify_receive(socket))
			return;
}

static int notify_open(struct notify_socket *socket_, struct error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = sizeof(address);
	const int on = 1;

	socket_->fd = fd_lift(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (socket_->fd < 0)
		return error_set(error, -errno, "notify socket: %s", strerror(errno));
	if (setsockopt(socket_->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    bind(socket_->fd, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0 ||
	    getsockname(socket_->fd, (struct sockaddr *)&address, &size) < 0)
		return error_set(error, -errno, "notify socket: %s", strerror(errno));
	snprintf(socket_->name, sizeof(socket_->name), "@%.*s",
	    (int)(size - offsetof(struct sockaddr_un, sun_path) - 1), address.sun_path + 1);
	return 0;
}

int notify_socket_new(struct loop *loop,
    void (*handle)(void *data, const char *message, size_t length_bytes, pid_t pid, uid_t uid),
    void *data, struct notify_socket **ret_socket, struct error *error)
{
	struct notify_socket *socket = calloc(1, sizeof(*socket));
	int result;

	if (!socket)
		return error_set(error, -ENOMEM, "notify socket: no memory");
	socket->fd = -1;
	socket->handle = handle;
	socket->data = data;
	result = notify_open(socket, error);
	if (!result) {
		result = loop_watch_new(
		    loop, socket->fd, LOOP_READ, notify_on_ready, socket, &socket->watch);
		if (result)
			error_set(error, result, "notify socket: no memory");
	}
	if (result) {
		notify_socket_free(&socket);
		return result;
	}
	*ret_socket = socket;
	return 0;
}

void notify_socket_free(struct notify_socket **socket)
{
	if (!*socket)
		return;
	loop_watch_free(&(*socket)->watch);
	fd_close(&(*socket)->fd);
	free(*socket);
	*socket = NULL;
}

const char *notify_socket_name(const struct notify_socket *socket)
{
	return socket->name;
}

int notify_send(const char *address, const char *message, size_t length_bytes)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t length = strlen(address);
	int fd __attribute__((cleanup(fd_close))) = -1;

	if ((address[0] != '@' && address[0] != '/') || length < 2 || length >= sizeof(to.sun_path))
		return -EINVAL;
	memcpy(to.sun_path, address, length);
	if (address[0] == '@')
		to.sun_path[0] = '\0';
	else
		length++; /* a path includes its NUL */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, message, length_bytes, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
		return -errno;
	return 0;
}

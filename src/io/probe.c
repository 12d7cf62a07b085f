#include "io/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/fd.h"
#include "io/loop.h"
#include "util/macros.h"

struct probe {
	struct probe_request request;
	struct loop_watch *watch;
	int fd;
	bool is_connected;
	size_t sent_bytes;
	uint64_t deadline_ms;
	size_t reply_bytes;
	char *reply; /* from the first byte on; until it begins, the message to be sent */
};

void probe_cancel(struct probe **probe)
{
	if (!*probe)
		return;
	loop_watch_free(&(*probe)->watch);
	fd_close(&(*probe)->fd);
	free((*probe)->reply);
	free(*probe);
	*probe = NULL;
}

static void probe_finish(struct probe *probe, int result, const struct error *error)
{
	/* done frees the probe: nothing of it may be touched afterwards. */
	probe->request.done(probe->request.data, result, error);
}

static void probe_fail(struct probe *probe, int result, const char *doing)
{
	struct error error;

	error_set(&error, result, "%s: %s", doing, strerror(-result));
	probe_finish(probe, result, &error);
}

/* Returns 0 to go on waiting, 1 when the probe is over and freed. */
static int probe_write(struct probe *probe)
{
	const struct probe_request *request = &probe->request;
	int failure = 0;
	socklen_t size = sizeof(failure);
	ssize_t length;

	if (!probe->is_connected) {
		if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &failure, &size) < 0)
			failure = errno;
		if (failure)
			return probe_fail(probe, -failure, "connect"), 1;
		probe->is_connected = true;
	}
	if (!request->message)
		return probe_finish(probe, 0, NULL), 1;
	length = send(probe->fd, probe->reply + probe->sent_bytes,
	    request->message_bytes - probe->sent_bytes, MSG_NOSIGNAL);
	if (length < 0 && errno != EAGAIN && errno != EINTR)
		return probe_fail(probe, -errno, "send"), 1;
	if (length > 0)
		probe->sent_bytes += (size_t)length;
	if (probe->sent_bytes == request->message_bytes)
		loop_watch_set(probe->watch, LOOP_READ);
	return 0;
}

static void probe_read(struct probe *probe)
{
	struct error error = { .code = 0 };
	ssize_t length;
	int verdict;

	length = recv(probe->fd, probe->reply + probe->reply_bytes,
	    PROBE_REPLY_BYTES - probe->reply_bytes, 0);
	if (length < 0) {
		if (errno != EAGAIN && errno != EINTR)
			probe_fail(probe, -errno, "reply");
		return;
	}
	probe->reply_bytes += (size_t)length;
	verdict = probe->request.judge(probe->request.data, probe->reply, probe->reply_bytes,
	    length == 0 || probe->reply_bytes == PROBE_REPLY_BYTES, &error);
	if (verdict)
		probe_finish(probe, verdict < 0 ? verdict : 0, verdict < 0 ? &error : NULL);
}

static void probe_on_ready(void *data, unsigned events)
{
	struct probe *probe = data;

	if (events & LOOP_WRITE && probe_write(probe))
		return;
	if (events & LOOP_READ && probe->is_connected)
		probe_read(probe);
}

static int probe_connect(struct probe *probe)
{
	const struct probe_request *request = &probe->request;
	struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = htons(request->port) };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_port = htons(request->port) };
	int result;

	memcpy(&ipv4.sin_addr, request->address, sizeof(ipv4.sin_addr));
	memcpy(&ipv6.sin6_addr, request->address, sizeof(ipv6.sin6_addr));
	probe->fd = fd_lift(socket(
	    request->is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (probe->fd < 0)
		return -errno;
	result = request->is_ipv6 ? connect(probe->fd, (struct sockaddr *)&ipv6, sizeof(ipv6))
				  : connect(probe->fd, (struct sockaddr *)&ipv4, sizeof(ipv4));
	return result < 0 && errno != EINPROGRESS ? -errno : 0;
}

int probe_start(struct loop *loop, const struct probe_request *request, uint64_t deadline_ms,
    struct probe **ret_probe, struct error *error)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	int result = -ENOMEM;

	if (probe) {
		probe->request = *request;
		probe->fd = -1;
		probe->deadline_ms = deadline_ms;
		probe->reply = malloc(PROBE_REPLY_BYTES);
		result = !probe->reply                                ? -ENOMEM
			 : request->message_bytes > PROBE_REPLY_BYTES ? -EMSGSIZE
								      : probe_connect(probe);
	}
	if (!result && request->message)
		memcpy(probe->reply, request->message, request->message_bytes);
	if (!result)
		result = loop_watch_new(
		    loop, probe->fd, LOOP_WRITE, probe_on_ready, probe, &probe->watch);
	if (result) {
		probe_cancel(&probe);
		return error_set(error, result, "connect: %s", strerror(-result));
	}
	*ret_probe = probe;
	return 0;
}

uint64_t probe_turn(struct probe *probe, uint64_t now_ms)
{
	struct error error;

	if (!probe)
		return NEVER_MS;
	if (now_ms < probe->deadline_ms)
		return probe->deadline_ms;
	error_set(&error, -ETIMEDOUT, "%s",
	    !probe->is_connected ? "no connection in time"
	    : probe->reply_bytes ? "the reply did not end in time"
				 : "no reply in time");
	probe_finish(probe, -ETIMEDOUT, &error);
	return NEVER_MS;
}

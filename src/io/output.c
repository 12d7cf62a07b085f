#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/fd.h"
#include "io/loop.h"
#include "util/macros.h"

struct output {
	struct loop *loop;
	int fd;
	struct loop_watch *watch; /* NULL after the end */
	void (*handle)(void *data, const char *bytes, size_t length_bytes);
	void *data;
};

/* Reads once, and hands it over. Returns how much, 0 if there is nothing more, for now or ever. */
static size_t output_read(struct output *output)
{
	static char buffer[OUTPUT_READ_BYTES]; /* one loop, one reader: kept off the stack */
	ssize_t length;

	if (!output->watch)
		return 0;
	do
		length = read(output->fd, buffer, sizeof(buffer));
	while (length < 0 && errno == EINTR);
	if (length < 0 && errno == EAGAIN)
		return 0;
	if (length > 0) {
		output->handle(output->data, buffer, (size_t)length);
		return (size_t)length;
	}
	loop_watch_free(&output->watch);
	output->handle(output->data, NULL, 0);
	return 0;
}

static void output_on_ready(void *data, unsigned events)
{
	struct output *output = data;
	uint64_t limit_ms = deadline_after(loop_now_ms(output->loop), OUTPUT_TURN_MS);

	(void)events;
	while (output_read(output) == OUTPUT_READ_BYTES && clock_now_ms() < limit_ms)
		;
}

int output_new(struct loop *loop,
    void (*handle)(void *data, const char *bytes, size_t length_bytes), void *data,
    struct output **ret_output, int *ret_write_fd)
{
	struct output *output = calloc(1, sizeof(*output));
	int ends[2], result;

	if (!output)
		return -ENOMEM;
	output->loop = loop;
	output->fd = -1;
	output->handle = handle;
	output->data = data;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		result = -errno;
		output_free(&output);
		return result;
	}
	output->fd = fd_lift(ends[0]);
	ends[1] = fd_lift(ends[1]);
	/* Only our end: the flag belongs to the open file, and each end is one of its own. */
	result = output->fd < 0 ? output->fd : ends[1] < 0 ? ends[1] : 0;
	if (!result)
		result = fd_set_nonblocking(output->fd);
	if (!result)
		result = loop_watch_new(
		    loop, output->fd, LOOP_READ, output_on_ready, output, &output->watch);
	if (result) {
		fd_close(&ends[1]);
		output_free(&output);
		return result;
	}
	*ret_output = output;
	*ret_write_fd = ends[1];
	return 0;
}

void output_drain(struct output *output)
{
	int left = 0;
	size_t length;

	if (ioctl(output->fd, FIONREAD, &left) < 0)
		left = 0;
	/* Once more than that: the end of the stream is worth knowing. */
	do {
		length = output_read(output);
		left -= (int)length;
	} while (length && left >= 0);
}

void output_free(struct output **output)
{
	if (!*output)
		return;
	loop_watch_free(&(*output)->watch);
	fd_close(&(*output)->fd);
	free(*output);
	*output = NULL;
}

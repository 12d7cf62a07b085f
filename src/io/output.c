#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/fd.h"
#include "io/loop.h"

struct output {
	int fd;
	struct loop_watch *watch; /* NULL after the end */
	void (*handle)(void *data, const char *bytes, size_t length_bytes);
	void *data;
};

/* Reads up to limit bytes; stops early when there is nothing more for now. */
static void output_read(struct output *output, size_t limit)
{
	static char buffer[OUTPUT_TURN_BYTES]; /* one loop, one reader: kept off the stack */
	size_t total = 0;

	while (output->watch && total < limit) {
		ssize_t length = read(output->fd, buffer, sizeof(buffer));

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 && errno == EAGAIN)
			return;
		if (length <= 0) {
			loop_watch_free(&output->watch);
			output->handle(output->data, NULL, 0);
			return;
		}
		total += (size_t)length;
		output->handle(output->data, buffer, (size_t)length);
	}
}

static void output_on_ready(void *data, unsigned events)
{
	(void)events;
	output_read(data, OUTPUT_TURN_BYTES);
}

int output_new(struct loop *loop,
    void (*handle)(void *data, const char *bytes, size_t length_bytes), void *data,
    struct output **ret_output, int *ret_write_fd)
{
	struct output *output = calloc(1, sizeof(*output));
	int ends[2], result;

	if (!output)
		return -ENOMEM;
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
	output_read(output, OUTPUT_DRAIN_BYTES);
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

#include "io/lines.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A pipe that polls writable takes PIPE_BUF bytes without blocking (pipe(7)). */
static bool write_line(const char *line, size_t length_bytes)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT))
		return false;
	return write(STDOUT_FILENO, line, length_bytes) == (ssize_t)length_bytes;
}

void lines_write(struct lines *lines, const char *text)
{
	char told[80];
	size_t length;

	for (; *text; text += length) {
		length = strcspn(text, "\n");
		length += text[length] == '\n';
		if (lines->dropped) {
			int told_length = snprintf(told, sizeof(told),
			    "[auto-pair] %llu lines dropped\n", (unsigned long long)lines->dropped);

			if (!write_line(told, (size_t)told_length)) {
				lines->dropped++;
				continue;
			}
			lines->dropped = 0;
		}
		lines->dropped += !write_line(text, length);
	}
}

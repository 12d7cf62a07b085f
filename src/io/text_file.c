#include "io/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fd.h"

static int read_all(int fd, char *text, size_t max_bytes, size_t *ret_bytes)
{
	size_t length = 0;

	for (;;) {
		ssize_t step = read(fd, text + length, max_bytes + 1 - length);

		if (step < 0 && errno == EINTR)
			continue;
		if (step < 0)
			return -errno;
		length += (size_t)step;
		if (length > max_bytes)
			return -EFBIG;
		if (step == 0)
			break;
	}
	text[length] = '\0';
	*ret_bytes = length;
	return 0;
}

int text_file_read(const char *path, size_t max_bytes, char **ret_text, size_t *ret_bytes)
{
	int fd __attribute__((cleanup(fd_close))) =
	    open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat stat;
	char *text;
	int result;

	if (fd < 0 || fstat(fd, &stat) < 0)
		return -errno;
	if (!S_ISREG(stat.st_mode))
		return -EINVAL;
	if (stat.st_size > (off_t)max_bytes)
		return -EFBIG;
	text = malloc(max_bytes + 1);
	if (!text)
		return -ENOMEM;
	result = read_all(fd, text, max_bytes, ret_bytes);
	if (result)
		free(text);
	else
		*ret_text = text;
	return result;
}

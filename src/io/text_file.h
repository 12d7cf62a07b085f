/* Reading a small text file whole. */
#pragma once

#include <stddef.h>

/*
 * Never blocks on what is no regular file. *ret_text is NUL-terminated, *ret_bytes long and the
 * caller's to free. Returns 0, -EFBIG (more than max_bytes), -EINVAL (no regular file), or -errno.
 */
int text_file_read(const char *path, size_t max_bytes, char **ret_text, size_t *ret_bytes);

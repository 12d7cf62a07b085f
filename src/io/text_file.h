/* Reading a small text file whole. */
#pragma once

#include <stddef.h>

/*
 * Never blocks on what is no regular file. *ret_text is NUL-terminated, *ret_bytes long and the
 * caller's to free. Returns 0, -EFBIG (more than max_bytes), -EINVAL (no regular file), or -errno.
 */
int text_file_read(const char *path, size_t max_bytes, char **ret_text, size_t *ret_bytes);

/* The same of what is open at its beginning already; the caller's to close. */
int text_file_read_fd(int fd, size_t max_bytes, char **ret_text, size_t *ret_bytes);

/*
 * The same for what decides what root runs: as root -EPERM as well, if the file (fstat) is not
 * root's, or others or a group other than 0 may write it.
 */
int text_file_read_trusted(const char *path, size_t max_bytes, char **ret_text, size_t *ret_bytes);
/* Why such a file was not read, from the -errno, in words. */
const char *text_file_fault(int result);

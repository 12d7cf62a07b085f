/* Descriptors: one owner each, close-on-exec from birth, -1 when absent. */
#pragma once

/* Closes *fd and makes it -1. Harmless on -1. For `__attribute__((cleanup(fd_close)))` too. */
void fd_close(int *fd);

/* Moves ownership out of *fd. */
int fd_take(int *fd);

/* Moves fd to 3 or above when a closed 0, 1 or 2 gave it a low number; -errno on failure (closed).
 */
int fd_lift(int fd);

/* Non-blocking; only for descriptors that are ours alone (never 0-2: the flag is shared). */
int fd_set_nonblocking(int fd);

/*
 * Makes sure that 0, 1 and 2 are open (/dev/null where not), so that no descriptor made later is
 * taken for one of them. Returns 0 or -errno.
 */
int fd_open_standard(void);

/* Makes every descriptor from 3 on close-on-exec: what we were given is not for our children. */
void fd_protect_inherited(void);

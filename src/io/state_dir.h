/*
 * A directory for one small file that is to be there, whole, after any end: written beside and
 * renamed. What stands in the directory need not be trusted: a link, pipe or directory in the place
 * of the file is neither followed nor waited for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "util/error.h"

struct state_dir {
	const char *path; /* borrowed */
	int lock_fd;      /* -1: not held, or the place has no locks */
	dev_t device;     /* of the directory it is held in */
	ino_t inode;
};

/* `{ .path = path, .lock_fd = -1 }`. */
void state_dir_init(struct state_dir *dir, const char *path);
void state_dir_deinit(struct state_dir *dir);

/*
 * The file's text, NUL-terminated and the caller's. Only a regular file of ours or of root's, of at
 * most max_bytes. The directory is looked at anew each time, since it may be mounted over: it must
 * be ours or root's, not writable by others, and no link. 0, -ENOENT (no such file, or no such
 * directory), -EBUSY (another nemoinit has the directory), or -errno; *error has the words.
 */
int state_dir_read(struct state_dir *dir, size_t max_bytes, char **ret_text, size_t *ret_bytes,
    struct error *error);

/*
 * Puts another in its place. is_last: it is on the disk when this returns, which may take as long
 * as the disk does; else only a crash of the machine can lose it. 0 or as above; on failure the old
 * one stays.
 */
int state_dir_write(struct state_dir *dir, const char *text, size_t length_bytes, bool is_last,
    struct error *error);

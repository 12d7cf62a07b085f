/* Where the control socket may be (spec 20 part 4): the same list for server and client. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	SOCKET_PATH_BYTES = 108, /* sun_path of unix(7): 107 bytes and the NUL */
	SOCKET_PATH_COUNT_MAX = 3,
};

struct socket_paths {
	char items[SOCKET_PATH_COUNT_MAX][SOCKET_PATH_BYTES];
	size_t count;
};

/*
 * The candidates in order of preference: `explicit_path` alone if there is one; else
 * /run/nemoinit.sock, runtime_dir/nemoinit.sock (runtime_dir: $XDG_RUNTIME_DIR; NULL, relative or
 * too long: left out), /tmp/nemoinit-UID/nemoinit.sock. Returns 0, or -ENAMETOOLONG for an
 * explicit path of more than 107 bytes, -EINVAL for an empty one.
 */
int socket_paths_init(
    struct socket_paths *paths, const char *explicit_path, const char *runtime_dir, uid_t uid);

/* Is path the candidate under /tmp, whose directory is ours to make and to distrust? */
bool socket_path_is_temporary(const char *path);

/*
 * Is path's directory a real one, of uid alone (lstat: owner, mode 0700, no symlink)? Anybody can
 * make names in /tmp. 0, -errno of lstat, -ENOTDIR, or -EPERM.
 */
int socket_directory_check(const char *path, uid_t uid);

/* Makes path's directory with mode 0700 if it is not there, then checks it. For the server. */
int socket_directory_make(const char *path, uid_t uid);

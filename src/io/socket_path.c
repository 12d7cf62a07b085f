#include "io/socket_path.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Appends a candidate; one that is too long is left out. */
__attribute__((format(printf, 2, 3))) static void add_path(
    struct socket_paths *paths, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(paths->items[paths->count], SOCKET_PATH_BYTES, format, arguments);
	va_end(arguments);
	if (length > 0 && length < SOCKET_PATH_BYTES)
		paths->count++;
}

int socket_paths_init(
    struct socket_paths *paths, const char *explicit_path, const char *runtime_dir, uid_t uid)
{
	*paths = (struct socket_paths){ .count = 0 };
	if (explicit_path) {
		add_path(paths, "%s", explicit_path);
		if (paths->count)
			return 0;
		return explicit_path[0] ? -ENAMETOOLONG : -EINVAL;
	}
	add_path(paths, "/run/nemoinit.sock");
	if (runtime_dir && runtime_dir[0] == '/')
		add_path(paths, "%s/nemoinit.sock", runtime_dir);
	add_path(paths, "/tmp/nemoinit-%u/nemoinit.sock", (unsigned)uid);
	return 0;
}

bool socket_path_is_temporary(const char *path)
{
	int end = 0;

	/* Not by its prefix: an explicit path may well lie in some /tmp/nemoinit-build/. */
	return sscanf(path, "/tmp/nemoinit-%*[0-9]/nemoinit.sock%n", &end) == 0 && end &&
	       !path[end];
}

/* "." for a path without a slash, as dirname(3) without its pitfalls. */
static void directory_of(const char *path, char directory[SOCKET_PATH_BYTES])
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		snprintf(directory, SOCKET_PATH_BYTES, ".");
	else
		snprintf(directory, SOCKET_PATH_BYTES, "%.*s",
		    slash == path ? 1 : (int)(slash - path), path);
}

int socket_directory_check(const char *path, uid_t uid)
{
	char directory[SOCKET_PATH_BYTES];
	struct stat status;

	directory_of(path, directory);
	if (lstat(directory, &status) < 0)
		return -errno;
	if (!S_ISDIR(status.st_mode))
		return -ENOTDIR;
	return status.st_uid == uid && (status.st_mode & 0777) == 0700 ? 0 : -EPERM;
}

int socket_directory_make(const char *path, uid_t uid)
{
	char directory[SOCKET_PATH_BYTES];

	directory_of(path, directory);
	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return -errno;
	return socket_directory_check(path, uid);
}

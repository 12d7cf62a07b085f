#include "io/executable.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_executable(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* directory/name, made absolute; NULL when it is not executable. */
static char *try_in(const char *directory, int length, const char *name)
{
	char *here = NULL, *path = NULL;
	int result;

	if (length && directory[0] == '/') {
		result = asprintf(&path, "%.*s/%s", length, directory, name);
	} else {
		here = getcwd(NULL, 0);
		result = here ? asprintf(&path, "%s/%.*s%s%s", here, length, directory,
				    length ? "/" : "", name)
			      : -1;
		free(here);
	}
	if (result < 0)
		return NULL;
	if (is_executable(path))
		return path;
	free(path);
	return NULL;
}

char *executable_find(const char *name, const char *search_path)
{
	char *path;

	if (!name[0])
		return NULL;
	if (name[0] == '/')
		return is_executable(name) ? strdup(name) : NULL;
	if (strchr(name, '/'))
		return try_in("", 0, name);
	for (;; search_path++) {
		size_t length = strcspn(search_path, ":");

		path = try_in(search_path, (int)length, name);
		search_path += length;
		if (path || !*search_path)
			return path;
	}
}

const char *executable_search_path(void)
{
	const char *path = getenv("PATH");

	return path && path[0] ? path
			       : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

#include "io/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fd.h"

enum {
	LINE_BYTES = 1024, /* longer lines of mountinfo are of other file systems */
	NAME_BYTES = 128,
	WALK_FDS = 8,
};

/* A word of a line, which is shorter than the buffer for it, and what is left of the line. */
#define WORD "%1023s"
#define REST "%1023[^\n]"

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* ---- where ours is ---- */

struct search {
	const char *root;
	const char *controller;
	int (*visit)(void *data, const char *directory, bool is_v2);
	void *data;
};

static FILE *open_proc(const char *root, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/proc/self/%s", root, name);
	return fopen(path, "re");
}

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (;; list++) {
		size_t item = strcspn(list, ",\n");

		if (item == length && strncmp(list, word, length) == 0)
			return true;
		list += item;
		if (*list != ',')
			return false;
	}
}

/* Our path in the hierarchy, from the lines `ID:CONTROLLERS:PATH`; v2 has no controllers there. */
static int find_path(const struct search *search, bool is_v2, char path[static LINE_BYTES])
{
	FILE *file __attribute__((cleanup(close_file))) = open_proc(search->root, "cgroup");
	char line[LINE_BYTES], controllers[LINE_BYTES];

	while (file && fgets(line, sizeof(line), file)) {
		if (is_v2 ? sscanf(line, "0::" REST, path) == 1
			  : sscanf(line, "%*u:%1023[^:]:" REST, controllers, path) == 2 &&
				has_word(controllers, search->controller))
			return 0;
	}
	return -ENOENT;
}

/* Behind the top of what is mounted; NULL: not below it. */
static const char *path_below(const char *path, const char *top)
{
	size_t length = strcmp(top, "/") == 0 ? 0 : strlen(top);

	if (strncmp(path, top, length) != 0 || (path[length] && path[length] != '/') ||
	    strstr(path + length, "/.."))
		return NULL;
	return path + length;
}

static int visit_at(const struct search *search, const char *point, const char *path, bool is_v2)
{
	char directory[PATH_MAX];

	snprintf(directory, sizeof(directory), "%s%s%s", search->root, point, path);
	return search->visit(search->data, directory, is_v2);
}

/* One line of proc_pid_mountinfo(5). */
static int try_mount(const struct search *search, const char *line)
{
	char top[LINE_BYTES], point[LINE_BYTES], type[16], options[LINE_BYTES] = "",
							   path[LINE_BYTES];
	const char *behind = strstr(line, " - "), *below;
	int result = -ENOENT;
	bool is_v2;

	if (!behind || sscanf(line, "%*u %*u %*s " WORD " " WORD, top, point) != 2 ||
	    sscanf(behind, " - %15s %*s " WORD, type, options) < 1)
		return -ENOENT;
	is_v2 = strcmp(type, "cgroup2") == 0;
	if (!is_v2 && (strcmp(type, "cgroup") != 0 || !search->controller ||
			  !has_word(options, search->controller)))
		return -ENOENT;
	if (find_path(search, is_v2, path))
		return -ENOENT;
	below = path_below(path, top);
	if (below)
		result = visit_at(search, point, strcmp(below, "/") == 0 ? "" : below, is_v2);
	return result < 0 && search->controller ? visit_at(search, point, "", is_v2) : result;
}

int cgroup_find(const char *root, const char *controller,
    int (*visit)(void *data, const char *directory, bool is_v2), void *data)
{
	FILE *file __attribute__((cleanup(close_file))) = open_proc(root, "mountinfo");
	struct search search = {
		.root = root, .controller = controller, .visit = visit, .data = data
	};
	char line[LINE_BYTES];
	int result = -ENOENT;

	while (result < 0 && file && fgets(line, sizeof(line), file))
		result = try_mount(&search, line);
	return result;
}

/* ---- one of a service ---- */

struct making {
	const char *name;
	char *directory;
};

static int make_below(void *data, const char *ours, bool is_v2)
{
	struct making *making = data;
	char path[PATH_MAX], file[PATH_MAX];

	(void)is_v2;
	if (snprintf(path, sizeof(path), "%s/%s", ours, making->name) >= (int)sizeof(path) ||
	    snprintf(file, sizeof(file), "%s/cgroup.kill", path) >= (int)sizeof(file))
		return -ENAMETOOLONG;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	making->directory = access(file, W_OK) == 0 ? strdup(path) : NULL;
	if (making->directory)
		return 0;
	(void)rmdir(path);
	return -ENOENT;
}

char *cgroup_make(const char *instance, const char *service)
{
	char name[NAME_BYTES];
	struct making making = { .name = name };

	if (snprintf(name, sizeof(name), "nemoinit-%s-%s", instance, service) < (int)sizeof(name))
		(void)cgroup_find("", NULL, make_below, &making);
	return making.directory;
}

static int open_file(const char *directory, const char *name, int flags)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int cgroup_read_path(pid_t pid, char *path, size_t size_bytes)
{
	FILE *file __attribute__((cleanup(close_file))) = NULL;
	char name[64], line[PATH_MAX];

	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	file = fopen(name, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::", 3) == 0)
			return snprintf(path, size_bytes, "%s", line + 3) < (int)size_bytes
				   ? 0
				   : -ENAMETOOLONG;
	}
	return -ENOENT;
}

/* By its last name, of which there is no other: the way there depends on who looks. */
bool cgroup_has(const char *directory, const char *path)
{
	const char *name = strrchr(directory, '/'), *at = strstr(path, name);

	return at && strchr("/", at[strlen(name)]);
}

bool cgroup_is_populated(const char *directory)
{
	int fd = directory ? open_file(directory, "cgroup.events", O_RDONLY) : -ENOENT;
	char text[256];
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, text, sizeof(text) - 1);
	fd_close(&fd);
	text[length < 0 ? 0 : length] = '\0';
	return strstr(text, "populated 1") != NULL;
}

int cgroup_kill(const char *directory)
{
	int fd = open_file(directory, "cgroup.kill", O_WRONLY), result = 0;

	if (fd < 0)
		return fd;
	if (write(fd, "1", 1) < 0)
		result = -errno;
	fd_close(&fd);
	return result;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *place)
{
	(void)stat;
	(void)place;
	return type == FTW_DP && rmdir(path) < 0 && errno != ENOENT ? errno : 0;
}

bool cgroup_remove(char **directory)
{
	if (!*directory)
		return true;
	if (nftw(*directory, remove_one, WALK_FDS, FTW_DEPTH | FTW_PHYS) == EBUSY)
		return false;
	free(*directory);
	*directory = NULL;
	return true;
}

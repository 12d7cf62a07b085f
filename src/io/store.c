/*
 * A look first renews the watch and then reads: what comes in between is told of, and seen too.
 */
#include "io/store.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/fd.h"
#include "io/store_watch.h"

enum {
	FRESH_NS = 20000000, /* the kernel stamps files by a clock that ticks every 1 to 10 ms */
	NS_PER_SECOND = 1000000000,
	NS_PER_MS = 1000000,
};

struct store {
	char *directory;
	struct store_watch *watch; /* NULL: nobody wants to know */
};

enum presence { ABSENT, PRESENT, UNKNOWN };

static int64_t nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * NS_PER_SECOND + time->tv_nsec;
}

static enum presence look_for(int directory_fd, const char *path, struct stat *ret_info)
{
	if (fstatat(directory_fd, path, ret_info, AT_SYMLINK_NOFOLLOW) == 0)
		return PRESENT;
	return errno == ENOENT || errno == ENOTDIR ? ABSENT : UNKNOWN;
}

/*
 * Stamps a regular file. A link is not followed: the database would have its log beside the file
 * that it leads to.
 */
static enum presence look_at_file(
    int directory_fd, const char *path, struct store_look *look, struct store_stamp *ret_stamp)
{
	struct timespec now;
	struct stat info;
	enum presence presence;
	uint64_t age_ms;
	int64_t age_ns;

	(void)clock_gettime(
	    CLOCK_REALTIME, &now); /* before the stat: rather too young than too old */
	presence = look_for(directory_fd, path, &info);
	if (presence != PRESENT)
		return presence;
	if (!S_ISREG(info.st_mode))
		return UNKNOWN;
	*ret_stamp = (struct store_stamp){
		.inode = info.st_ino,
		.size_bytes = info.st_size,
		.mtime_ns = nanoseconds(&info.st_mtim),
	};
	age_ns = nanoseconds(&now) - ret_stamp->mtime_ns;
	look->is_fresh |= age_ns > -FRESH_NS && age_ns < FRESH_NS;
	age_ms = age_ns > 0 ? (uint64_t)age_ns / NS_PER_MS : 0;
	if (age_ms < look->age_ms)
		look->age_ms = age_ms;
	return PRESENT;
}

/* Is the text an empty object, or nothing at all? Any white space may stand in it. */
static bool is_empty_object(const char *text, size_t length_bytes)
{
	char packed[3];
	size_t count = 0;

	for (size_t i = 0; i < length_bytes; i++) {
		if (isspace((unsigned char)text[i]))
			continue;
		if (count == sizeof(packed))
			return false;
		packed[count++] = text[i];
	}
	return !count || (count == 2 && packed[0] == '{' && packed[1] == '}');
}

static enum store_kind look_into_pending(int directory_fd, struct store_look *look)
{
	int fd __attribute__((cleanup(fd_close))) =
	    openat(directory_fd, "devices/pending.json", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char text[64]; /* an empty object fits, and what does not fit is not one */
	ssize_t length;

	if (fd < 0)
		return errno == ENOENT ? STORE_NOTHING_PENDING : STORE_PENDING;
	(void)look_at_file(directory_fd, "devices/pending.json", look, &look->data);
	length = read(fd, text, sizeof(text));
	if (length < 0 || length == (ssize_t)sizeof(text))
		return STORE_PENDING;
	return is_empty_object(text, (size_t)length) ? STORE_NOTHING_PENDING : STORE_PENDING;
}

static enum store_kind look_into(int directory_fd, struct store_look *look)
{
	struct stat info;

	switch (look_at_file(directory_fd, "state/openclaw.sqlite", look, &look->data)) {
	case PRESENT:
		if (look_at_file(directory_fd, "state/openclaw.sqlite-wal", look, &look->journal) ==
		    UNKNOWN)
			return STORE_UNKNOWN;
		return STORE_DATABASE;
	case ABSENT: break;
	case UNKNOWN: return STORE_UNKNOWN;
	}
	switch (look_for(directory_fd, "devices/.", &info)) {
	case PRESENT: return look_into_pending(directory_fd, look);
	case ABSENT:
		return look_for(directory_fd, "tasks/runs.sqlite", &info) == PRESENT
			   ? STORE_NOTHING_PENDING
			   : STORE_UNKNOWN;
	case UNKNOWN: break;
	}
	return STORE_UNKNOWN;
}

void store_peek(const struct store *store, struct store_look *ret_look)
{
	int fd __attribute__((cleanup(fd_close))) =
	    open(store->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret_look = (struct store_look){ .kind = STORE_UNKNOWN, .age_ms = UINT64_MAX };
	if (fd >= 0)
		ret_look->kind = look_into(fd, ret_look);
}

void store_look(struct store *store, struct store_look *ret_look)
{
	bool is_watched = store->watch && store_watch_renew(store->watch);

	store_peek(store, ret_look);
	ret_look->is_watched = is_watched;
}

/* ---- life ---- */

int store_new(struct loop *loop, const char *directory, void (*handle)(void *data), void *data,
    struct store **ret_store)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store)
		return -ENOMEM;
	store->directory = strdup(directory);
	if (!store->directory ||
	    (handle && store_watch_new(loop, store->directory, handle, data, &store->watch) < 0)) {
		store_free(&store);
		return -ENOMEM;
	}
	*ret_store = store;
	return 0;
}

void store_free(struct store **store)
{
	if (!*store)
		return;
	store_watch_free(&(*store)->watch);
	free((*store)->directory);
	free(*store);
	*store = NULL;
}

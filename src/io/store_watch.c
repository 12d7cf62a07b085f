/*
 * Three directories are watched: the state directory, for `devices` and `state` to come and go, and
 * those two, for the files. A file itself is not: pending.json is replaced by rename, and a watch
 * on it would go with it.
 *
 * A change is told once; then the queue is left alone until the next look, so that a store that is
 * written all the time costs nothing. The queue may run over meanwhile: a change like others. Every
 * renewal adds the watches anew: for a directory that is watched this changes nothing, and one that
 * has taken the place of another is watched from then on.
 */
#include "io/store_watch.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "io/fd.h"
#include "io/loop.h"
#include "util/macros.h"

enum {
	WATCH_SELF = IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
	WATCH_NAMES = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO,
	WATCH_LOST = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT | IN_Q_OVERFLOW,
	READ_BYTES = 4096,
	READS_MAX = 64, /* a writer that is faster than we read must not hold us */
};

/* The directories, the state directory first, and what counts in them. */
static const struct {
	const char *path;
	uint32_t events;
	const char *names[2];
} places[] = {
	{ ".", WATCH_NAMES, { "devices", "state" } },
	{ "devices", WATCH_NAMES | IN_MODIFY, { "pending.json" } },
	{ "state", WATCH_NAMES | IN_MODIFY, { "openclaw.sqlite", "openclaw.sqlite-wal" } },
};

struct store_watch {
	struct loop *loop;
	const char *directory;
	void (*handle)(void *data);
	void *data;
	int fd; /* -1: no inotify so far */
	struct loop_watch *watch;
	int wds[ARRAY_LEN(places)]; /* -1: not watched */
};

/* ---- events ---- */

static bool counts(const struct store_watch *watch, const struct inotify_event *event)
{
	if (event->mask & WATCH_LOST)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		for (size_t j = 0; j < ARRAY_LEN(places[i].names); j++) {
			if (event->wd == watch->wds[i] && event->len && places[i].names[j] &&
			    strcmp(event->name, places[i].names[j]) == 0)
				return true;
		}
	}
	return false;
}

/* Returns the bytes read, 0 when there is nothing; *ret_counts becomes true if one counts. */
static ssize_t read_events(struct store_watch *watch, bool *ret_counts)
{
	static char buffer[READ_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t length = read(watch->fd, buffer, sizeof(buffer));

	for (const char *at = buffer; length > 0 && at < buffer + length;) {
		const struct inotify_event *event = (const void *)at;

		*ret_counts |= counts(watch, event);
		at += sizeof(*event) + event->len;
	}
	if (length < 0 && errno != EAGAIN && errno != EINTR)
		*ret_counts = true;
	return length > 0 ? length : 0;
}

static void watch_on_readable(void *data, unsigned events)
{
	struct store_watch *watch = data;
	bool has_changed = false;

	(void)events;
	read_events(watch, &has_changed);
	if (!has_changed)
		return;
	loop_watch_set(watch->watch, 0);
	watch->handle(watch->data);
}

/* ---- watches ---- */

/* Local ones, on which every writer goes through this kernel. */
static bool tells_of_changes(const char *path)
{
	static const uint32_t kinds[] = { EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
		F2FS_SUPER_MAGIC, TMPFS_MAGIC, RAMFS_MAGIC, OVERLAYFS_SUPER_MAGIC,
		0x2fc12fc1 /* ZFS */, 0xca451a4e /* bcachefs */ };
	struct statfs info;

	if (statfs(path, &info) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if ((uint32_t)info.f_type == kinds[i])
			return true;
	}
	return false;
}

/* Returns false if it is not watched, unless it is a directory that may come later. */
static bool renew_place(struct store_watch *watch, size_t i)
{
	char path[PATH_MAX];
	int was = watch->wds[i];

	if (snprintf(path, sizeof(path), "%s/%s", watch->directory, places[i].path) >= PATH_MAX)
		return false;
	watch->wds[i] = inotify_add_watch(watch->fd, path, places[i].events | WATCH_SELF);
	if (watch->wds[i] < 0 && errno == ENOENT)
		return i > 0;
	if (was >= 0 && was != watch->wds[i])
		(void)inotify_rm_watch(watch->fd, was); /* EINVAL: gone with its directory */
	return watch->wds[i] >= 0 && tells_of_changes(path);
}

/* Descriptors and instances may be short now and there later. */
static bool open_queue(struct store_watch *watch)
{
	if (watch->fd >= 0)
		return true;
	watch->fd = fd_lift(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
	if (watch->fd >= 0 &&
	    loop_watch_new(watch->loop, watch->fd, 0, watch_on_readable, watch, &watch->watch) < 0)
		fd_close(&watch->fd);
	return watch->fd >= 0;
}

bool store_watch_renew(struct store_watch *watch)
{
	bool has_changed = false, is_complete = true;

	if (!open_queue(watch))
		return false;
	/* First, so that what comes while the watches are renewed is told of. */
	for (int i = 0; i < READS_MAX && read_events(watch, &has_changed); i++)
		;
	loop_watch_set(watch->watch, LOOP_READ);
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		is_complete &= renew_place(watch, i);
	return is_complete;
}

/* ---- life ---- */

int store_watch_new(struct loop *loop, const char *directory, void (*handle)(void *data),
    void *data, struct store_watch **ret_watch)
{
	struct store_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return -ENOMEM;
	*watch = (struct store_watch){
		.loop = loop, .directory = directory, .handle = handle, .data = data, .fd = -1
	};
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		watch->wds[i] = -1;
	*ret_watch = watch;
	return 0;
}

void store_watch_free(struct store_watch **watch)
{
	if (!*watch)
		return;
	loop_watch_free(&(*watch)->watch);
	fd_close(&(*watch)->fd);
	free(*watch);
	*watch = NULL;
}

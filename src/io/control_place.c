/*
 * The socket's place in the file system is open to others. inotify(7) tells when its name or its
 * lock's goes elsewhere: on these files themselves, whose link count changes then, and on the
 * directory as such. So nothing else that happens in a busy directory wakes us. Where there is no
 * inotify we look from time to time.
 */
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "io/control_private.h"
#include "io/fd.h"
#include "io/loop.h"
#include "util/macros.h"

static void control_on_notice(void *data, unsigned events)
{
	struct control *control = data;
	char buffer[4096];

	(void)events;
	/* Once a turn: who makes notices without end must not keep us here. */
	if (read(control->notice_fd, buffer, sizeof(buffer)) <= 0)
		return;
	control->look_ms = loop_now_ms(control->loop);
}

static bool watch_directory(int fd, const char *path)
{
	const char *slash = strrchr(path, '/');
	char directory[SOCKET_PATH_BYTES] = ".";
	size_t length = slash && slash > path ? (size_t)(slash - path) : 1;

	if (slash) {
		memcpy(directory, path, length);
		directory[length] = '\0';
	}
	return inotify_add_watch(fd, directory, IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR) >= 0;
}

static void control_place_watch(struct control *control)
{
	const uint32_t mask = IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF | IN_DONT_FOLLOW;
	const struct endpoint *endpoint = &control->endpoint;
	char lock[ENDPOINT_LOCK_PATH_BYTES];
	int fd = control->notice_fd;
	bool is_watched;

	endpoint_lock_path(endpoint, lock);
	is_watched = fd >= 0 && watch_directory(fd, endpoint->path) &&
		     inotify_add_watch(fd, endpoint->path, mask) >= 0 &&
		     inotify_add_watch(fd, lock, mask) >= 0;
	/* What happened before the watch was set nobody tells. */
	control->look_ms = loop_now_ms(control->loop);
	control->look_pause_ms = is_watched ? NEVER_MS : CONTROL_LOOK_MS;
}

void control_place_init(struct control *control)
{
	control->notice_fd = fd_lift(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
	if (control->notice_fd >= 0 && loop_watch_new(control->loop, control->notice_fd, LOOP_READ,
					   control_on_notice, control, &control->notice_watch) < 0)
		fd_close(&control->notice_fd);
	control_place_watch(control);
}

void control_place_deinit(struct control *control)
{
	loop_watch_free(&control->notice_watch);
	fd_close(&control->notice_fd);
}

uint64_t control_place_turn(struct control *control, uint64_t now_ms)
{
	if (now_ms < control->look_ms)
		return control->look_ms;
	control->look_ms = deadline_after(now_ms, control->look_pause_ms);
	if (!endpoint_is_intact(&control->endpoint))
		control->handlers.handle_lost(control->data);
	return control->look_ms;
}

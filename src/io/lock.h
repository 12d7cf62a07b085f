/*
 * "I am the one who approves": an flock(2) on the state directory itself, so that no file has to
 * be made: works on a read-only mount and under Landlock. Gone with its holder.
 */
#pragma once

struct lock {
	int fd; /* -1: not held */
};

/* `{ .fd = -1 }`. */
void lock_init(struct lock *lock);

/*
 * Never blocks. Returns 0: held, or there is no such directory to quarrel about (or none that can
 * be locked); -EAGAIN: somebody else holds it. Holding it already is fine.
 */
int lock_start(struct lock *lock, const char *directory);

/* Gives it back; harmless when not held. */
void lock_stop(struct lock *lock);

#include "io/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "io/fd.h"

void lock_init(struct lock *lock)
{
	lock->fd = -1;
}

int lock_start(struct lock *lock, const char *directory)
{
	if (lock->fd >= 0)
		return 0;
	lock->fd = fd_lift(open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (lock->fd < 0) {
		lock->fd = -1;
		return 0;
	}
	if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return 0; /* a filesystem that cannot lock must not stop pairing */
	fd_close(&lock->fd);
	return -EAGAIN;
}

void lock_stop(struct lock *lock)
{
	fd_close(&lock->fd);
}

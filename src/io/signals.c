#include "io/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/fd.h"
#include "io/loop.h"

enum {
	SIGNALS_PER_TURN = 64,
};

struct signals {
	int fd;
	struct loop_watch *watch;
	void (*handle)(void *data, int signal, pid_t sender);
	void *data;
};

static void signals_fill(sigset_t *set)
{
	sigfillset(set);
	/* Faults of our own code: blocked they would loop or kill without a trace (sigprocmask(2)).
	 */
	sigdelset(set, SIGSEGV);
	sigdelset(set, SIGBUS);
	sigdelset(set, SIGFPE);
	sigdelset(set, SIGILL);
	sigdelset(set, SIGTRAP);
	sigdelset(set, SIGABRT);
	sigdelset(set, SIGSYS);
}

void signals_block(void)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t set;

	signals_fill(&set);
	/* Fails only for a wrong `how` (sigprocmask(2)). */
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	/* Fails for KILL, STOP and those libc keeps to itself, which are at their default anyway.
	 */
	for (int signal = 1; signal < NSIG; signal++)
		(void)sigaction(signal, &action, NULL);
}

static void signals_on_ready(void *data, unsigned events)
{
	struct signals *signals = data;
	struct signalfd_siginfo info;

	(void)events;
	/* Not to the end at any price: somebody may send them as fast as we read. */
	for (int i = 0; i < SIGNALS_PER_TURN &&
			read(signals->fd, &info, sizeof(info)) == (ssize_t)sizeof(info);
	     i++)
		signals->handle(signals->data, (int)info.ssi_signo, (pid_t)info.ssi_pid);
}

int signals_new(struct loop *loop, void (*handle)(void *data, int signal, pid_t sender), void *data,
    struct signals **ret_signals)
{
	struct signals *signals = calloc(1, sizeof(*signals));
	sigset_t set;
	int result;

	if (!signals)
		return -ENOMEM;
	signals->handle = handle;
	signals->data = data;
	signals_fill(&set);
	signals->fd = fd_lift(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
	result = signals->fd < 0 ? -errno : 0;
	if (!result)
		result = loop_watch_new(
		    loop, signals->fd, LOOP_READ, signals_on_ready, signals, &signals->watch);
	if (result) {
		signals_free(&signals);
		return result;
	}
	*ret_signals = signals;
	return 0;
}

void signals_free(struct signals **signals)
{
	if (!*signals)
		return;
	loop_watch_free(&(*signals)->watch);
	fd_close(&(*signals)->fd);
	free(*signals);
	*signals = NULL;
}

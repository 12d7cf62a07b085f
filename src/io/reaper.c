#include "io/reaper.h"

#include <errno.h>
#include <sys/wait.h>

bool reaper_drain(unsigned max_count,
    void (*handle)(void *data, pid_t pid, const struct exit_info *exit), void *data)
{
	for (unsigned count = 0; count < max_count; count++) {
		struct exit_info exit;
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid == 0)
			return false;
		if (pid < 0) {
			if (errno != EINTR)
				return false; /* ECHILD: none at all */
			continue;
		}
		exit.by_signal = WIFSIGNALED(status);
		exit.value = exit.by_signal ? WTERMSIG(status) : WEXITSTATUS(status);
		handle(data, pid, &exit);
	}
	return true;
}

#include "io/children.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "io/proc.h"

void children_adopt(void)
{
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
}

bool children_exist(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static bool kill_child(void *data, pid_t pid)
{
	(void)data;
	/* Nobody but us reaps it, so the number cannot have gone to a stranger meanwhile. */
	(void)kill(pid, SIGKILL);
	return true;
}

void children_kill(void)
{
	/* What a read of /proc has missed is for the next call. */
	(void)proc_each_child(kill_child, NULL);
}

#include "io/tree.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "io/proc.h"

struct tree_search {
	pid_t session;
	int signal; /* to send; 0: stop at the first one */
	bool found;
};

int tree_signal_main(pid_t main_pid, int signal)
{
	if (kill(main_pid, signal) < 0)
		return -errno;
	/* Gone in between is as good as woken. */
	if (signal != SIGKILL && kill(main_pid, SIGCONT) < 0 && errno != ESRCH)
		return -errno;
	return 0;
}

static bool tree_visit(void *data, const struct proc_stat *stat)
{
	struct tree_search *search = data;

	if ((stat->session != search->session && stat->group != search->session) ||
	    proc_is_dead(stat))
		return true;
	search->found = true;
	if (!search->signal)
		return false;
	/* Gone in between, or not ours to signal: tree_is_alive will tell. */
	(void)tree_signal_main(stat->pid, search->signal);
	return true;
}

void tree_signal_all(pid_t main_pid, int signal)
{
	struct tree_search search = { .session = main_pid, .signal = signal };

	/* The group at once, so that no member sees another die first; then those in other groups.
	 */
	if (kill(-main_pid, signal) == 0 && signal != SIGKILL)
		(void)kill(-main_pid, SIGCONT);
	(void)proc_each(tree_visit, &search);
}

struct child_search {
	bool (*is_known)(void *data, pid_t pid);
	void *data;
	bool found_unknown;
};

static bool tree_visit_child(void *data, pid_t pid)
{
	struct child_search *search = data;

	search->found_unknown = !search->is_known(search->data, pid);
	return !search->found_unknown;
}

bool tree_is_alive(pid_t main_pid, bool (*is_known)(void *data, pid_t pid), void *data)
{
	struct tree_search search = { .session = main_pid };
	struct child_search children = { .is_known = is_known, .data = data };

	if (proc_each_child(tree_visit_child, &children) == 0 && !children.found_unknown)
		return false;
	(void)proc_each(tree_visit, &search);
	return search.found;
}

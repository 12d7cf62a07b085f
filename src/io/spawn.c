#include "io/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/fd.h"
#include "util/macros.h"

enum spawn_step {
	SPAWN_STEP_SESSION,
	SPAWN_STEP_PARENT,
	SPAWN_STEP_STDIO,
	SPAWN_STEP_DIRECTORY,
	SPAWN_STEP_EXEC,
	SPAWN_STEP_COUNT_,
};

static const char *const step_names[] = {
	[SPAWN_STEP_SESSION] = "setsid",
	[SPAWN_STEP_PARENT] = "prctl",
	[SPAWN_STEP_STDIO] = "stdio",
	[SPAWN_STEP_DIRECTORY] = "chdir",
	[SPAWN_STEP_EXEC] = "exec",
};
static_assert(ARRAY_LEN(step_names) == SPAWN_STEP_COUNT_, "a name for every step");

/*
 * What the child writes into the status pipe; smaller than PIPE_BUF, so it arrives whole. A step
 * from SPAWN_STEP_COUNT_ on is one of privileges; such a one need not be the end.
 */
struct spawn_failure {
	int32_t step;
	int32_t error;
	int32_t is_fatal;
};

/* Everything the child needs, made ready before the fork. */
struct spawn_plan {
	const struct spawn_request *request;
	char **candidates; /* paths to try in turn, NULL-terminated; one block with its strings */
	int null_fd;
	int status_fd;
	int cgroup_fd; /* its directory; -1: none */
	pid_t parent;
};

/* The paths that execvp(3) would try: argv[0] itself with a slash in it, else one a PATH entry. */
static char **spawn_candidates(const char *name, const char *search_path)
{
	size_t count = 2, name_size = strlen(name) + 1;
	char **candidates, *at;

	if (strchr(name, '/') || !name[0])
		search_path = "";
	for (const char *c = search_path; *c; c++)
		count += *c == ':';
	candidates = malloc(count * sizeof(char *) + strlen(search_path) + count * (name_size + 2));
	if (!candidates)
		return NULL;
	at = (char *)(candidates + count);
	count = 0;
	do {
		size_t length = strcspn(search_path, ":");

		candidates[count++] = at;
		if (length) {
			memcpy(at, search_path, length);
			at[length] = '/';
			at += length + 1;
		}
		memcpy(at, name, name_size);
		at += name_size;
		search_path += length;
	} while (*search_path++ == ':');
	candidates[count] = NULL;
	return candidates;
}

/* ---- in the child: async-signal-safe calls only (signal-safety(7)) ---- */

static _Noreturn void child_fail(const struct spawn_plan *plan, enum spawn_step step, int error)
{
	struct spawn_failure failure = { .step = (int32_t)step, .error = error, .is_fatal = true };

	/* Nobody is left to tell when this write fails; the exit code speaks too (sh(1)). */
	if (write(plan->status_fd, &failure, sizeof(failure)) < 0)
		_exit(125);
	_exit(step == SPAWN_STEP_EXEC && error == ENOENT ? 127 : 126);
}

static void child_tell_refused(void *data, enum privileges_step step, int error)
{
	const struct spawn_plan *plan = data;
	struct spawn_failure failure = { .step = SPAWN_STEP_COUNT_ + (int32_t)step,
		.error = error,
		.is_fatal = plan->request->privileges->required >> step & 1 };

	if (write(plan->status_fd, &failure, sizeof(failure)) < 0)
		_exit(125);
}

static void child_unblock_signals(void)
{
	sigset_t none;

	/* All dispositions are at their default already, see signals_block. */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child_connect_stdio(const struct spawn_plan *plan)
{
	const int wanted[] = { plan->request->stdin_fd, plan->request->stdout_fd,
		plan->request->stderr_fd };

	for (int fd = 0; fd < (int)ARRAY_LEN(wanted); fd++) {
		int source = wanted[fd] < 0 ? plan->null_fd : wanted[fd];

		if (source == fd)
			continue; /* ours, inherited: 0-2 carry no close-on-exec */
		if (dup2(source, fd) < 0)
			child_fail(plan, SPAWN_STEP_STDIO, errno);
	}
}

static _Noreturn void child_exec(const struct spawn_plan *plan)
{
	const char *name = plan->request->argv[0];
	int error = ENOENT;

	for (char **path = plan->candidates; *path; path++) {
		execve(*path, plan->request->argv, plan->request->environment);
		/*
		 * Go on searching as execvp(3) does, but remember a file that may not be executed.
		 * A directory of PATH that is closed to us has no such file, as shells see it.
		 */
		if (errno == EACCES)
			error = strchr(name, '/') || access(*path, F_OK) == 0 ? EACCES : error;
		else if (errno != ENOENT && errno != ENOTDIR)
			child_fail(plan, SPAWN_STEP_EXEC, errno);
	}
	child_fail(plan, SPAWN_STEP_EXEC, error);
}

static _Noreturn void child_run(const struct spawn_plan *plan)
{
	const struct spawn_request *request = plan->request;

	if (request->new_session ? setsid() < 0 : setpgid(0, 0) < 0)
		child_fail(plan, SPAWN_STEP_SESSION, errno);
	/*
	 * Here, since the command may use it at once; and only here: done by the parent too, it
	 * could come late and take the terminal from a job of what by then is a shell. With SIGTTOU
	 * still blocked it is allowed from the background (tcsetpgrp(3)).
	 */
	if (request->in_foreground)
		(void)tcsetpgrp(STDIN_FILENO, getpid());
	child_unblock_signals();
	/* Lowers what nemoinit raised for itself, which cannot be refused (setrlimit(2)). */
	if (request->nofile)
		(void)setrlimit(RLIMIT_NOFILE, request->nofile);
	if (request->privileges &&
	    privileges_apply(request->privileges, child_tell_refused, (void *)plan) >= 0)
		_exit(126);
	/* A change of user has just undone it, if it was there (prctl(2)). */
	if (request->die_with_parent) {
		if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
			child_fail(plan, SPAWN_STEP_PARENT, errno);
		if (getppid() != plan->parent)
			_exit(125); /* died before the line above took effect */
	}
	child_connect_stdio(plan);
	if (request->directory && chdir(request->directory) < 0)
		child_fail(plan, SPAWN_STEP_DIRECTORY, errno);
	child_exec(plan);
}

/* ---- in the parent ---- */

/* Descriptors of the plan; both must lie above the standard ones the child is going to replace. */
static int spawn_open(struct spawn_plan *plan, int *ret_status_fd, struct error *error)
{
	int ends[2];

	plan->null_fd = fd_lift(open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY));
	if (plan->null_fd < 0)
		return error_set(error, -errno, "open /dev/null: %s", strerror(errno));
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(error, -errno, "pipe: %s", strerror(errno));
	plan->status_fd = fd_lift(ends[1]);
	*ret_status_fd = fd_lift(ends[0]);
	if (plan->status_fd < 0 || *ret_status_fd < 0 || fd_set_nonblocking(*ret_status_fd) < 0)
		return error_set(error, -errno, "pipe: %s", strerror(errno));
	return 0;
}

/*
 * fork(2), into the cgroup if there is one: clone3(2) puts the child there at its birth, while a
 * process that is moved waits for all processors (tens of milliseconds). Without a stack of its own
 * the child goes on in a copy of ours, as after a fork; the steps that follow need nothing that the
 * C library would have to mend. Where clone3 is refused the child stays in our cgroup.
 */
static pid_t spawn_fork(const struct spawn_plan *plan)
{
	struct clone_args arguments = { .flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)plan->cgroup_fd };
	pid_t pid = -1;

	if (plan->cgroup_fd >= 0)
		pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
	return pid < 0 ? fork() : pid;
}

int spawn_start(
    const struct spawn_request *request, pid_t *ret_pid, int *ret_status_fd, struct error *error)
{
	struct spawn_plan plan = { .request = request,
		.null_fd = -1,
		.status_fd = -1,
		.cgroup_fd = -1,
		.parent = getpid() };
	int result, read_fd = -1;
	pid_t pid = -1;

	plan.candidates = spawn_candidates(request->argv[0], request->search_path);
	if (!plan.candidates)
		return error_set(error, -ENOMEM, "no memory to start '%s'", request->argv[0]);
	if (request->cgroup)
		plan.cgroup_fd =
		    fd_lift(open(request->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
	result = spawn_open(&plan, &read_fd, error);
	if (!result) {
		pid = spawn_fork(&plan);
		if (pid == 0)
			child_run(&plan);
		if (pid < 0)
			result = error_set(error, -errno, "fork: %s", strerror(errno));
		/* Whoever comes first: a signal to the group must find it (setpgid(2)). */
		else if (!request->new_session)
			(void)setpgid(pid, pid);
	}
	if (result)
		fd_close(&read_fd);
	fd_close(&plan.status_fd);
	fd_close(&plan.null_fd);
	fd_close(&plan.cgroup_fd);
	free(plan.candidates);
	if (result)
		return result;
	*ret_pid = pid;
	*ret_status_fd = read_fd;
	return 0;
}

/* The words for the step that was the end of it. */
static int spawn_describe_failure(
    const struct spawn_request *request, const struct spawn_failure *failure, struct error *error)
{
	const char *name = request->argv[0], *text = strerror(failure->error);
	const char *step;

	if (failure->step >= SPAWN_STEP_COUNT_)
		return error_set(error, -failure->error, "%s: %s",
		    privileges_step_to_string(
			(enum privileges_step)(failure->step - SPAWN_STEP_COUNT_)),
		    text);
	step = step_names[failure->step];
	if (failure->step == SPAWN_STEP_DIRECTORY)
		return error_set(
		    error, -failure->error, "%s '%s': %s", step, request->directory, text);
	if (failure->step == SPAWN_STEP_EXEC && !strchr(name, '/'))
		return error_set(error, -failure->error, "%s '%s': %s (searched PATH=%s)", step,
		    name, text, request->search_path);
	return error_set(error, -failure->error, "%s '%s': %s", step, name, text);
}

int spawn_read_status(int status_fd, const struct spawn_request *request,
    struct spawn_report *report, struct error *error)
{
	const int step_count = SPAWN_STEP_COUNT_ + PRIVILEGES_STEP_COUNT_;
	struct spawn_failure failure;
	ssize_t length;

	for (;;) {
		length = read(status_fd, &failure, sizeof(failure));
		if (length < 0 && errno == EINTR)
			continue;
		if (length == 0)
			return 0;
		if (length < 0 && errno == EAGAIN)
			return 1;
		if (length != (ssize_t)sizeof(failure) || failure.step < 0 ||
		    failure.step >= step_count || failure.error <= 0)
			return error_set(error, -EIO, "start of '%s': its status cannot be read",
			    request->argv[0]);
		if (report && failure.step >= SPAWN_STEP_COUNT_)
			report->refused[failure.step - SPAWN_STEP_COUNT_] = failure.error;
		if (!failure.is_fatal)
			continue;
		if (report)
			report->is_privilege = failure.step >= SPAWN_STEP_COUNT_;
		return spawn_describe_failure(request, &failure, error);
	}
}

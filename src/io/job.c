/*
 * The end of a call is two things in either order: the process is dead, and its pipes are closed.
 * A grandchild may hold the pipes for ever, so they get JOB_LINGER_MS once the process is dead.
 * Then all that is left of the call is killed, again and again until the kernel says there is no
 * child any more: what dies leaves its own children to us.
 */
#include "io/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/children.h"
#include "io/fd.h"
#include "io/loop.h"
#include "io/tree.h"
#include "util/macros.h"

enum {
	JOB_LINGER_MS = 200,  /* for the rest of the output, after the process has ended */
	JOB_SWEEP_MS = 10,    /* between two looks for what is left */
	JOB_GIVE_UP_MS = 500, /* KILL does nothing to a process stuck in the kernel */
	JOB_ENDING_MS = JOB_KILL_AFTER_MS + 250, /* what ending a stubborn one takes */
	JOB_READ_BYTES = 16384,
};

enum job_phase {
	JOB_IDLE,
	JOB_RUNNING,   /* until the limit */
	JOB_ENDING,    /* TERM is sent */
	JOB_KILLING,   /* KILL is sent */
	JOB_LINGERING, /* dead; the pipes are still open */
	JOB_SWEEPING,  /* what it left is being killed */
};

struct job_pipe {
	struct job *job;
	int fd;
	struct loop_watch *watch;
	struct text text;
};

struct job {
	struct loop *loop;
	void (*handle)(void *data, const struct job_result *result);
	void *data;
	struct job_request request;
	enum job_phase phase;
	uint64_t deadline_ms; /* of the phase */
	uint64_t give_up_ms;  /* of the sweep */
	pid_t pid;            /* -1 once reaped */
	pid_t group;
	struct tree tree; /* of one with a session of its own */
	int status_fd;
	struct spawn_report report;
	struct job_pipe output;
	struct job_pipe error_output;
	struct job_result result;
	struct error error;
};

uint64_t job_limit_ms(uint64_t time_ms)
{
	return time_ms > 2 * JOB_ENDING_MS ? time_ms - JOB_ENDING_MS : time_ms / 2;
}

static void enter(struct job *job, enum job_phase phase, uint64_t deadline_ms)
{
	job->phase = phase;
	job->deadline_ms = deadline_ms;
}

static void pipe_close(struct job_pipe *pipe)
{
	loop_watch_free(&pipe->watch);
	fd_close(&pipe->fd);
}

static void tell_end(struct job *job)
{
	struct job_result result = job->result;

	pipe_close(&job->output);
	pipe_close(&job->error_output);
	fd_close(&job->status_fd);
	tree_clear(&job->tree);
	enter(job, JOB_IDLE, NEVER_MS);
	result.error = &job->error;
	result.report = &job->report;
	result.output = &job->output.text;
	result.error_output = &job->error_output.text;
	job->handle(job->data, &result);
}

static bool is_anything_left(struct job *job)
{
	if (job->request.owns_children)
		return children_exist();
	if (!job->request.spawn.new_session)
		return false;
	if (job->pid < 0 && job->request.is_known &&
	    tree_are_children_known(job->request.is_known, job->request.known_data))
		return false;
	return tree_is_alive(&job->tree);
}

static void kill_all(struct job *job)
{
	if (job->pid > 0)
		(void)kill(job->pid, SIGKILL); /* it may not lead its group yet */
	if (job->request.spawn.new_session)
		tree_kill(&job->tree);
	else
		(void)kill(-job->group, SIGKILL); /* ESRCH: nobody left in it */
	if (job->request.owns_children && job->pid < 0)
		children_kill();
}

static void sweep(struct job *job, uint64_t now_ms)
{
	if (now_ms < job->give_up_ms && is_anything_left(job)) {
		kill_all(job);
		enter(job, JOB_SWEEPING, deadline_after(now_ms, JOB_SWEEP_MS));
		return;
	}
	tell_end(job);
}

static void begin_sweep(struct job *job, uint64_t now_ms)
{
	(void)kill(-job->group, SIGKILL); /* ESRCH: nobody left in it */
	job->give_up_ms = deadline_after(now_ms, JOB_GIVE_UP_MS);
	sweep(job, now_ms);
}

/* Both halves of the end, or the time for the second one is over. */
static void check_end(struct job *job, uint64_t now_ms)
{
	bool is_dead = job->pid < 0;

	if (is_dead && job->output.fd < 0 && job->error_output.fd < 0) {
		begin_sweep(job, now_ms);
	} else if (is_dead && job->phase != JOB_LINGERING) {
		/* A session outlived by its leader is found by its number alone: not for long. */
		if (job->request.spawn.new_session)
			kill_all(job);
		enter(job, JOB_LINGERING, deadline_after(now_ms, JOB_LINGER_MS));
	}
}

static void pipe_on_readable(void *data, unsigned events)
{
	static char buffer[JOB_READ_BYTES]; /* one loop, one reader: kept off the stack */
	struct job_pipe *pipe = data;
	ssize_t length = read(pipe->fd, buffer, sizeof(buffer));

	(void)events;
	if (length > 0 && pipe->job->request.handle_output) {
		pipe->job->request.handle_output(
		    pipe->job->data, pipe == &pipe->job->error_output, buffer, (size_t)length);
		return;
	}
	if (length > 0) {
		text_add_bytes(&pipe->text, buffer, (size_t)length);
		return;
	}
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	pipe_close(pipe);
	check_end(pipe->job, loop_now_ms(pipe->job->loop));
}

/* Makes the pipe; the write end goes to *ret_write_fd. */
static int pipe_open(struct job *job, struct job_pipe *pipe, int *ret_write_fd)
{
	int ends[2], result;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pipe->fd = fd_lift(ends[0]);
	*ret_write_fd = fd_lift(ends[1]);
	if (pipe->fd < 0 || *ret_write_fd < 0)
		return -EMFILE;
	result = fd_set_nonblocking(pipe->fd);
	if (result)
		return result;
	return loop_watch_new(job->loop, pipe->fd, LOOP_READ, pipe_on_readable, pipe, &pipe->watch);
}

int job_new(struct loop *loop, void (*handle)(void *data, const struct job_result *result),
    void *data, struct job **ret_job)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	job->loop = loop;
	job->handle = handle;
	job->data = data;
	job->output = (struct job_pipe){ .job = job, .fd = -1 };
	job->error_output = (struct job_pipe){ .job = job, .fd = -1 };
	job->pid = job->status_fd = -1;
	enter(job, JOB_IDLE, NEVER_MS);
	*ret_job = job;
	return 0;
}

void job_free(struct job **job)
{
	if (!*job)
		return;
	if ((*job)->phase != JOB_IDLE)
		kill_all(*job);
	pipe_close(&(*job)->output);
	pipe_close(&(*job)->error_output);
	fd_close(&(*job)->status_fd);
	tree_clear(&(*job)->tree);
	text_deinit(&(*job)->output.text);
	text_deinit(&(*job)->error_output.text);
	free(*job);
	*job = NULL;
}

static void pipe_reset(struct job_pipe *pipe, size_t max_bytes)
{
	text_deinit(&pipe->text);
	text_init_heap(&pipe->text, max_bytes + 1);
}

int job_start(
    struct job *job, const struct job_request *request, uint64_t now_ms, struct error *error)
{
	int out_fd __attribute__((cleanup(fd_close))) = -1;
	int err_fd __attribute__((cleanup(fd_close))) = -1;
	int result;

	job->request = *request;
	job->result = (struct job_result){ .outcome = JOB_EXITED };
	job->report = (struct spawn_report){ .is_privilege = false };
	pipe_reset(&job->output, request->max_output_bytes);
	pipe_reset(&job->error_output, request->max_output_bytes);
	result = pipe_open(job, &job->output, &out_fd);
	if (!result)
		result = pipe_open(job, &job->error_output, &err_fd);
	if (result) {
		error_set(error, result, "pipe: %s", strerror(-result));
	} else {
		job->request.spawn.stdin_fd = -1;
		job->request.spawn.stdout_fd = out_fd;
		job->request.spawn.stderr_fd = err_fd;
		result = spawn_start(&job->request.spawn, &job->pid, &job->status_fd, error);
	}
	if (result) {
		pipe_close(&job->output);
		pipe_close(&job->error_output);
		return result;
	}
	/* The child does the same; whoever comes first, a kill of the group finds it. But nobody
	 * who leads a group can make a session. */
	if (!request->spawn.new_session)
		(void)setpgid(job->pid, job->pid);
	job->group = job->pid;
	if (request->spawn.new_session)
		tree_set_main(&job->tree, job->pid, job->pid);
	snprintf(job->tree.mark, sizeof(job->tree.mark), "%s", request->mark ? request->mark : "");
	enter(job, JOB_RUNNING, deadline_after(now_ms, request->timeout_ms));
	return 0;
}

static void begin_end(struct job *job, uint64_t now_ms)
{
	job->result.outcome = JOB_TIMED_OUT;
	/* Without a group of its own yet, it is alone. */
	if (kill(-job->group, SIGTERM) < 0 && job->pid > 0)
		(void)kill(job->pid, SIGTERM);
	(void)kill(-job->group, SIGCONT); /* a stopped process does not see TERM */
	enter(job, JOB_ENDING, deadline_after(now_ms, JOB_KILL_AFTER_MS));
}

void job_stop(struct job *job, uint64_t now_ms)
{
	if (job->phase == JOB_RUNNING)
		begin_end(job, now_ms);
}

void job_shift(struct job *job, uint64_t gap_ms)
{
	job->deadline_ms = deadline_after(job->deadline_ms, gap_ms);
	job->give_up_ms = deadline_after(job->give_up_ms, gap_ms);
}

bool job_is_running(const struct job *job)
{
	return job->phase != JOB_IDLE;
}

void job_handle_exit(struct job *job, pid_t pid, const struct exit_info *exit, uint64_t now_ms)
{
	if (job->phase == JOB_SWEEPING && job->request.owns_children)
		sweep(job, now_ms);
	if (job->phase == JOB_IDLE || pid != job->pid)
		return; /* a session is not looked for at each exit of a stranger */
	job->pid = -1;
	job->tree.main_pid = 0;
	job->result.exit = *exit;
	if (job->result.outcome == JOB_EXITED &&
	    spawn_read_status(job->status_fd, &job->request.spawn, &job->report, &job->error) < 0)
		job->result.outcome = JOB_NOT_STARTED;
	check_end(job, now_ms);
}

pid_t job_pid(const struct job *job)
{
	return job->pid > 0 ? job->pid : 0;
}

uint64_t job_deadline_ms(const struct job *job)
{
	return job->deadline_ms;
}

void job_handle_deadline(struct job *job, uint64_t now_ms)
{
	if (now_ms < job->deadline_ms)
		return;
	switch (job->phase) {
	case JOB_IDLE: break;
	case JOB_RUNNING: begin_end(job, now_ms); break;
	case JOB_ENDING:
		kill_all(job);
		enter(job, JOB_KILLING, deadline_after(now_ms, JOB_GIVE_UP_MS));
		break;
	case JOB_KILLING: /* it cannot be killed: whoever reaps it one day does not know it */
		job->pid = -1;
		job->tree.main_pid = 0;
		begin_sweep(job, now_ms);
		break;
	case JOB_LINGERING: begin_sweep(job, now_ms); break;
	case JOB_SWEEPING: sweep(job, now_ms); break;
	}
}

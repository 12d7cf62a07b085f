/*
 * nemoinit: the init and supervisor of a sandbox.
 *
 * As PID 1, or else as a child subreaper, it must not end before it is told to: once the loop runs
 * there is no way out but the ordered shutdown; nothing blocks, nothing needs memory to go on, and
 * every return value is looked at.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/check.h"
#include "app/identity.h"
#include "app/load.h"
#include "app/options.h"
#include "app/recorder.h"
#include "app/reload.h"
#include "app/requests.h"
#include "app/supervisor.h"
#include "core/config.h"
#include "io/clock.h"
#include "io/fd.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/signals.h"
#include "io/termination_log.h"
#include "util/macros.h"

extern char **environ;

enum {
	EXIT_NO_START = 1,
	EXIT_BAD_USE = OPTIONS_BAD_USE,
	TURN_ROUNDS_MAX = 4,
	LOG_END_MS = 1000, /* with the stop_budget of 8 s: Docker gives 10 s */
};

struct nemoinit {
	const struct options *options;
	struct loop *loop;
	struct log *log;
	struct signals *signals;
	struct config config;
	struct problems warnings;
	struct supervisor supervisor;
	struct requests *requests;
	struct recorder *recorder;
	struct rlimit nofile; /* as we were given it */
};

/* Says why there is no start, here and to Kubernetes; returns the exit code. */
static int refuse(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int refuse(int code, const char *format, ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	fprintf(stderr, "nemoinit: %s\n", message);
	termination_log_write(message);
	return code;
}

/* ---- running ---- */

static bool is_interrupt_ignored(const struct nemoinit *nemoinit)
{
	switch (nemoinit->config.interrupt) {
	case INTERRUPT_STOP: return false;
	case INTERRUPT_IGNORE: return true;
	case INTERRUPT_AUTO: break;
	}
	/* An attached OpenShell session: its Ctrl-C must not end the sandbox for good. */
	return isatty(STDIN_FILENO) && getenv("OPENSHELL_SANDBOX");
}

/* Also what a terminal that hangs up asks for: it does no harm. */
static void nemoinit_reload(struct nemoinit *nemoinit, uint64_t now_ms)
{
	char *problems = NULL;

	/* What was wrong is in the log. */
	if (reload(&nemoinit->supervisor, now_ms, &problems))
		free(problems);
}

static void on_signal(void *data, int signal, pid_t sender)
{
	struct nemoinit *nemoinit = data;
	struct supervisor *supervisor = &nemoinit->supervisor;
	uint64_t now_ms = loop_now_ms(nemoinit->loop);

	(void)sender;
	switch (signal) {
	case SIGCHLD: supervisor_on_child(supervisor); break;
	case SIGINT:
		if (is_interrupt_ignored(nemoinit))
			supervisor_report(supervisor, LOG_INFO, NULL, "interrupt",
			    "SIGINT ignored in an attached session; nemoctl shutdown ends the "
			    "sandbox");
		else
			supervisor_stop(supervisor, "SIGINT", now_ms);
		break;
	case SIGHUP:
		if (!supervisor->is_stopping)
			nemoinit_reload(nemoinit, now_ms);
		break;
	case SIGTERM: supervisor_stop(supervisor, "SIGTERM", now_ms); break;
	case SIGUSR1:
	case SIGUSR2:
	case SIGWINCH:
	case SIGQUIT:
	case SIGCONT: supervisor_forward(supervisor, signal); break;
	default: break; /* makes no sense for an init */
	}
}

static void on_wake(void *data, uint64_t now_ms)
{
	struct nemoinit *nemoinit = data;

	supervisor_wake(&nemoinit->supervisor, now_ms);
}

static uint64_t on_turn(void *data, uint64_t now_ms)
{
	struct nemoinit *nemoinit = data;
	uint64_t deadline_ms = now_ms;

	/* Each may change what the other has looked at already. */
	for (int i = 0; i < TURN_ROUNDS_MAX; i++) {
		nemoinit->supervisor.is_changed = false;
		deadline_ms = supervisor_turn(&nemoinit->supervisor, now_ms);
		deadline_ms = min_ms(deadline_ms, requests_turn(nemoinit->requests, now_ms));
		if (!nemoinit->supervisor.is_changed)
			break;
		deadline_ms = now_ms;
	}
	if (supervisor_is_down(&nemoinit->supervisor))
		loop_stop(nemoinit->loop);
	deadline_ms = min_ms(deadline_ms, recorder_turn(nemoinit->recorder, now_ms));
	/* Who follows events has to hear of drops too. */
	return supervisor_flush_log(&nemoinit->supervisor) ? now_ms : deadline_ms;
}

static void report_start(struct nemoinit *nemoinit)
{
	struct supervisor *supervisor = &nemoinit->supervisor;

	supervisor_report(supervisor, LOG_INFO, NULL, "start",
	    "nemoinit " NEMOINIT_VERSION " (pid %d, %s, uid %d, configuration %s, %zu service%s)",
	    (int)getpid(), supervisor->is_pid1 ? "PID 1" : "subreaper", (int)getuid(),
	    nemoinit->config.file ? nemoinit->config.file : "built-in", supervisor->unit_count,
	    supervisor->unit_count == 1 ? "" : "s");
	if (!supervisor->unit_count)
		supervisor_report(supervisor, LOG_WARN, NULL, "start",
		    "%s lists no service, so none runs; an empty [service gateway] or [service "
		    "auto-pair] adds the built-in one",
		    nemoinit->config.file);
	supervisor_report_warnings(supervisor, supervisor->warnings.count);
}

/* The log has both already. */
static void report_end(struct nemoinit *nemoinit)
{
	char line[2 * SUPERVISOR_REASON_BYTES + 2];

	snprintf(line, sizeof(line), "%s: %s", nemoinit->supervisor.stop_reason,
	    nemoinit->supervisor.stopped);
	termination_log_write(line);
	recorder_finish(nemoinit->recorder, line);
	/* Last words are for a reader who is a little late, too. */
	log_finish(nemoinit->log, LOG_END_MS);
	(void)supervisor_flush_log(&nemoinit->supervisor);
}

/* Orphans come to PID 1 by nature; anywhere else we have to ask for them. */
static void become_reaper(struct nemoinit *nemoinit, bool is_pid1)
{
	if (!is_pid1 && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		problems_add(&nemoinit->warnings,
		    "cannot become a child subreaper (%s): orphans of services are not seen",
		    strerror(errno));
}

/* Many services need many descriptors; the services themselves get the limit we were given. */
static const struct rlimit *raise_nofile(struct nemoinit *nemoinit)
{
	struct rlimit raised;

	if (getrlimit(RLIMIT_NOFILE, &nemoinit->nofile) < 0)
		return NULL;
	raised = nemoinit->nofile;
	raised.rlim_cur = raised.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &raised) < 0)
		problems_add(&nemoinit->warnings, "cannot raise the limit of open files: %s",
		    strerror(errno));
	return &nemoinit->nofile;
}

static uint64_t random_bits(void)
{
	uint64_t bits;

	/* Early in a boot there may be no entropy yet: chance enough to spread restarts. */
	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) != (ssize_t)sizeof(bits))
		bits = clock_epoch_ms() ^ (uint64_t)getpid();
	return bits;
}

static int nemoinit_start(struct nemoinit *nemoinit, const char *socket)
{
	struct supervisor_options options = { .config = &nemoinit->config,
		.environment = environ,
		.is_pid1 = getpid() == 1,
		.command_line = nemoinit->options,
		.config_warnings = nemoinit->warnings.count,
		.random_seed = (uint32_t)random_bits(),
		.secret = random_bits() };
	char words[1024];
	int result, lowered;

	if (nemoinit->options->command && !nemoinit->options->directory)
		problems_add(&nemoinit->warnings,
		    "the command starts in /: there is no way back to where nemoinit was started");
	become_reaper(nemoinit, options.is_pid1);
	lowered = identity_lower(&nemoinit->config, words, sizeof(words));
	options.nofile = raise_nofile(nemoinit);
	result = loop_new(&nemoinit->loop);
	if (!result)
		result = log_new(nemoinit->loop, STDOUT_FILENO, &nemoinit->log);
	if (!result)
		result = signals_new(nemoinit->loop, on_signal, nemoinit, &nemoinit->signals);
	options.loop = nemoinit->loop;
	options.log = nemoinit->log;
	if (!result)
		result = supervisor_init(&nemoinit->supervisor, &options, &nemoinit->warnings,
		    loop_now_ms(nemoinit->loop));
	if (result)
		return refuse(EXIT_NO_START, "cannot start: %s", strerror(-result));
	report_start(nemoinit);
	if (lowered <= 0)
		supervisor_report(&nemoinit->supervisor, lowered ? LOG_WARN : LOG_INFO, NULL,
		    "start", "capabilities: %s", lowered ? strerror(-lowered) : words);
	result = requests_new(&nemoinit->supervisor, socket, &nemoinit->requests);
	if (result == -ENAMETOOLONG || result == -EINVAL)
		return refuse(EXIT_BAD_USE, "socket path '%s': 1 to 107 bytes are wanted", socket);
	if (result == -EBUSY) {
		/* No word to Kubernetes: the container's end will be that one's to tell. */
		fprintf(stderr,
		    "nemoinit: another instance holds the control socket%s%s; nemoctl status asks "
		    "it, --socket PATH gives this one its own\n",
		    socket ? " " : "", socket ? socket : "");
		return EXIT_NO_START;
	}
	/* Not before: what another instance keeps is not ours to replace. */
	if (!result)
		result = recorder_new(
		    &nemoinit->supervisor, loop_now_ms(nemoinit->loop), &nemoinit->recorder);
	nemoinit->supervisor.recorder = nemoinit->recorder;
	return result ? refuse(EXIT_NO_START, "%s", strerror(-result)) : -1;
}

static void nemoinit_deinit(struct nemoinit *nemoinit)
{
	requests_free(&nemoinit->requests);
	recorder_free(&nemoinit->recorder);
	supervisor_deinit(&nemoinit->supervisor);
	signals_free(&nemoinit->signals);
	log_free(&nemoinit->log);
	loop_free(nemoinit->loop);
	config_deinit(&nemoinit->config);
	problems_deinit(&nemoinit->warnings);
}

/*
 * The path as it was meant where we were started, the caller's: from here on we are in the root
 * directory. path NULL: NULL. Where nobody knows where that was: the path itself.
 */
static char *absolute_path(const char *path)
{
	char *directory = path && path[0] != '/' ? getcwd(NULL, 0) : NULL, *absolute;

	if (!directory)
		return path ? strdup(path) : NULL;
	if (asprintf(&absolute, "%s/%s", directory, path) < 0)
		absolute = NULL;
	free(directory);
	return absolute;
}

static int nemoinit_run(struct nemoinit *nemoinit)
{
	const struct loop_hook hook = { .wake = on_wake, .turn = on_turn, .data = nemoinit };
	const char *socket =
	    nemoinit->options->socket ? nemoinit->options->socket : nemoinit->config.socket;
	char *absolute = strcmp(socket, "auto") == 0 ? NULL : absolute_path(socket);
	char *file = absolute_path(nemoinit->config.file);
	bool is_complete =
	    !file == !nemoinit->config.file && (absolute || strcmp(socket, "auto") == 0);
	int code = EXIT_NO_START;

	free(nemoinit->config.file);
	nemoinit->config.file = file; /* it is read again */
	config_forget_text(&nemoinit->config);
	if (!is_complete)
		(void)refuse(code, "no memory");
	else if (chdir("/") < 0)
		(void)refuse(code, "chdir /: %s", strerror(errno));
	else
		code = nemoinit_start(nemoinit, absolute);
	free(absolute);
	if (code >= 0)
		return code;
	supervisor_start(&nemoinit->supervisor, loop_now_ms(nemoinit->loop));
	loop_run(nemoinit->loop, &hook);
	report_end(nemoinit);
	return supervisor_exit_code(&nemoinit->supervisor);
}

/* Where we are, if a command can be started there later; the caller's to free. */
static char *find_directory(void)
{
	char *directory = getcwd(NULL, 0);

	/* One may be in a directory that is gone, or that one could not enter again. */
	if (directory && access(directory, X_OK) == 0)
		return directory;
	free(directory);
	return NULL;
}

int main(int argc, char **argv)
{
	static struct nemoinit nemoinit = { .supervisor = { .oom_fd = -1 } };
	struct options options = { .config = NULL };
	struct problems errors = { .items = NULL };
	char *directory;
	struct error error;
	int code, result;

	signals_block();
	if (fd_open_standard() < 0)
		return refuse(EXIT_NO_START, "/dev/null: %s", strerror(errno));
	fd_protect_inherited();
	code = options_parse(argc, argv, &options, &error);
	if (code >= 0)
		return code ? refuse(code, "%s", error.message) : 0;
	nemoinit.options = &options;
	options.directory = directory = find_directory();
	result = load_config(&options, environ, &nemoinit.config, &errors, &nemoinit.warnings);
	code = check_config(&options, &nemoinit.config, result, &errors, &nemoinit.warnings);
	problems_deinit(&errors);
	if (code < 0)
		code = nemoinit_run(&nemoinit);
	nemoinit_deinit(&nemoinit);
	free(directory);
	return code;
}

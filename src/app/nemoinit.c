/*
 * nemoinit: the init and supervisor of a sandbox.
 *
 * As PID 1, or else as a child subreaper, it must not end before it is told to: once the loop runs
 * there is no way out but the ordered shutdown; nothing blocks, nothing needs memory to go on, and
 * every return value is looked at.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/load.h"
#include "app/requests.h"
#include "app/supervisor.h"
#include "core/config.h"
#include "io/clock.h"
#include "io/fd.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/signals.h"
#include "util/macros.h"

extern char **environ;

enum {
	EXIT_NO_START = 1,
	EXIT_BAD_USE = 2,
	TURN_ROUNDS_MAX = 4,
};

struct nemoinit {
	struct loop *loop;
	struct log *log;
	struct signals *signals;
	struct config config;
	struct problems warnings;
	struct supervisor supervisor;
	struct requests *requests;
	struct rlimit nofile; /* as we were given it */
	bool has_nofile;
};

struct options {
	const char *config; /* NULL: the default file, or else the built-in configuration */
	const char *socket;
	bool is_check;
	bool is_print;
};

/* ---- command line ---- */

static void print_usage(void)
{
	puts("usage: nemoinit [options]\n"
	     "\n"
	     "The init of a NemoClaw sandbox: starts the OpenClaw gateway and the auto-pair\n"
	     "watcher (or what a configuration file lists), keeps them serving, reaps orphans.\n"
	     "\n"
	     "  -c, --config FILE    configuration file; else $NEMOINIT_CONFIG, else\n"
	     "                       /etc/nemoinit/nemoinit.ini, else the built-in configuration\n"
	     "  -s, --socket PATH    control socket; else $NEMOINIT_SOCKET, else\n"
	     "                       /run/nemoinit.sock or the next place that works\n"
	     "  -C, --check          check configuration and environment, start nothing\n"
	     "  -p, --print-config   print the effective configuration and where it comes from\n"
	     "      --help           print this\n"
	     "      --version        print the version\n"
	     "\n"
	     "nemoctl status tells what runs; nemoctl shutdown, SIGTERM or SIGINT ends it.");
}

/* Returns -1 to go on, else the exit code. */
static int parse_options(int argc, char **argv, struct options *options)
{
	enum { OPTION_HELP = 256, OPTION_VERSION };
	static const struct option table[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "socket", required_argument, NULL, 's' },
		{ "check", no_argument, NULL, 'C' },
		{ "print-config", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, OPTION_HELP },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	int option, word;

	opterr = 0;
	while (word = optind, (option = getopt_long(argc, argv, "+c:s:Cp", table, NULL)) != -1) {
		switch (option) {
		case 'c': options->config = optarg; break;
		case 's': options->socket = optarg; break;
		case 'C': options->is_check = true; break;
		case 'p': options->is_print = true; break;
		case OPTION_HELP: print_usage(); return 0;
		case OPTION_VERSION: puts("nemoinit " NEMOINIT_VERSION); return 0;
		default:
			fprintf(stderr,
			    "nemoinit: unknown option or missing value '%s'; see nemoinit --help\n",
			    argv[word]);
			return EXIT_BAD_USE;
		}
	}
	/* Images that pass their entry point's name again. */
	if (optind < argc) {
		const char *slash = strrchr(argv[optind], '/');

		optind += strcmp(slash ? slash + 1 : argv[optind], "nemoinit") == 0;
	}
	if (optind < argc) {
		fprintf(stderr, "nemoinit: unexpected argument '%s'; see nemoinit --help\n",
		    argv[optind]);
		return EXIT_BAD_USE;
	}
	return -1;
}

/* ---- configuration ---- */

static void print_problems(const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		fprintf(stderr, "%s\n", problems->items[i]);
	if (problems->dropped_count)
		fprintf(stderr, "and %zu more problems\n", problems->dropped_count);
}

/* --check, --print-config, and any start with a bad configuration. -1: go on. */
static int judge_config(const struct options *options, const struct config *config, int result,
    const struct problems *errors, const struct problems *warnings)
{
	char *text;

	print_problems(errors);
	if (options->is_check) {
		print_problems(warnings);
		return problems_total(errors) || problems_total(warnings) ? EXIT_BAD_USE : 0;
	}
	if (result)
		return EXIT_BAD_USE;
	if (!options->is_print)
		return -1;
	print_problems(warnings);
	text = config_print(config);
	if (!text || fputs(text, stdout) == EOF || fflush(stdout) == EOF) {
		free(text);
		fprintf(stderr, "nemoinit: cannot print the configuration\n");
		return EXIT_NO_START;
	}
	free(text);
	return 0;
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

static void on_signal(void *data, int signal, pid_t sender)
{
	struct nemoinit *nemoinit = data;
	struct supervisor *supervisor = &nemoinit->supervisor;
	uint64_t now_ms = loop_now_ms(nemoinit->loop);

	(void)sender;
	if (signal == SIGCHLD)
		supervisor_on_child(supervisor);
	else if (signal == SIGINT && is_interrupt_ignored(nemoinit))
		supervisor_report(supervisor, LOG_INFO, NULL, "interrupt",
		    "SIGINT ignored in an attached session; nemoctl shutdown ends the sandbox");
	else if (signal == SIGTERM || signal == SIGINT)
		supervisor_stop(supervisor, signal == SIGTERM ? "SIGTERM" : "SIGINT", now_ms);
	/* Every other signal makes no sense for an init. */
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
	return deadline_ms;
}

static void report_start(struct nemoinit *nemoinit)
{
	struct supervisor *supervisor = &nemoinit->supervisor;

	supervisor_report(supervisor, LOG_INFO, NULL, "start",
	    "nemoinit " NEMOINIT_VERSION " (pid %d, %s, uid %d, configuration %s, %zu services)",
	    (int)getpid(), supervisor->is_pid1 ? "PID 1" : "subreaper", (int)getuid(),
	    nemoinit->config.file ? nemoinit->config.file : "built-in", supervisor->unit_count);
	for (size_t i = 0; i < supervisor->warnings.count; i++)
		supervisor_report(
		    supervisor, LOG_WARN, NULL, "warning", "%s", supervisor->warnings.items[i]);
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
static void raise_nofile(struct nemoinit *nemoinit)
{
	struct rlimit raised;

	if (getrlimit(RLIMIT_NOFILE, &nemoinit->nofile) < 0)
		return;
	nemoinit->has_nofile = true;
	raised = nemoinit->nofile;
	raised.rlim_cur = raised.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &raised) < 0)
		problems_add(&nemoinit->warnings, "cannot raise the limit of open files: %s",
		    strerror(errno));
}

static uint32_t random_seed(void)
{
	uint32_t seed;

	/* Early in a boot there may be no entropy yet: chance enough to spread restarts. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
		seed = (uint32_t)clock_epoch_ms() ^ (uint32_t)getpid();
	return seed;
}

static int nemoinit_start(struct nemoinit *nemoinit, const char *socket)
{
	struct supervisor_options options = { .config = &nemoinit->config,
		.environment = environ,
		.is_pid1 = getpid() == 1,
		.random_seed = random_seed() };
	int result;

	become_reaper(nemoinit, options.is_pid1);
	raise_nofile(nemoinit);
	options.nofile = nemoinit->has_nofile ? &nemoinit->nofile : NULL;
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
	if (result) {
		fprintf(stderr, "nemoinit: cannot start: %s\n", strerror(-result));
		return EXIT_NO_START;
	}
	report_start(nemoinit);
	result = requests_new(&nemoinit->supervisor, socket, &nemoinit->requests);
	if (result == -ENAMETOOLONG || result == -EINVAL) {
		fprintf(stderr, "nemoinit: socket path '%s': 1 to 107 bytes are wanted\n", socket);
		return EXIT_BAD_USE;
	}
	if (result) {
		fprintf(stderr, "nemoinit: %s\n",
		    result == -EBUSY ? "another instance holds the control socket"
				     : strerror(-result));
		return EXIT_NO_START;
	}
	return -1;
}

static void nemoinit_deinit(struct nemoinit *nemoinit)
{
	requests_free(&nemoinit->requests);
	supervisor_deinit(&nemoinit->supervisor);
	signals_free(&nemoinit->signals);
	log_free(&nemoinit->log);
	loop_free(nemoinit->loop);
	config_deinit(&nemoinit->config);
	problems_deinit(&nemoinit->warnings);
}

static int nemoinit_run(struct nemoinit *nemoinit, const struct options *options)
{
	const struct loop_hook hook = { .wake = on_wake, .turn = on_turn, .data = nemoinit };
	const char *socket = options->socket ? options->socket : nemoinit->config.socket;
	char *directory = socket[0] == '/' ? NULL : getcwd(NULL, 0), *absolute = NULL;
	int code;

	if (strcmp(socket, "auto") == 0)
		socket = NULL;
	/* As it was meant where we were started; from here on we are in the root directory. */
	else if (directory && asprintf(&absolute, "%s/%s", directory, socket) > 0)
		socket = absolute;
	free(directory);
	config_forget_text(&nemoinit->config);
	if (chdir("/") < 0) {
		fprintf(stderr, "nemoinit: chdir /: %s\n", strerror(errno));
		code = EXIT_NO_START;
	} else {
		code = nemoinit_start(nemoinit, socket);
	}
	free(absolute);
	if (code >= 0)
		return code;
	supervisor_start(&nemoinit->supervisor, loop_now_ms(nemoinit->loop));
	loop_run(nemoinit->loop, &hook);
	return 0;
}

int main(int argc, char **argv)
{
	static struct nemoinit nemoinit = { .supervisor = { .oom_fd = -1 } };
	struct options options = { .config = NULL };
	struct problems errors = { .items = NULL };
	int code, result;

	signals_block();
	if (fd_open_standard() < 0) {
		fprintf(stderr, "nemoinit: /dev/null: %s\n", strerror(errno));
		return EXIT_NO_START;
	}
	fd_protect_inherited();
	code = parse_options(argc, argv, &options);
	if (code >= 0)
		return code;
	result =
	    load_config(options.config, environ, &nemoinit.config, &errors, &nemoinit.warnings);
	code = judge_config(&options, &nemoinit.config, result, &errors, &nemoinit.warnings);
	problems_deinit(&errors);
	if (code < 0)
		code = nemoinit_run(&nemoinit, &options);
	nemoinit_deinit(&nemoinit);
	return code;
}

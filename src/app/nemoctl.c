/*
 * nemoctl, the client of nemoinit's control socket. Reads the command line; command.c does the
 * rest.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/show.h"
#include "core/request_json.h"
#include "util/macros.h"
#include "util/parse.h"
#include "util/text.h"

enum {
	TIMEOUT_MAX_MS = 24 * 60 * 60 * 1000,
};

/* Options of drift, which have no letter. */
enum {
	OPTION_ACTION = 256,
	OPTION_INSTALLED,
	OPTION_RUNNING,
	OPTION_RUNNING_IMAGE,
	OPTION_RUNNING_URL,
	OPTION_RUNNING_PID,
	OPTION_STRICT,
};

static const struct option options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "timeout", required_argument, NULL, 't' },
	{ "lines", required_argument, NULL, 'n' },
	{ "follow", no_argument, NULL, 'f' },
	{ "since", required_argument, NULL, 'S' },
	{ "for", required_argument, NULL, 'F' },
	{ "action", required_argument, NULL, OPTION_ACTION },
	{ "installed", required_argument, NULL, OPTION_INSTALLED },
	{ "running", required_argument, NULL, OPTION_RUNNING },
	{ "running-image", required_argument, NULL, OPTION_RUNNING_IMAGE },
	{ "running-url", required_argument, NULL, OPTION_RUNNING_URL },
	{ "running-pid", required_argument, NULL, OPTION_RUNNING_PID },
	{ "strict", no_argument, NULL, OPTION_STRICT },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static int print_help(void)
{
	char buffer[4096];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	text_add(&text, "Usage: nemoctl [OPTIONS] COMMAND [ARGUMENTS]\n\nCommands:\n");
	command_add_usage(&text);
	text_add(&text,
	    "\nOptions:\n"
	    "  -s, --socket PATH      the control socket; else $NEMOINIT_SOCKET, else a search\n"
	    "      --json             print the reply as it is\n"
	    "      --timeout T        how long to wait: 500ms, 10s, 5m; a bare number is seconds\n"
	    "  -n, --lines N          logs: the last N lines; else all that are kept\n"
	    "  -f, --follow           logs, events: go on with what comes\n"
	    "      --since SEQ        events: those after the one with this number\n"
	    "      --for STATE        wait: ready, or stopped\n"
	    "      --action TEXT      drift: before what it is asked\n"
	    "      --installed CMD    drift: prints OpenShell's version (openshell --version)\n"
	    "      --running CMD      drift: prints the gateway's version; else the one that runs\n"
	    "                         is found, or the one that would be started\n"
	    "      --running-image REF, --running-url URL, --running-pid PID\n"
	    "                         drift: that is the gateway\n"
	    "      --strict           drift: what is unknown is a failure\n"
	    "  -h, --help             this text\n"
	    "  -V, --version          the version\n"
	    "\nExit status: 0 done or healthy, 1 failed, 2 usage, 3 not all ready, 4 blocked,\n"
	    "5 nemoinit cannot be reached, 6 denied, 7 busy, 8 timed out.\n");
	return puts(buffer) < 0 || fflush(stdout) != 0 ? EXIT_STATUS_FAILED : EXIT_STATUS_DONE;
}

/* getopt stands behind a long option, but still within a bundle of short ones. */
static void complain_option(const char *word)
{
	if (strncmp(word, "--", 2) == 0)
		show_complaint(
		    "option '%s' is unknown or takes no value; try 'nemoctl --help'", word);
	else
		show_complaint("unknown option '-%c'; try 'nemoctl --help'", optopt);
}

static int complain_value(const char *option, const char *value)
{
	show_complaint("%s: '%s' is not a value for it; try 'nemoctl --help'", option, value);
	return EXIT_STATUS_USAGE;
}

/* Options of one command or another. -1: go on; else exit. */
static int read_own_option(int option, struct invocation *invocation)
{
	uint64_t number = 0;

	switch (option) {
	case 'n':
		if (parse_count(optarg, 0, REQUEST_MAX_LINES, &number) < 0)
			return complain_value("--lines", optarg);
		invocation->lines = (int64_t)number;
		invocation->options |= COMMAND_LINES;
		break;
	case 'S':
		if (parse_count(optarg, 0, REQUEST_MAX_SINCE, &number) < 0)
			return complain_value("--since", optarg);
		invocation->since = (int64_t)number;
		invocation->options |= COMMAND_SINCE;
		break;
	case 'F':
		invocation->is_for_stopped = strcmp(optarg, "stopped") == 0;
		if (!invocation->is_for_stopped && strcmp(optarg, "ready") != 0)
			return complain_value("--for", optarg);
		invocation->options |= COMMAND_FOR;
		break;
	default: invocation->options |= COMMAND_FOLLOW; break;
	}
	return -1;
}

/* Those of drift. -1: go on; else exit. */
static int read_drift_option(int option, struct invocation *invocation)
{
	struct drift_request *drift = &invocation->drift;
	uint64_t pid = 0;

	switch (option) {
	case OPTION_ACTION: drift->action = optarg; break;
	case OPTION_INSTALLED: drift->installed = optarg; break;
	case OPTION_RUNNING: drift->running = optarg; break;
	case OPTION_RUNNING_IMAGE: drift->image = optarg; break;
	case OPTION_RUNNING_URL: drift->url = optarg; break;
	case OPTION_RUNNING_PID:
		if (parse_count(optarg, 1, INT32_MAX, &pid) < 0)
			return complain_value("--running-pid", optarg);
		drift->pid = (pid_t)pid;
		break;
	default: drift->is_strict = true; break;
	}
	invocation->options |= COMMAND_DRIFT;
	return -1;
}

/* Takes the options in front, or after the command wherever they stand. -1: go on; else exit. */
static int read_options(
    int argc, char **argv, const char *short_options, struct invocation *invocation)
{
	int option, status;

	opterr = 0;
	optind = 0; /* glibc: begin anew */
	while ((option = getopt_long(argc, argv, short_options, options, NULL)) >= 0) {
		switch (option) {
		case 's': invocation->socket_path = optarg; break;
		case 'j': invocation->wants_json = true; break;
		case 't':
			if (parse_duration_ms(optarg, 0, TIMEOUT_MAX_MS, &invocation->timeout_ms) <
			    0) {
				show_complaint(
				    "--timeout: '%s' is no duration; try 'nemoctl --help'", optarg);
				return EXIT_STATUS_USAGE;
			}
			break;
		case 'n':
		case 'f':
		case 'S':
		case 'F':
		case OPTION_ACTION ... OPTION_STRICT:
			status = option < OPTION_ACTION ? read_own_option(option, invocation)
							: read_drift_option(option, invocation);
			if (status >= 0)
				return status;
			break;
		case 'h': return print_help();
		case 'V': puts("nemoinit " NEMOINIT_VERSION); return EXIT_STATUS_DONE;
		case ':':
			show_complaint(
			    "option '%s' wants a value; try 'nemoctl --help'", argv[optind - 1]);
			return EXIT_STATUS_USAGE;
		default: complain_option(argv[optind - 1]); return EXIT_STATUS_USAGE;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	const char *environment = getenv("NEMOINIT_SOCKET");
	struct invocation invocation = { .timeout_ms = NEVER_MS, .lines = -1 };
	const struct command *command;
	int status = read_options(argc, argv, "+:fhn:s:V", &invocation);

	if (status >= 0)
		return status;
	argc -= optind;
	argv += optind;
	if (!argc) {
		show_complaint("a command is missing; try 'nemoctl --help'");
		return EXIT_STATUS_USAGE;
	}
	command = command_find(argv[0]);
	if (!command) {
		show_complaint("unknown command '%s'; try 'nemoctl --help'", argv[0]);
		return EXIT_STATUS_USAGE;
	}
	status = read_options(argc, argv, ":fhn:s:V", &invocation);
	if (status >= 0)
		return status;
	invocation.arguments = argv + optind;
	invocation.argument_count = (size_t)(argc - optind);
	if (!invocation.socket_path && environment && environment[0])
		invocation.socket_path = environment;
	return (int)command_run(command, &invocation);
}

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
#include "util/macros.h"
#include "util/parse.h"
#include "util/text.h"

enum {
	TIMEOUT_MAX_MS = 24 * 60 * 60 * 1000,
};

static const struct option options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "timeout", required_argument, NULL, 't' },
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

/* Takes the options in front, or after the command wherever they stand. -1: go on; else exit. */
static int read_options(
    int argc, char **argv, const char *short_options, struct invocation *invocation)
{
	int option;

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
	struct invocation invocation = { .timeout_ms = NEVER_MS };
	const struct command *command;
	int status = read_options(argc, argv, "+:hs:V", &invocation);

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
	status = read_options(argc, argv, ":hs:V", &invocation);
	if (status >= 0)
		return status;
	invocation.arguments = argv + optind;
	invocation.argument_count = (size_t)(argc - optind);
	if (!invocation.socket_path && environment && environment[0])
		invocation.socket_path = environment;
	return (int)command_run(command, &invocation);
}

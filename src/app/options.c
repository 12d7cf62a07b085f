#include "app/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static void print_usage(void)
{
	puts("usage: nemoinit [options] [--] [COMMAND [ARG...]]\n"
	     "\n"
	     "The init of a NemoClaw sandbox: starts the OpenClaw gateway and the auto-pair\n"
	     "watcher (or what a configuration file lists), keeps them serving, reaps orphans.\n"
	     "A COMMAND runs beside them as the service main, with nemoinit's own terminal and\n"
	     "standard streams; when it ends, nemoinit stops the rest and ends with its code.\n"
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

/* Up to the first word. As options_parse. */
static int parse_some(int argc, char **argv, struct options *options, struct error *error)
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
			error_set(error, -EINVAL,
			    "unknown option or missing value '%s'; see nemoinit --help",
			    argv[word]);
			return OPTIONS_BAD_USE;
		}
	}
	return -1;
}

static bool is_own_name(const char *word)
{
	const char *slash = strrchr(word, '/');

	return strcmp(slash ? slash + 1 : word, "nemoinit") == 0;
}

int options_parse(int argc, char **argv, struct options *options, struct error *error)
{
	int code = parse_some(argc, argv, options, error);

	/* Images that pass their entry point's name again, and what was meant for it behind that.
	 */
	if (code < 0 && optind < argc && is_own_name(argv[optind])) {
		optind++;
		code = parse_some(argc, argv, options, error);
	}
	if (optind < argc)
		options->command = argv + optind;
	return code;
}

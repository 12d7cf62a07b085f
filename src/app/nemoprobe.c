/* nemoprobe: asks once whether something serves. Reads the command line; probe_*.c do the rest. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/probe_net.h"
#include "app/probe_node.h"
#include "app/probe_request.h"
#include "core/probe_exit.h"
#include "core/probe_target.h"
#include "io/fd.h"
#include "util/macros.h"
#include "util/parse.h"

#define DAY_MS (UINT64_C(86400000))

enum {
	NET_TIMEOUT_MS = 5000,
	NODE_TIMEOUT_MS = 25000, /* a Node.js program starts; an exec probe has 30 s */
	NODE_MAX_AGE_MS = 300000,
};

enum option_id {
	OPTION_HELP = 'h',
	OPTION_VERSION = 'V',
	/* Some commands have these. */
	OPTION_STATUS = 256,
	OPTION_EXPECT,
	OPTION_TIMEOUT,
	OPTION_NAME,
	OPTION_MAX_AGE,
};

#define BIT(option) (1u << ((option)-OPTION_STATUS))

static const struct option long_options[] = {
	{ "status", required_argument, NULL, OPTION_STATUS },
	{ "expect", required_argument, NULL, OPTION_EXPECT },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "max-age", required_argument, NULL, OPTION_MAX_AGE },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

/* The command line so far. */
struct options {
	unsigned given; /* BIT of each */
	struct status_codes codes;
	const char *expect;
	uint64_t timeout_ms; /* 0: the default */
	const char *name;
	uint64_t max_age_ms;
};

struct command {
	const char *name;
	const char *scheme; /* in front of the argument; NULL: it takes none */
	bool has_scheme;    /* the argument is written with it */
	const char *argument;
	unsigned options; /* BIT of each that it knows */
};

static const struct command commands[] = {
	{ "http", "http://", true, "URL",
	    BIT(OPTION_STATUS) | BIT(OPTION_EXPECT) | BIT(OPTION_TIMEOUT) },
	{ "ws", "ws://", true, "URL", BIT(OPTION_EXPECT) | BIT(OPTION_TIMEOUT) },
	{ "tcp", "tcp://", false, "HOST:PORT", BIT(OPTION_TIMEOUT) },
	{ "node", NULL, false, NULL, BIT(OPTION_NAME) | BIT(OPTION_MAX_AGE) | BIT(OPTION_TIMEOUT) },
};

static void print_help(void)
{
	puts("Usage: nemoprobe http URL [--status CODES] [--expect TEXT] [--timeout T]\n"
	     "       nemoprobe ws URL [--expect TEXT] [--timeout T]\n"
	     "       nemoprobe tcp HOST:PORT [--timeout T]\n"
	     "       nemoprobe node [--name NAME] [--max-age T] [--timeout T]\n"
	     "Ask once whether something serves, and say in one line what was seen.\n"
	     "\n"
	     "      --status CODES  good HTTP status codes, with commas (default 200,401)\n"
	     "      --expect TEXT   what must stand in a 2xx reply, or in the first frame\n"
	     "      --timeout T     take no longer (default 5s, node 25s)\n"
	     "      --name NAME     the node's name or id (default: the only paired one)\n"
	     "      --max-age T     a node that is not connected may have been so long ago\n"
	     "                      (default 5m)\n"
	     "  -h, --help          show this help and exit\n"
	     "  -V, --version       show the version and exit\n"
	     "\n"
	     "HOST is an IPv4 address, an [IPv6] address or localhost. node asks the OpenClaw\n"
	     "gateway, by `openclaw nodes list` ($OPENCLAW_BIN).\n"
	     "Exit status: 0 good, 1 bad, 2 usage, 3 inconclusive.");
}

static int usage_error(const char *problem, const char *word)
{
	fprintf(stderr, "nemoprobe: %s '%s'; see nemoprobe --help\n", problem, word);
	return PROBE_EXIT_USAGE;
}

/* `200,401` is what the configuration writes as `200 401`. */
static int read_codes(const char *argument, struct status_codes *codes)
{
	char blanks[64];
	struct error error = { .message = "too long" };

	if (strlen(argument) < sizeof(blanks)) {
		strcpy(blanks, argument);
		for (char *comma = blanks; (comma = strchr(comma, ','));)
			*comma = ' ';
		if (!status_codes_parse(blanks, codes, &error))
			return -1;
	}
	fprintf(stderr, "nemoprobe: --status: %s; see nemoprobe --help\n", error.message);
	return PROBE_EXIT_USAGE;
}

/* Returns the exit code, or -1 to go on. */
static int read_option(int id, struct options *options)
{
	switch (id) {
	case OPTION_STATUS: return read_codes(optarg, &options->codes);
	case OPTION_EXPECT: options->expect = optarg; break;
	case OPTION_NAME: options->name = optarg; break;
	case OPTION_TIMEOUT:
		if (parse_duration_ms(optarg, 10, DAY_MS, &options->timeout_ms))
			return usage_error("bad value of --timeout", optarg);
		break;
	case OPTION_MAX_AGE:
		if (parse_duration_ms(optarg, 0, 365 * DAY_MS, &options->max_age_ms))
			return usage_error("bad value of --max-age", optarg);
		break;
	default: break;
	}
	return -1;
}

/* getopt stands behind a long option, but still within a bundle of short ones. */
static int option_error(const char *word)
{
	char letter[] = { '-', (char)optopt, '\0' };

	return usage_error("unknown option or missing value",
	    optopt > 0 && optopt < OPTION_STATUS ? letter : word);
}

/* In front of the command, or behind it wherever they stand. As read_option. */
static int read_options(int argc, char **argv, const char *short_options, struct options *options)
{
	int id, code;

	opterr = 0;
	optind = 0; /* glibc: begin anew */
	while ((id = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		switch (id) {
		case OPTION_HELP: print_help(); return PROBE_EXIT_GOOD;
		case OPTION_VERSION: puts("nemoinit " NEMOINIT_VERSION); return PROBE_EXIT_GOOD;
		case '?':
		case ':': return option_error(argv[optind - 1]);
		default: break;
		}
		code = read_option(id, options);
		if (code >= 0)
			return code;
		options->given |= BIT(id);
	}
	return -1;
}

/* Every option that was given is one of the command's. As read_option. */
static int check_options(const struct command *command, const struct options *options)
{
	for (size_t i = 0; long_options[i].name; i++) {
		int id = long_options[i].val;

		if (id >= OPTION_STATUS && options->given & ~command->options & BIT(id)) {
			fprintf(stderr,
			    "nemoprobe: %s has no option '--%s'; see nemoprobe --help\n",
			    command->name, long_options[i].name);
			return PROBE_EXIT_USAGE;
		}
	}
	return -1;
}

static int probe_net(
    const struct command *command, const char *argument, const struct options *options)
{
	struct net_probe_request request = { .codes = options->codes,
		.expect = options->expect,
		.timeout_ms = options->timeout_ms ? options->timeout_ms : NET_TIMEOUT_MS };
	char url[PROBE_MESSAGE_BYTES - 256]; /* there is more in a request */
	struct error error;
	int code;

	if (command->has_scheme &&
	    strncmp(argument, command->scheme, strlen(command->scheme)) != 0) {
		fprintf(stderr, "nemoprobe: '%s' does not begin with %s; see nemoprobe --help\n",
		    argument, command->scheme);
		return PROBE_EXIT_USAGE;
	}
	code = snprintf(
	    url, sizeof(url), "%s%s", command->has_scheme ? "" : command->scheme, argument);
	if (code < 0 || (size_t)code >= sizeof(url))
		return usage_error("too long:", argument);
	if (probe_target_parse(url, &request.target, &error)) {
		fprintf(stderr, "nemoprobe: %s; see nemoprobe --help\n", error.message);
		return PROBE_EXIT_USAGE;
	}
	code = net_probe_run(&request);
	probe_target_deinit(&request.target);
	return code;
}

static int probe_node(const struct options *options)
{
	struct node_probe_request request = { .name = options->name,
		.max_age_ms = options->max_age_ms,
		.timeout_ms = options->timeout_ms ? options->timeout_ms : NODE_TIMEOUT_MS,
		.environment = environ };

	return node_probe_run(&request);
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct options options = { .codes = { .items = { 200, 401 } },
		.max_age_ms = NODE_MAX_AGE_MS };
	const struct command *command;
	int code;

	if (fd_open_standard() < 0)
		return PROBE_EXIT_UNKNOWN;
	fd_protect_inherited();
	code = read_options(argc, argv, "+:hV", &options);
	if (code >= 0)
		return code;
	argc -= optind;
	argv += optind;
	if (!argc)
		return usage_error("missing:", "http, ws, tcp or node");
	command = command_find(argv[0]);
	if (!command)
		return usage_error("unknown probe", argv[0]);
	code = read_options(argc, argv, ":hV", &options);
	if (code < 0)
		code = check_options(command, &options);
	if (code >= 0)
		return code;
	if (command->argument && optind == argc)
		return usage_error("missing:", command->argument);
	if (optind + (command->argument != NULL) < argc)
		return usage_error("unexpected word", argv[optind + (command->argument != NULL)]);
	return command->argument ? probe_net(command, argv[optind], &options)
				 : probe_node(&options);
}

/* nemopair: approves the pairing requests that are allowed, as a watcher or once. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/env_file.h"
#include "app/once.h"
#include "app/watcher.h"
#include "core/pairing_settings.h"
#include "io/children.h"
#include "io/fd.h"
#include "io/signals.h"
#include "util/macros.h"
#include "util/parse.h"
#include "util/text.h"

enum {
	EXIT_USAGE = 2,
	WARNINGS_MAX_BYTES = 4096,
	LIMIT_MAX_MS = 86400000,
};

enum option_id {
	OPTION_HELP = 'h',
	OPTION_VERSION = 'V',
	OPTION_ONCE = 256,
	OPTION_LIMIT,
	OPTION_STRICT,
	OPTION_ENV_FILE,
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "once", no_argument, NULL, OPTION_ONCE },
	{ "limit", required_argument, NULL, OPTION_LIMIT },
	{ "strict", no_argument, NULL, OPTION_STRICT },
	{ "env-file", required_argument, NULL, OPTION_ENV_FILE },
	{ NULL, 0, NULL, 0 },
};

struct options {
	bool once;
	bool strict;
	uint64_t limit_ms;
	const char *env_file;
};

static void print_help(void)
{
	puts("Usage: nemopair [options]\n"
	     "Approve the OpenClaw pairing requests that the rules allow, until the deadline.\n"
	     "\n"
	     "      --once           one pass, then print one JSON line and exit 0\n"
	     "      --limit TIME     with --once: take no longer (default 45s)\n"
	     "      --strict         with --once: exit 1 unless everything is settled\n"
	     "      --env-file FILE  set the variables in FILE (NAME=value lines) first\n"
	     "  -h, --help           show this help and exit\n"
	     "  -V, --version        show the version and exit\n"
	     "\n"
	     "SIGUSR1 makes the watcher poll now and be fast again. Its settings are environment\n"
	     "variables: NEMOCLAW_AUTO_PAIR_*, NEMOPAIR_*, OPENCLAW_BIN.");
}

static int usage_error(const char *problem, const char *word)
{
	fprintf(stderr, "nemopair: %s '%s'; see nemopair --help\n", problem, word);
	return EXIT_USAGE;
}

/* Returns the exit code, or -1 to go on. */
static int parse_options(int argc, char **argv, struct options *options)
{
	int id, word;

	opterr = 0;
	while (word = optind, (id = getopt_long(argc, argv, "+hV", long_options, NULL)) != -1) {
		switch (id) {
		case OPTION_HELP: print_help(); return EXIT_SUCCESS;
		case OPTION_VERSION: puts("nemoinit " NEMOINIT_VERSION); return EXIT_SUCCESS;
		case OPTION_ONCE: options->once = true; break;
		case OPTION_STRICT: options->strict = true; break;
		case OPTION_ENV_FILE: options->env_file = optarg; break;
		case OPTION_LIMIT:
			if (parse_duration_ms(optarg, 1, LIMIT_MAX_MS, &options->limit_ms))
				return usage_error("bad value of --limit", optarg);
			break;
		default: return usage_error("unknown option or missing value", argv[word]);
		}
	}
	if (optind < argc)
		return usage_error("unexpected word", argv[optind]);
	if (!options->once && (options->strict || options->limit_ms))
		return usage_error("only with --once", options->strict ? "--strict" : "--limit");
	return -1;
}

static void print_warnings(const char *lines)
{
	for (size_t length; *lines; lines += length + (lines[length] == '\n')) {
		length = strcspn(lines, "\n");
		fprintf(stderr, "nemopair: warning: %.*s\n", (int)length, lines);
	}
}

int main(int argc, char **argv)
{
	struct options options = { .limit_ms = 0 };
	struct pairing_settings settings;
	char buffer[WARNINGS_MAX_BYTES];
	struct text warnings;
	int code;

	signals_block();
	if (fd_open_standard() < 0)
		return EXIT_FAILURE;
	fd_protect_inherited();
	code = parse_options(argc, argv, &options);
	if (code >= 0)
		return code;
	if (options.env_file)
		env_file_load(options.env_file);
	text_init(&warnings, buffer, sizeof(buffer));
	pairing_settings_init(&settings, environ, &warnings);
	print_warnings(buffer);
	children_adopt();
	if (!options.once)
		return watcher_run(&settings, environ);
	return once_run(
	    &settings, environ, options.limit_ms ? options.limit_ms : 45000, options.strict);
}

/* nemoinit's command line. */
#pragma once

#include <stdbool.h>

#include "util/error.h"

struct options {
	const char *config;    /* NULL: the default file, or else the built-in configuration */
	const char *socket;    /* NULL: as configured */
	char **command;        /* to run as the service `main`, NULL-terminated; NULL: none */
	const char *directory; /* where we were started, set by main; NULL: no way back there */
	bool is_check;
	bool is_print;
};

enum {
	OPTIONS_BAD_USE = 2, /* exit code */
};

/*
 * Reads the command line; what it points at stays argv's. Returns -1 to go on, else the exit code:
 * 0 after --help and --version, which are printed, or OPTIONS_BAD_USE with *error.
 */
int options_parse(int argc, char **argv, struct options *options, struct error *error);

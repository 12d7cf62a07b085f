/*
 * nemoctl drift: compares the versions of the installed OpenShell CLI and of its gateway. Needs no
 * nemoinit, and starts, stops and writes nothing.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "core/exit_status.h"

struct command;
struct invocation;

/* The command line of it; what was not given is NULL or 0. */
struct drift_request {
	const char *action;
	const char *installed; /* a command */
	const char *running;   /* a command */
	const char *image;
	const char *url;
	pid_t pid;
	bool is_strict;
};

/* Prints one line on stdout, or what is wrong on stderr. */
enum exit_status drift_run(const struct command *command, const struct invocation *invocation);

/* Words about processes that core and io share. */
#pragma once

#include <stdbool.h>

/* How a process ended, as waitpid(2) told it. */
struct exit_info {
	bool by_signal;
	int value; /* exit code, or signal number */
};

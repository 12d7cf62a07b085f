/* Words about processes that core and io share. */
#pragma once

#include <stdbool.h>

/* How a process ended, as waitpid(2) told it. */
struct exit_info {
	bool by_signal;
	int value; /* exit code, or signal number */
};

/* Who listens on a port, seen from the service that should (spec 30 part 1). */
enum listener_owner {
	LISTENER_NONE,
	LISTENER_SELF,
	LISTENER_FOREIGN,
	LISTENER_UNKNOWN, /* somebody does, and we may not look closely enough to tell */
	LISTENER_OWNER_COUNT_,
};

/* nemoctl watch: the status, drawn anew each second until it is interrupted. */
#pragma once

#include "app/command.h"

/* On a terminal over the whole screen, which is given back in the end; else one below the other. */
enum exit_status watch_run(const struct command *command, const struct invocation *invocation);

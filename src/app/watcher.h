/* nemopair as a service: keeps the approver going until the deadline or a signal. */
#pragma once

#include "core/pairing_settings.h"

/*
 * Runs until the deadline, SIGTERM or SIGINT; SIGUSR1 asks for a poll now. Reports to
 * NOTIFY_SOCKET if that is set (spec 30 part 5). environment: ours. Returns the exit code: 0, or 1
 * when it could not start.
 */
int watcher_run(const struct pairing_settings *settings, char *const *environment);

/* Collecting dead children: ours, and the orphans that init or a subreaper inherits. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "util/process.h"

/*
 * Calls handle for each dead child, at most max_count of them so that a zombie storm does not hold
 * the loop. Returns true if there may be more (call again next turn), false if there is none.
 * SIGCHLD coalesces: one signal may stand for many children.
 */
bool reaper_drain(unsigned max_count,
    void (*handle)(void *data, pid_t pid, const struct exit_info *exit), void *data);

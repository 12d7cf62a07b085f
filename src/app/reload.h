/* The configuration, read once more: put in force, or told why not (spec 30 part 3). */
#pragma once

#include <stdint.h>

struct supervisor;

/*
 * Reads the file that was chosen at start (without one: as load_config does, one that is there now
 * is taken) and the environment. Returns 0, or -errno when anything is wrong with them: then
 * nothing has changed, every problem has been logged, and *ret_problems has them, one a line and
 * printable, the caller's to free; NULL when memory is short. Not during a shutdown.
 */
int reload(struct supervisor *supervisor, uint64_t now_ms, char **ret_problems);

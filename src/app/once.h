/* `nemopair --once`: one pass, for use before somebody is let into the sandbox. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/pairing_settings.h"

/*
 * Prints one JSON line on standard output, whatever happens, within limit_ms. Returns the exit
 * code: 0; with strict 1 unless the pass went through and nobody who may be let in is left
 * waiting.
 */
int once_run(const struct pairing_settings *settings, char *const *environment, uint64_t limit_ms,
    bool strict);

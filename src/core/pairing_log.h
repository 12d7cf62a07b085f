/* The watcher's log lines: `[auto-pair] …`. */
#pragma once

#include "util/text.h"

/* Adds one line, at most 1 KiB (and so never cut in two by a pipe). */
void pairing_log(struct text *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

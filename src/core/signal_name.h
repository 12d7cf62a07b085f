/* Names of signals, without the SIG: for config values, status and people. */
#pragma once

/* "TERM" for 15; NULL for a number without a name. */
const char *signal_to_string(int signal);

/* The number for `TERM` or `SIGTERM` (any case); -1 for anything else. */
int signal_parse(const char *name);

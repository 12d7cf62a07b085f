/* The watcher's settings, all from the environment (spec 20 part 3). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/pairing_rules.h"
#include "util/text.h"

struct pairing_settings {
	uint64_t deadline_ms; /* all from now, not absolute */
	uint64_t fast_deadline_ms;
	uint64_t slow_interval_ms;
	uint64_t run_timeout_ms;
	bool run_timeout_is_set; /* by the user: then it never grows */
	uint64_t reentry_polls;
	uint64_t reentry_interval_ms;
	uint64_t max_skip_ms; /* a list at least this often; 0: nothing is skipped */
	struct pairing_rules rules;
};

/*
 * Reads `NAME=value` strings, NULL-terminated and borrowed for the life of *settings. A value that
 * is not of the grammar or out of range leaves the default and adds one line to warnings that
 * names variable, value and range. An ALLOW list that is set to nothing is an empty list.
 */
void pairing_settings_init(
    struct pairing_settings *settings, char *const *environment, struct text *warnings);

/*
 * Do two configurations say the same? By typed values, key by key through the table of
 * config_keys.h, so that a new key is compared without a word here: not where a section stands in
 * the file, nor how a value is written.
 */
#pragma once

#include <stdbool.h>

#include "core/config.h"

struct config_key;
struct problems;

/* Is the key's value the same in the structs at a and b? */
bool config_value_equal(const struct config_key *key, const void *a, const void *b);

/*
 * Would the service be run in the same way? What follows from the other services (after_index,
 * level) is not looked at, nor the order of its env.NAME and
 * fatal_output.ID.
 */
bool service_config_equal(const struct service_config *a, const struct service_config *b);

/* Do they say the same of log files? */
bool config_logs_equal(const struct config *a, const struct config *b);

/* Are the tasks the same, in the same order (in which they run)? */
bool config_tasks_equal(const struct config *a, const struct config *b);

/*
 * Puts what is only looked at when nemoinit starts (config_key.is_fixed) from `running` into
 * `fresh`, and adds a warning for each such key that fresh has changed.
 */
void config_keep_fixed(struct config *running, struct config *fresh, struct problems *warnings);

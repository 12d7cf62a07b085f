/*
 * Asks programs and servers for their version, one after the other: each within a time limit, and
 * with nothing left behind. For a program that does nothing else meanwhile.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct asker;
struct drift_side;
struct probe_target;

/* Blocks all signals, and takes orphans in. Returns 0 or -errno with *error. */
int asker_new(struct asker **ret_asker, struct error *error);

/* Harmless on NULL. */
void asker_free(struct asker *asker);

/* Runs a program (argv[0] is its path) that prints its version and ends with 0. */
void asker_run(
    struct asker *asker, char *const *argv, uint64_t limit_ms, struct drift_side *ret_side);

/* Gets a page over HTTP that is a JSON object with a string `version`. */
void asker_get(struct asker *asker, const struct probe_target *target, uint64_t limit_ms,
    struct drift_side *ret_side);

/* Has a signal ended it? Then no answer is one. */
bool asker_is_interrupted(const struct asker *asker);

/*
 * What is kept in `state_dir` across lives: how this one goes on, and how the one before has ended
 * (core/life_record.h). Written when something has happened, at most once in RECORDER_PACE_MS; what
 * cannot be written is a warning, and tried again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/snapshot.h"

struct recorder;
struct supervisor;

enum {
	RECORDER_PACE_MS = 1000,
	RECORDER_RETRY_MS = 5000,
};

/*
 * Reads what the last life has left, tells of it, and writes the first record of this one. Without
 * a `state_dir` *ret_recorder is NULL. 0 or -ENOMEM.
 */
int recorder_new(struct supervisor *supervisor, uint64_t now_ms, struct recorder **ret_recorder);
/* All are harmless on NULL. */
void recorder_free(struct recorder **recorder);

/* Writes what is due; returns the next deadline: none while nothing happens. */
uint64_t recorder_turn(struct recorder *recorder, uint64_t now_ms);

/* The ordered end, when all is down: the last record, on the disk. */
void recorder_finish(struct recorder *recorder, const char *reason);

/* For status: the life before, its strings borrowed, and what is wrong now; NULL: nothing. */
void recorder_fill(
    const struct recorder *recorder, bool is_privileged, struct snapshot_life *ret_run);
const char *recorder_warning(const struct recorder *recorder);

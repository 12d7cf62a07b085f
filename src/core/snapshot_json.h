/* JSON form of struct snapshot: the status reply (spec 20 part 5). */
#pragma once

#include <stddef.h>

#include "core/snapshot.h"
#include "util/error.h"

struct cJSON;

enum {
	SNAPSHOT_SCHEMA = 1,
};

/*
 * The status reply as one line, newline included; the caller frees. id: "" for none. service: the
 * only one to tell of (health and the rest are still those of the whole), NULL for all; a name
 * that is not there gives an empty list. NULL when memory is short. Text must be printable UTF-8
 * already.
 */
char *snapshot_encode(const struct snapshot *snapshot, const char *id, const char *service);

/* A decoded status reply. The snapshot's strings live in root. */
struct snapshot_json {
	struct cJSON *root;
	struct snapshot snapshot;
	struct auto_pair auto_pair;
};

/*
 * Reads a status reply that says `"ok":true`. 0; -EINVAL: *error names the field that is missing
 * or wrong; -ENOMEM. ret_snapshot must not move afterwards: snapshot.auto_pair points into it. The
 * caller ends with snapshot_json_deinit; nothing to free on failure.
 */
int snapshot_decode(
    const char *line, size_t length_bytes, struct snapshot_json *ret_snapshot, struct error *error);

/* Harmless on a zeroed one, and twice. */
void snapshot_json_deinit(struct snapshot_json *snapshot);

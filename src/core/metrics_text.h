/* The snapshot as metrics: Prometheus text format 0.0.4 (spec 20 part 4, op metrics). */
#pragma once

#include "core/snapshot.h"
#include "util/text.h"

/*
 * Adds everything; a number that is unknown is left out. restarts_by of every service must be set.
 */
void metrics_add(struct text *text, const struct snapshot *snapshot);

/* `{"ok":true,"text":…}`, the caller's to free; NULL when memory is short. */
char *metrics_reply_encode(const struct snapshot *snapshot, const char *id);

/* The text of a decoded reply, or NULL. The caller frees. */
char *metrics_reply_decode(const char *line, size_t length_bytes);

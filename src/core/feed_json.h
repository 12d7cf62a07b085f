/*
 * What may go on after its first reply (spec 20 part 4): events, and captured output. Every line,
 * the first and those that follow, has the same form.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/event_ring.h"
#include "core/lines.h"
#include "core/record_json.h"
#include "util/error.h"

struct cJSON;

/* Of struct event, wherever one is told. */
extern const struct record_field event_record_fields[];

/*
 * `{"ok":true,"instance":…,"events":[…]}`: those after `since`. A line on the heap, the caller's to
 * free; NULL when memory is short.
 */
char *events_encode(
    const struct event_ring *ring, int64_t since, const char *id, const char *instance);

/* `{"ok":true,"lines":[…]}`, likewise: the last `count` lines of a ring, or a line of one's own. */
char *logs_encode(const struct line_ring *ring, size_t count, const char *id);
char *logs_encode_line(const struct kept_line *line, const char *id);

/* Decoded; the strings are borrowed from root. One of the two lists is there. */
struct feed {
	struct cJSON *root;
	const char *instance; /* of events */
	struct event *events;
	size_t event_count;
	struct kept_line *lines;
	size_t line_count;
};

/* 0, -ENOMEM, or -EINVAL and the field that is wrong. The caller ends with feed_deinit. */
int feed_decode(const char *line, size_t length_bytes, struct feed *ret_feed, struct error *error);
void feed_deinit(struct feed *feed);

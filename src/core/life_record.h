/*
 * What a life of nemoinit leaves for the next one, so that after a KILL somebody can say what
 * happened last: one line of JSON, rewritten while it runs. `clean` becomes true at the ordered end
 * only, so a record without it is that of a life that was killed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event_ring.h"
#include "core/snapshot.h"
#include "util/error.h"

struct cJSON;

enum {
	LIFE_RECORD_VERSION = 1,
	LIFE_RECORD_EVENTS_MAX = 100,
	LIFE_RECORD_BYTES = 1 << 20, /* more than that many events can take */
};

struct life_record {
	int64_t version;
	const char *instance;
	bool is_clean;               /* the ordered end, of which it is the last word */
	int64_t at_ms;               /* epoch, when it was written */
	const char *reason;          /* of the end; NULL: none yet */
	struct snapshot_list events; /* struct event; the last ones, the oldest first */
};

/* With the last events of the ring. A line on the heap, the caller's; NULL without memory. */
char *life_record_encode(const struct life_record *record, const struct event_ring *ring);

/* Decoded; the strings are borrowed from root. */
struct life_record_json {
	struct cJSON *root;
	struct life_record record;
};

/*
 * 0, -ENOMEM, or -EINVAL and what is wrong: garbage, a torn line, another version, more than
 * nemoinit writes. The caller ends with life_record_deinit.
 */
int life_record_decode(const char *text, size_t length_bytes, struct life_record_json *ret_record,
    struct error *error);
/* Harmless on a zeroed struct, and twice. */
void life_record_deinit(struct life_record_json *record);

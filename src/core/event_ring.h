/*
 * The last things that happened, numbered (spec 20 part 4, op events). Memory grows with what
 * happens, up to EVENT_RING_COUNT events.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/log_line.h"
#include "util/ring.h"

enum {
	EVENT_RING_COUNT = 1024,
	EVENT_MESSAGE_BYTES = 1024, /* printable; the rest is cut */
};

struct event {
	int64_t seq; /* from 1, never used again in a life of nemoinit */
	int64_t at_ms;
	const char *service; /* NULL: about nemoinit itself */
	const char *event;   /* one of event_name's */
	enum log_level level;
	int64_t pid; /* of the service's main process; -1: it has none */
	const char *message;
};

/* A zeroed struct is an empty one. */
struct event_ring {
	struct ring ring; /* of struct event, each with its strings behind it */
	int64_t last_seq; /* 0: nothing has happened yet */
};

/* The event's name from the fixed list, with static life; NULL if it is none of them. */
const char *event_name(const char *name);

/* How many names there are, and the one at `at`. */
size_t event_name_count(void);
const char *event_name_at(size_t at);

/*
 * Adds a copy with the next number, its message made printable. Without memory the number is used
 * up, so that who reads sees the gap.
 */
void event_ring_add(struct event_ring *ring, const struct event *event);

/* The oldest kept event with a number above `since`; NULL: there is none. */
const struct event *event_ring_after(const struct event_ring *ring, int64_t since);

void event_ring_deinit(struct event_ring *ring);

/* The last so many things: a queue of heap blocks that grows on demand up to a cap. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A zeroed struct is an empty one. */
struct ring {
	void **items; /* each owned: one block for free(3) */
	size_t size;
	size_t first; /* the oldest */
	size_t count;
};

/* Adds item and takes it; false: max are in it, or there is no memory for more room. */
bool ring_add(struct ring *ring, size_t max, void *item);

/* The item at `at`, 0 being the oldest; at < count. */
void *ring_at(const struct ring *ring, size_t at);

/* Frees the oldest; there is one. */
void ring_drop(struct ring *ring);

void ring_deinit(struct ring *ring);

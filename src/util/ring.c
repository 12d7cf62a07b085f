#include "util/ring.h"

#include <stdlib.h>

enum { FIRST_SIZE = 8 };

/* In order again, in more room; false without memory. */
static bool ring_grow(struct ring *ring, size_t max)
{
	size_t size = ring->size ? ring->size * 2 : FIRST_SIZE;
	void **items;

	size = size < max ? size : max;
	items = ring->size < max ? calloc(size, sizeof(*items)) : NULL;
	if (!items)
		return false;
	for (size_t i = 0; i < ring->count; i++)
		items[i] = ring_at(ring, i);
	free(ring->items);
	ring->items = items;
	ring->size = size;
	ring->first = 0;
	return true;
}

bool ring_add(struct ring *ring, size_t max, void *item)
{
	if (ring->count == ring->size && !ring_grow(ring, max))
		return false;
	ring->items[(ring->first + ring->count++) % ring->size] = item;
	return true;
}

void *ring_at(const struct ring *ring, size_t at)
{
	return ring->items[(ring->first + at) % ring->size];
}

void ring_drop(struct ring *ring)
{
	free(ring->items[ring->first]);
	ring->first = (ring->first + 1) % ring->size;
	ring->count--;
}

void ring_deinit(struct ring *ring)
{
	while (ring->count)
		ring_drop(ring);
	free(ring->items);
	*ring = (struct ring){ .items = NULL };
}

#include "core/event_ring.h"

#include <stdlib.h>
#include <string.h>

#include "util/macros.h"

static const char *const names[] = { "starting", "ready", "failing", "recovered", "exited",
	"backoff", "crash-loop", "blocked", "adopted", "foreign-listener", "probe-stop", "stopping",
	"killed", "stopped", "finished", "repair", "task-failed", "reload", "reload-failed",
	"drops", "oom", "socket" };

const char *event_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return names[i];
	return NULL;
}

size_t event_name_count(void)
{
	return ARRAY_LEN(names);
}

const char *event_name_at(size_t at)
{
	return names[at];
}

static struct event *event_copy(const struct event *event)
{
	size_t service_bytes = event->service ? strlen(event->service) + 1 : 0;
	char message[EVENT_MESSAGE_BYTES], *strings;
	struct event *copy;
	struct text text;

	text_init(&text, message, sizeof(message));
	text_add_printable(&text, event->message, strlen(event->message), sizeof(message) - 1);
	copy = malloc(sizeof(*copy) + service_bytes + text.length_bytes + 1);
	if (!copy)
		return NULL;
	*copy = *event;
	strings = (char *)(copy + 1);
	if (event->service)
		copy->service = memcpy(strings, event->service, service_bytes);
	copy->message = memcpy(strings + service_bytes, message, text.length_bytes + 1);
	return copy;
}

void event_ring_add(struct event_ring *ring, const struct event *event)
{
	struct event *copy = event_copy(event);

	ring->last_seq++;
	if (!copy)
		return;
	copy->seq = ring->last_seq;
	while (!ring_add(&ring->ring, EVENT_RING_COUNT, copy)) {
		if (!ring->ring.count) {
			free(copy);
			return;
		}
		ring_drop(&ring->ring);
	}
}

const struct event *event_ring_after(const struct event_ring *ring, int64_t since)
{
	size_t low = 0, high = ring->ring.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct event *event = ring_at(&ring->ring, middle);

		if (event->seq > since)
			high = middle;
		else
			low = middle + 1;
	}
	return low < ring->ring.count ? ring_at(&ring->ring, low) : NULL;
}

void event_ring_deinit(struct event_ring *ring)
{
	ring_deinit(&ring->ring);
	ring->last_seq = 0;
}

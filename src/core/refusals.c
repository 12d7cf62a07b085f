#include "core/refusals.h"

#include <string.h>

void refusals_init(struct refusals *refusals)
{
	*refusals = (struct refusals){ .count = 0 };
}

/* The device's place; else a free one; else that of the device quiet for longest. */
static struct refusals_device *device_place(struct refusals *refusals, const char *device_id)
{
	struct refusals_device *oldest = &refusals->devices[0];

	for (size_t i = 0; i < refusals->count; i++) {
		if (strcmp(refusals->devices[i].device_id, device_id) == 0)
			return &refusals->devices[i];
		if (refusals->devices[i].last_ms < oldest->last_ms)
			oldest = &refusals->devices[i];
	}
	if (refusals->count < REFUSALS_DEVICES_MAX)
		oldest = &refusals->devices[refusals->count++];
	*oldest = (struct refusals_device){ .count = 0 };
	strcpy(oldest->device_id, device_id);
	return oldest;
}

void refusals_add(struct refusals *refusals, const char *device_id, uint64_t now_ms)
{
	struct refusals_device *device = device_place(refusals, device_id);

	device->at_ms[device->next] = now_ms;
	device->next = (device->next + 1) % REFUSALS_MAX;
	device->count += device->count < REFUSALS_MAX;
	device->last_ms = now_ms;
}

bool refusals_is_exhausted(const struct refusals *refusals, const char *device_id, uint64_t now_ms)
{
	for (size_t i = 0; i < refusals->count; i++) {
		const struct refusals_device *device = &refusals->devices[i];

		if (strcmp(device->device_id, device_id) != 0)
			continue;
		/* With a full ring, `next` is the oldest of the five. */
		return device->count == REFUSALS_MAX &&
		       now_ms - device->at_ms[device->next] < REFUSALS_WINDOW_MS;
	}
	return false;
}

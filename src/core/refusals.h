/*
 * How often the gateway has refused to approve a device lately. A device may ask again under a new
 * request id for ever, so ids alone bound nothing (spec 40 part 2: at most 5 in 10 minutes).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/devices.h"

enum {
	REFUSALS_MAX = 5,
	REFUSALS_WINDOW_MS = 600000,
	REFUSALS_DEVICES_MAX = 64, /* as many as can be pending; the one quiet for longest goes */
};

struct refusals_device {
	char device_id[DEVICES_ID_BYTES];
	uint64_t at_ms[REFUSALS_MAX]; /* a ring of `count` used slots */
	size_t count;
	size_t next;
	uint64_t last_ms;
};

struct refusals {
	struct refusals_device devices[REFUSALS_DEVICES_MAX];
	size_t count;
};

void refusals_init(struct refusals *refusals);

/* One approval of this device was refused now. */
void refusals_add(struct refusals *refusals, const char *device_id, uint64_t now_ms);

/* Were REFUSALS_MAX approvals of it refused within the window? */
bool refusals_is_exhausted(const struct refusals *refusals, const char *device_id, uint64_t now_ms);

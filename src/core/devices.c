#include "core/devices.h"

#include <stdlib.h>
#include <string.h>

#include "util/macros.h"

static const char *const failure_names[] = {
	[LIST_SUCCEEDED] = "none",
	[LIST_TIMEOUT] = "timeout",
	[LIST_PAIRING_REQUIRED] = "pairing-required",
	[LIST_COMMAND_FAILED] = "command-failed",
	[LIST_EMPTY_OUTPUT] = "empty-output",
	[LIST_INVALID_JSON] = "invalid-json",
	[LIST_INVALID_RESPONSE] = "invalid-response",
};
static_assert(ARRAY_LEN(failure_names) == LIST_FAILURE_COUNT_, "a name for every failure");

void devices_deinit(struct devices *devices)
{
	free(devices->pending);
	free(devices->paired_ids);
	*devices = (struct devices){ .pending = NULL };
}

bool devices_is_paired(const struct devices *devices, const char *device_id)
{
	for (size_t i = 0; device_id[0] && i < devices->paired_id_count; i++) {
		if (strcmp(devices->paired_ids[i], device_id) == 0)
			return true;
	}
	return false;
}

const char *list_failure_to_string(enum list_failure failure)
{
	return failure_names[failure];
}

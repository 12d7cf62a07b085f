/* A struct devices from a line of shorthand, for tests of the pairing machine. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "core/devices.h"

/*
 * pending: words `REQUEST/DEVICE/CLIENT`; paired: words `DEVICE` or `DEVICE/CLIENT`. All ask for
 * operator.read as operator. The caller calls devices_deinit.
 */
static inline struct devices devices_fake(const char *pending, const char *paired)
{
	struct devices devices = { .pending = calloc(
				       AUTO_PAIR_PENDING_MAX, sizeof(struct devices_request)),
		.paired_ids = calloc(64, DEVICES_ID_BYTES) };
	char copy[8192], *word, *rest;

	strcpy(copy, pending);
	for (word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		struct devices_request *request = &devices.pending[devices.pending_count++];
		char *device = strchr(word, '/'), *client = strchr(device + 1, '/');

		*device = *client = '\0';
		strcpy(request->request_id, word);
		strcpy(request->device_id, device + 1);
		strcpy(request->client_id, client + 1);
		strcpy(request->scopes, "operator.read");
		strcpy(request->roles, "operator");
	}
	devices.pending_total = devices.pending_count;
	strcpy(copy, paired);
	for (word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		char *client = strchr(word, '/');

		if (client)
			*client = '\0';
		devices.has_browser |= client && strcmp(client + 1, "openclaw-control-ui") == 0;
		strcpy(devices.paired_ids[devices.paired_id_count++], word);
	}
	devices.paired_count = devices.paired_id_count;
	return devices;
}

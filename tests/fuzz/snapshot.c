/* A status reply of whatever answers: what can be read can be written, and is the same then. */
#include "fuzz.h"

#include <errno.h>

#include "core/metrics_text.h"
#include "core/snapshot_json.h"

static void check_metrics(struct snapshot *snapshot)
{
	static const uint32_t restarts[EXIT_REASON_COUNT_];
	struct text text;

	for (size_t i = 0; i < snapshot->service_count; i++)
		snapshot->services[i].restarts_by = restarts;
	text_init_heap(&text, 1 << 24);
	metrics_add(&text, snapshot);
	must(!text.truncated && text.data[text.length_bytes - 1] == '\n');
	text_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error = { .message = "" };
	struct snapshot_json snapshot, again;
	char *first, *second;
	int result = snapshot_decode((const char *)data, size, &snapshot, &error);

	if (result) {
		must(result == -EINVAL && error.message[0]);
		return 0;
	}
	must(snapshot.snapshot.health < HEALTH_COUNT_);
	for (size_t i = 0; i < snapshot.snapshot.service_count; i++) {
		const struct snapshot_service *service = &snapshot.snapshot.services[i];

		must(service->name && service->state < SERVICE_STATE_COUNT_);
		must(snapshot_find(&snapshot.snapshot, service->name));
	}
	first = snapshot_encode(&snapshot.snapshot, "", NULL);
	must(first && strchr(first, '\n') == first + strlen(first) - 1);
	must(snapshot_decode(first, strlen(first) - 1, &again, &error) == 0);
	second = snapshot_encode(&again.snapshot, "", NULL);
	must(second && strcmp(first, second) == 0);
	check_metrics(&snapshot.snapshot);
	snapshot_json_deinit(&again);
	snapshot_json_deinit(&snapshot);
	free(first);
	free(second);
	return 0;
}

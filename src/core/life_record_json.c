#include <errno.h>
#include <stdlib.h>

#include "core/feed_json.h"
#include "core/json.h"
#include "core/life_record.h"
#include "core/record_json.h"
#include "util/utf8.h"

static const struct record_field record_fields[] = {
	RECORD(struct life_record, INTEGER, "version", version),
	RECORD(struct life_record, NAME, "instance", instance),
	RECORD(struct life_record, BOOL, "clean", is_clean),
	RECORD(struct life_record, TIME, "at", at_ms),
	RECORD(struct life_record, STRING, "reason", reason),
	RECORD_LIST(
	    struct life_record, "events", events, event_record_fields, sizeof(struct event)),
	{ .name = NULL },
};

char *life_record_encode(const struct life_record *record, const struct event_ring *ring)
{
	struct event events[LIFE_RECORD_EVENTS_MAX];
	struct life_record filled = *record;
	const struct event *event = event_ring_after(ring, ring->last_seq - LIFE_RECORD_EVENTS_MAX);
	size_t count = 0;
	cJSON *root;
	char *line;

	for (; event && count < LIFE_RECORD_EVENTS_MAX; event = event_ring_after(ring, event->seq))
		events[count++] = *event;
	filled.version = LIFE_RECORD_VERSION;
	filled.events = (struct snapshot_list){ .items = events, .count = count };
	root = record_to_json(record_fields, &filled);
	line = root ? cJSON_PrintUnformatted(root) : NULL;
	cJSON_Delete(root);
	return line;
}

static int record_read(struct life_record_json *decoded, struct error *error)
{
	const struct life_record *record = &decoded->record;
	int64_t version;
	int result;

	if (!decoded->root)
		return error_set(error, -EINVAL, "is not one line of JSON");
	/* First of all: another version may have other fields. */
	if (!json_get_integer(decoded->root, "version", &version) || version != LIFE_RECORD_VERSION)
		return error_set(error, -EINVAL, "has no version, or not %d", LIFE_RECORD_VERSION);
	result = record_from_json(record_fields, decoded->root, &decoded->record, error);
	if (result)
		return result;
	if (record->at_ms < 0 || !record->events.items)
		return error_set(error, -EINVAL, "has no time or no events");
	if (record->events.count > LIFE_RECORD_EVENTS_MAX)
		return error_set(error, -EINVAL, "has too many events");
	return 0;
}

int life_record_decode(
    const char *text, size_t length_bytes, struct life_record_json *ret_record, struct error *error)
{
	struct life_record_json decoded = { .root = NULL };
	int result;

	if (!length_bytes)
		return error_set(error, -EINVAL, "is empty");
	/* As it was written. Anything else would come out again in a status reply. */
	if (utf8_is_printable(text, length_bytes))
		decoded.root = json_parse(text, length_bytes);
	result = record_read(&decoded, error);
	if (result)
		life_record_deinit(&decoded);
	else
		*ret_record = decoded;
	return result;
}

void life_record_deinit(struct life_record_json *record)
{
	record_deinit(record_fields, &record->record);
	cJSON_Delete(record->root);
	*record = (struct life_record_json){ .root = NULL };
}

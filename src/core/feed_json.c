#include "core/feed_json.h"

#include <errno.h>

#include "core/json.h"
#include "core/record_json.h"
#include "core/reply_json.h"

static const struct record_words levels = { log_level_to_string, LOG_LEVEL_COUNT_ };

const struct record_field event_record_fields[] = {
	RECORD(struct event, INTEGER, "seq", seq),
	RECORD(struct event, TIME, "time", at_ms),
	RECORD(struct event, STRING, "service", service),
	RECORD(struct event, NAME, "event", event),
	RECORD_WORD(struct event, WORD, "level", level, &levels),
	RECORD(struct event, INTEGER, "pid", pid),
	RECORD(struct event, NAME, "message", message),
	{ .name = NULL },
};

static const struct record_field line_fields[] = {
	RECORD(struct kept_line, TIME, "time", at_ms),
	RECORD(struct kept_line, NAME, "stream", stream),
	RECORD(struct kept_line, NAME, "line", line),
	{ .name = NULL },
};

/* Adds a record to an array; false when memory is short. */
static bool array_add(cJSON *array, const struct record_field *fields, const void *record)
{
	cJSON *item = record_to_json(fields, record);

	if (item && cJSON_AddItemToArray(array, item))
		return true;
	cJSON_Delete(item);
	return false;
}

char *events_encode(
    const struct event_ring *ring, int64_t since, const char *id, const char *instance)
{
	cJSON *root = reply_new(id, true), *array = cJSON_CreateArray();
	const struct event *event;
	bool complete = root && array && json_add_string(root, "instance", instance);

	while (complete && (event = event_ring_after(ring, since))) {
		complete = array_add(array, event_record_fields, event);
		since = event->seq;
	}
	if (!complete) {
		cJSON_Delete(array);
		array = NULL;
	}
	return reply_encode_line(root, root && json_add_item(root, "events", array));
}

/* Takes both; array NULL: memory was short. */
static char *logs_finish(cJSON *root, cJSON *array)
{
	return reply_encode_line(root, root && json_add_item(root, "lines", array));
}

char *logs_encode(const struct line_ring *ring, size_t count, const char *id)
{
	cJSON *root = reply_new(id, true), *array = root ? cJSON_CreateArray() : NULL;
	size_t kept = ring->ring.count;

	for (size_t i = count < kept ? kept - count : 0; array && i < kept; i++) {
		if (array_add(array, line_fields, line_ring_at(ring, i)))
			continue;
		cJSON_Delete(array);
		array = NULL;
	}
	return logs_finish(root, array);
}

char *logs_encode_line(const struct kept_line *line, const char *id)
{
	cJSON *root = reply_new(id, true);

	return logs_finish(
	    root, root ? record_list_to_json(line_fields, line, 1, sizeof(*line)) : NULL);
}

static int feed_read(struct feed *feed, struct error *error)
{
	const cJSON *events = json_get(feed->root, "events");
	void *list = NULL;
	int result;

	if (events) {
		feed->instance = json_get_string(feed->root, "instance");
		if (!feed->instance)
			return error_set(error, -EINVAL, "instance: missing");
		result = record_list_from_json(event_record_fields, events, "events",
		    sizeof(struct event), &list, &feed->event_count, error);
		feed->events = list;
		return result;
	}
	result = record_list_from_json(line_fields, json_get(feed->root, "lines"), "lines",
	    sizeof(struct kept_line), &list, &feed->line_count, error);
	feed->lines = list;
	return result;
}

int feed_decode(const char *line, size_t length_bytes, struct feed *ret_feed, struct error *error)
{
	struct feed feed = { .root = json_parse(line, length_bytes) };
	int result = feed.root ? feed_read(&feed, error)
			       : error_set(error, -EINVAL, "the reply is not valid JSON");

	if (result)
		feed_deinit(&feed);
	else
		*ret_feed = feed;
	return result;
}

void feed_deinit(struct feed *feed)
{
	record_list_free(
	    event_record_fields, feed->events, feed->event_count, sizeof(*feed->events));
	record_list_free(line_fields, feed->lines, feed->line_count, sizeof(*feed->lines));
	cJSON_Delete(feed->root);
	*feed = (struct feed){ .root = NULL };
}

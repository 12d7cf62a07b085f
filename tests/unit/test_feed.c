/* Events and captured lines: what is kept, and the way to JSON and back. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/event_ring.h"
#include "core/feed_json.h"
#include "util/macros.h"

static void add(struct event_ring *ring, const char *service, const char *name, const char *message)
{
	const struct event event = { .at_ms = 1795161600123,
		.service = service,
		.event = event_name(name),
		.level = LOG_WARN,
		.pid = service ? 12 : -1,
		.message = message };

	event_ring_add(ring, &event);
}

static void the_names_are_fixed(void **state)
{
	static const char names[] =
	    "starting ready failing recovered exited backoff crash-loop blocked adopted "
	    "foreign-listener probe-stop stopping killed stopped finished repair task-failed "
	    "reload reload-failed drops oom socket ";
	char all[sizeof(names) * 2] = "";

	for (size_t i = 0; i < event_name_count(); i++) {
		strcat(all, event_name_at(i));
		strcat(all, " ");
		assert_string_equal(event_name(event_name_at(i)), event_name_at(i));
	}
	assert_string_equal(all, names);
	assert_null(event_name("warning"));
	assert_null(event_name(""));
}

static void the_last_events_are_kept(void **state)
{
	struct event_ring ring = { .last_seq = 0 };
	char message[32];

	assert_null(event_ring_after(&ring, 0));
	for (int i = 1; i <= 3 * EVENT_RING_COUNT; i++) {
		snprintf(message, sizeof(message), "number %d", i);
		add(&ring, i % 2 ? "gateway" : NULL, "ready", message);
		assert_int_equal(ring.last_seq, i);
		assert_true(ring.ring.size <= EVENT_RING_COUNT);
	}
	assert_true(EVENT_RING_COUNT >= 1000);
	assert_int_equal(event_ring_after(&ring, 0)->seq, 2 * EVENT_RING_COUNT + 1);
	assert_string_equal(event_ring_after(&ring, 0)->message, "number 2049");
	for (int64_t i = 2 * EVENT_RING_COUNT; i < 3 * EVENT_RING_COUNT; i++)
		assert_int_equal(event_ring_after(&ring, i)->seq, i + 1);
	assert_null(event_ring_after(&ring, ring.last_seq));
	assert_null(event_ring_after(&ring, ring.last_seq + 1000));
	event_ring_deinit(&ring);
	event_ring_deinit(&ring);
}

static void events_are_one_line(void **state)
{
	struct event_ring ring = { .last_seq = 6 };
	char *line;

	add(&ring, "gateway", "backoff", "exited\nwith \033[31m1\xff");
	add(&ring, NULL, "socket", "here");
	line = events_encode(&ring, 0, "7", "abc");
	assert_string_equal(line,
	    "{\"ok\":true,\"id\":\"7\",\"instance\":\"abc\",\"events\":[{\"seq\":7,\"time\":"
	    "\"2026-11-20T08:00:00.123Z\",\"service\":\"gateway\",\"event\":\"backoff\","
	    "\"level\":\"warn\",\"pid\":12,\"message\":\"exited\\\\x0awith 1\\\\xff\"},"
	    "{\"seq\":8,\"time\":\"2026-11-20T08:00:00.123Z\",\"service\":null,\"event\":"
	    "\"socket\",\"level\":\"warn\",\"pid\":null,\"message\":\"here\"}]}\n");
	free(line);
	line = events_encode(&ring, 8, "", "abc");
	assert_string_equal(line, "{\"ok\":true,\"instance\":\"abc\",\"events\":[]}\n");
	free(line);
	event_ring_deinit(&ring);
}

static void lines_are_one_line(void **state)
{
	struct line_ring ring = { .bytes = 0 };
	char *line;

	line_ring_add(&ring, "stdout", "one", 3, 1795161600123);
	line_ring_add(&ring, "stderr", "two \"2\"", 7, 1795161600124);
	line = logs_encode(&ring, SIZE_MAX, "");
	assert_string_equal(line,
	    "{\"ok\":true,\"lines\":[{\"time\":\"2026-11-20T08:00:00.123Z\",\"stream\":\"stdout\","
	    "\"line\":\"one\"},{\"time\":\"2026-11-20T08:00:00.124Z\",\"stream\":\"stderr\","
	    "\"line\":\"two \\\"2\\\"\"}]}\n");
	free(line);
	line = logs_encode(&ring, 1, "x");
	assert_non_null(strstr(line, "\"lines\":[{\"time\":\"2026-11-20T08:00:00.124Z\""));
	free(line);
	line = logs_encode(&ring, 0, "");
	assert_string_equal(line, "{\"ok\":true,\"lines\":[]}\n");
	free(line);
	line = logs_encode_line(line_ring_at(&ring, 0), "");
	assert_non_null(strstr(line, "\"line\":\"one\"}]}\n"));
	free(line);
	line_ring_deinit(&ring);
}

static void feeds_survive_the_way(void **state)
{
	struct event_ring events = { .last_seq = 0 };
	struct line_ring lines = { .bytes = 0 };
	struct feed feed;
	char *line;

	add(&events, "a", "ready", "m");
	line = events_encode(&events, 0, "", "i");
	assert_int_equal(feed_decode(line, strlen(line), &feed, NULL), 0);
	assert_int_equal(feed.event_count, 1);
	assert_int_equal(feed.events[0].seq, 1);
	assert_int_equal(feed.events[0].level, LOG_WARN);
	assert_string_equal(feed.events[0].event, "ready");
	assert_string_equal(feed.instance, "i");
	feed_deinit(&feed);
	feed_deinit(&feed);
	free(line);
	line_ring_add(&lines, "stderr", "x", 1, 5);
	line = logs_encode(&lines, 9, "");
	assert_int_equal(feed_decode(line, strlen(line), &feed, NULL), 0);
	assert_int_equal(feed.line_count, 1);
	assert_int_equal(feed.lines[0].at_ms, 5);
	assert_string_equal(feed.lines[0].line, "x");
	feed_deinit(&feed);
	free(line);
	event_ring_deinit(&events);
	line_ring_deinit(&lines);
}

static void hostile_feeds_are_refused(void **state)
{
	static const struct {
		const char *line;
		const char *message;
	} rows[] = {
		{ "", "the reply is not valid JSON" },
		{ "{}", "lines: missing or not a list" },
		{ "{\"events\":[]}", "instance: missing" },
		{ "{\"instance\":\"a\",\"events\":7}", "events: missing or not a list" },
		{ "{\"instance\":\"a\",\"events\":[{\"seq\":-1}]}",
		    "events[0]: seq: not a whole number" },
		{ "{\"lines\":[{\"time\":\"now\"}]}", "lines[0]: time: not a time" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct error error;
		struct feed feed;

		assert_int_equal(
		    feed_decode(rows[i].line, strlen(rows[i].line), &feed, &error), -EINVAL);
		assert_string_equal(error.message, rows[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_names_are_fixed),
		cmocka_unit_test(the_last_events_are_kept),
		cmocka_unit_test(events_are_one_line),
		cmocka_unit_test(lines_are_one_line),
		cmocka_unit_test(feeds_survive_the_way),
		cmocka_unit_test(hostile_feeds_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

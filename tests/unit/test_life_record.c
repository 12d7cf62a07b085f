/* What one life of nemoinit leaves for the next: there and back, and everything that is no record.
 */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/life_record.h"
#include "util/macros.h"

static const struct life_record sample = {
	.instance = "5f3a", .at_ms = 1795161600123, .reason = NULL
};

static void add(struct event_ring *ring, int count, const char *message)
{
	for (int i = 0; i < count; i++) {
		const struct event event = { .at_ms = 1795161600000 + i,
			.service = i % 2 ? "gateway" : NULL,
			.event = event_name("ready"),
			.level = LOG_INFO,
			.pid = i % 2 ? 12 : -1,
			.message = message };

		event_ring_add(ring, &event);
	}
}

/* The line of a life with so many events; the caller's. */
static char *encode(const struct life_record *record, int count, const char *message)
{
	struct event_ring ring = { .last_seq = 0 };
	char *line;

	add(&ring, count, message);
	line = life_record_encode(record, &ring);
	assert_non_null(line);
	event_ring_deinit(&ring);
	return line;
}

static void a_record_survives_the_way(void **state)
{
	static const struct life_record over = { .instance = "5f3a",
		.at_ms = 1795161600123,
		.is_clean = true,
		.reason = "SIGTERM: \"x\"" };
	static const struct {
		const struct life_record *record;
		int count, kept;
	} rows[] = { { &sample, 0, 0 }, { &sample, 1, 1 }, { &over, 99, 99 }, { &over, 100, 100 },
		{ &sample, 101, 100 }, { &sample, 3000, 100 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *line = encode(rows[i].record, rows[i].count, "caf\xc3\xa9 \\x1b \"");
		struct life_record_json decoded = { .root = NULL };
		struct error error = { .message = "" };
		const struct event *events;

		print_message("%zu\n", i);
		assert_int_equal(life_record_decode(line, strlen(line), &decoded, &error), 0);
		assert_string_equal(decoded.record.instance, "5f3a");
		assert_int_equal(decoded.record.at_ms, 1795161600123);
		assert_int_equal(decoded.record.is_clean, rows[i].record->is_clean);
		if (rows[i].record->reason)
			assert_string_equal(decoded.record.reason, rows[i].record->reason);
		else
			assert_null(decoded.record.reason);
		assert_int_equal(decoded.record.events.count, rows[i].kept);
		events = decoded.record.events.items;
		for (int k = 0; k < rows[i].kept; k++) {
			assert_int_equal(events[k].seq, rows[i].count - rows[i].kept + k + 1);
			assert_string_equal(events[k].message, "caf\xc3\xa9 \\x1b \"");
		}
		life_record_deinit(&decoded);
		life_record_deinit(&decoded);
		free(line);
	}
}

static void the_largest_fits(void **state)
{
	char message[EVENT_MESSAGE_BYTES + 1], *line;

	memset(message, '"', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	line = encode(&sample, 2000, message);
	assert_in_range(strlen(line), 100 * EVENT_MESSAGE_BYTES, LIFE_RECORD_BYTES);
	free(line);
}

static void what_is_no_record_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} rows[] = {
		{ "", "is empty" },
		{ "\n", "is not one line of JSON" },
		{ "garbage", "is not one line of JSON" },
		{ "{\"version\":1}x", "is not one line of JSON" },
		{ "{\"version\":1,\"instance\":\"\xff\"}", "is not one line of JSON" },
		{ "{\"version\":1,\"instance\":\"\x1b[31m\"}", "is not one line of JSON" },
		{ "{}", "has no version, or not 1" },
		{ "[]", "has no version, or not 1" },
		{ "{\"version\":2}", "has no version, or not 1" },
		{ "{\"version\":\"1\"}", "has no version, or not 1" },
		{ "{\"version\":1}", "instance: missing" },
		{ "{\"version\":1,\"instance\":\"a\",\"clean\":1}", "clean: not a boolean" },
		{ "{\"version\":1,\"instance\":\"a\",\"clean\":true,\"at\":7}", "at: not a time" },
		{ "{\"version\":1,\"instance\":\"a\",\"clean\":true,\"at\":null,\"reason\":null,"
		  "\"events\":[]}",
		    "has no time or no events" },
		{ "{\"version\":1,\"instance\":\"a\",\"clean\":true,\"at\":\"2026-11-20T08:00:00."
		  "123Z\","
		  "\"reason\":null,\"events\":null}",
		    "has no time or no events" },
		{ "{\"version\":1,\"instance\":\"a\",\"clean\":true,\"at\":\"2026-11-20T08:00:00."
		  "123Z\","
		  "\"reason\":null,\"events\":[7]}",
		    "events[0]: missing or not an object" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct life_record_json decoded = { .root = NULL };
		struct error error = { .message = "" };

		print_message("%s\n", rows[i].text);
		assert_int_equal(
		    life_record_decode(rows[i].text, strlen(rows[i].text), &decoded, &error),
		    -EINVAL);
		assert_string_equal(error.message, rows[i].message);
		assert_null(decoded.root);
	}
}

static void more_events_than_are_written_are_refused(void **state)
{
	char *line = encode(&sample, 100, "m"), *more, *at;
	struct life_record_json decoded = { .root = NULL };
	struct error error;

	at = strstr(line, "\"events\":[") + strlen("\"events\":[");
	assert_true(asprintf(&more, "%.*s%.*s,%s", (int)(at - line), line,
			(int)(strchr(at, '}') + 1 - at), at, at) > 0);
	assert_int_equal(life_record_decode(more, strlen(more), &decoded, &error), -EINVAL);
	assert_string_equal(error.message, "has too many events");
	free(more);
	free(line);
}

/* A torn one, or with any byte replaced: an answer, never a crash (run under sanitizers). */
static void a_mangled_record_does_no_harm(void **state)
{
	char *line = encode(&sample, 3, "text");
	size_t length = strlen(line);

	for (size_t at = 0; at < length; at++) {
		static const char bytes[] = "\"{}[]0n,:\\";
		struct life_record_json decoded = { .root = NULL };
		char kept = line[at];

		assert_int_equal(life_record_decode(line, at, &decoded, NULL), -EINVAL);
		for (size_t i = 0; i < sizeof(bytes); i++) {
			line[at] = bytes[i];
			if (life_record_decode(line, length, &decoded, NULL) == 0)
				life_record_deinit(&decoded);
		}
		line[at] = kept;
	}
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_survives_the_way),
		cmocka_unit_test(the_largest_fits),
		cmocka_unit_test(what_is_no_record_is_refused),
		cmocka_unit_test(more_events_than_are_written_are_refused),
		cmocka_unit_test(a_mangled_record_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

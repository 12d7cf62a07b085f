#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/auto_pair_json.h"
#include "util/macros.h"

static struct auto_pair_request two[] = {
	{ "id-1", "cli", "cli", "operator.read operator.write", AUTO_PAIR_APPROVING, "" },
	{ "id-2", "openclaw-ios", "ui", "", AUTO_PAIR_REFUSED, "unknown-client" },
};

static const char whole[] =
    "{\"mode\":\"slow\",\"approved\":3,\"rejected\":1,\"failed\":2,\"timeouts\":4,\"polls\":17,"
    "\"skipped_polls\":5,\"last_poll_at\":\"2026-11-20T08:00:00.123Z\",\"next_poll_in_ms\":1000,"
    "\"deadline_in_ms\":null,\"last_error\":null,\"pending\":[{\"requestId\":\"id-1\","
    "\"clientId\":\"cli\",\"clientMode\":\"cli\",\"scopes\":[\"operator.read\",\"operator.write\"],"
    "\"verdict\":\"approving\",\"reason\":null},{\"requestId\":\"id-2\",\"clientId\":"
    "\"openclaw-ios\",\"clientMode\":\"ui\",\"scopes\":[],\"verdict\":\"refused\",\"reason\":"
    "\"unknown-client\"}]}";

static struct auto_pair example(void)
{
	return (struct auto_pair){ .mode = AUTO_PAIR_SLOW,
		.approved = 3,
		.rejected = 1,
		.failed = 2,
		.timeouts = 4,
		.polls = 17,
		.skipped_polls = 5,
		.last_poll_at_ms = 1795161600123,
		.next_poll_in_ms = 1000,
		.deadline_in_ms = -1,
		.pending = two,
		.pending_count = ARRAY_LEN(two) };
}

static void every_field_has_its_name(void **state)
{
	struct auto_pair in = example();
	char *text = auto_pair_encode(&in, 16384);

	assert_string_equal(text, whole);
	free(text);
}

static void what_was_written_is_read(void **state)
{
	struct auto_pair out;
	struct error error = { .code = 0 };
	char *text;

	assert_int_equal(auto_pair_decode(whole, sizeof(whole) - 1, &out, &error), 0);
	assert_int_equal(out.pending_count, 2);
	assert_memory_equal(out.pending, two, sizeof(two));
	text = auto_pair_encode(&out, 16384);
	assert_string_equal(text, whole);
	free(text);
	auto_pair_deinit(&out);
	auto_pair_deinit(&out);
}

static void the_last_requests_are_left_out_first(void **state)
{
	struct auto_pair in = example(), out;
	char *text = auto_pair_encode(&in, sizeof(whole) - 2);

	assert_non_null(text);
	assert_int_equal(auto_pair_decode(text, strlen(text), &out, NULL), 0);
	assert_int_equal(out.pending_count, 1);
	assert_string_equal(out.pending[0].request_id, "id-1");
	auto_pair_deinit(&out);
	free(text);
	assert_null(auto_pair_encode(&in, 20));
}

/* Each row changes one piece of the good text; the result must be refused and leave the target. */
static void wrong_fields_are_errors(void **state)
{
	static const struct {
		const char *piece;
		const char *instead;
	} rows[] = {
		{ "\"slow\"", "\"Slow\"" },
		{ "\"slow\"", "null" },
		{ "\"approved\"", "\"Approved\"" },
		{ "\"rejected\":1", "\"rejected\":-1" },
		{ "\"failed\":2", "\"failed\":\"2\"" },
		{ "\"polls\":17", "\"polls\":1.7" },
		{ "\"next_poll_in_ms\":1000", "\"next_poll_in_ms\":true" },
		{ "08:00:00.123Z", "08:00:00Z" },
		{ "\"last_error\":null", "\"last_error\":7" },
		{ "\"last_error\":null", "\"last_error\":\"\\u001b[2J\"" },
		{ "\"id-1\"", "\"id-\xff\"" },
		{ "\"operator.write\"", "\"operator.write\\u0007\"" },
		{ "\"pending\":[", "\"pending\":[1," },
		{ "\"pending\"", "\"other\"" },
		{ "\"approving\"", "\"gone\"" },
		{ "[\"operator.read\"", "[7" },
		{ "[\"operator.read\"", "[\"a b\"" },
		{ "[\"operator.read\",\"operator.write\"]", "null" },
		{ "\"id-1\"",
		    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"" },
		{ "]}", "]}}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct auto_pair out = { .polls = 99 };
		struct error error = { .code = 0 };
		const char *at = strstr(whole, rows[i].piece);
		char text[2048];

		print_message("%s\n", rows[i].instead);
		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - whole), whole, rows[i].instead,
		    at + strlen(rows[i].piece));
		assert_int_equal(auto_pair_decode(text, strlen(text), &out, &error), -EINVAL);
		assert_int_equal(error.code, -EINVAL);
		assert_int_equal(out.polls, 99);
	}
}

static void too_many_requests_are_an_error(void **state)
{
	struct auto_pair_request *many = calloc(65, sizeof(*many));
	struct auto_pair in = example(), out = { .polls = 99 };
	char *text;

	in.pending = many;
	in.pending_count = 65;
	text = auto_pair_encode(&in, SIZE_MAX);
	assert_int_equal(auto_pair_decode(text, strlen(text), &out, NULL), -EINVAL);
	assert_int_equal(out.polls, 99);
	free(text);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_has_its_name),
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(the_last_requests_are_left_out_first),
		cmocka_unit_test(wrong_fields_are_errors),
		cmocka_unit_test(too_many_requests_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

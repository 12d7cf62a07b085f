#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/exit_status.h"
#include "core/reply_json.h"
#include "util/macros.h"
#include "util/text.h"

static void check_line(char *line, const char *expected)
{
	assert_non_null(line);
	assert_string_equal(line, expected);
	free(line);
}

static void replies_are_lines(void **state)
{
	check_line(reply_encode_ok(""), "{\"ok\":true}\n");
	check_line(reply_encode_ok("a\"b"), "{\"ok\":true,\"id\":\"a\\\"b\"}\n");
	check_line(reply_encode_error("", REPLY_DENIED, "no\nway"),
	    "{\"ok\":false,\"error\":{\"code\":\"denied\",\"message\":\"no\\nway\"}}\n");
	check_line(reply_encode_error("7", REPLY_TOO_LONG, ""),
	    "{\"ok\":false,\"id\":\"7\",\"error\":{\"code\":\"too-long\",\"message\":\"\"}}\n");
}

static const struct service_outcome outcomes[] = {
	{ "gateway", OUTCOME_STARTED, 12, 34, NULL },
	{ "auto-pair", OUTCOME_SKIPPED, -1, -1, "finished" },
};

static void outcomes_tell_of_each_service(void **state)
{
	check_line(reply_encode_outcomes("", outcomes, 2),
	    "{\"ok\":true,\"services\":["
	    "{\"name\":\"gateway\",\"result\":\"started\",\"old_pid\":12,\"pid\":34,\"message\":"
	    "null},"
	    "{\"name\":\"auto-pair\",\"result\":\"skipped\",\"old_pid\":null,\"pid\":null,"
	    "\"message\":\"finished\"}]}\n");
	check_line(reply_encode_outcomes("", NULL, 0), "{\"ok\":true,\"services\":[]}\n");
}

static void ok_wants_every_service_well(void **state)
{
	static const bool good[] = {
		[OUTCOME_ALREADY_RUNNING] = true,
		[OUTCOME_STARTED] = true,
		[OUTCOME_SKIPPED] = true,
		[OUTCOME_COUNT_] = false,
	};

	for (unsigned i = 0; i < OUTCOME_COUNT_; i++) {
		const struct service_outcome both[] = { outcomes[0], { "x", i, -1, -1, NULL } };
		char *line = reply_encode_outcomes("", both, 2);
		struct reply reply;

		assert_int_equal(reply_decode(line, strlen(line), true, &reply, NULL), 0);
		assert_int_equal(reply.ok, good[i]);
		assert_int_equal(reply.outcome_count, 2);
		assert_int_equal(reply.outcomes[1].outcome, i);
		assert_int_equal(reply.outcomes[0].old_pid, 12);
		assert_string_equal(reply.outcomes[0].name, "gateway");
		assert_null(reply.outcomes[0].message);
		reply_deinit(&reply);
		reply_deinit(&reply);
		free(line);
	}
}

static void errors_are_read(void **state)
{
	for (unsigned code = 0; code < REPLY_CODE_COUNT_; code++) {
		char *line = reply_encode_error("", code, "why");
		struct reply reply;

		for (unsigned has_outcomes = 0; has_outcomes < 2; has_outcomes++) {
			assert_int_equal(
			    reply_decode(line, strlen(line), has_outcomes, &reply, NULL), 0);
			assert_true(reply.has_error);
			assert_int_equal(reply.code, code);
			assert_string_equal(reply.message, "why");
			reply_deinit(&reply);
		}
		free(line);
	}
}

static void a_code_from_the_future_is_a_failure(void **state)
{
	static const char line[] =
	    "{\"ok\":false,\"error\":{\"code\":\"tired\",\"message\":\"m\"}}";
	struct reply reply;

	assert_int_equal(reply_decode(line, strlen(line), false, &reply, NULL), 0);
	assert_int_equal(reply.code, REPLY_FAILED);
	reply_deinit(&reply);
}

static void hostile_replies_are_refused(void **state)
{
	static const struct {
		const char *line;
		const char *message;
	} rows[] = {
		{ "", "the reply is not valid JSON" },
		{ "ok", "the reply is not valid JSON" },
		{ "[]", "ok: missing or no boolean" },
		{ "{}", "ok: missing or no boolean" },
		{ "{\"ok\":1}", "ok: missing or no boolean" },
		{ "{\"ok\":false,\"error\":7}", "error: `code` or `message` is missing" },
		{ "{\"ok\":false,\"error\":{\"code\":\"busy\"}}",
		    "error: `code` or `message` is missing" },
		{ "{\"ok\":false,\"error\":{\"code\":1,\"message\":\"\"}}",
		    "error: `code` or `message` is missing" },
		{ "{\"ok\":true}", "services: missing or not a list" },
		{ "{\"ok\":true,\"services\":{}}", "services: missing or not a list" },
		{ "{\"ok\":true,\"services\":[7]}", "services[0]: missing or not an object" },
		{ "{\"ok\":true,\"services\":[{}]}", "services[0]: name: missing" },
		{ "{\"ok\":true,\"services\":[{\"name\":null}]}", "services[0]: name: null" },
		{ "{\"ok\":true,\"services\":[{\"name\":\"a\",\"result\":\"x\"}]}",
		    "services[0]: result: not one of its words" },
		{ "{\"ok\":true,\"services\":[{\"name\":\"a\",\"result\":\"started\","
		  "\"old_pid\":1.5}]}",
		    "services[0]: old_pid: not a whole number" },
		{ "{\"ok\":true,\"services\":[{\"name\":\"a\",\"result\":\"started\","
		  "\"old_pid\":-2}]}",
		    "services[0]: old_pid: not a whole number" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reply reply;
		struct error error;

		assert_int_equal(
		    reply_decode(rows[i].line, strlen(rows[i].line), true, &reply, &error),
		    -EINVAL);
		assert_string_equal(error.message, rows[i].message);
	}
}

static void exit_codes_follow_the_worst(void **state)
{
	static const struct {
		enum outcome a, b;
		enum exit_status status;
	} rows[] = {
		{ OUTCOME_STARTED, OUTCOME_SKIPPED, EXIT_STATUS_DONE },
		{ OUTCOME_STARTED, OUTCOME_FAILED, EXIT_STATUS_FAILED },
		{ OUTCOME_FOREIGN_PORT, OUTCOME_STARTED, EXIT_STATUS_FAILED },
		{ OUTCOME_FAILED, OUTCOME_TIMEOUT, EXIT_STATUS_TIMEOUT },
		{ OUTCOME_TIMEOUT, OUTCOME_FAILED, EXIT_STATUS_TIMEOUT },
		{ OUTCOME_TIMEOUT, OUTCOME_BLOCKED, EXIT_STATUS_BLOCKED },
		{ OUTCOME_BLOCKED, OUTCOME_TIMEOUT, EXIT_STATUS_BLOCKED },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct service_outcome both[] = { { "a", rows[i].a, -1, -1, NULL },
			{ "b", rows[i].b, -1, -1, NULL } };

		assert_int_equal(exit_status_of_outcomes(both, 2), rows[i].status);
	}
	assert_int_equal(exit_status_of_error(REPLY_DENIED), 6);
	assert_int_equal(exit_status_of_error(REPLY_BUSY), 7);
	assert_int_equal(exit_status_of_error(REPLY_TIMEOUT), 8);
	assert_int_equal(exit_status_of_error(REPLY_STOPPING), 1);
	assert_int_equal(exit_status_of_health(HEALTH_HEALTHY), 0);
	assert_int_equal(exit_status_of_health(HEALTH_BLOCKED), 4);
	assert_int_equal(exit_status_of_health(HEALTH_STARTING), 3);
	assert_int_equal(exit_status_of_health(HEALTH_DEGRADED), 3);
	assert_int_equal(exit_status_of_health(HEALTH_STOPPING), 3);
}

static void a_printed_line_commands_no_terminal(void **state)
{
	static const struct {
		const char *line;
		const char *printed;
	} rows[] = {
		{ "{\"ok\":true,\"a\":\"caf\xc3\xa9 \\\"\\u0007\"}",
		    "{\"ok\":true,\"a\":\"caf\xc3\xa9 \\\"\\u0007\"}" },
		{ "{\"a\":\"\033[2J\x7f\xc2\x9b\"}", "{\"a\":\"\\u001b[2J\\u007f\\u009b\"}" },
		{ "{\"a\":\"\x9b\xc3\"}", "{\"a\":\"\\ufffd\\ufffd\"}" },
		{ "{\t\"a\\\"\":\r\"\\\\\",\"\t\":\xc2\x9b"
		  "1}",
		    "{ \"a\\\"\": \"\\\\\",\"\\u0009\": 1}" },
		{ "\xff", " " },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char buffer[128] = "";
		struct text text;

		text_init(&text, buffer, sizeof(buffer));
		reply_add_printable(&text, rows[i].line, strlen(rows[i].line));
		assert_string_equal(buffer, rows[i].printed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_lines),
		cmocka_unit_test(outcomes_tell_of_each_service),
		cmocka_unit_test(ok_wants_every_service_well),
		cmocka_unit_test(errors_are_read),
		cmocka_unit_test(a_code_from_the_future_is_a_failure),
		cmocka_unit_test(hostile_replies_are_refused),
		cmocka_unit_test(a_printed_line_commands_no_terminal),
		cmocka_unit_test(exit_codes_follow_the_worst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

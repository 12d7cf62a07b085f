#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/request_json.h"
#include "util/macros.h"

#define LINE(text) (text), sizeof(text) - 1

static void good_lines_become_requests(void **state)
{
	static const struct {
		const char *line;
		size_t length_bytes;
		struct request request;
	} rows[] = {
		{ LINE("{\"op\":\"status\"}"), { REQUEST_STATUS, .timeout_ms = NEVER_MS } },
		{ LINE(" {\"op\":\"status\"} \r"), { REQUEST_STATUS, .timeout_ms = NEVER_MS } },
		{ LINE("status"), { REQUEST_STATUS, .timeout_ms = NEVER_MS, .bare = true } },
		{ LINE("status\r"), { REQUEST_STATUS, .timeout_ms = NEVER_MS, .bare = true } },
		{ LINE("reload"), { REQUEST_RELOAD, .timeout_ms = NEVER_MS, .bare = true } },
		{ LINE(" pair \t"), { REQUEST_PAIR, .timeout_ms = NEVER_MS, .bare = true } },
		{ LINE("{\"id\":\"7\",\"timeout\":1.5,\"service\":\"gateway\",\"op\":\"recover\"}"),
		    { REQUEST_RECOVER, "7", "gateway", .timeout_ms = 1500 } },
		{ LINE("{\"op\":\"restart\",\"timeout\":\"250ms\"}"),
		    { REQUEST_RESTART, .timeout_ms = 250 } },
		{ LINE("{\"op\":\"shutdown\",\"timeout\":86400}"),
		    { REQUEST_SHUTDOWN, .timeout_ms = 86400000 } },
		{ LINE("{\"op\":\"recover\",\"timeout\":0}"),
		    { REQUEST_RECOVER, .timeout_ms = 0 } },
		{ LINE("{\"op\":\"status\",\"id\":\"caf\\u00e9\"}"),
		    { REQUEST_STATUS, "caf\xc3\xa9", .timeout_ms = NEVER_MS } },
		{ LINE("events"), { REQUEST_EVENTS, .timeout_ms = NEVER_MS, .bare = true } },
		{ LINE("{\"op\":\"events\",\"since\":9007199254740992,\"follow\":true}"),
		    { REQUEST_EVENTS, .timeout_ms = NEVER_MS, .since = REQUEST_MAX_SINCE,
			.follow = true } },
		{ LINE("{\"op\":\"events\",\"since\":0,\"follow\":false}"),
		    { REQUEST_EVENTS, .timeout_ms = NEVER_MS } },
		{ LINE("{\"op\":\"logs\",\"service\":\"a\",\"lines\":0,\"follow\":true}"),
		    { REQUEST_LOGS, "", "a", .timeout_ms = NEVER_MS, .follow = true } },
		{ LINE("{\"op\":\"logs\",\"service\":\"a\",\"lines\":20}"),
		    { REQUEST_LOGS, "", "a", .timeout_ms = NEVER_MS, .lines = 20 } },
		{ LINE("{\"op\":\"logs\",\"service\":\"a\"}"),
		    { REQUEST_LOGS, "", "a", .timeout_ms = NEVER_MS, .lines = -1 } },
		{ LINE("metrics"), { REQUEST_METRICS, .timeout_ms = NEVER_MS, .bare = true } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct request request;
		struct error error;
		enum reply_code code;

		assert_int_equal(
		    request_decode(rows[i].line, rows[i].length_bytes, &request, &code, &error), 0);
		assert_int_equal(request.op, rows[i].request.op);
		assert_string_equal(request.id, rows[i].request.id);
		assert_string_equal(request.service, rows[i].request.service);
		assert_int_equal(request.timeout_ms, rows[i].request.timeout_ms);
		assert_int_equal(request.bare, rows[i].request.bare);
		assert_int_equal(request.since, rows[i].request.since);
		assert_int_equal(request.follow, rows[i].request.follow);
		if (request.op == REQUEST_LOGS)
			assert_int_equal(request.lines, rows[i].request.lines);
	}
}

static void bad_lines_are_refused_with_the_reason(void **state)
{
	static const struct {
		const char *line;
		size_t length_bytes;
		enum reply_code code;
		const char *message;
	} rows[] = {
		{ LINE(""), REPLY_BAD_REQUEST, "the request is empty" },
		{ LINE(" \t\r"), REPLY_BAD_REQUEST, "the request is empty" },
		{ LINE("{"), REPLY_BAD_REQUEST, "the request is not valid JSON" },
		{ LINE("{\"op\":\"status\"} x"), REPLY_BAD_REQUEST,
		    "the request is not valid JSON" },
		{ LINE("{'op':'status'}"), REPLY_BAD_REQUEST, "the request is not valid JSON" },
		{ LINE("[\"status\"]"), REPLY_BAD_REQUEST, "the request is not a JSON object" },
		{ LINE("\"status\""), REPLY_BAD_REQUEST, "the request is not a JSON object" },
		{ LINE("5"), REPLY_BAD_REQUEST, "the request is not a JSON object" },
		{ LINE("{}"), REPLY_BAD_REQUEST, "'op' is missing" },
		{ LINE("logs"), REPLY_BAD_REQUEST, "'service' is missing: logs is of one service" },
		{ LINE("{\"op\":\"logs\"}"), REPLY_BAD_REQUEST,
		    "'service' is missing: logs is of one service" },
		{ LINE("{\"op\":\"events\",\"service\":\"a\"}"), REPLY_BAD_REQUEST,
		    "'service' is no argument of events" },
		{ LINE("{\"op\":\"status\",\"follow\":true}"), REPLY_BAD_REQUEST,
		    "'follow' is no argument of status" },
		{ LINE("{\"op\":\"events\",\"lines\":3}"), REPLY_BAD_REQUEST,
		    "'lines' is no argument of events" },
		{ LINE("{\"op\":\"events\",\"follow\":1}"), REPLY_BAD_REQUEST,
		    "'follow' is not a boolean" },
		{ LINE("{\"op\":\"events\",\"since\":-1}"), REPLY_BAD_REQUEST,
		    "'since' is not a whole number from 0 to 9007199254740992" },
		{ LINE("{\"op\":\"events\",\"since\":1.5}"), REPLY_BAD_REQUEST,
		    "'since' is not a whole number from 0 to 9007199254740992" },
		{ LINE("{\"op\":\"events\",\"since\":1e300}"), REPLY_BAD_REQUEST,
		    "'since' is not a whole number from 0 to 9007199254740992" },
		{ LINE("{\"op\":\"events\",\"since\":\"7\"}"), REPLY_BAD_REQUEST,
		    "'since' is not a whole number from 0 to 9007199254740992" },
		{ LINE("{\"op\":\"logs\",\"service\":\"a\",\"lines\":1000001}"), REPLY_BAD_REQUEST,
		    "'lines' is not a whole number from 0 to 1000000" },
		{ LINE("{\"OP\":\"status\"}"), REPLY_BAD_REQUEST, "unknown key 'OP'" },
		{ LINE("{\"op\":7}"), REPLY_BAD_REQUEST, "'op' is not a string" },
		{ LINE("{\"op\":null}"), REPLY_BAD_REQUEST, "'op' is not a string" },
		{ LINE("{\"op\":\"status\",\"x\":1}"), REPLY_BAD_REQUEST, "unknown key 'x'" },
		{ LINE("{\"op\":\"status\",\"\\u001b[31m\":1}"), REPLY_BAD_REQUEST,
		    "unknown key ''" },
		{ LINE("{\"op\":\"status\",\"op\":\"shutdown\"}"), REPLY_BAD_REQUEST,
		    "duplicate key 'op'" },
		{ LINE("{\"op\":\"status\",\"id\":\"a\",\"id\":\"b\"}"), REPLY_BAD_REQUEST,
		    "duplicate key 'id'" },
		{ LINE("{\"op\":\"status\",\"id\":7}"), REPLY_BAD_REQUEST,
		    "'id' is not a printable string" },
		{ LINE("{\"op\":\"status\",\"id\":\"a\\nb\"}"), REPLY_BAD_REQUEST,
		    "'id' is not a printable string" },
		{ LINE("{\"op\":\"status\",\"service\":7}"), REPLY_BAD_REQUEST,
		    "'service' is not a string" },
		{ LINE("{\"op\":\"status\",\"service\":\"../x\"}"), REPLY_BAD_REQUEST,
		    "'service': '../x' is no service name" },
		{ LINE("{\"op\":\"status\",\"service\":\"\"}"), REPLY_BAD_REQUEST,
		    "'service': '' is no service name" },
		{ LINE("{\"op\":\"status\",\"service\":\"a12345678901234567890123456789012\"}"),
		    REPLY_BAD_REQUEST,
		    "'service': 'a12345678901234567890123456789012' is no service name" },
		{ LINE("{\"op\":\"pair\",\"service\":\"gateway\"}"), REPLY_BAD_REQUEST,
		    "'service' is no argument of pair" },
		{ LINE("{\"op\":\"recover\",\"timeout\":-1}"), REPLY_BAD_REQUEST,
		    "'timeout' is outside 0 to 24h" },
		{ LINE("{\"op\":\"recover\",\"timeout\":1e300}"), REPLY_BAD_REQUEST,
		    "'timeout' is outside 0 to 24h" },
		{ LINE("{\"op\":\"recover\",\"timeout\":\"25h\"}"), REPLY_BAD_REQUEST,
		    "'timeout' is outside 0 to 24h" },
		{ LINE("{\"op\":\"recover\",\"timeout\":\"soon\"}"), REPLY_BAD_REQUEST,
		    "'timeout' is neither a duration like \"10s\" nor a number of seconds" },
		{ LINE("{\"op\":\"recover\",\"timeout\":true}"), REPLY_BAD_REQUEST,
		    "'timeout' is neither a duration like \"10s\" nor a number of seconds" },
		{ LINE("{\"op\":\"frob\"}"), REPLY_UNKNOWN_OP, "unknown op 'frob'" },
		{ LINE("{\"op\":\"STATUS\"}"), REPLY_UNKNOWN_OP, "unknown op 'STATUS'" },
		{ LINE("frob"), REPLY_UNKNOWN_OP, "unknown op 'frob'" },
		{ LINE("statu"), REPLY_UNKNOWN_OP, "unknown op 'statu'" },
		{ LINE("statuss"), REPLY_UNKNOWN_OP, "unknown op 'statuss'" },
		{ LINE("GET / HTTP/1.0"), REPLY_UNKNOWN_OP, "unknown op 'GET / HTTP/1.0'" },
		{ LINE("a\033[2Jb\ac"), REPLY_UNKNOWN_OP, "unknown op 'ab\\x07c'" },
		{ LINE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
		    REPLY_UNKNOWN_OP,
		    "unknown op 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…'" },
		{ LINE("status\0"), REPLY_BAD_REQUEST, "the request has a NUL in it" },
		{ LINE("{\"op\":\"status\\u0000x\"}"), REPLY_BAD_REQUEST,
		    "the request has a NUL in it" },
		{ LINE("{\"op\":\"\xff\"}"), REPLY_BAD_REQUEST,
		    "the request is not printable UTF-8" },
		{ LINE("status\xc2\x9b"), REPLY_BAD_REQUEST, "the request is not printable UTF-8" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct request request;
		struct error error;
		enum reply_code code = REPLY_CODE_COUNT_;

		assert_int_equal(
		    request_decode(rows[i].line, rows[i].length_bytes, &request, &code, &error),
		    -EINVAL);
		assert_string_equal(error.message, rows[i].message);
		assert_int_equal(code, rows[i].code);
	}
}

static void a_refused_request_keeps_its_id(void **state)
{
	static const char line[] = "{\"x\":1,\"id\":\"abc\",\"op\":\"frob\"}";
	struct request request;
	enum reply_code code;

	assert_int_equal(request_decode(LINE(line), &request, &code, NULL), -EINVAL);
	assert_string_equal(request.id, "abc");
	assert_int_equal(request_decode(LINE("frob"), &request, &code, NULL), -EINVAL);
	assert_true(request.bare);
}

static void an_id_has_at_most_64_bytes(void **state)
{
	char line[200];
	struct request request;
	struct error error;
	enum reply_code code;

	snprintf(line, sizeof(line), "{\"op\":\"status\",\"id\":\"%064d\"}", 1);
	assert_int_equal(request_decode(line, strlen(line), &request, &code, &error), 0);
	assert_int_equal(strlen(request.id), 64);
	snprintf(line, sizeof(line), "{\"op\":\"status\",\"id\":\"%065d\"}", 1);
	assert_int_equal(request_decode(line, strlen(line), &request, &code, &error), -EINVAL);
	assert_string_equal(error.message, "'id' is longer than 64 bytes");
	assert_string_equal(request.id, "");
}

static void requests_survive_the_way(void **state)
{
	static const struct request rows[] = {
		{ REQUEST_STATUS, .timeout_ms = NEVER_MS },
		{ REQUEST_STATUS, "a\"b\\", "auto-pair", .timeout_ms = NEVER_MS },
		{ REQUEST_RECOVER, "", "gateway", .timeout_ms = 120000 },
		{ REQUEST_SHUTDOWN, .timeout_ms = 1 },
		{ REQUEST_EVENTS, .timeout_ms = NEVER_MS, .since = 41, .follow = true },
		{ REQUEST_EVENTS, .timeout_ms = NEVER_MS, .since = REQUEST_MAX_SINCE },
		{ REQUEST_EVENTS, .timeout_ms = NEVER_MS, .since = REQUEST_MAX_SINCE - 1 },
		{ REQUEST_LOGS, .service = "a", .timeout_ms = NEVER_MS, .lines = 5,
		    .follow = true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *line = request_encode(&rows[i]);
		struct request request;
		enum reply_code code;

		assert_non_null(line);
		assert_int_equal(line[strlen(line) - 1], '\n');
		assert_int_equal(request_decode(line, strlen(line) - 1, &request, &code, NULL), 0);
		assert_int_equal(request.op, rows[i].op);
		assert_string_equal(request.id, rows[i].id);
		assert_string_equal(request.service, rows[i].service);
		assert_int_equal(request.timeout_ms, rows[i].timeout_ms);
		assert_int_equal(request.since, rows[i].since);
		assert_int_equal(request.follow, rows[i].follow);
		if (request.op == REQUEST_LOGS)
			assert_int_equal(request.lines, rows[i].lines);
		free(line);
	}
}

static void what_changes_something_is_known(void **state)
{
	assert_false(request_op_is_mutating(REQUEST_STATUS));
	assert_true(request_op_is_mutating(REQUEST_RECOVER));
	assert_true(request_op_is_mutating(REQUEST_RESTART));
	assert_true(request_op_is_mutating(REQUEST_PAIR));
	assert_true(request_op_is_mutating(REQUEST_SHUTDOWN));
	assert_false(request_op_is_mutating(REQUEST_LOGS));
	assert_false(request_op_is_mutating(REQUEST_EVENTS));
	assert_true(request_op_is_privileged(REQUEST_LOGS));
	assert_true(request_op_is_privileged(REQUEST_EVENTS));
	assert_true(request_op_is_privileged(REQUEST_STOP));
	assert_false(request_op_is_privileged(REQUEST_METRICS));
	assert_false(request_op_is_privileged(REQUEST_STATUS));
}

/* Every cut of a line, and every byte of it changed, is answered one way or the other. */
static void mangled_lines_do_no_harm(void **state)
{
	static const char line[] =
	    "{\"op\":\"recover\",\"id\":\"x\",\"service\":\"gateway\",\"timeout\":\"5s\"}";
	struct request request;
	enum reply_code code;

	for (size_t at = 0; at < sizeof(line) - 1; at++) {
		char copy[sizeof(line)];

		memcpy(copy, line, sizeof(line));
		assert_int_equal(request_decode(copy, at, &request, &code, NULL), -EINVAL);
		for (int byte = 0; byte < 256; byte++) {
			copy[at] = (char)byte;
			if (request_decode(copy, sizeof(copy) - 1, &request, &code, NULL) == 0)
				assert_true(request.op < REQUEST_OP_COUNT_);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lines_become_requests),
		cmocka_unit_test(bad_lines_are_refused_with_the_reason),
		cmocka_unit_test(a_refused_request_keeps_its_id),
		cmocka_unit_test(an_id_has_at_most_64_bytes),
		cmocka_unit_test(requests_survive_the_way),
		cmocka_unit_test(what_changes_something_is_known),
		cmocka_unit_test(mangled_lines_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

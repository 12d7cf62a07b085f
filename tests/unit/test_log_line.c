#include "test.h"

#include <string.h>

#include "core/log_line.h"
#include "util/macros.h"

#define AT_MS UINT64_C(1795161600123)
#define TIME  "2026-11-20T08:00:00.123Z"

static void events_have_their_form(void **state)
{
	static const struct {
		enum log_format format;
		enum log_level level;
		const char *service;
		const char *message;
		const char *line;
	} rows[] = {
		{ LOG_TEXT, LOG_INFO, "gateway", "ready after 3.2s (pid 12, 127.0.0.1:18789)",
		    TIME " nemoinit gateway: ready after 3.2s (pid 12, 127.0.0.1:18789)\n" },
		{ LOG_TEXT, LOG_WARN, "gateway", "late", TIME " nemoinit gateway: warn: late\n" },
		{ LOG_TEXT, LOG_ERROR, NULL, "bad", TIME " nemoinit: error: bad\n" },
		{ LOG_TEXT, LOG_INFO, NULL, "", TIME " nemoinit: \n" },
		{ LOG_TEXT, LOG_INFO, NULL, "a\nb\033[1mc\"\\", TIME " nemoinit: a\\x0abc\"\\\n" },
		{ LOG_JSON, LOG_INFO, "gateway", "up",
		    "{\"time\":\"" TIME "\",\"level\":\"info\",\"service\":\"gateway\","
		    "\"event\":\"ev\",\"message\":\"up\"}\n" },
		{ LOG_JSON, LOG_WARN, NULL, "a\nb\"c\\\033[1md\xff",
		    "{\"time\":\"" TIME "\",\"level\":\"warn\",\"service\":null,"
		    "\"event\":\"ev\",\"message\":\"a\\\\x0ab\\\"c\\\\d\\\\xff\"}\n" },
		{ LOG_JSON, LOG_ERROR, NULL, "",
		    "{\"time\":\"" TIME "\",\"level\":\"error\",\"service\":null,"
		    "\"event\":\"ev\",\"message\":\"\"}\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct text text;

		print_message("%zu\n", i);
		text_init_heap(&text, 4096);
		log_line_event(&text, rows[i].format, AT_MS, rows[i].level, rows[i].service, "ev",
		    rows[i].message);
		assert_string_equal(text.data, rows[i].line);
		text_deinit(&text);
	}
}

static void captured_lines_have_theirs(void **state)
{
	static const struct {
		enum log_format format;
		const char *stream;
		const char *output;
		const char *line;
	} rows[] = {
		{ LOG_TEXT, "stdout", "hello", TIME " gateway | hello\n" },
		{ LOG_TEXT, "stderr", "", TIME " gateway | \n" },
		{ LOG_TEXT, "stdout", "a\tb\033[0m", TIME " gateway | a\\x09b\n" },
		{ LOG_JSON, "stderr", "a \"b\" \\",
		    "{\"time\":\"" TIME "\",\"service\":\"gateway\",\"stream\":\"stderr\","
		    "\"line\":\"a \\\"b\\\" \\\\\"}\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct text text;

		print_message("%zu\n", i);
		text_init_heap(&text, 4096);
		log_line_output(&text, rows[i].format, AT_MS, "gateway", rows[i].stream,
		    rows[i].output, strlen(rows[i].output));
		assert_string_equal(text.data, rows[i].line);
		text_deinit(&text);
	}
}

static void repetitions_have_theirs(void **state)
{
	static const struct {
		enum log_format format;
		const char *line;
	} rows[] = {
		{ LOG_TEXT, TIME " gateway | (repeated 41 times)\n" },
		{ LOG_JSON, "{\"time\":\"" TIME "\",\"service\":\"gateway\",\"stream\":\"stderr\","
			    "\"line\":\"(repeated 41 times)\",\"repeated\":41}\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct text text;

		text_init_heap(&text, 4096);
		log_line_repeated(&text, rows[i].format, AT_MS, "gateway", "stderr", 41);
		assert_string_equal(text.data, rows[i].line);
		text_deinit(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_have_their_form),
		cmocka_unit_test(captured_lines_have_theirs),
		cmocka_unit_test(repetitions_have_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

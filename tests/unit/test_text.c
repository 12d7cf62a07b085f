#include "test.h"

#include <string.h>

#include "util/macros.h"
#include "util/text.h"

static void a_full_buffer_is_cut_and_says_so(void **state)
{
	char buffer[8];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	text_add(&text, "1234");
	assert_false(text.truncated);
	text_addf(&text, "%d", 567890);
	assert_true(text.truncated);
	assert_string_equal(buffer, "1234567");
}

static void text_is_cut_at_a_character(void **state)
{
	static const struct {
		const char *text;
		size_t size_bytes;
		const char *kept;
	} rows[] = {
		{ "a\xc3\xa9", 4, "a\xc3\xa9" },
		{ "a\xc3\xa9", 3, "a" },
		{ "a\xe2\x82\xac", 4, "a" },
		{ "a\xe2\x82\xac", 3, "a" },
		{ "a\xf0\x9f\x98\x80", 5, "a" },
		{ "a\xf0\x9f\x98\x80"
		  "b",
		    6, "a\xf0\x9f\x98\x80" },
		{ "\xe2\x82\xac", 3, "" },
		{ "\xc3\xa9", 1, "" },
		{ "\x80\x80\x80\x80\x80", 5, "\x80\x80\x80\x80" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char buffer[8];
		struct text text;

		text_init(&text, buffer, rows[i].size_bytes);
		text_add(&text, rows[i].text);
		assert_string_equal(buffer, rows[i].kept);
		assert_int_equal(text.length_bytes, strlen(rows[i].kept));
		text_init(&text, buffer, rows[i].size_bytes);
		text_addf(&text, "%s", rows[i].text);
		assert_string_equal(buffer, rows[i].kept);
		assert_int_equal(text.length_bytes, strlen(rows[i].kept));
	}
}

static void the_heap_grows_to_its_cap(void **state)
{
	struct text text;

	text_init_heap(&text, 1000);
	for (int i = 0; i < 2000; i++)
		text_add(&text, "x");
	assert_int_equal(text.length_bytes, 999);
	assert_true(text.truncated);
	assert_int_equal(strlen(text.data), 999);
	text_deinit(&text);
}

static void strangers_bytes_become_printable(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} rows[] = {
		{ "plain", "plain" },
		{ "a\tb\rc", "a\\x09b\\x0dc" },
		{ "\033[1;31mred\033[0m", "red" },
		{ "\033]0;title\ax", "x" },
		{ "\033]8;;http://x\033\\link", "link" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "\xc3", "\\xc3" },
		{ "\xc0\xaf", "\\xc0\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\xc2\x9b", "\\xc2\\x9b" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		{ "\x7f", "\\x7f" },
		{ "end\033", "end" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct text text;

		text_init_heap(&text, 1000);
		text_add_printable(&text, rows[i].in, strlen(rows[i].in), 900);
		assert_string_equal(text.data, rows[i].out);
		text_deinit(&text);
	}
}

static void printable_text_is_cut_between_characters(void **state)
{
	char buffer[64];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	text_add_printable(&text, "abc\xc3\xa9", 5, 4);
	assert_string_equal(buffer, "abc");
	assert_true(text.truncated);
}

static void times_are_rfc_3339(void **state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 951782400000, "2000-02-29T00:00:00.000Z" },
		{ 1795161600123, "2026-11-20T08:00:00.123Z" },
		{ 4107542399999, "2100-02-28T23:59:59.999Z" },
		{ 4107542400000, "2100-03-01T00:00:00.000Z" },
		{ UINT64_MAX, "9999-12-31T23:59:59.999Z" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char buffer[32];
		struct text text;

		text_init(&text, buffer, sizeof(buffer));
		text_add_time(&text, rows[i].ms);
		assert_string_equal(buffer, rows[i].text);
	}
}

static void spans_read_well(void **state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} rows[] = { { 0, "0ms" }, { 999, "999ms" }, { 3210, "3.2s" }, { 59999, "59.9s" },
		{ 245000, "4m 05s" }, { 7380000, "2h 03m" }, { 273600000, "3d 04h" } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char buffer[32];
		struct text text;

		text_init(&text, buffer, sizeof(buffer));
		text_add_span(&text, rows[i].ms);
		assert_string_equal(buffer, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_buffer_is_cut_and_says_so),
		cmocka_unit_test(the_heap_grows_to_its_cap),
		cmocka_unit_test(strangers_bytes_become_printable),
		cmocka_unit_test(text_is_cut_at_a_character),
		cmocka_unit_test(printable_text_is_cut_between_characters),
		cmocka_unit_test(times_are_rfc_3339),
		cmocka_unit_test(spans_read_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

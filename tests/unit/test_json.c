#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "util/macros.h"

static void one_whole_value_or_nothing(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "{}", true },
		{ " [1, 2]\r\n\t", true },
		{ "\"x\"", true },
		{ "{\"a\":\"\\\\u0000\\\"\"}", true },
		{ "", false },
		{ "   ", false },
		{ "{} x", false },
		{ "{}{}", false },
		{ "{\"a\":1", false },
		{ "{\"a\":\"1", false },
		{ "{\"a\":\"1\\", false },
		{ "banner\n{}", false },
		{ "{}\001", false },
		{ "\"a\nb\"", false },
		{ "\"a\\\nb\"", false },
		{ "nul", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cJSON *value = json_parse(rows[i].text, strlen(rows[i].text));

		print_message("%s\n", rows[i].text);
		assert_int_equal(value != NULL, rows[i].good);
		cJSON_Delete(value);
	}
}

static void the_length_is_the_length(void **state)
{
	static const char with_nul[] = "{}\0{}", inside[] = "{\"a\0b\":1}";
	cJSON *value = json_parse("{}garbage", 2);

	assert_non_null(value);
	cJSON_Delete(value);
	assert_null(json_parse(with_nul, sizeof(with_nul) - 1));
	assert_null(json_parse(with_nul, 3));
	assert_null(json_parse(inside, sizeof(inside) - 1));
}

static void nesting_has_a_floor(void **state)
{
	char text[200];
	cJSON *value;

	memset(text, '[', 33);
	memset(text + 33, ']', 33);
	assert_null(json_parse(text, 66));
	value = json_parse(text + 1, 64);
	assert_non_null(value);
	cJSON_Delete(value);
	/* Brackets in a string nest nothing. */
	text[0] = text[65] = '"';
	value = json_parse(text, 66);
	assert_non_null(value);
	cJSON_Delete(value);
}

static void names_are_exact(void **state)
{
	cJSON *value = json_parse("{\"Scopes\":\"a\",\"x\":null}", 23);

	assert_null(json_get(value, "scopes"));
	assert_string_equal(json_get_string(value, "Scopes"), "a");
	assert_null(json_get_string(value, "x"));
	assert_non_null(json_get(value, "x"));
	assert_null(json_get(json_get(value, "x"), "y"));
	assert_null(json_get(NULL, "y"));
	cJSON_Delete(value);
}

static void an_escaped_nul_ends_no_string(void **state)
{
	static const char text[] = "{\"a\":\"operator.read\\u0000x\",\"b\":\"\\\\u0000\"}";
	cJSON *value = json_parse(text, sizeof(text) - 1);

	assert_string_equal(json_get_string(value, "a"), "operator.read\xef\xbf\xbdx");
	assert_string_equal(json_get_string(value, "b"), "\\u0000");
	cJSON_Delete(value);
}

static void integers_are_exact(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t value;
	} rows[] = {
		{ "{\"n\":0}", true, 0 },
		{ "{\"n\":-5}", true, -5 },
		{ "{\"n\":4294967296}", true, 4294967296 },
		{ "{\"n\":9007199254740992}", true, 9007199254740992 },
		{ "{\"n\":9007199254740994}", false, 0 },
		{ "{\"n\":1e300}", false, 0 },
		{ "{\"n\":1e999}", false, 0 },
		{ "{\"n\":1.5}", false, 0 },
		{ "{\"n\":\"1\"}", false, 0 },
		{ "{\"n\":null}", false, 0 },
		{ "{\"n\":true}", false, 0 },
		{ "{}", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cJSON *object = json_parse(rows[i].text, strlen(rows[i].text));
		int64_t value = 0;

		print_message("%s\n", rows[i].text);
		assert_int_equal(json_get_integer(object, "n", &value), rows[i].good);
		assert_true(value == rows[i].value);
		cJSON_Delete(object);
	}
}

static void booleans_are_booleans(void **state)
{
	cJSON *object = json_parse("{\"t\":true,\"f\":false,\"n\":1}", 26);
	bool value = false;

	assert_true(json_get_bool(object, "t", &value));
	assert_true(value);
	assert_true(json_get_bool(object, "f", &value));
	assert_false(value);
	assert_false(json_get_bool(object, "n", &value));
	assert_false(json_get_bool(object, "absent", &value));
	cJSON_Delete(object);
}

static void adders_know_null(void **state)
{
	cJSON *object = cJSON_CreateObject();
	char *text;

	assert_true(json_add_string(object, "s", "x\"y"));
	assert_true(json_add_string(object, "sn", NULL));
	assert_true(json_add_integer(object, "i", -1));
	assert_true(json_add_nullable(object, "n", 28800000000));
	assert_true(json_add_nullable(object, "nn", -1));
	assert_true(json_add_bool(object, "b", true));
	assert_true(json_add_time(object, "t", 951782400000));
	assert_true(json_add_time(object, "tn", -1));
	assert_false(json_add_item(object, "x", NULL));
	text = cJSON_PrintUnformatted(object);
	assert_string_equal(text, "{\"s\":\"x\\\"y\",\"sn\":null,\"i\":-1,\"n\":28800000000,"
				  "\"nn\":null,\"b\":true,\"t\":\"2000-02-29T00:00:00.000Z\","
				  "\"tn\":null}");
	cJSON_free(text);
	cJSON_Delete(object);
}

static void times_come_back(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "1970-01-01T00:00:00.000Z", 0 },
		{ "2000-02-29T00:00:00.000Z", 951782400000 },
		{ "2026-11-20T08:00:00.123Z", 1795161600123 },
		{ "2100-03-01T00:00:00.000Z", 4107542400000 },
		{ "2100-02-29T00:00:00.000Z", -1 },
		{ "2026-13-01T00:00:00.000Z", -1 },
		{ "2026-01-01T24:00:00.000Z", -1 },
		{ "2026-01-01T00:00:60.000Z", -1 },
		{ "1969-12-31T00:00:00.000Z", -1 },
		{ "2026-11-20T08:00:00Z", -1 },
		{ "2026-11-20T08:00:00.123Zx", -1 },
		{ "", -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_true(json_parse_time(rows[i].text) == rows[i].ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_whole_value_or_nothing),
		cmocka_unit_test(the_length_is_the_length),
		cmocka_unit_test(nesting_has_a_floor),
		cmocka_unit_test(names_are_exact),
		cmocka_unit_test(an_escaped_nul_ends_no_string),
		cmocka_unit_test(integers_are_exact),
		cmocka_unit_test(booleans_are_booleans),
		cmocka_unit_test(adders_know_null),
		cmocka_unit_test(times_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/macros.h"
#include "util/parse.h"

static void durations(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t ms;
	} rows[] = {
		{ "250ms", 0, 250 },
		{ "10s", 0, 10000 },
		{ "5m", 0, 300000 },
		{ "8h", 0, 28800000 },
		{ "7", 0, 7000 },
		{ "1.5s", 0, 1500 },
		{ ".5", 0, 500 },
		{ "0", 0, 0 },
		{ "", -EINVAL, 0 },
		{ ".", -EINVAL, 0 },
		{ "5 s", -EINVAL, 0 },
		{ " 5s", -EINVAL, 0 },
		{ "5d", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "inf", -EINVAL, 0 },
		{ "999999h", -ERANGE, 0 },
		{ "24h", 0, 86400000 },
		{ "86400000.4ms", 0, 86400000 },
		{ "86400000.5ms", -ERANGE, 0 },
		{ "86400001ms", -ERANGE, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t ms = 0;

		print_message("%s\n", rows[i].text);
		assert_int_equal(parse_duration_ms(rows[i].text, 0, 86400000, &ms), rows[i].result);
		assert_int_equal(ms, rows[i].ms);
	}
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t bytes;
	} rows[] = {
		{ "0", -ERANGE, 0 },
		{ "1", 0, 1 },
		{ "64K", 0, 65536 },
		{ "10M", 0, 10485760 },
		{ "1G", 0, 1 << 30 },
		{ "0K", -ERANGE, 0 },
		{ "4G", 0, UINT64_C(1) << 32 },
		{ "4294967297", -ERANGE, 0 },
		{ "5G", -ERANGE, 0 },
		{ "18014398509481985K", -ERANGE, 0 },
		{ "99999999999999999999", -ERANGE, 0 },
		{ "999999999999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "K", -EINVAL, 0 },
		{ "10k", -EINVAL, 0 },
		{ "10MB", -EINVAL, 0 },
		{ "10 M", -EINVAL, 0 },
		{ "1.5M", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t bytes = 0;

		print_message("%s\n", rows[i].text);
		assert_int_equal(
		    parse_size(rows[i].text, 1, UINT64_C(1) << 32, &bytes), rows[i].result);
		assert_true(bytes == rows[i].bytes);
	}
}

static void seconds(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t ms;
	} rows[] = {
		{ "10", 0, 10000 },
		{ " +0.05 ", 0, 50 },
		{ "1e2", 0, 100000 },
		{ "3.E-1", 0, 300 },
		{ "1e1000", -EINVAL, 0 },
		{ "1e309", -ERANGE, 0 },
		{ "inf", -EINVAL, 0 },
		{ "nan", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1_000", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "  ", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "++1", -EINVAL, 0 },
		{ "0", -ERANGE, 0 },
		{ "301", -ERANGE, 0 },
		{ "1 2", -EINVAL, 0 },
		{ "1e", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t ms = 0;

		print_message("%s\n", rows[i].text);
		assert_int_equal(parse_seconds_ms(rows[i].text, 0.05, 300, &ms), rows[i].result);
		assert_int_equal(ms, rows[i].ms);
	}
}

static void counts(void **state)
{
	uint64_t value = 0;

	assert_int_equal(parse_count("18446744073709551615", 0, UINT64_MAX, &value), 0);
	assert_true(value == UINT64_MAX);
	assert_int_equal(parse_count("18446744073709551616", 0, UINT64_MAX, &value), -ERANGE);
	assert_int_equal(parse_count("0", 1, 5, &value), -ERANGE);
	assert_int_equal(parse_count("6", 1, 5, &value), -ERANGE);
	assert_int_equal(parse_count("", 0, 5, &value), -EINVAL);
	assert_int_equal(parse_count("+1", 0, 5, &value), -EINVAL);
	assert_int_equal(parse_count("1.0", 0, 5, &value), -EINVAL);
}

static void booleans(void **state)
{
	bool value = false;

	assert_int_equal(parse_bool("Yes", &value), 0);
	assert_true(value);
	assert_int_equal(parse_bool("off", &value), 0);
	assert_false(value);
	assert_int_equal(parse_bool("1", &value), 0);
	assert_true(value);
	assert_int_equal(parse_bool("2", &value), -EINVAL);
	assert_int_equal(parse_bool("", &value), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(sizes),
		cmocka_unit_test(seconds),
		cmocka_unit_test(counts),
		cmocka_unit_test(booleans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

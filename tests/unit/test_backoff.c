#include "test.h"

#include "core/backoff.h"
#include "util/macros.h"

enum {
	MIDDLE = 1u << 31, /* the random number that spreads nothing */
};

#define MINUTE_MS UINT64_C(60000)
#define DAY_MS    (1440 * MINUTE_MS)

static void the_delay_doubles_up_to_its_limit(void **state)
{
	static const struct {
		uint64_t base_ms;
		uint64_t max_ms;
		unsigned failures;
		uint64_t delay_ms;
	} rows[] = {
		{ 500, 60000, 0, 500 },
		{ 500, 60000, 1, 500 },
		{ 500, 60000, 2, 1000 },
		{ 500, 60000, 3, 2000 },
		{ 500, 60000, 7, 32000 },
		{ 500, 60000, 8, 60000 },
		{ 500, 60000, 9, 60000 },
		{ 500, 60000, UINT32_MAX, 60000 },
		{ 60000, 500, 1, 500 },
		{ 60000, 500, 5, 500 },
		{ 0, 60000, 1, 0 },
		{ 0, 60000, UINT32_MAX, 0 },
		{ 500, 0, 3, 0 },
		{ 1, DAY_MS, 64, DAY_MS },
		{ 1, DAY_MS, 65, DAY_MS },
		{ DAY_MS, DAY_MS, 3, DAY_MS },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%zu\n", i);
		assert_int_equal(
		    backoff_next(rows[i].base_ms, rows[i].max_ms, rows[i].failures, MIDDLE),
		    rows[i].delay_ms);
	}
}

static void chance_spreads_it_by_a_tenth(void **state)
{
	static const struct {
		uint64_t base_ms;
		uint32_t random;
		uint64_t delay_ms;
	} rows[] = {
		{ 1000, 0, 900 },
		{ 1000, UINT32_MAX, 1100 },
		{ 1000, MIDDLE, 1000 },
		{ 9, 0, 9 },
		{ 9, UINT32_MAX, 9 },
		{ 10, 0, 9 },
		{ 10, UINT32_MAX, 11 },
		{ DAY_MS, 0, DAY_MS / 10 * 9 },
		{ DAY_MS, UINT32_MAX, DAY_MS / 10 * 11 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%zu\n", i);
		assert_int_equal(
		    backoff_next(rows[i].base_ms, DAY_MS, 1, rows[i].random), rows[i].delay_ms);
	}
}

static void the_sixth_exit_in_ten_minutes_is_one_too_many(void **state)
{
	static const struct {
		uint64_t at_ms;
		int exceeded;
	} rows[] = {
		{ 0, 0 },
		{ 1 * MINUTE_MS, 0 },
		{ 2 * MINUTE_MS, 0 },
		{ 3 * MINUTE_MS, 0 },
		{ 4 * MINUTE_MS, 0 },
		{ 10 * MINUTE_MS, 1 }, /* with the first, exactly ten minutes ago */
		{ 11 * MINUTE_MS + 1, 0 },
		{ 12 * MINUTE_MS, 1 },
		{ 60 * MINUTE_MS, 0 },
	};
	struct crash_window window = { .count = 0 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%zu\n", i);
		assert_int_equal(
		    crash_window_add(&window, 5, 10 * MINUTE_MS, rows[i].at_ms), rows[i].exceeded);
	}
}

static void a_limit_of_one_looks_at_the_exit_before(void **state)
{
	struct crash_window window = { .count = 0 };

	assert_int_equal(crash_window_add(&window, 1, 1000, 5000), 0);
	assert_int_equal(crash_window_add(&window, 1, 1000, 6000), 1);
	assert_int_equal(crash_window_add(&window, 1, 1000, 7001), 0);
}

static void sixteen_are_counted_exactly(void **state)
{
	struct crash_window window = { .count = 0 };

	for (uint64_t i = 0; i < CRASH_WINDOW_MAX; i++)
		assert_int_equal(crash_window_add(&window, 16, MINUTE_MS, 1000 + i), 0);
	assert_int_equal(crash_window_add(&window, 16, MINUTE_MS, 1000 + MINUTE_MS), 1);
	assert_int_equal(crash_window_add(&window, 16, MINUTE_MS, 1002 + MINUTE_MS), 0);
}

static void a_higher_limit_is_the_same_rate_over_a_shorter_window(void **state)
{
	struct crash_window window = { .count = 0 };

	/* 160 in 100 s is 16 in 10 s. */
	for (uint64_t i = 0; i < CRASH_WINDOW_MAX; i++)
		assert_int_equal(crash_window_add(&window, 160, 100000, i), 0);
	assert_int_equal(crash_window_add(&window, 160, 100000, 10000), 1);
	assert_int_equal(crash_window_add(&window, 160, 100000, 10002), 0);
	assert_int_equal(crash_window_add(&window, 160, 100000, 30000), 0);
	/* No overflow on the way. */
	assert_int_equal(crash_window_add(&window, UINT32_MAX, DAY_MS, 30001), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_delay_doubles_up_to_its_limit),
		cmocka_unit_test(chance_spreads_it_by_a_tenth),
		cmocka_unit_test(the_sixth_exit_in_ten_minutes_is_one_too_many),
		cmocka_unit_test(a_limit_of_one_looks_at_the_exit_before),
		cmocka_unit_test(sixteen_are_counted_exactly),
		cmocka_unit_test(a_higher_limit_is_the_same_rate_over_a_shorter_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

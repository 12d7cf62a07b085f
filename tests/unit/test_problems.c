#include "test.h"

#include <stdio.h>

#include "core/problems.h"

static void problems_are_kept_in_order(void **state)
{
	struct problems problems = { .items = NULL };

	assert_int_equal(problems_total(&problems), 0);
	problems_add(&problems, "%s:%u: %s", "file", 3u, "first");
	problems_add(&problems, "second");
	assert_int_equal(problems.count, 2);
	assert_int_equal(problems_total(&problems), 2);
	assert_string_equal(problems.items[0], "file:3: first");
	assert_string_equal(problems.items[1], "second");
	problems_deinit(&problems);
	assert_null(problems.items);
	assert_int_equal(problems_total(&problems), 0);
	problems_deinit(&problems);
}

static void what_they_quote_is_made_printable(void **state)
{
	struct problems problems = { .items = NULL };

	problems_add(&problems, "f:1: '%s'", "a\033[2Jb\nc\a\xff");
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0], "f:1: 'ab\\x0ac\\x07\\xff'");
	problems_add(&problems, "%s", "");
	assert_string_equal(problems.items[1], "");
	problems_deinit(&problems);
}

static void too_many_problems_are_counted_not_kept(void **state)
{
	struct problems problems = { .items = NULL };
	char last[16];

	for (int i = 0; i < PROBLEMS_MAX + 7; i++)
		problems_add(&problems, "%d", i);
	assert_int_equal(problems.count, PROBLEMS_MAX);
	assert_int_equal(problems.dropped_count, 7);
	assert_int_equal(problems_total(&problems), PROBLEMS_MAX + 7);
	snprintf(last, sizeof(last), "%d", PROBLEMS_MAX - 1);
	assert_string_equal(problems.items[PROBLEMS_MAX - 1], last);
	problems_deinit(&problems);
	assert_int_equal(problems_total(&problems), 0);
}

static void the_first_can_be_replaced(void **state)
{
	struct problems problems = { .items = NULL }, fresh = { .items = NULL };

	problems_add(&problems, "a");
	problems_add(&problems, "b");
	problems_add(&problems, "c");
	problems_add(&fresh, "x");
	problems_replace_first(&problems, 2, &fresh);
	assert_int_equal(problems_total(&fresh), 0);
	assert_int_equal(problems.count, 2);
	assert_string_equal(problems.items[0], "x");
	assert_string_equal(problems.items[1], "c");
	problems_replace_first(&problems, 1, &fresh);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0], "c");
	problems_replace_first(&problems, 0, &fresh);
	assert_string_equal(problems.items[0], "c");
	problems_deinit(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(problems_are_kept_in_order),
		cmocka_unit_test(what_they_quote_is_made_printable),
		cmocka_unit_test(the_first_can_be_replaced),
		cmocka_unit_test(too_many_problems_are_counted_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "core/line_fold.h"
#include "util/macros.h"

static void repetitions_are_counted_and_told(void **state)
{
	static const char out[] = "stdout", err[] = "stderr";
	static const struct {
		uint64_t at_ms;
		const char *stream;
		const char *line;
		bool is_shown;
		uint64_t repeated;
	} rows[] = {
		{ 0, out, "a", true, 0 },
		{ 1, out, "b", true, 0 },
		{ 2, out, "b", false, 0 },
		{ 3, out, "b", false, 0 },
		{ 4, out, "a", true, 2 },
		{ 5, out, "ab", true, 0 },
		{ 6, out, "a", true, 0 },
		{ 7, out, "", true, 0 },
		{ 8, out, "", false, 0 },
		/* the time counts from when it was shown */
		{ 10006, out, "", false, 0 },
		{ 10007, out, "", true, 2 },
		{ 10008, out, "", false, 0 },
		{ 40000, out, "a much longer line than those before", true, 1 },
		{ 50000, out, "a much longer line than those before", true, 0 },
		{ 50001, out, "a", true, 0 },
		{ 50002, out, "a", false, 0 },
		{ 50003, err, "a", true, 1 },
		{ 50004, err, "a", false, 0 },
	};
	struct line_fold fold = { .line = NULL };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t repeated = 99;

		print_message("%zu\n", i);
		assert_int_equal(line_fold_add(&fold, rows[i].stream, rows[i].line,
				     strlen(rows[i].line), rows[i].at_ms, &repeated),
		    rows[i].is_shown);
		assert_int_equal(repeated, rows[i].repeated);
	}
	line_fold_deinit(&fold);
}

static void a_count_is_told_in_time(void **state)
{
	struct line_fold fold = { .line = NULL };
	uint64_t repeated;

	assert_int_equal(line_fold_deadline_ms(&fold), NEVER_MS);
	line_fold_add(&fold, "", "a", 1, 1000, &repeated);
	assert_int_equal(line_fold_deadline_ms(&fold), NEVER_MS);
	line_fold_add(&fold, "", "a", 1, 5000, &repeated);
	assert_int_equal(line_fold_deadline_ms(&fold), 11000);
	assert_int_equal(line_fold_take(&fold), 1);
	assert_int_equal(line_fold_take(&fold), 0);
	assert_int_equal(line_fold_deadline_ms(&fold), NEVER_MS);
	assert_true(line_fold_add(&fold, "", "a", 1, 11000, &repeated));
	assert_int_equal(repeated, 0);
	line_fold_deinit(&fold);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repetitions_are_counted_and_told),
		cmocka_unit_test(a_count_is_told_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

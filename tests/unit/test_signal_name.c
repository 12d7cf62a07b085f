#include "test.h"

#include <signal.h>

#include "core/signal_name.h"
#include "util/macros.h"

static void names_and_numbers_agree(void **state)
{
	for (int signal = 1; signal < 32; signal++)
		if (signal_to_string(signal))
			assert_int_equal(signal_parse(signal_to_string(signal)), signal);
	assert_string_equal(signal_to_string(SIGTERM), "TERM");
	assert_string_equal(signal_to_string(SIGKILL), "KILL");
	assert_string_equal(signal_to_string(SIGSYS), "SYS");
}

static void names_are_read_in_any_case_with_and_without_sig(void **state)
{
	static const struct {
		const char *name;
		int signal;
	} rows[] = {
		{ "TERM", SIGTERM },
		{ "SIGTERM", SIGTERM },
		{ "sigterm", SIGTERM },
		{ "Usr1", SIGUSR1 },
		{ "", -1 },
		{ "SIG", -1 },
		{ "SIGSIGTERM", -1 },
		{ "15", -1 },
		{ "TERM ", -1 },
		{ "TER", -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].name);
		assert_int_equal(signal_parse(rows[i].name), rows[i].signal);
	}
}

static void unknown_numbers_have_no_name(void **state)
{
	static const int numbers[] = { -1, 0, 32, 64, 1000 };

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		assert_null(signal_to_string(numbers[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_numbers_agree),
		cmocka_unit_test(names_are_read_in_any_case_with_and_without_sig),
		cmocka_unit_test(unknown_numbers_have_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "test.h"

#include <stddef.h>
#include <string.h>

#include "core/pairing_settings.h"
#include "util/macros.h"

static char warnings_buffer[4096];

static struct pairing_settings read_one(char *variable)
{
	char *environment[] = { variable, NULL };
	struct pairing_settings settings;
	struct text warnings;

	text_init(&warnings, warnings_buffer, sizeof(warnings_buffer));
	pairing_settings_init(&settings, environment, &warnings);
	return settings;
}

static void defaults(void **state)
{
	struct pairing_settings settings = read_one(NULL);

	assert_int_equal(settings.deadline_ms, 28800000);
	assert_int_equal(settings.fast_deadline_ms, 600000);
	assert_int_equal(settings.slow_interval_ms, 30000);
	assert_int_equal(settings.run_timeout_ms, 10000);
	assert_false(settings.run_timeout_is_set);
	assert_int_equal(settings.reentry_polls, 5);
	assert_int_equal(settings.reentry_interval_ms, 1000);
	assert_false(settings.rules.allow_remote);
	assert_string_equal(settings.rules.scopes, "operator.pairing operator.read operator.write");
	assert_string_equal(warnings_buffer, "");
}

#define FIELD(name) offsetof(struct pairing_settings, name)

static void numbers(void **state)
{
	static const struct {
		const char *variable;
		size_t field;
		uint64_t value;
		const char *warning; /* NULL: none */
	} rows[] = {
		{ "NEMOCLAW_AUTO_PAIR_DEADLINE_SECS=60", FIELD(deadline_ms), 60000, NULL },
		{ "NEMOCLAW_AUTO_PAIR_DEADLINE_SECS=1", FIELD(deadline_ms), 1000, NULL },
		{ "NEMOCLAW_AUTO_PAIR_DEADLINE_SECS=86400", FIELD(deadline_ms), 86400000, NULL },
		{ "NEMOCLAW_AUTO_PAIR_DEADLINE_SECS=0.9", FIELD(deadline_ms), 28800000,
		    "NEMOCLAW_AUTO_PAIR_DEADLINE_SECS='0.9' is not 1 to 86400 seconds; using "
		    "28800\n" },
		{ "NEMOCLAW_AUTO_PAIR_DEADLINE_SECS=86401", FIELD(deadline_ms), 28800000,
		    "NEMOCLAW_AUTO_PAIR_DEADLINE_SECS='86401' is not 1 to 86400 seconds; using "
		    "28800\n" },
		{ "NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS= +5e-1 ", FIELD(fast_deadline_ms), 500,
		    NULL },
		{ "NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS=inf", FIELD(fast_deadline_ms), 600000,
		    "NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS='inf' is not 0.05 to 86400 seconds; "
		    "using 600\n" },
		{ "NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS=0.05", FIELD(slow_interval_ms), 50, NULL },
		{ "NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS=", FIELD(slow_interval_ms), 30000,
		    "NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS='' is not 0.05 to 300 seconds; using "
		    "30\n" },
		{ "NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS=10", FIELD(run_timeout_ms), 10000, NULL },
		{ "NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS=0", FIELD(run_timeout_ms), 10000,
		    "NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS='0' is not 0.05 to 300 seconds; using "
		    "10\n" },
		{ "NEMOCLAW_AUTO_PAIR_FAST_REENTRY_INTERVAL_SECS=2", FIELD(reentry_interval_ms),
		    2000, NULL },
		{ "NEMOCLAW_AUTO_PAIR_FAST_REENTRY_INTERVAL_SECS=\a1", FIELD(reentry_interval_ms),
		    1000,
		    "NEMOCLAW_AUTO_PAIR_FAST_REENTRY_INTERVAL_SECS='\\x071' is not 0.05 to 300 "
		    "seconds; using 1\n" },
		{ "NEMOCLAW_AUTO_PAIR_FAST_REENTRY_POLLS= 1728000\t", FIELD(reentry_polls), 1728000,
		    NULL },
		{ "NEMOCLAW_AUTO_PAIR_FAST_REENTRY_POLLS=1e1", FIELD(reentry_polls), 5,
		    "NEMOCLAW_AUTO_PAIR_FAST_REENTRY_POLLS='1e1' is not a whole number, 1 to "
		    "1728000; using 5\n" },
		{ "NEMOCLAW_AUTO_PAIR_FAST_REENTRY_POLLS=0", FIELD(reentry_polls), 5,
		    "NEMOCLAW_AUTO_PAIR_FAST_REENTRY_POLLS='0' is not a whole number, 1 to "
		    "1728000; using 5\n" },
		{ "NEMOPAIR_MAX_SKIP_SECS=0", FIELD(max_skip_ms), 0, NULL },
		{ "NEMOPAIR_MAX_SKIP_SECS=240", FIELD(max_skip_ms), 240000, NULL },
		{ "NEMOPAIR_MAX_SKIP_SECS=240.1", FIELD(max_skip_ms), 120000,
		    "NEMOPAIR_MAX_SKIP_SECS='240.1' is not 0 to 240 seconds; using 120\n" },
		{ "NEMOPAIR_MAX_SKIP_SECS=-1", FIELD(max_skip_ms), 120000,
		    "NEMOPAIR_MAX_SKIP_SECS='-1' is not 0 to 240 seconds; using 120\n" },
		{ "NEMOCLAW_AUTO_PAIR_DEADLINE_SECSX=60", FIELD(deadline_ms), 28800000, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char variable[128];
		struct pairing_settings settings;
		uint64_t value;

		print_message("%s\n", rows[i].variable);
		strcpy(variable, rows[i].variable);
		settings = read_one(variable);
		memcpy(&value, (const char *)&settings + rows[i].field, sizeof(value));
		assert_int_equal(value, rows[i].value);
		assert_string_equal(warnings_buffer, rows[i].warning ? rows[i].warning : "");
	}
}

static void a_run_timeout_of_the_user_is_known(void **state)
{
	char good[] = "NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS=10";
	char bad[] = "NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS=nan";

	assert_true(read_one(good).run_timeout_is_set);
	assert_false(read_one(bad).run_timeout_is_set);
}

static void lists_and_words(void **state)
{
	char clients[] = "NEMOPAIR_ALLOW_CLIENTS=a b", modes[] = "NEMOPAIR_ALLOW_MODES=m",
	     scopes[] = "NEMOPAIR_ALLOW_SCOPES=", browser[] = "NEMOPAIR_ALLOW_BROWSER_SCOPES=s",
	     roles[] = "NEMOPAIR_ALLOW_ROLES=r", remote[] = "NEMOPAIR_ALLOW_REMOTE=Yes",
	     wrong[] = "NEMOPAIR_ALLOW_REMOTE=maybe";
	char *environment[] = { clients, modes, scopes, browser, roles, remote, NULL };
	struct pairing_settings settings;
	struct text warnings;

	text_init(&warnings, warnings_buffer, sizeof(warnings_buffer));
	pairing_settings_init(&settings, environment, &warnings);
	assert_string_equal(settings.rules.clients, "a b");
	assert_string_equal(settings.rules.modes, "m");
	assert_string_equal(settings.rules.scopes, "");
	assert_string_equal(settings.rules.browser_scopes, "s");
	assert_string_equal(settings.rules.roles, "r");
	assert_true(settings.rules.allow_remote);
	assert_string_equal(warnings_buffer, "");
	assert_false(read_one(wrong).rules.allow_remote);
	assert_string_equal(
	    warnings_buffer, "NEMOPAIR_ALLOW_REMOTE='maybe' is not yes or no; using no\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(numbers),
		cmocka_unit_test(a_run_timeout_of_the_user_is_known),
		cmocka_unit_test(lists_and_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

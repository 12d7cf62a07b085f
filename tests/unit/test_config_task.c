/* [task NAME] sections (spec 20 part 2). */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_fixture.h"
#include "util/macros.h"

#define S "[service a]\ncommand = x\n[service b]\ncommand = y\n"

static void a_task_has_its_defaults(void **state)
{
	struct fixture fixture;
	const struct task_config *task;

	fixture_build(&fixture, S "[task setup]\ncommand = do it\n", NULL, true);
	assert_string_equal(fixture.errors.data, "");
	assert_int_equal(fixture.config.service_count, 2);
	assert_int_equal(fixture.config.task_count, 1);
	task = &fixture.config.tasks[0];
	assert_string_equal(task->name, "setup");
	assert_int_equal(task->command.count, 2);
	assert_string_equal(task->command.items[1], "it");
	assert_int_equal(task->of.count, 0);
	assert_null(task->of_index);
	assert_int_equal(task->env.count, 0);
	assert_null(task->working_directory);
	assert_int_equal(task->timeout_ms, 60000);
	assert_int_equal(task->when, TASK_BOOT);
	assert_int_equal(task->on_failure, TASK_BLOCK);
	fixture_deinit(&fixture);
}

static void every_key_counts(void **state)
{
	static const char *const environment[] = { "V=w", NULL };
	struct fixture fixture;
	const struct task_config *task;

	/* The services may come later; a task may be called like one of them. */
	fixture_build(&fixture,
	    "[task b]\ncommand = do ${V}\nworking_directory = /${V}\ntimeout = 1500ms\nwhen = "
	    "trouble\n"
	    "of = b a\non_failure = continue\nenv.A = 1\nenv.B = ${V} 2\n[task c]\ncommand = z\n" S,
	    environment, true);
	assert_string_equal(fixture.errors.data, "");
	assert_int_equal(fixture.config.task_count, 2);
	assert_string_equal(fixture.config.tasks[1].name, "c");
	task = &fixture.config.tasks[0];
	assert_string_equal(task->command.items[1], "w");
	assert_string_equal(task->working_directory, "/w");
	assert_int_equal(task->timeout_ms, 1500);
	assert_int_equal(task->when, TASK_TROUBLE);
	assert_int_equal(task->on_failure, TASK_CONTINUE);
	assert_int_equal(task->of.count, 2);
	assert_int_equal(task->of_index[0], 1);
	assert_int_equal(task->of_index[1], 0);
	assert_string_equal(task->env.items[0], "A=1");
	assert_string_equal(task->env.items[1], "B=w 2");
	fixture_deinit(&fixture);
}

static void the_moments_have_their_words(void **state)
{
	static const char *const words[] = { "boot", "start", "ready", "trouble" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct fixture fixture;
		char text[80];

		snprintf(text, sizeof(text), "[task t]\ncommand = x\nwhen = %s\n", words[i]);
		fixture_build(&fixture, text, NULL, true);
		assert_string_equal(fixture.errors.data, "");
		assert_int_equal(fixture.config.tasks[0].when, i);
		fixture_deinit(&fixture);
	}
}

static void what_is_wrong_is_told(void **state)
{
	static const struct {
		const char *text;
		const char *errors;
	} rows[] = {
		{ "[task t]\n", "f:1: [task t] has no command; add 'command = …'\n" },
		{ "[task t]\ncommand = x\nof = a c\n" S,
		    "f:3: of: 'c' is no service of this configuration\n" },
		{ "[task t]\ncommand = x\nof = t\n" S,
		    "f:3: of: 't' is no service of this configuration\n" },
		{ "[task t]\ncommand = x\nwhen = never\n",
		    "f:3: when: 'never' is none of: boot, start, ready, trouble\n" },
		{ "[task t]\ncommand = x\non_failure = stop\n",
		    "f:3: on_failure: 'stop' is none of: block, continue\n" },
		{ "[task t]\ncommand = x\ntimeout = 0\n",
		    "f:3: timeout: '0' is no duration from 1ms to 1d 00h; write 250ms, 10s, 5m or "
		    "8h\n" },
		{ "[task t]\ncommand = x\nrestart = always\ngroups = nobody\nenv_unset = A\n",
		    "f:3: restart: unknown key; nemoinit --print-config shows those there are\n"
		    "f:4: groups: unknown key; nemoinit --print-config shows those there are\n"
		    "f:5: env_unset: unknown key; nemoinit --print-config shows those there "
		    "are\n" },
		{ "[task t]\ncommand = x\ncommand = y\n",
		    "f:3: duplicate key 'command', first at f:2; keep one\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture fixture;

		print_message("%s\n", rows[i].text);
		fixture_build(&fixture, rows[i].text, NULL, true);
		assert_string_equal(fixture.errors.data, rows[i].errors);
		fixture_deinit(&fixture);
	}
}

static void the_environment_says_nothing_of_tasks(void **state)
{
	static const char *const environment[] = { "NEMOINIT_TASK_T_TIMEOUT=1s",
		"NEMOINIT_SERVICE_T_TIMEOUT=1s", NULL };
	struct fixture fixture;

	fixture_build(&fixture, "[task t]\ncommand = x\n", environment, true);
	assert_int_equal(fixture.config.tasks[0].timeout_ms, 60000);
	assert_non_null(strstr(fixture.warnings.data, "NEMOINIT_TASK_T_TIMEOUT: not known"));
	assert_non_null(strstr(fixture.warnings.data, "NEMOINIT_SERVICE_T_TIMEOUT: not known"));
	fixture_deinit(&fixture);
}

/* A rejected override makes everything be built once more. */
static void a_second_pass_builds_them_anew(void **state)
{
	static const char *const environment[] = { "NEMOINIT_STOP_BUDGET=never", NULL };
	struct fixture fixture;

	fixture_build(&fixture, S "[task t]\ncommand = x\nof = b\nenv.A = 1\n", environment, true);
	assert_int_equal(fixture.config.task_count, 1);
	assert_int_equal(fixture.config.tasks[0].of_index[0], 1);
	fixture_deinit(&fixture);
}

static void they_are_printed_with_all_their_keys(void **state)
{
	struct fixture fixture;
	char *printed;

	fixture_build(&fixture, S "[task t]\ncommand = x\nof = b\nenv.A_TOKEN = 1\n", NULL, true);
	printed = config_print(&fixture.config);
	assert_non_null(strstr(printed,
	    "\n[task t]\ncommand = x\n; f:6\n; user is not set\n; group is not set\n"
	    "; working_directory is not set\ntimeout = 60s\n"
	    "; default\nwhen = boot\n; default\nof = b\n; f:7\non_failure = block\n; default\n"
	    "env.A_TOKEN = ***\n; f:8\n"));
	free(printed);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_has_its_defaults),
		cmocka_unit_test(every_key_counts),
		cmocka_unit_test(the_moments_have_their_words),
		cmocka_unit_test(what_is_wrong_is_told),
		cmocka_unit_test(the_environment_says_nothing_of_tasks),
		cmocka_unit_test(a_second_pass_builds_them_anew),
		cmocka_unit_test(they_are_printed_with_all_their_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

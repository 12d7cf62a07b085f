/* The command of the command line as the service main (spec 20 part 1). */
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_fixture.h"
#include "util/macros.h"

#define A "[service a]\ncommand = x\n"
#define B "[service b]\ncommand = x\nafter = a\n"

static const char *const command[] = { "sh", "-c", "echo ${X} \"$$\"\n", "", NULL };

static const struct service_config *find(const struct fixture *fixture, const char *name)
{
	int place = config_find_service(&fixture->config, name);

	assert_true(place >= 0);
	return &fixture->config.services[place];
}

static void test_beside_a_file(void **state)
{
	const struct service_config *service;
	struct fixture fixture;

	fixture_build_command(&fixture, B A, NULL, true, command);
	assert_string_equal(fixture.errors.data, "");
	assert_string_equal(fixture.warnings.data, "");
	assert_int_equal(fixture.config.service_count, 3);
	service = find(&fixture, "main");
	assert_true(service->is_main);
	assert_true(service->enabled);
	assert_int_equal(service->command.count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(service->command.items[i], command[i]);
	assert_null(service->command.items[4]);
	assert_int_equal(service->restart, RESTART_NEVER);
	assert_int_equal(service->output, OUTPUT_INHERIT);
	assert_int_equal(service->stop_signal, SIGTERM);
	assert_int_equal(service->stop_timeout_ms, 20000);
	assert_int_equal(service->probe.type, PROBE_NONE);
	assert_string_equal(service->working_directory, "/start");
	/* Waits for nobody, and is stopped before all others. */
	assert_int_equal(service->after.count, 0);
	assert_int_equal(find(&fixture, "a")->level, 0);
	assert_int_equal(find(&fixture, "b")->level, 1);
	assert_int_equal(service->level, 2);
	assert_false(find(&fixture, "a")->is_main);
	fixture_deinit(&fixture);
}

static void test_beside_the_built_in_ones(void **state)
{
	struct fixture fixture;

	fixture_build_command(&fixture, NULL, NULL, true, command);
	assert_string_equal(fixture.errors.data, "");
	assert_int_equal(fixture.config.service_count, 3);
	assert_int_equal(find(&fixture, "auto-pair")->level, 1);
	assert_int_equal(find(&fixture, "main")->level, 2);
	fixture_deinit(&fixture);
}

static void test_alone(void **state)
{
	struct fixture fixture;

	fixture_build_command(&fixture, "", NULL, true, command);
	assert_string_equal(fixture.errors.data, "");
	assert_int_equal(fixture.config.service_count, 1);
	assert_int_equal(find(&fixture, "main")->level, 0);
	fixture_deinit(&fixture);
}

static void test_its_name_is_reserved(void **state)
{
	static const struct {
		const char *text, *errors;
	} rows[] = {
		{ A "[service main]\ncommand = x\n",
		    "f:3: service name 'main' is reserved; choose another\n" },
		{ A "after = main\n", "f:3: after: 'main' is no service of this configuration\n" },
		{ A "restart_with = main\n",
		    "f:3: restart_with: 'main' is no service of this configuration\n" },
	};
	struct fixture fixture;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int with = 0; with < 2; with++) {
			fixture_build_command(
			    &fixture, rows[i].text, NULL, true, with ? command : NULL);
			assert_int_not_equal(fixture.result, 0);
			assert_string_equal(fixture.errors.data, rows[i].errors);
			fixture_deinit(&fixture);
		}
	}
}

static void test_overrides(void **state)
{
	static const char *const set[] = { "NEMOINIT_SERVICE_MAIN_STOP_TIMEOUT=3s",
		"NEMOINIT_SERVICE_MAIN_STOP_SIGNAL=INT", "NEMOINIT_SERVICE_MAIN_OUTPUT=capture",
		"NEMOINIT_SERVICE_MAIN_WORKING_DIRECTORY=/elsewhere", NULL };
	static const char *const fixed[] = { "COMMAND=y", "ENABLED=no", "AFTER=a",
		"RESTART=always" };
	const struct service_config *service;
	struct fixture fixture;

	fixture_build_command(&fixture, A, set, true, command);
	assert_string_equal(fixture.warnings.data, "");
	service = find(&fixture, "main");
	assert_int_equal(service->stop_timeout_ms, 3000);
	assert_int_equal(service->stop_signal, SIGINT);
	assert_int_equal(service->output, OUTPUT_CAPTURE);
	assert_string_equal(service->working_directory, "/elsewhere");
	fixture_deinit(&fixture);
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
		char variable[80];
		const char *const environment[] = { variable, NULL };

		snprintf(variable, sizeof(variable), "NEMOINIT_SERVICE_MAIN_%s", fixed[i]);
		fixture_build_command(&fixture, A, environment, true, command);
		assert_int_equal(fixture.result, 0);
		assert_non_null(strstr(fixture.warnings.data, "not known"));
		service = find(&fixture, "main");
		assert_string_equal(service->command.items[0], "sh");
		assert_true(service->enabled);
		assert_int_equal(service->after.count, 0);
		assert_int_equal(service->restart, RESTART_NEVER);
		fixture_deinit(&fixture);
	}
}

/* In what is printed it is a comment, so that the rest is a valid file. */
static void test_printed(void **state)
{
	static const char *const environment[] = { "NEMOINIT_SERVICE_MAIN_STOP_TIMEOUT=3s", NULL };
	static const char *const lines[] = { "\n; [service main]\n",
		"\n; command = sh -c 'echo ${X} \"$$\"\\x0a' ''\n; command line\n",
		"\n; restart = never\n; command line\n",
		"\n; stop_timeout = 3s\n; environment NEMOINIT_SERVICE_MAIN_STOP_TIMEOUT\n" };
	struct fixture fixture, again;
	char *printed;

	fixture_build_command(&fixture, A, environment, true, command);
	printed = config_print(&fixture.config);
	assert_non_null(printed);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (!strstr(printed, lines[i]))
			fail_msg("no '%s' in\n%s", lines[i], printed);
	fixture_build(&again, printed, NULL, true);
	assert_string_equal(again.errors.data, "");
	assert_int_equal(again.config.service_count, 1);
	free(printed);
	fixture_deinit(&again);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beside_a_file),
		cmocka_unit_test(test_beside_the_built_in_ones),
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_its_name_is_reserved),
		cmocka_unit_test(test_overrides),
		cmocka_unit_test(test_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The environment over the file (spec 20 part 2). */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_fixture.h"
#include "util/macros.h"

#define S "[service a]\ncommand = x\n"
#define B "[service b]\ncommand = y\n"

static void the_gateway_port_is_found_in_the_environment(void **state)
{
#define PASSED_OVER(name, value) \
	"environment: " name ": '" value "' is no port from 1 to 65535; passed over\n"
	static const struct {
		const char *environment[4];
		const char *text;
		unsigned port;
		const char *origin;
		const char *warnings;
	} rows[] = {
		{ { NULL }, NULL, 18789, "default", "" },
		{ { "OPENCLAW_GATEWAY_PORT=1" }, NULL, 1, "environment OPENCLAW_GATEWAY_PORT", "" },
		{ { "NEMOCLAW_DASHBOARD_PORT=65535" }, NULL, 65535,
		    "environment NEMOCLAW_DASHBOARD_PORT", "" },
		{ { "NEMOCLAW_DASHBOARD_PORT=2", "OPENCLAW_GATEWAY_PORT=3" }, NULL, 3,
		    "environment OPENCLAW_GATEWAY_PORT", "" },
		{ { "OPENCLAW_GATEWAY_PORT=tcp://10.0.0.1:80", "NEMOCLAW_DASHBOARD_PORT=2" }, NULL,
		    2, "environment NEMOCLAW_DASHBOARD_PORT",
		    PASSED_OVER("OPENCLAW_GATEWAY_PORT", "tcp://10.0.0.1:80") },
		{ { "OPENCLAW_GATEWAY_PORT=0", "NEMOCLAW_DASHBOARD_PORT=65536" }, NULL, 18789,
		    "default",
		    PASSED_OVER("OPENCLAW_GATEWAY_PORT", "0")
			PASSED_OVER("NEMOCLAW_DASHBOARD_PORT", "65536") },
		{ { "OPENCLAW_GATEWAY_PORT=" }, NULL, 18789, "default",
		    PASSED_OVER("OPENCLAW_GATEWAY_PORT", "") },
		{ { "OPENCLAW_GATEWAY_PORT= 80" }, NULL, 18789, "default",
		    PASSED_OVER("OPENCLAW_GATEWAY_PORT", " 80") },
		{ { "OPENCLAW_GATEWAY_PORT=tcp://10.0.0.1:80" },
		    "[nemoinit]\ngateway_port = 5\n[service gateway]\n", 5, NULL, "" },
		{ { "OPENCLAW_GATEWAY_PORT=6" },
		    "[nemoinit]\ngateway_port = auto\n[service gateway]\n", 6, NULL, "" },
		{ { "OPENCLAW_GATEWAY_PORT=6", "NEMOINIT_GATEWAY_PORT=7" },
		    "[nemoinit]\ngateway_port = 5\n[service gateway]\n", 7, NULL, "" },
		/* told once, though another value makes it look twice */
		{ { "OPENCLAW_GATEWAY_PORT=x", "NEMOINIT_STOP_BUDGET=x" }, NULL, 18789, NULL,
		    PASSED_OVER("OPENCLAW_GATEWAY_PORT",
			"x") "environment: NEMOINIT_STOP_BUDGET: "
			     "'x' is no duration from 100ms to 1d "
			     "00h; write 250ms, 10s, 5m or 8h; passed over\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture fixture;

		print_message("%zu\n", i);
		fixture_build(&fixture, rows[i].text, rows[i].environment, true);
		assert_string_equal(fixture.errors.data, "");
		assert_string_equal(fixture.warnings.data, rows[i].warnings);
		assert_int_equal(fixture.config.gateway_port, rows[i].port);
		assert_int_equal(fixture.config.services[0].port, rows[i].port);
		if (rows[i].origin)
			assert_string_equal(fixture.config.gateway_port_origin, rows[i].origin);
		fixture_deinit(&fixture);
	}
}

static void variables_beat_the_file(void **state)
{
	static const char *const environment[] = { "NEMOINIT_STOP_BUDGET=3s",
		"NEMOINIT_LOG_FORMAT=json", "NEMOINIT_SOCKET=/s", "NEMOINIT_CONFIG=/elsewhere",
		"NEMOINIT_SERVICE_GATEWAY_STOP_TIMEOUT=21s",
		"NEMOINIT_SERVICE_AUTO_PAIR_ENABLED=no", "NEMOINIT_SERVICE_GATEWAY_PORT=80",
		"NEMOINIT_SERVICE_GATEWAY_COMMAND=cat '${gateway_port} x'", NULL };
	struct fixture fixture;
	const struct config *config = &fixture.config;

	fixture_build(&fixture,
	    "[nemoinit]\nstop_budget = 9s\n[service gateway]\nstop_timeout = 9s\n"
	    "[service auto-pair]\n",
	    environment, true);
	assert_string_equal(fixture.errors.data, "");
	assert_string_equal(fixture.warnings.data, "");
	assert_int_equal(config->stop_budget_ms, 3000);
	assert_int_equal(config->log_format, LOG_JSON);
	assert_string_equal(config->socket, "/s");
	assert_int_equal(config->services[0].stop_timeout_ms, 21000);
	assert_int_equal(config->services[0].port, 80);
	assert_string_equal(config->services[0].command.items[1], "18789 x");
	assert_false(config->services[1].enabled);
	assert_false(config->services[1].is_skipped_by_environment);
	fixture_deinit(&fixture);
}

static void the_longest_service_name_wins(void **state)
{
	static const char *const environment[] = { "NEMOINIT_SERVICE_A_STOP_TIMEOUT=1s",
		"NEMOINIT_SERVICE_A_STOP_STOP_TIMEOUT=2s", "NEMOINIT_SERVICE_A_B_STOP_TIMEOUT=3s",
		"NEMOINIT_SERVICE_A_PROBE_TIMEOUT=4s", NULL };
	struct fixture fixture;

	fixture_build(&fixture,
	    S "[service a-stop]\ncommand = x\n[service a-b]\ncommand = x\n"
	      "[service a-probe]\ncommand = x\n",
	    environment, true);
	assert_string_equal(fixture.warnings.data, "");
	assert_int_equal(fixture.config.services[0].stop_timeout_ms, 1000);
	assert_int_equal(fixture.config.services[1].stop_timeout_ms, 2000);
	assert_int_equal(fixture.config.services[2].stop_timeout_ms, 3000);
	/* a-probe has no key `timeout`: it is a's probe_timeout */
	assert_int_equal(fixture.config.services[0].probe_timeout_ms, 4000);
	fixture_deinit(&fixture);
	/* both fit: `after` of a-stable, not `stable_after` of a, whichever stands first */
	fixture_build(&fixture, S "[service a-stable]\ncommand = x\n" B,
	    (const char *const[]){ "NEMOINIT_SERVICE_A_STABLE_AFTER=b", NULL }, true);
	assert_string_equal(fixture.warnings.data, "");
	assert_int_equal(fixture.config.services[1].after.count, 1);
	fixture_deinit(&fixture);
	fixture_build(&fixture, "[service a-stable]\ncommand = x\n" S B,
	    (const char *const[]){ "NEMOINIT_SERVICE_A_STABLE_AFTER=b", NULL }, true);
	assert_string_equal(fixture.warnings.data, "");
	assert_int_equal(fixture.config.services[0].after.count, 1);
	fixture_deinit(&fixture);
}

#define UNKNOWN \
	": not known (NEMOINIT_<KEY> or NEMOINIT_SERVICE_<NAME>_<KEY>, for a service and a key " \
	"of this configuration); passed over\n"

static void unknown_names_are_warned_of(void **state)
{
	static const char *const names[] = { "NEMOINIT_", "NEMOINIT_COLOUR", "NEMOINIT_SERVICE_",
		"NEMOINIT_SERVICE_A", "NEMOINIT_SERVICE_A_", "NEMOINIT_SERVICE_A_COLOUR",
		"NEMOINIT_SERVICE_B_COMMAND", "NEMOINIT_SERVICE_A_ENV_UNSET",
		"NEMOINIT_SERVICE_A_ENV_HOME", "NEMOINIT_SERVICE_A_ENV.HOME",
		"NEMOINIT_SERVICE_a_COMMAND", "NEMOINIT_COMMAND" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char entry[80], wanted[300];
		const char *const environment[] = { entry, NULL };
		struct fixture fixture;

		print_message("%s\n", names[i]);
		snprintf(entry, sizeof(entry), "%s=1", names[i]);
		snprintf(wanted, sizeof(wanted), "environment: %s" UNKNOWN, names[i]);
		fixture_build(&fixture, S, environment, true);
		assert_int_equal(fixture.result, 0);
		assert_string_equal(fixture.warnings.data, wanted);
		assert_string_equal(fixture.config.services[0].command.items[0], "x");
		fixture_deinit(&fixture);
	}
}

static void others_names_are_no_matter_of_ours(void **state)
{
	static const char *const environment[] = { "NEMOINIT_PORT=tcp://10.0.0.1:80",
		"NEMOINIT_PORT_80_TCP=x", "NEMOINIT_PORT_80_TCP_ADDR=10.0.0.1",
		"NEMOINIT_SERVICE_HOST=10.0.0.1", "NEMOINIT_SERVICE_PORT=80",
		"NEMOINIT_SERVICE_PORT_HTTP=80", "NEMOINITX=1", "XNEMOINIT_COLOUR=1", "NEMOINIT=1",
		"NEMOINIT_COLOUR", NULL };
	struct fixture fixture;

	fixture_build(&fixture, S, environment, true);
	assert_int_equal(fixture.result, 0);
	assert_string_equal(fixture.warnings.data, "");
	fixture_deinit(&fixture);
}

static void a_bad_value_is_warned_of_and_the_file_stays(void **state)
{
	static const struct {
		const char *environment[4];
		const char *text;
		const char *warnings;
	} rows[] = {
		{ { "NEMOINIT_STOP_BUDGET=soon" }, "[nemoinit]\nstop_budget = 9s\n" S,
		    "environment: NEMOINIT_STOP_BUDGET: 'soon' is no duration from 100ms to 1d "
		    "00h; write 250ms, 10s, 5m or 8h; passed over\n" },
		{ { "NEMOINIT_SERVICE_A_COMMAND=" }, S,
		    "environment: NEMOINIT_SERVICE_A_COMMAND: a command is wanted; passed over\n" },
		{ { "NEMOINIT_SERVICE_A_COMMAND=x 'y" }, S,
		    "environment: NEMOINIT_SERVICE_A_COMMAND: has an unclosed '; passed over\n" },
		{ { "NEMOINIT_SERVICE_A_COMMAND=${NO}" }, S,
		    "environment: NEMOINIT_SERVICE_A_COMMAND: ${NO} is not set; set it, or write "
		    "${NO:-default}; passed over\n" },
		{ { "NEMOINIT_SERVICE_A_AFTER=nothing" }, S B,
		    "environment: NEMOINIT_SERVICE_A_AFTER: 'nothing' is no service of this "
		    "configuration; passed over\n" },
		{ { "NEMOINIT_SERVICE_A_AFTER=b" }, S B "after = a\n",
		    "environment: NEMOINIT_SERVICE_A_AFTER: a cycle: a after b after a; passed "
		    "over\n" },
		{ { "NEMOINIT_SERVICE_B_AFTER=a" }, S "after = b\n" B,
		    "environment: NEMOINIT_SERVICE_B_AFTER: a cycle: a after b after a; passed "
		    "over\n" },
		{ { "NEMOINIT_SERVICE_B_AFTER=a", "NEMOINIT_SERVICE_A_AFTER=b" }, S B,
		    "environment: NEMOINIT_SERVICE_A_AFTER: a cycle: a after b after a; passed "
		    "over\n" },
		{ { "NEMOINIT_SERVICE_A_RESTART_WITH=a" }, S,
		    "environment: NEMOINIT_SERVICE_A_RESTART_WITH: 'a' is this service itself; "
		    "passed over\n" },
		{ { "NEMOINIT_SERVICE_B_RESTART_WITH=a" }, S "restart_with = b\n" B,
		    "environment: NEMOINIT_SERVICE_B_RESTART_WITH: a cycle: the restart of this "
		    "service would restart it again; passed over\n" },
		{ { "NEMOINIT_SERVICE_B_PORT=80" }, S "port = 80\n" B "port = 81\n",
		    "environment: NEMOINIT_SERVICE_B_PORT: services 'a' and 'b' both want port "
		    "80; passed over\n" },
		{ { "NEMOINIT_SERVICE_A_PORT=81" }, S "port = 80\n" B "port = 81\n",
		    "environment: NEMOINIT_SERVICE_A_PORT: services 'a' and 'b' both want port "
		    "81; passed over\n" },
		{ { "NEMOINIT_SERVICE_A_PROBE=tcp://127.0.0.1:81" }, S B "port = 81\n",
		    "environment: NEMOINIT_SERVICE_A_PROBE: services 'a' and 'b' both want port "
		    "81; passed over\n" },
		{ { "NEMOINIT_SERVICE_A_ENABLED=yes" },
		    S "enabled = no\nport = 81\n" B "port = 81\n",
		    "environment: NEMOINIT_SERVICE_A_ENABLED: services 'a' and 'b' both want port "
		    "81; passed over\n" },
		{ { "NEMOINIT_GATEWAY_PORT=81" },
		    S "probe = tcp://127.0.0.1:${gateway_port}\n" B "port = 81\n",
		    "environment: NEMOINIT_GATEWAY_PORT: services 'a' and 'b' both want port "
		    "81; passed over\n" },
		{ { "NEMOINIT_STOP_BUDGET=soon", "NEMOINIT_COLOUR=x",
		      "NEMOINIT_SERVICE_A_AFTER=c d" },
		    S,
		    "environment: NEMOINIT_COLOUR" UNKNOWN
		    "environment: NEMOINIT_STOP_BUDGET: 'soon' is no duration from 100ms to 1d "
		    "00h; write 250ms, 10s, 5m or 8h; passed over\n"
		    "environment: NEMOINIT_SERVICE_A_AFTER: 'c' is no service of this "
		    "configuration; passed over\n" },
		{ { "NEMOINIT_SERVICE_A_CAPABILITIES=kil" }, S,
		    "environment: NEMOINIT_SERVICE_A_CAPABILITIES: 'kil' is no capability; write "
		    "names such as net_bind_service, or none; passed over\n" },
		{ { "NEMOINIT_SERVICE_A_WORKING_DIRECTORY=a\nb" }, S,
		    "environment: NEMOINIT_SERVICE_A_WORKING_DIRECTORY: a line break in the "
		    "value; passed over\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture fixture, plain;
		char *with, *without;

		print_message("%s\n", rows[i].environment[0]);
		fixture_build(&fixture, rows[i].text, rows[i].environment, true);
		fixture_build(&plain, rows[i].text, NULL, true);
		assert_string_equal(fixture.errors.data, "");
		assert_int_equal(fixture.result, 0);
		assert_string_equal(fixture.warnings.data, rows[i].warnings);
		with = config_print(&fixture.config);
		without = config_print(&plain.config);
		if (!rows[i].environment[1])
			assert_string_equal(with, without);
		assert_int_equal(fixture.config.stop_budget_ms, plain.config.stop_budget_ms);
		free(with);
		free(without);
		fixture_deinit(&fixture);
		fixture_deinit(&plain);
	}
}

static void an_error_of_the_file_stays_one(void **state)
{
	static const char *const environment[] = { "NEMOINIT_STOP_BUDGET=soon", NULL };
	struct fixture fixture;

	fixture_build(&fixture, S "after = b\nport = x\n", environment, true);
	assert_string_equal(fixture.errors.data,
	    "f:4: port: 'x' is no port from 1 to 65535\n"
	    "f:3: after: 'b' is no service of this configuration\n");
	assert_non_null(strstr(fixture.warnings.data, "NEMOINIT_STOP_BUDGET"));
	fixture_deinit(&fixture);
}

static void a_variable_can_mend_the_file(void **state)
{
	static const char *const environment[] = { "NEMOINIT_SERVICE_A_AFTER=", NULL };
	struct fixture fixture;

	fixture_build(&fixture, S "after = b\n", environment, true);
	assert_string_equal(fixture.errors.data, "");
	assert_int_equal(fixture.config.services[0].after.count, 0);
	fixture_deinit(&fixture);
}

static void the_file_stays_however_much_there_is_to_tell(void **state)
{
	static char names[PROBLEMS_MAX + 10][24];
	const char *environment[PROBLEMS_MAX + 12];
	struct fixture fixture;
	size_t count;

	for (count = 0; count < ARRAY_LEN(names); count++) {
		snprintf(names[count], sizeof(names[count]), "NEMOINIT_X%zu=1", count);
		environment[count] = names[count];
	}
	environment[count++] = "NEMOINIT_SERVICE_A_AFTER=nothing";
	environment[count] = NULL;
	fixture_build(&fixture, S, environment, true);
	assert_string_equal(fixture.errors.data, "");
	assert_int_equal(fixture.result, 0);
	assert_int_equal(fixture.config.services[0].after.count, 0);
	fixture_deinit(&fixture);
}

static void one_bad_variable_takes_all_its_errors_with_it(void **state)
{
	const char *environment[] = { NULL, NULL };
	struct fixture fixture;
	struct text entry;

	text_init_heap(&entry, 1 << 16);
	text_add(&entry, "NEMOINIT_SERVICE_A_AFTER=");
	for (int i = 0; i < PROBLEMS_MAX + 50; i++)
		text_addf(&entry, " x%d", i);
	environment[0] = entry.data;
	fixture_build(&fixture, S, environment, true);
	assert_string_equal(fixture.errors.data, "");
	assert_int_equal(fixture.result, 0);
	fixture_deinit(&fixture);
	text_deinit(&entry);
}

static void auto_pair_can_be_skipped(void **state)
{
	static const struct {
		const char *entry;
		bool skipped;
	} rows[] = {
		{ "NEMOCLAW_SKIP_AUTO_PAIR=1", true },
		{ "NEMOCLAW_SKIP_AUTO_PAIR=TRUE", true },
		{ "NEMOCLAW_SKIP_AUTO_PAIR=Yes", true },
		{ "NEMOCLAW_SKIP_AUTO_PAIR=on", false },
		{ "NEMOCLAW_SKIP_AUTO_PAIR=0", false },
		{ "NEMOCLAW_SKIP_AUTO_PAIR=", false },
		{ "NEMOCLAW_SKIP_AUTO_PAIR=11", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *const environment[] = { rows[i].entry, NULL };
		struct fixture fixture;

		print_message("%s\n", rows[i].entry);
		fixture_build(&fixture, NULL, environment, true);
		assert_true(fixture.config.services[0].enabled);
		assert_int_equal(fixture.config.services[1].enabled, !rows[i].skipped);
		assert_int_equal(
		    fixture.config.services[1].is_skipped_by_environment, rows[i].skipped);
		assert_string_equal(fixture.warnings.data, "");
		fixture_deinit(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gateway_port_is_found_in_the_environment),
		cmocka_unit_test(variables_beat_the_file),
		cmocka_unit_test(the_longest_service_name_wins),
		cmocka_unit_test(unknown_names_are_warned_of),
		cmocka_unit_test(others_names_are_no_matter_of_ours),
		cmocka_unit_test(a_bad_value_is_warned_of_and_the_file_stays),
		cmocka_unit_test(an_error_of_the_file_stays_one),
		cmocka_unit_test(a_variable_can_mend_the_file),
		cmocka_unit_test(the_file_stays_however_much_there_is_to_tell),
		cmocka_unit_test(one_bad_variable_takes_all_its_errors_with_it),
		cmocka_unit_test(auto_pair_can_be_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

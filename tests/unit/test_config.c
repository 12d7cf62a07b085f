/* The configuration from file and built-in text (spec 20 parts 1 and 2). */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "config_fixture.h"
#include "util/macros.h"

#define S "[service a]\ncommand = x\n"

static void check_words(const struct words *words, const char *joined)
{
	char buffer[512];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	for (size_t i = 0; i < words->count; i++)
		text_addf(&text, "%s%s", i ? "|" : "", words->items[i]);
	assert_string_equal(buffer, joined);
}

static bool has_exit_code(const struct service_config *service, int code)
{
	return service->fatal_exit_codes.bits[code / 32] >> code % 32 & 1;
}

static void check_defaults(const struct service_config *service)
{
	assert_true(service->enabled);
	assert_int_equal(service->restart_delay_ms, 500);
	assert_int_equal(service->restart_delay_max_ms, 60000);
	assert_int_equal(service->stable_after_ms, 60000);
	assert_int_equal(service->crash_limit.count, 5);
	assert_int_equal(service->crash_limit.window_ms, 600000);
	assert_int_equal(service->crash_action, CRASH_SLOW);
	assert_int_equal(service->fatal_retry_ms, 300000);
	assert_int_equal(service->start_timeout_ms, 600000);
	assert_int_equal(service->stop_signal, SIGTERM);
	assert_int_equal(service->probe_status.items[0], 200);
	assert_int_equal(service->probe_status.items[1], 401);
	assert_int_equal(service->probe_status.items[2], 0);
	assert_int_equal(service->probe_interval_ms, 10000);
	assert_int_equal(service->probe_timeout_ms, 5000);
	assert_int_equal(service->probe_start_interval_ms, 1000);
	assert_int_equal(service->probe_retry_interval_ms, 2000);
	assert_int_equal(service->unhealthy_after_ms, 45000);
	assert_int_equal(service->output, OUTPUT_CAPTURE);
	assert_null(service->working_directory);
	for (int code = 0; code < 256; code++)
		assert_int_equal(has_exit_code(service, code), code == 78);
}

static void check_gateway(const struct service_config *service)
{
	assert_string_equal(service->name, "gateway");
	check_words(&service->command, "openclaw|gateway|run|--port|18789");
	check_words(&service->env, "OPENCLAW_GATEWAY_PORT=18789|OPENCLAW_NO_RESPAWN=1");
	check_words(&service->env_unset,
	    "INVOCATION_ID|SYSTEMD_EXEC_PID|JOURNAL_STREAM|OPENCLAW_SYSTEMD_UNIT");
	check_words(&service->after, "");
	check_words(&service->restart_with, "");
	assert_int_equal(service->restart, RESTART_ALWAYS);
	assert_int_equal(service->probe.type, PROBE_HTTP);
	assert_int_equal(service->probe.port, 18789);
	assert_string_equal(service->probe.path, "/health");
	assert_string_equal(service->probe.text, "http://127.0.0.1:18789/health");
	assert_string_equal(service->probe_expect, "\"ok\":true");
	assert_int_equal(service->port, 18789);
	assert_int_equal(service->stop_timeout_ms, 30000);
	assert_int_equal(service->watchdog_ms, 0);
	assert_int_equal(service->level, 0);
}

static void the_built_in_configuration_is_gateway_and_auto_pair(void **state)
{
	const struct service_config *pair;
	struct fixture fixture;

	fixture_build(&fixture, NULL, NULL, true);
	assert_int_equal(fixture.result, 0);
	assert_string_equal(fixture.errors.data, "");
	assert_string_equal(fixture.warnings.data, "");
	assert_int_equal(fixture.config.service_count, 2);
	check_gateway(&fixture.config.services[0]);
	check_defaults(&fixture.config.services[0]);
	pair = &fixture.config.services[1];
	assert_string_equal(pair->name, "auto-pair");
	check_defaults(pair);
	check_words(&pair->command, "nemopair");
	check_words(&pair->after, "gateway");
	check_words(&pair->restart_with, "gateway");
	check_words(&pair->env, "OPENCLAW_GATEWAY_PORT=18789");
	check_words(&pair->env_unset, "OPENCLAW_GATEWAY_URL");
	assert_int_equal(pair->restart, RESTART_ON_FAILURE);
	assert_int_equal(pair->probe.type, PROBE_NOTIFY);
	assert_int_equal(pair->watchdog_ms, 120000);
	assert_int_equal(pair->stop_timeout_ms, 20000);
	assert_int_equal(pair->port, 0);
	assert_int_equal(pair->after_index[0], 0);
	assert_int_equal(pair->level, 1);
	fixture_deinit(&fixture);
}

static void nemoinit_has_its_defaults(void **state)
{
	struct fixture fixture;

	fixture_build(&fixture, NULL, NULL, true);
	assert_null(fixture.config.file);
	assert_string_equal(fixture.config.socket, "auto");
	assert_int_equal(fixture.config.socket_mode, -1);
	assert_int_equal(fixture.config.gateway_port, 18789);
	assert_int_equal(fixture.config.stop_budget_ms, 8000);
	assert_int_equal(fixture.config.interrupt, INTERRUPT_AUTO);
	assert_int_equal(fixture.config.log_format, LOG_TEXT);
	assert_null(fixture.config.log_dir);
	assert_int_equal(fixture.config.log_max_bytes, 10 << 20);
	assert_int_equal(fixture.config.log_keep, 3);
	config_forget_text(&fixture.config);
	fixture_deinit(&fixture);
}

static void log_files_are_configured(void **state)
{
	static const char service[] = "[service a]\ncommand = x\n";
	static const struct {
		const char *text;
		const char *environment;
		const char *directory; /* NULL: none */
		const char *told;      /* errors and warnings */
	} rows[] = {
		{ "log_dir = ${HERE}/logs\n", "HERE=/there", "/there/logs", "" },
		{ "log_dir =\n", NULL, NULL, "" },
		{ "log_dir = /a\n", "NEMOINIT_LOG_DIR=", NULL, "" },
		{ "log_dir = /a\n", "NEMOINIT_LOG_DIR=/b", "/b", "" },
		{ "log_dir = a\n", NULL, NULL, "f:2: log_dir: an absolute path is wanted\n" },
		{ "log_dir = /a\n", "NEMOINIT_LOG_DIR=b", "/a",
		    "environment: NEMOINIT_LOG_DIR: an absolute path is wanted; passed over\n" },
		{ "log_keep = -1\n", NULL, NULL,
		    "f:2: log_keep: '-1' is no number from 0 to 100\n" },
		{ "log_keep = 101\n", NULL, NULL,
		    "f:2: log_keep: '101' is no number from 0 to 100\n" },
		{ "log_keep = inherited\n", NULL, NULL,
		    "f:2: log_keep: 'inherited' is no number from 0 to 100\n" },
		{ "log_keep = 0\nlog_max_size = 1K\n", NULL, NULL, "" },
		{ "log_max_size = 1023\n", NULL, NULL,
		    "f:2: log_max_size: '1023' is no size of at least 1024 bytes; write 4096, "
		    "64K "
		    "or 10M\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *const environment[] = { rows[i].environment, NULL };
		struct fixture fixture;
		char text[200];

		print_message("%s", rows[i].text);
		snprintf(text, sizeof(text), "[nemoinit]\n%s%s", rows[i].text, service);
		fixture_build(&fixture, text, environment, true);
		if (!fixture.errors.data[0])
			assert_string_equal(fixture.warnings.data, rows[i].told);
		else
			assert_string_equal(fixture.errors.data, rows[i].told);
		if (rows[i].directory)
			assert_string_equal(fixture.config.log_dir, rows[i].directory);
		else if (!fixture.errors.data[0])
			assert_null(fixture.config.log_dir);
		fixture_deinit(&fixture);
	}
}

static void the_path_is_fixed_for_root_and_inherited_for_others(void **state)
{
	static const char root[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static const char *const given[] = { "PATH=/opt/bin", NULL };
	static const char *const relative[] = { "PATH=:/a:.:b::/b:", NULL };
	static const char *const nowhere[] = { "PATH=.:bin", NULL };
	static const char *const empty[] = { "PATH=", NULL };
	static const struct {
		const char *const *environment;
		const char *text;
		bool is_root;
		const char *path;
	} rows[] = {
		{ given, NULL, true, root },
		{ given, NULL, false, "/opt/bin" },
		{ relative, NULL, false, "/a:/b" },
		{ nowhere, NULL, false, root },
		{ empty, NULL, false, root },
		{ NULL, NULL, false, root },
		{ given, "[nemoinit]\npath = /a:${PATH}\n", true, "/a:/opt/bin" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture fixture;

		print_message("%zu\n", i);
		fixture_build(&fixture, rows[i].text, rows[i].environment, rows[i].is_root);
		assert_string_equal(fixture.config.path, rows[i].path);
		fixture_deinit(&fixture);
	}
}

static void a_file_lists_all_that_runs(void **state)
{
	struct fixture fixture;

	fixture_build(&fixture, "", NULL, true);
	assert_int_equal(fixture.result, 0);
	assert_string_equal(fixture.config.file, "f");
	assert_int_equal(fixture.config.service_count, 0);
	fixture_deinit(&fixture);
	fixture_build(&fixture, S "[service gateway]\n", NULL, true);
	assert_int_equal(fixture.result, 0);
	assert_int_equal(fixture.config.service_count, 2);
	assert_string_equal(fixture.config.services[0].name, "a");
	check_defaults(&fixture.config.services[0]);
	assert_int_equal(fixture.config.services[0].probe.type, PROBE_NONE);
	assert_int_equal(fixture.config.services[0].stop_timeout_ms, 20000);
	check_gateway(&fixture.config.services[1]);
	assert_int_equal(config_find_service(&fixture.config, "gateway"), 1);
	assert_int_equal(config_find_service(&fixture.config, "auto-pair"), -1);
	fixture_deinit(&fixture);
}

static void a_built_in_section_is_changed_key_by_key(void **state)
{
	struct fixture fixture;
	const struct service_config *gateway;

	fixture_build(&fixture,
	    "[nemoinit]\ngateway_port = 4000\n[service gateway]\nstop_timeout = 3s\n"
	    "env.OPENCLAW_NO_RESPAWN = 0\nenv.MORE = a b\nenv_unset =\n",
	    NULL, true);
	assert_int_equal(fixture.result, 0);
	gateway = &fixture.config.services[0];
	check_words(&gateway->command, "openclaw|gateway|run|--port|4000");
	check_words(&gateway->env, "OPENCLAW_GATEWAY_PORT=4000|OPENCLAW_NO_RESPAWN=0|MORE=a b");
	check_words(&gateway->env_unset, "");
	assert_int_equal(gateway->stop_timeout_ms, 3000);
	assert_int_equal(gateway->port, 4000);
	fixture_deinit(&fixture);
}

static void fatal_texts_are_folded(void **state)
{
	struct fixture fixture;
	const struct service_config *service;

	fixture_build(&fixture,
	    S "fatal_output.one-1 = × some  text\\\n  of ${A:-two} │ lines\nfatal_output.b = c\n",
	    NULL, true);
	assert_string_equal(fixture.errors.data, "");
	service = &fixture.config.services[0];
	assert_int_equal(service->fatal_output_count, 2);
	assert_string_equal(service->fatal_outputs[0].id, "one-1");
	assert_string_equal(service->fatal_outputs[0].text, "some textof two lines");
	assert_string_equal(service->fatal_outputs[1].text, "c");
	fixture_deinit(&fixture);
}

static void commands_expand_word_by_word(void **state)
{
	static const char *const environment[] = { "A=a b", "Q='q'", NULL };
	static const struct {
		const char *text;
		const char *words;
	} rows[] = {
		{ "x ${A}", "x|a b" },
		{ "x '${A}' \"${Q}\"", "x|a b|'q'" },
		{ "x $$HOME", "x|$HOME" },
		{ "x \"${NO:-c d}\"", "x|c d" },
		{ "x 'y z' \"\"", "x|y z|" },
		{ "${A}", "a b" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[128];
		struct fixture fixture;

		snprintf(text, sizeof(text), "[service a]\ncommand = %s\n", rows[i].text);
		fixture_build(&fixture, text, environment, true);
		assert_string_equal(fixture.errors.data, "");
		check_words(&fixture.config.services[0].command, rows[i].words);
		fixture_deinit(&fixture);
	}
}

static void what_is_wrong_with_a_file_is_told(void **state)
{
	static const struct {
		const char *text;
		const char *errors;
	} rows[] = {
		{ "[service a]\n", "f:1: [service a] has no command; add 'command = …'\n" },
		{ "\n[service a]\nenabled = no\n",
		    "f:2: [service a] has no command; add 'command = …'\n" },
		{ "[service a]\ncommand =\n", "f:2: command: a command is wanted\n" },
		{ "[service a]\ncommand = ''\n", "f:2: command: a command is wanted\n" },
		{ "[service a]\ncommand = x 'y\n", "f:2: command: has an unclosed '\n" },
		{ "[service a]\ncommand = x \"y\n", "f:2: command: has an unclosed \"\n" },
		{ "[service a]\ncommand = x ${NO}\n",
		    "f:2: command: ${NO} is not set; set it, or write ${NO:-default}\n" },
		{ S "colour = red\n",
		    "f:3: colour: unknown key; nemoinit --print-config shows those there are\n" },
		{ S "capabilities = kill kil\n",
		    "f:3: capabilities: 'kil' is no capability; write names such as "
		    "net_bind_service, or none\n" },
		{ S "capabilities = none kill\n",
		    "f:3: capabilities: 'none' is no capability; write names such as "
		    "net_bind_service, or none\n" },
		{ S "stop_budget = 1s\n", "f:3: stop_budget: unknown key; nemoinit --print-config "
					  "shows those there are\n" },
		{ "[nemoinit]\nprobe = none\n",
		    "f:2: probe: unknown key; nemoinit --print-config shows those there are\n" },
		{ "[nemoinit]\nenv.A = b\n",
		    "f:2: env.A: unknown key; nemoinit --print-config shows those there are\n" },
		{ S "env. = b\n",
		    "f:3: env.: the name after 'env.' must be letters, digits and '_', no digit "
		    "first\n" },
		{ S "env.1A = b\n",
		    "f:3: env.1A: the name after 'env.' must be letters, digits and '_', no digit "
		    "first\n" },
		{ S "env.A-B = b\n",
		    "f:3: env.A-B: the name after 'env.' must be letters, digits and '_', no "
		    "digit first\n" },
		{ S "env.A = ${NO}\n",
		    "f:3: env.A: ${NO} is not set; set it, or write ${NO:-default}\n" },
		{ S "fatal_output. = x\n",
		    "f:3: fatal_output.: the ID after 'fatal_output.' must be 1 to 64 letters, "
		    "digits, '-', '_', '.'\n" },
		{ S "fatal_output.a = │\n",
		    "f:3: fatal_output.a: a text of 1 to 1024 bytes is wanted\n" },
		{ "[nemoinit]\nfatal_output.a = b\n",
		    "f:2: fatal_output.a: unknown key; nemoinit --print-config shows those there "
		    "are\n" },
		{ S "after = b\n", "f:3: after: 'b' is no service of this configuration\n" },
		{ S "after = a\n", "f:3: after: 'a' is this service itself\n" },
		{ S "restart_with = b a\n",
		    "f:3: restart_with: 'b' is no service of this configuration\n"
		    "f:3: restart_with: 'a' is this service itself\n" },
		{ S "restart_with = b\n[service b]\ncommand = x\nrestart_with = c\n"
		    "[service c]\ncommand = x\nrestart_with = b\n",
		    "f:6: restart_with: a cycle: the restart of this service would restart it "
		    "again\n" },
		{ "[service auto-pair]\n",
		    "built-in: after: 'gateway' is no service of this configuration\n"
		    "built-in: restart_with: 'gateway' is no service of this configuration\n" },
		{ S "after = b\n[service b]\ncommand = x\nafter = a\n",
		    "f:3: after: a cycle: a after b after a\n" },
		{ S "after = b\n[service b]\ncommand = x\nafter = c\n"
		    "[service c]\ncommand = x\nafter = a\n",
		    "f:3: after: a cycle: a after b after c after a\n" },
		{ S "port = 80\n[service b]\ncommand = x\nport = 80\n",
		    "f:6: port: services 'a' and 'b' both want port 80\n" },
		{ S "port = 18789\n[service gateway]\n",
		    "built-in: probe: services 'a' and 'gateway' both want port 18789\n" },
		{ S "probe = tcp://[::1]:80\n[service b]\ncommand = x\nprobe = "
		    "http://127.0.0.2:80\n",
		    "f:6: probe: services 'a' and 'b' both want port 80\n" },
		{ "k = v\n[service a]\nenabled = maybe\nafter = b\ncolour = red\n",
		    "f:1: 'k = v' stands before the first [section]\n"
		    "f:3: enabled: 'maybe' is neither yes nor no\n"
		    "f:5: colour: unknown key; nemoinit --print-config shows those there are\n"
		    "f:2: [service a] has no command; add 'command = …'\n"
		    "f:4: after: 'b' is no service of this configuration\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture fixture;

		print_message("%s\n", rows[i].text);
		fixture_build(&fixture, rows[i].text, NULL, true);
		assert_string_equal(fixture.errors.data, rows[i].errors);
		assert_string_equal(fixture.warnings.data, "");
		assert_int_equal(fixture.result, -EINVAL);
		assert_null(fixture.config.services);
		fixture_deinit(&fixture);
	}
}

/* A command is slower and dearer than a connect. */
static void defaults_depend_on_the_kind_of_probe(void **state)
{
	static const char *const environment[] = { "NEMOINIT_SERVICE_B_PROBE=exec:check", NULL };
	struct fixture fixture;
	const struct service_config *services;

	fixture_build(&fixture,
	    S "probe = exec:check\nprobe_timeout = 7s\n[service b]\ncommand = x\n"
	      "[service c]\ncommand = x\nprobe = ws://[::1]:80/\n",
	    environment, true);
	services = fixture.config.services;
	assert_int_equal(services[0].probe_interval_ms, 60000);
	assert_int_equal(services[0].probe_timeout_ms, 7000);
	assert_int_equal(services[0].probe_start_interval_ms, 60000);
	assert_int_equal(services[0].probe_retry_interval_ms, 60000);
	assert_int_equal(services[0].unhealthy_after_ms, 180000);
	assert_int_equal(services[0].port, 0);
	assert_int_equal(services[1].probe_interval_ms, 60000);
	assert_int_equal(services[1].probe_timeout_ms, 30000);
	check_defaults(&services[2]);
	assert_int_equal(services[2].port, 80);
	fixture_deinit(&fixture);
}

static void ports_clash_only_between_enabled_services(void **state)
{
	static const char *const texts[] = {
		S "port = 80\nenabled = no\n[service b]\ncommand = x\nport = 80\n",
		S "port = 80\n[service b]\ncommand = x\nport = 80\nenabled = no\n",
		S "port = 80\n[service b]\ncommand = x\nport = 81\n",
		/* no loopback: somebody else's port */
		S "port = 80\n[service b]\ncommand = x\nprobe = tcp://10.0.0.1:80\n",
		/* an own port goes before that of the probe */
		S "port = 80\n[service b]\ncommand = x\nprobe = tcp://127.0.0.1:80\nport = 81\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct fixture fixture;

		fixture_build(&fixture, texts[i], NULL, true);
		assert_string_equal(fixture.errors.data, "");
		fixture_deinit(&fixture);
	}
}

static void more_problems_than_are_kept_are_still_an_error(void **state)
{
	struct fixture fixture;
	struct text text;

	text_init_heap(&text, 1 << 16);
	text_add(&text, S);
	for (int i = 0; i < 300; i++)
		text_addf(&text, "k%d = 1\n", i);
	fixture_build(&fixture, text.data, NULL, true);
	assert_int_equal(fixture.result, -EINVAL);
	fixture_deinit(&fixture);
	text_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_built_in_configuration_is_gateway_and_auto_pair),
		cmocka_unit_test(nemoinit_has_its_defaults),
		cmocka_unit_test(log_files_are_configured),
		cmocka_unit_test(the_path_is_fixed_for_root_and_inherited_for_others),
		cmocka_unit_test(a_file_lists_all_that_runs),
		cmocka_unit_test(a_built_in_section_is_changed_key_by_key),
		cmocka_unit_test(fatal_texts_are_folded),
		cmocka_unit_test(commands_expand_word_by_word),
		cmocka_unit_test(what_is_wrong_with_a_file_is_told),
		cmocka_unit_test(defaults_depend_on_the_kind_of_probe),
		cmocka_unit_test(ports_clash_only_between_enabled_services),
		cmocka_unit_test(more_problems_than_are_kept_are_still_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

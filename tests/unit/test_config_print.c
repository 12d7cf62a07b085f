/* --print-config: a file that reads back as it was. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_fixture.h"
#include "core/config_ini.h"
#include "util/macros.h"

#define S "[service a]\ncommand = x\n"

/* The printed text without its comments: origins differ after a round trip. */
static char *without_comments(const char *printed)
{
	char *text = strdup(printed), *out = text;

	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n") + 1;

		if (*line != ';') {
			memmove(out, line, length);
			out += length;
		}
		line += length;
	}
	*out = '\0';
	return text;
}

static void check_line_lengths(const char *text)
{
	for (; *text; text += strcspn(text, "\n") + 1)
		assert_true(strcspn(text, "\n") <= CONFIG_INI_LINE_BYTES);
}

/* Prints, reads that and prints it again: the same keys and values, and no complaint. */
static void check_round_trip(const char *text, const char *const *environment)
{
	struct fixture first, second;
	char *once, *twice, *plain_once, *plain_twice;

	fixture_build(&first, text, environment, false);
	assert_string_equal(first.errors.data, "");
	once = config_print(&first.config);
	assert_non_null(once);
	check_line_lengths(once);
	fixture_build(&second, once, NULL, true);
	assert_string_equal(second.errors.data, "");
	twice = config_print(&second.config);
	plain_once = without_comments(once);
	plain_twice = without_comments(twice);
	assert_string_equal(plain_once, plain_twice);
	assert_int_equal(first.config.service_count, second.config.service_count);
	free(plain_once);
	free(plain_twice);
	free(once);
	free(twice);
	fixture_deinit(&first);
	fixture_deinit(&second);
}

static void what_is_printed_reads_back(void **state)
{
	static const struct {
		const char *environment[4];
		const char *text;
	} rows[] = {
		{ { NULL }, NULL },
		{ { NULL }, "" },
		{ { "NEMOCLAW_SKIP_AUTO_PAIR=1", "OPENCLAW_GATEWAY_PORT=4" }, NULL },
		{ { "NEMOINIT_SERVICE_GATEWAY_STOP_TIMEOUT=21s" }, NULL },
		{ { "NEMOINIT_SERVICE_A_COMMAND=x  y " },
		    "[nemoinit]\nsocket_mode = 600\ninterrupt = stop\n" S },
		{ { "PATH=/a$b:/c$$d:/${e}" }, S },
		{ { NULL }, S "repair = x 'y z'\nfatal_output.a = some  text\n" },
		{ { NULL }, S "env.A = x \\; y \\# z;#\nenv.B = \\;\nenv.C =\nenv.D = \\\n" },
		{ { "NEMOINIT_SERVICE_A_COMMAND=x \\; \\\\; \\# ;" }, S },
		{ { NULL },
		    S "[task a]\ncommand = y z\nof = a\nenv.A_KEY = b\n[task b]\ncommand = z\n" },
		{ { NULL }, S "env.A = $$HOME ${NO:-a  b}\nenv.B = a\\\n  b\n  c\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%zu\n", i);
		check_round_trip(rows[i].text, rows[i].environment);
	}
}

static void values_survive_the_round_trip(void **state)
{
	static const char *const environment[] = { "PATH=/a$b:/c$$d",
		"NEMOINIT_SERVICE_A_WORKING_DIRECTORY= /x \\; y;z \\\\# ", NULL };
	struct fixture first, second;
	char *printed;

	fixture_build(
	    &first, S "env.A = a\\\n  ;b\n  \\# c \\; d\nstop_timeout = 7s\n", environment, false);
	printed = config_print(&first.config);
	fixture_build(&second, printed, NULL, true);
	assert_string_equal(first.config.path, "/a$b:/c$$d");
	assert_string_equal(second.config.path, "/a$b:/c$$d");
	assert_string_equal(first.config.services[0].working_directory, "/x \\; y;z \\\\#");
	assert_string_equal(second.config.services[0].working_directory, "/x \\; y;z \\\\#");
	assert_string_equal(
	    second.config.services[0].env.items[0], first.config.services[0].env.items[0]);
	assert_int_equal(second.config.services[0].stop_timeout_ms, 7000);
	free(printed);
	fixture_deinit(&first);
	fixture_deinit(&second);
}

/* A long value of one kind of character, so that a wrap falls on it wherever it may fall. */
static void long_values_are_wrapped(void **state)
{
	static const char *const patterns[] = { "x", ";", "#", "x ", "x;", "x ;", "\\", "\\;",
		" \\;x", "x          ", "x\t", "xx\t \t\\# ", "\xc3\xa9", "=", "[", "${NO:-a b}" };

	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		for (size_t shift = 0; shift < 6; shift++) {
			const char *const environment[] = { NULL, NULL };
			const char *entry[] = { NULL, NULL };
			struct fixture first, second;
			struct text value;
			char *printed;

			print_message("'%s' %zu\n", patterns[i], shift);
			text_init_heap(&value, 1 << 16);
			text_add(&value, "NEMOINIT_SERVICE_A_PROBE_EXPECT=");
			for (size_t k = 0; k <= shift; k++)
				text_add(&value, "s");
			while (value.length_bytes < 900)
				text_add(&value, patterns[i]);
			text_add(&value, "e");
			entry[0] = value.data;
			fixture_build(&first, S, entry, true);
			assert_string_equal(first.warnings.data, "");
			printed = config_print(&first.config);
			check_line_lengths(printed);
			fixture_build(&second, printed, environment, true);
			assert_string_equal(second.errors.data, "");
			assert_string_equal(second.config.services[0].probe_expect,
			    first.config.services[0].probe_expect);
			free(printed);
			text_deinit(&value);
			fixture_deinit(&first);
			fixture_deinit(&second);
		}
	}
}

static void a_long_key_leaves_room_for_its_value(void **state)
{
	for (size_t length = 170; length <= 192; length++) {
		struct text file;

		text_init_heap(&file, 4096);
		text_add(&file, S "env.");
		for (size_t i = 0; i < length; i++)
			text_add(&file, "K");
		text_add(&file, "=v");
		if (length < 192)
			text_add(&file, "\\\n\twv\\\n\twvw");
		text_add(&file, "\n");
		print_message("%zu\n", length);
		check_round_trip(file.data, NULL);
		text_deinit(&file);
	}
}

/* `key = value` and the comment below it. */
static void check_has(const char *printed, const char *line)
{
	print_message("%s\n", line);
	assert_non_null(strstr(printed, line));
}

static void each_key_says_where_it_is_from(void **state)
{
	static const char *const environment[] = { "NEMOINIT_STOP_BUDGET=3s",
		"NEMOINIT_SERVICE_GATEWAY_STOP_TIMEOUT=21s", "NEMOINIT_INTERRUPT=bad",
		"NEMOCLAW_DASHBOARD_PORT=4000", "NEMOCLAW_SKIP_AUTO_PAIR=yes", NULL };
	struct fixture fixture;
	char *printed;

	fixture_build(&fixture,
	    "[nemoinit]\nstop_budget = 9s\n[service gateway]\nstart_timeout = 5s\n"
	    "env.A = ${gateway_port}\n[service auto-pair]\n",
	    environment, true);
	printed = config_print(&fixture.config);
	check_has(printed, "[nemoinit]\nsocket = auto\n; default\n");
	check_has(printed, "\nstop_budget = 3s\n; environment NEMOINIT_STOP_BUDGET\n");
	check_has(printed, "\ninterrupt = auto\n; default\n");
	check_has(printed, "\ngateway_port = 4000\n; environment NEMOCLAW_DASHBOARD_PORT\n");
	check_has(printed, "\npath = /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
			   "; default\n");
	check_has(printed, "\n\n[service gateway]\ncommand = openclaw gateway run --port "
			   "${gateway_port}\n; built-in\n");
	check_has(printed, "\nstart_timeout = 5s\n; f:4\n");
	check_has(printed, "\nstop_timeout = 21s\n; environment "
			   "NEMOINIT_SERVICE_GATEWAY_STOP_TIMEOUT\n");
	check_has(printed, "\nrestart = always\n; default\n");
	check_has(printed, "\nenv.A = ${gateway_port}\n; f:5\n");
	check_has(printed, "\n[service auto-pair]\n"
			   "; disabled: environment NEMOCLAW_SKIP_AUTO_PAIR\n");
	assert_null(strstr(printed, "working_directory ="));
	free(printed);
	fixture_deinit(&fixture);
}

static void a_default_that_depends_on_the_probe_is_printed_as_it_is(void **state)
{
	struct fixture fixture;
	char *printed;

	fixture_build(&fixture,
	    S "probe = exec:check ${gateway_port}\nprobe_timeout = 5s\n[service gateway]\n", NULL,
	    true);
	printed = config_print(&fixture.config);
	check_has(printed, "\nprobe = exec:check ${gateway_port}\n; f:3\n");
	check_has(printed, "\nprobe_interval = 60s\n; default\nprobe_timeout = 5s\n; f:4\n"
			   "probe_start_interval = 60s\n; default\n"
			   "probe_retry_interval = 60s\n; default\n"
			   "unhealthy_after = 3m\n; default\n");
	check_has(printed, "\nprobe_interval = 10s\n; default\nprobe_timeout = 5s\n; default\n");
	free(printed);
	fixture_deinit(&fixture);
}

static void secrets_are_masked(void **state)
{
	struct fixture fixture;
	char *printed;

	fixture_build(&fixture,
	    S "env.GATEWAY_TOKEN = hidden1\nenv.API_KEY = hidden2\nenv.MY_SECRET = hidden3\n"
	      "env.DB_PASSWORD = hidden4\nenv.their_key = hidden5\n"
	      "repair = r --token hidden6 token=hidden7\n"
	      "env.TOKENS = shown1\nenv.KEY_FILE = shown2\n",
	    NULL, true);
	printed = config_print(&fixture.config);
	assert_null(strstr(printed, "hidden"));
	check_has(printed, "\nenv.GATEWAY_TOKEN = ***\n; f:3\n");
	check_has(printed, "\nenv.DB_PASSWORD = ***\n; f:6\n");
	check_has(printed, "\nenv.TOKENS = shown1\n; f:9\n");
	check_has(printed, "\nenv.KEY_FILE = shown2\n; f:10\n");
	free(printed);
	fixture_deinit(&fixture);
}

static void a_mask_leaves_a_valid_file(void **state)
{
	struct fixture first, again;
	char *printed;

	fixture_build(&first,
	    S "env.A = x ${A:---token=hidden1} ${B:-token=hidden2 y} $${\nrepair = x --password "
	      "hid\\\"den\n",
	    NULL, true);
	printed = config_print(&first.config);
	check_has(printed, "\nenv.A = x ${A:---token=***} ${B:-token=*** y} $${\n");
	fixture_build(&again, printed, NULL, true);
	assert_string_equal(again.errors.data, "");
	free(printed);
	fixture_deinit(&again);
	fixture_deinit(&first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_reads_back),
		cmocka_unit_test(values_survive_the_round_trip),
		cmocka_unit_test(long_values_are_wrapped),
		cmocka_unit_test(a_long_key_leaves_room_for_its_value),
		cmocka_unit_test(each_key_says_where_it_is_from),
		cmocka_unit_test(a_default_that_depends_on_the_probe_is_printed_as_it_is),
		cmocka_unit_test(secrets_are_masked),
		cmocka_unit_test(a_mask_leaves_a_valid_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What counts as a change of the configuration: every key of the table, and nothing else. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "config_fixture.h"
#include "core/config_build.h"
#include "core/config_equal.h"
#include "core/config_keys.h"
#include "util/macros.h"

enum {
	SAMPLES_MAX = 12,
};

/* Values of each type, no two alike. A key of VALUE_CHOICE has its own. */
static const char *const samples[][SAMPLES_MAX] = {
	[VALUE_TEXT] = { "a", "b", "a b" },
	[VALUE_PATH] = { "/a", "/b", "/a:/b" },
	[VALUE_BOOL] = { "yes", "no" },
	[VALUE_DURATION] = { "1s", "1001ms", "2h" },
	[VALUE_SIZE] = { "1024", "1025", "2K", "1M" },
	[VALUE_CHOICE] = { NULL },
	[VALUE_WORDS] = { "a", "b", "a b", "b a", "" },
	[VALUE_COMMAND] = { "a", "b", "a b", "a 'b c'", "a b c" },
	[VALUE_PROBE] = { "none", "notify", "tcp://127.0.0.1:1", "tcp://127.0.0.1:2",
	    "tcp://127.0.0.2:1", "tcp://[::1]:1", "http://127.0.0.1:1/", "http://127.0.0.1:1/a",
	    "ws://127.0.0.1:1/", "exec:a", "exec:a b" },
	[VALUE_PORT] = { "auto", "1", "65535" },
	[VALUE_SIGNAL] = { "TERM", "INT" },
	[VALUE_RATE] = { "5/10m", "6/10m", "5/11m" },
	[VALUE_EXITS] = { "78", "79", "78 255", "1 2 3" },
	[VALUE_STATUSES] = { "200", "401", "200 401" },
	[VALUE_MODE] = { "auto", "0600", "0666" },
	[VALUE_NUMBER] = { "inherited", "-1", "0", "1" },
	[VALUE_LIMIT] = { "inherited", "unlimited", "0", "1" },
};

static const char *no_variable(const void *data, const char *name, size_t name_length_bytes)
{
	return NULL;
}

static void read_value(const struct config_key *key, const char *text, void *base)
{
	const struct variables variables = { .find = no_variable };
	struct error error = { .message = "" };

	if (config_value_read(key, text, &variables, base, &error))
		fail_msg("%s: %s", key->name, error.message);
}

static void check_task_pair(const struct config_key *key, const char *first, const char *second)
{
	struct task_config a = { .name = strdup("a") }, b = { .name = strdup("a") };
	const struct config one = { .tasks = &a, .task_count = 1 };
	const struct config other = { .tasks = &b, .task_count = 1 };

	assert_true(config_tasks_equal(&one, &other));
	read_value(key, first, &a);
	read_value(key, second, &b);
	assert_int_equal(config_tasks_equal(&one, &other), first == second);
	task_config_deinit(&a);
	task_config_deinit(&b);
}

static void check_pair(const struct config_key *key, const char *first, const char *second)
{
	struct service_config a = { .name = strdup("a") }, b = { .name = strdup("a") };

	assert_true(service_config_equal(&a, &b));
	read_value(key, first, &a);
	read_value(key, second, &b);
	assert_int_equal(service_config_equal(&a, &b), first == second);
	assert_int_equal(service_config_equal(&b, &a), first == second);
	service_config_deinit(&a);
	service_config_deinit(&b);
}

static void check_keys(enum section_kind kind,
    void (*check)(const struct config_key *key, const char *first, const char *second))
{
	size_t count;
	const struct config_key *keys = config_keys(kind, &count);

	for (size_t i = 0; i < count; i++) {
		const char *const *values =
		    keys[i].type == VALUE_CHOICE ? keys[i].words : samples[keys[i].type];

		assert_non_null(values[1]);
		for (size_t k = 0; values[k]; k++)
			for (size_t m = 0; values[m]; m++)
				check(&keys[i], values[k], values[m]);
	}
}

static void test_every_key_of_a_service(void **state)
{
	check_keys(SECTION_SERVICE, check_pair);
}

static void test_every_key_of_a_task(void **state)
{
	check_keys(SECTION_TASK, check_task_pair);
}

static void test_what_is_said_of_tasks(void **state)
{
	static const struct {
		const char *text;
		const char *other;
		bool is_equal;
	} rows[] = {
		{ "", "", true },
		{ "[task t]\ncommand = x\n", "[task t]\ncommand = 'x'\n", true },
		{ "[task t]\ncommand = x\n", "[task u]\ncommand = x\n", false },
		{ "[task t]\ncommand = x\n", "", false },
		{ "[task t]\ncommand = x\nenv.A = 1\n", "[task t]\ncommand = x\n", false },
		{ "[task t]\ncommand = x\n[task u]\ncommand = x\n",
		    "[task u]\ncommand = x\n[task t]\ncommand = x\n", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture first, second;

		fixture_build(&first, rows[i].text, NULL, false);
		fixture_build(&second, rows[i].other, NULL, false);
		assert_string_equal(first.errors.data, "");
		assert_string_equal(second.errors.data, "");
		if (config_tasks_equal(&first.config, &second.config) != rows[i].is_equal)
			fail_msg("row %zu", i);
		fixture_deinit(&first);
		fixture_deinit(&second);
	}
}

static void test_a_value_that_was_not_there(void **state)
{
	struct service_config a = { .name = strdup("a") }, b = { .name = strdup("a") };

	read_value(config_key_find(SECTION_SERVICE, "working_directory"), "/x", &a);
	assert_false(service_config_equal(&a, &b));
	assert_false(service_config_equal(&b, &a));
	service_config_deinit(&a);
	service_config_deinit(&b);
}

#define B "[service b]\ncommand = b\n"

/* Each against the first service of `text`; the second one is only company. */
static const struct {
	const char *text;
	const char *other;
	bool is_equal;
} files[] = {
	/* How it is written, where it stands, what the others say. */
	{ "[service a]\ncommand = x\nafter = b\n" B, B "[service a]\nafter = b\ncommand = 'x'\n",
	    true },
	{ "[service a]\ncommand = x\n" B, "[service a]\ncommand = x\nafter = b\n" B, false },
	{ "[service a]\ncommand = x\n" B, "[service a]\ncommand = x\nrestart = always\n", true },
	{ "[service a]\ncommand = x\nstop_timeout = 60s\n",
	    "[service a]\ncommand = x\nstop_timeout = 1m\n", true },
	{ "[service a]\ncommand = x\nafter = b\n" B,
	    "[service a]\ncommand = x\nafter = b\n[service b]\ncommand = b\nafter = c\n[service "
	    "c]\ncommand = c\n",
	    true },
	/* What a value from elsewhere makes of it. */
	{ "[service a]\ncommand = x ${gateway_port}\n",
	    "[nemoinit]\ngateway_port = 1\n[service a]\ncommand = x ${gateway_port}\n", false },
	{ "[service a]\ncommand = x\n",
	    "[nemoinit]\nstop_budget = 1s\npath = /x\n[service a]\ncommand = x\n", true },
	/* A port of its own, or the same from its probe. */
	{ "[service a]\ncommand = x\nprobe = tcp://127.0.0.1:5\n",
	    "[service a]\ncommand = x\nprobe = tcp://127.0.0.1:5\nport = 5\n", true },
	/* A command of a probe, and what it is made of. */
	{ "[service a]\ncommand = x\nprobe = exec:x ${gateway_port}\n",
	    "[nemoinit]\ngateway_port = 1\n[service a]\ncommand = x\nprobe = exec:x "
	    "${gateway_port}\n",
	    false },
	/* Texts it may write. */
	{ "[service a]\ncommand = x\nprobe = tcp://127.0.0.1:${gateway_port}\n",
	    "[nemoinit]\ngateway_port = 1\n[service a]\ncommand = x\nprobe = "
	    "tcp://127.0.0.1:${gateway_port}\n",
	    false },
	{ "[service a]\ncommand = x\nprobe = exec:x ${gateway_port}\n",
	    "[nemoinit]\ngateway_port = 1\n[service a]\ncommand = x\nprobe = exec:x "
	    "${gateway_port}\n",
	    false },
	{ "[service a]\ncommand = x\nfatal_output.a = b c\n",
	    "[service a]\ncommand = x\nfatal_output.a = b  c\n", true },
	{ "[service a]\ncommand = x\nfatal_output.a = b\n", "[service a]\ncommand = x\n", false },
	{ "[service a]\ncommand = x\nfatal_output.a = b\n",
	    "[service a]\ncommand = x\nfatal_output.a = c\n", false },
	{ "[service a]\ncommand = x\nfatal_output.a = b\n",
	    "[service a]\ncommand = x\nfatal_output.b = b\n", false },
	/* Variables. */
	{ "[service a]\ncommand = x\nenv.A = 1\nenv.B = 2\n",
	    "[service a]\ncommand = x\nenv.B = 2\nenv.A = 1\n", true },
	{ "[service a]\ncommand = x\nenv.A = 1\n", "[service a]\ncommand = x\nenv.A = 2\n", false },
	{ "[service a]\ncommand = x\nenv.A = 1\n",
	    "[service a]\ncommand = x\nenv.A = 1\nenv.B = 2\n", false },
	{ "[service a]\ncommand = x\nenv.A = 1\n", "[service a]\ncommand = x\n", false },
};

static void test_what_files_say(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct fixture first, second;
		int a, b;

		fixture_build(&first, files[i].text, NULL, false);
		fixture_build(&second, files[i].other, NULL, false);
		assert_string_equal(first.errors.data, "");
		assert_string_equal(second.errors.data, "");
		a = config_find_service(&first.config, "a");
		b = config_find_service(&second.config, "a");
		if (service_config_equal(&first.config.services[a], &second.config.services[b]) !=
		    files[i].is_equal)
			fail_msg("row %zu", i);
		fixture_deinit(&first);
		fixture_deinit(&second);
	}
}

static void test_names_differ(void **state)
{
	struct service_config a = { .name = (char *)"a" }, b = { .name = (char *)"b" };

	assert_false(service_config_equal(&a, &b));
}

static void test_what_cannot_change_while_it_runs_is_kept(void **state)
{
	struct problems warnings = { .items = NULL };
	struct fixture running, fresh;

	fixture_build(&running, "[nemoinit]\nsocket = /a\nstop_budget = 1s\n" B, NULL, false);
	fixture_build(&fresh, "[nemoinit]\nsocket = /b\nsocket_mode = 0600\nstop_budget = 2s\n" B,
	    NULL, false);
	config_keep_fixed(&running.config, &fresh.config, &warnings);
	assert_string_equal(fresh.config.socket, "/a");
	assert_int_equal(fresh.config.socket_mode, -1);
	assert_int_equal(fresh.config.stop_budget_ms, 2000);
	assert_int_equal(warnings.count, 2);
	assert_string_equal(
	    warnings.items[0], "socket: takes effect at the next start of nemoinit");
	problems_deinit(&warnings);
	/* Nothing has changed: nothing is said. */
	config_keep_fixed(&fresh.config, &fresh.config, &warnings);
	assert_int_equal(problems_total(&warnings), 0);
	fixture_deinit(&running);
	fixture_deinit(&fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key_of_a_service),
		cmocka_unit_test(test_every_key_of_a_task),
		cmocka_unit_test(test_what_is_said_of_tasks),
		cmocka_unit_test(test_a_value_that_was_not_there),
		cmocka_unit_test(test_what_files_say),
		cmocka_unit_test(test_names_differ),
		cmocka_unit_test(test_what_cannot_change_while_it_runs_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "test.h"

#include <stdio.h>
#include <string.h>

#include "core/service_env.h"
#include "util/macros.h"
#include "util/text.h"

enum {
	ROW_ENTRIES = 12,
};

static void add_list(struct words *words, const char *text)
{
	assert_int_equal(words_split_blanks(text, words, NULL), 0);
}

static void environments_are_built(void **state)
{
	static const struct {
		const char *inherited[ROW_ENTRIES];
		const char *unset;
		const char *env;
		struct service_env given;
		uint64_t watchdog_ms;
		const char *joined;
	} rows[] = {
		{ { NULL }, "", "", { .path = NULL }, 0, "" },
		{ { "A=1", "B=", "C" }, "", "", { .path = NULL }, 0, "A=1|B=|" },
		{ { "A=1", "AB=2", "B=3" }, "A X", "", { .path = NULL }, 0, "AB=2|B=3|" },
		/* what concerns nemoinit alone */
		{ { "NEMOINIT_SOCKET=/x", "NEMOINIT_COLOUR=1", "NOTIFY_SOCKET=/n", "LISTEN_PID=1",
		      "LISTEN_FDS=2", "LISTEN_FDNAMES=a", "WATCHDOG_USEC=1", "WATCHDOG_PID=2",
		      "NEMOCLAW_X=1", "NOTIFY_SOCKETS=1" },
		    "", "", { .path = NULL }, 0, "NEMOCLAW_X=1|NOTIFY_SOCKETS=1|" },
		/* what nemoinit gives */
		{ { "PATH=/old", "A=1" }, "", "",
		    { .path = "/new", .socket = "/s", .notify_socket = "@n" }, 0,
		    "PATH=/new|A=1|NEMOINIT_SOCKET=/s|NOTIFY_SOCKET=@n|" },
		{ { "A=1" }, "", "", { .notify_socket = "@n" }, 120000,
		    "A=1|NOTIFY_SOCKET=@n|WATCHDOG_USEC=120000000|" },
		/* the mark of this life, whatever was there */
		{ { "_NEMOINIT=old:b", "A=1", "_NEMOINITX=1" }, "", "_NEMOINIT=mine",
		    { .mark = "i:a" }, 0, "A=1|_NEMOINITX=1|_NEMOINIT=i:a|" },
		{ { "_NEMOINIT=old:b" }, "", "", { .mark = NULL }, 0, "" },
		/* later wins */
		{ { "A=1", "B=2" }, "B", "A=3 B=4 PATH=/mine A=5", { .path = "/p" }, 0,
		    "A=5|PATH=/mine|B=4|" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct service_config config = { .watchdog_ms = rows[i].watchdog_ms };
		struct words environment = { .items = NULL };
		struct text joined;

		print_message("%zu\n", i);
		add_list(&config.env_unset, rows[i].unset);
		add_list(&config.env, rows[i].env);
		assert_int_equal(service_env_build((char *const *)rows[i].inherited, &config,
				     &rows[i].given, &environment),
		    0);
		text_init_heap(&joined, 4096);
		text_add(&joined, "");
		for (size_t k = 0; k < environment.count; k++)
			text_addf(&joined, "%s|", environment.items[k]);
		assert_string_equal(joined.data, rows[i].joined);
		text_deinit(&joined);
		words_deinit(&environment);
		words_deinit(&config.env_unset);
		words_deinit(&config.env);
	}
}

static void the_file_stands_between_nemoinit_and_the_section(void **state)
{
	static const char *const inherited[] = { "A=1", "B=1", "C=1", NULL };
	static const char *const wanted[] = { "A=1", "C=section", "PATH=/file", "B=file",
		"_NEMOINIT=mine" };
	struct service_config config = { .name = NULL };
	struct words file = { .items = NULL }, environment;
	const struct service_env given = { .path = "/p", .mark = "mine", .file = &file };

	add_list(&config.env_unset, "B");
	add_list(&config.env, "C=section");
	add_list(&file, "B=old C=file PATH=/file _NEMOINIT=theirs B=file");
	assert_int_equal(
	    service_env_build((char *const *)inherited, &config, &given, &environment), 0);
	assert_int_equal(environment.count, ARRAY_LEN(wanted));
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		assert_string_equal(environment.items[i], wanted[i]);
	words_deinit(&environment);
	words_deinit(&file);
	words_deinit(&config.env_unset);
	words_deinit(&config.env);
}

static void a_task_is_told_what_has_happened(void **state)
{
	static const char *const inherited[] = { "A=1", "NEMOINIT_EVENT=old", "NOTIFY_SOCKET=/n",
		NULL };
	static const struct service_env given = {
		.path = "/p", .socket = "/s", .event = "ready", .service = "web"
	};
	static const char *const wanted[] = { "A=2", "PATH=/p", "NEMOINIT_SOCKET=/s",
		"NEMOINIT_EVENT=ready", "NEMOINIT_SERVICE=web" };
	struct task_config config = { .name = NULL };
	struct words environment;

	add_list(&config.env, "A=2");
	assert_int_equal(
	    task_env_build((char *const *)inherited, &config, &given, &environment), 0);
	assert_int_equal(environment.count, ARRAY_LEN(wanted));
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		assert_string_equal(environment.items[i], wanted[i]);
	words_deinit(&environment);
	words_deinit(&config.env);
}

static void a_crowded_environment_is_passed_on(void **state)
{
	static char names[3000][16];
	const char *inherited[ARRAY_LEN(names) + 1] = { NULL };
	const struct service_config config = { .name = NULL };
	const struct service_env given = { .socket = "/s" };
	struct words environment;

	/* Kubernetes adds seven variables for every Service of a namespace. */
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(names[i], sizeof(names[i]), "X%zu=1", i);
		inherited[i] = names[i];
	}
	assert_int_equal(
	    service_env_build((char *const *)inherited, &config, &given, &environment), 0);
	assert_int_equal(environment.count, ARRAY_LEN(names) + 1);
	assert_null(environment.items[environment.count]);
	words_deinit(&environment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environments_are_built),
		cmocka_unit_test(the_file_stands_between_nemoinit_and_the_section),
		cmocka_unit_test(a_task_is_told_what_has_happened),
		cmocka_unit_test(a_crowded_environment_is_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

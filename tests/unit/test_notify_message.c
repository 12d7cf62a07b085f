#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "core/notify_message.h"
#include "util/macros.h"

static void messages_are_understood(void **state)
{
	static const struct {
		const char *text;
		bool is_ready, is_watchdog;
		const char *status, *auto_pair, *warning; /* NULL: not said */
	} rows[] = {
		{ "", false, false, NULL, NULL, NULL },
		{ "READY=1", true, false, NULL, NULL, NULL },
		{ "READY=1\n", true, false, NULL, NULL, NULL },
		{ "WATCHDOG=1\nREADY=1", true, true, NULL, NULL, NULL },
		{ "STOPPING=1", false, false, NULL, NULL, NULL },
		{ "READY=0", false, false, NULL, NULL, NULL },
		{ "READY=10", false, false, NULL, NULL, NULL },
		{ "READY=", false, false, NULL, NULL, NULL },
		{ "READY", false, false, NULL, NULL, NULL },
		{ "XREADY=1", false, false, NULL, NULL, NULL },
		{ "READYX=1", false, false, NULL, NULL, NULL },
		{ " READY=1", false, false, NULL, NULL, NULL },
		{ "READY=1 ", false, false, NULL, NULL, NULL },
		{ "WATCHDOG=trigger", false, false, NULL, NULL, NULL },
		{ "READY=1\nREADY=0", true, false, NULL, NULL, NULL },
		{ "STATUS=going = on", false, false, "going = on", NULL, NULL },
		{ "STATUS=", false, false, "", NULL, NULL },
		{ "STATUS=a\nSTATUS=b", false, false, "b", NULL, NULL },
		{ "\n\nSTATUS=a\n\n", false, false, "a", NULL, NULL },
		{ "X_NEMOINIT_AUTO_PAIR={\"a\":1}\nSTATUS=s\nFDSTORE=1\nnonsense\nREADY=1", true,
		    false, "s", "{\"a\":1}", NULL },
		{ "X_NEMOINIT_WARNING=do this", false, false, NULL, NULL, "do this" },
		{ "X_NEMOINIT_WARNING=", false, false, NULL, NULL, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t length = strlen(rows[i].text);
		char *exact = malloc(length + 1); /* no NUL behind it */
		struct notify_message message;

		print_message("%zu\n", i);
		memcpy(exact + 1, rows[i].text, length);
		notify_message_parse(exact + 1, length, &message);
		assert_int_equal(message.is_ready, rows[i].is_ready);
		assert_int_equal(message.is_watchdog, rows[i].is_watchdog);
		assert_int_equal(message.status != NULL, rows[i].status != NULL);
		if (rows[i].status) {
			assert_int_equal(message.status_bytes, strlen(rows[i].status));
			assert_memory_equal(message.status, rows[i].status, message.status_bytes);
		}
		assert_int_equal(message.auto_pair != NULL, rows[i].auto_pair != NULL);
		if (rows[i].auto_pair) {
			assert_int_equal(message.auto_pair_bytes, strlen(rows[i].auto_pair));
			assert_memory_equal(
			    message.auto_pair, rows[i].auto_pair, message.auto_pair_bytes);
		}
		assert_int_equal(message.warning != NULL, rows[i].warning != NULL);
		if (rows[i].warning) {
			assert_int_equal(message.warning_bytes, strlen(rows[i].warning));
			assert_memory_equal(
			    message.warning, rows[i].warning, message.warning_bytes);
		}
		free(exact);
	}
}

static void the_main_pid_is_a_number(void **state)
{
	static const struct {
		const char *text;
		int64_t main_pid;
	} rows[] = {
		{ "READY=1", 0 },
		{ "MAINPID=1", 1 },
		{ "READY=1\nMAINPID=4711\n", 4711 },
		{ "MAINPID=1\nMAINPID=2", 2 },
		{ "MAINPID=2147483647", 2147483647 },
		{ "MAINPID=2147483648", -1 },
		{ "MAINPID=99999999999999999999", -1 },
		{ "MAINPID=", -1 },
		{ "MAINPID=0", -1 },
		{ "MAINPID=-1", -1 },
		{ "MAINPID=12 ", -1 },
		{ "MAINPID=1x", -1 },
		{ "XMAINPID=1", 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct notify_message message;

		print_message("%zu\n", i);
		notify_message_parse(rows[i].text, strlen(rows[i].text), &message);
		assert_int_equal(message.main_pid, rows[i].main_pid);
	}
}

static void who_is_stopping_says_so(void **state)
{
	struct notify_message message;

	notify_message_parse("STATUS=x\nSTOPPING=1", 19, &message);
	assert_true(message.is_stopping);
	notify_message_parse("STOPPING=0\nREADY=1", 18, &message);
	assert_false(message.is_stopping);
}

static void a_nul_is_a_byte_like_others(void **state)
{
	static const char text[] = "STATUS=a\0b\nREADY=1";
	struct notify_message message;

	notify_message_parse(text, sizeof(text) - 1, &message);
	assert_int_equal(message.status_bytes, 3);
	assert_true(message.is_ready);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_understood),
		cmocka_unit_test(the_main_pid_is_a_number),
		cmocka_unit_test(who_is_stopping_says_so),
		cmocka_unit_test(a_nul_is_a_byte_like_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

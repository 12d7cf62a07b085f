#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "core/notify_message.h"
#include "util/macros.h"

static void messages_are_understood(void **state)
{
	static const struct {
		const char *text;
		bool is_ready, is_watchdog, is_stopping;
		const char *status, *auto_pair; /* NULL: not said */
	} rows[] = {
		{ "", false, false, false, NULL, NULL },
		{ "READY=1", true, false, false, NULL, NULL },
		{ "READY=1\n", true, false, false, NULL, NULL },
		{ "WATCHDOG=1\nREADY=1", true, true, false, NULL, NULL },
		{ "STOPPING=1", false, false, true, NULL, NULL },
		{ "READY=0", false, false, false, NULL, NULL },
		{ "READY=10", false, false, false, NULL, NULL },
		{ "READY=", false, false, false, NULL, NULL },
		{ "READY", false, false, false, NULL, NULL },
		{ "XREADY=1", false, false, false, NULL, NULL },
		{ "READYX=1", false, false, false, NULL, NULL },
		{ " READY=1", false, false, false, NULL, NULL },
		{ "READY=1 ", false, false, false, NULL, NULL },
		{ "WATCHDOG=trigger", false, false, false, NULL, NULL },
		{ "READY=1\nREADY=0", true, false, false, NULL, NULL },
		{ "STATUS=going = on", false, false, false, "going = on", NULL },
		{ "STATUS=", false, false, false, "", NULL },
		{ "STATUS=a\nSTATUS=b", false, false, false, "b", NULL },
		{ "\n\nSTATUS=a\n\n", false, false, false, "a", NULL },
		{ "X_NEMOINIT_AUTO_PAIR={\"a\":1}\nSTATUS=s\nFDSTORE=1\nnonsense\nREADY=1", true,
		    false, false, "s", "{\"a\":1}" },
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
		assert_int_equal(message.is_stopping, rows[i].is_stopping);
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
		free(exact);
	}
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
		cmocka_unit_test(a_nul_is_a_byte_like_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

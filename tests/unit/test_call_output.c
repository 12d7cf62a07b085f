#include "test.h"

#include "core/call_output.h"
#include "util/macros.h"

static void texts_of_the_cli_are_told_apart(void **state)
{
	static const struct {
		const char *output;
		const char *error_output;
		bool transient;
		bool pairing_required;
		const char *text;
	} rows[] = {
		{ "", "[openclaw] Reason: unknown requestId\n", false, false,
		    "[openclaw] Reason: unknown requestId" },
		{ "", "a\n\033[31mlast \033[0m\n\n \n", false, false, "last " },
		{ "{\n  \"ok\": false,\n  \"error\": {\"kind\": \"timeout\"}\n}\n", "", true, false,
		    "{ \"ok\": false, \"error\": {\"kind\": \"timeout\"} }" },
		{ "", "connect ECONNREFUSED 127.0.0.1:18789", true, false,
		    "connect ECONNREFUSED 127.0.0.1:18789" },
		{ "", "gateway closed (1006): ", true, false, "gateway closed (1006):" },
		{ "", "gateway closed (1012): service restart", true, false,
		    "gateway closed (1012): service restart" },
		{ "", "gateway timeout after 4000ms", true, false, "gateway timeout after 4000ms" },
		{ "", "gateway closed (1008): pairing required: more scopes", false, true,
		    "gateway closed (1008): pairing required: more scopes" },
		{ "", "ECONNREFUSED, then gateway closed (1008): no", false, false,
		    "ECONNREFUSED, then gateway closed (1008): no" },
		{ "",
		    "[openclaw] Could not start the CLI.\n[openclaw] Reason: gateway timeout after "
		    "2000ms\nGateway target: ws://127.0.0.1:1\nRun `openclaw doctor`.\n[openclaw] "
		    "Help: openclaw --help\n",
		    true, false, "[openclaw] Reason: gateway timeout after 2000ms" },
		{ "",
		    "Gateway not reachable at ws://127.0.0.1:1 (ECONNREFUSED).\nStart it with "
		    "`openclaw gateway run`\nConfig: /x\n",
		    true, false, "Gateway not reachable at ws://127.0.0.1:1 (ECONNREFUSED)." },
		{ "", "Config: /x\n", false, false, "Config: /x" },
		{ "", "gateway closed (1006 abnormal closure (no close frame)): no close reason",
		    true, false,
		    "gateway closed (1006 abnormal closure (no close frame)): no close reason" },
		{ "",
		    "nodes list failed: gateway closed (1006): no close reason\nGateway target: "
		    "x\n\n"
		    "Possible causes:\n- Gateway not yet ready\nRun `openclaw doctor` for more.\n",
		    true, false, "nodes list failed: gateway closed (1006): no close reason" },
		{ "{}",
		    "gateway connect failed: scope upgrade pending approval\nPending: 0 \302\267 "
		    "Paired: 0\n",
		    false, true, "gateway connect failed: scope upgrade pending approval" },
		{ "", "", false, false, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct call_output call = { rows[i].output, rows[i].error_output };
		char buffer[401];
		struct text text;

		print_message("%s%s\n", rows[i].output, rows[i].error_output);
		assert_int_equal(call_output_is_transient(&call), rows[i].transient);
		assert_int_equal(call_output_is_pairing_required(&call), rows[i].pairing_required);
		text_init(&text, buffer, sizeof(buffer));
		call_output_format(&call, &text, 400);
		assert_string_equal(buffer, rows[i].text);
	}
}

static void an_answer_from_files_is_known(void **state)
{
	static const struct {
		const char *output;
		const char *error_output;
		bool local;
	} rows[] = {
		{ "{}", "gateway connect failed: scope upgrade pending approval", true },
		{ "{}", "x\nGateway connect failed: Error", true },
		{ "gateway connect failed", "", false },
		{ "{}", "node host gateway closed", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct call_output call = { rows[i].output, rows[i].error_output };

		print_message("%s%s\n", rows[i].output, rows[i].error_output);
		assert_int_equal(call_output_is_local(&call), rows[i].local);
	}
}

static void texts_are_cut(void **state)
{
	struct call_output call = { "aaaa bbbb cccc", "" };
	char buffer[401];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	call_output_format(&call, &text, 7);
	assert_true(text.length_bytes <= 7);
	call.error_output = "x\nabcdefghij";
	text_init(&text, buffer, sizeof(buffer));
	call_output_format(&call, &text, 7);
	assert_string_equal(buffer, "abcdefg");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_the_cli_are_told_apart),
		cmocka_unit_test(an_answer_from_files_is_known),
		cmocka_unit_test(texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

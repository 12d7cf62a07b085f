#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/devices_json.h"
#include "core/pairing_rules.h"
#include "util/macros.h"
#include "util/text.h"

static enum list_failure decode(const char *text, struct devices *ret_devices)
{
	return devices_decode(text, strlen(text), ret_devices);
}

static void failures_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		enum list_failure failure;
	} rows[] = {
		{ "", LIST_EMPTY_OUTPUT },
		{ " \r\n", LIST_EMPTY_OUTPUT },
		{ "nothing pending", LIST_INVALID_JSON },
		{ "banner\n{\"pending\":[],\"paired\":[]}", LIST_INVALID_JSON },
		{ "{\"pending\":[],\"paired\":[]}\nbye", LIST_INVALID_JSON },
		{ "{\"pending\":[],\"paired\":[", LIST_INVALID_JSON },
		{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", LIST_INVALID_JSON },
		{ "[]", LIST_INVALID_RESPONSE },
		{ "\"x\"", LIST_INVALID_RESPONSE },
		{ "7", LIST_INVALID_RESPONSE },
		{ "null", LIST_INVALID_RESPONSE },
		{ "{}", LIST_INVALID_RESPONSE },
		{ "{\"Pending\":[],\"Paired\":[]}", LIST_INVALID_RESPONSE },
		{ "{\"ok\":false,\"error\":{}}", LIST_INVALID_RESPONSE },
		{ "{\"ok\":false,\"pending\":[],\"paired\":[]}", LIST_INVALID_RESPONSE },
		{ "{\"pending\":{},\"paired\":[]}", LIST_INVALID_RESPONSE },
		{ "{\"pending\":[],\"paired\":7}", LIST_INVALID_RESPONSE },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct devices devices = { .pending_total = 99 };

		print_message("%s\n", rows[i].text);
		assert_int_equal(decode(rows[i].text, &devices), rows[i].failure);
		assert_int_equal(devices.pending_total, 99);
	}
}

static void null_or_one_absent_is_empty(void **state)
{
	static const char *const rows[] = {
		"{\"pending\":[],\"paired\":[]}",
		"{\"ok\":true,\"pending\":null,\"paired\":null}",
		"{\"pending\":[]}",
		"{\"paired\":[]}",
		"{\"paired\":null}",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct devices devices;

		print_message("%s\n", rows[i]);
		assert_int_equal(decode(rows[i], &devices), LIST_SUCCEEDED);
		assert_int_equal(devices.pending_total, 0);
		assert_int_equal(devices.paired_count, 0);
		assert_false(devices.has_browser);
		devices_deinit(&devices);
		devices_deinit(&devices);
	}
}

/* One entry each; what is read of it. */
static void entries_are_read_exactly_or_malformed(void **state)
{
	static const struct {
		const char *entry;
		const char *id;
		const char *scopes;
		const char *roles;
		bool malformed;
	} rows[] = {
		{ "{\"requestId\":\"a.B_1:-\",\"scopes\":[\"x\",\"y\"],\"requestedScopes\":[\"y\","
		  "\"z\"],\"role\":\"operator\",\"roles\":[\"node\",\"operator\"]}",
		    "a.B_1:-", "x y z", "operator node", false },
		{ "{\"requestId\":\"a\",\"scopes\":[]}", "a", "", "", false },
		{ "{\"requestId\":\"a\",\"requestedScopes\":[\"x\"]}", "a", "x", "", false },
		{ "{\"requestId\":\"a\",\"scopes\":null,\"requestedScopes\":[]}", "a", "", "",
		    false },
		{ "{\"requestId\":\"a\"}", "a", "", "", true },
		{ "{\"requestId\":\"a\",\"scopes\":null}", "a", "", "", true },
		{ "{\"requestId\":\"a\",\"scopes\":\"x\"}", "a", "", "", true },
		{ "{\"requestId\":\"a\",\"scopes\":[1]}", "a", "", "", true },
		{ "{\"requestId\":\"a\",\"scopes\":[\"\"]}", "a", "", "", true },
		{ "{\"requestId\":\"a\",\"scopes\":[\"x y\"]}", "a", "x_y", "", true },
		{ "{\"requestId\":\"a\",\"scopes\":[\"x\\u001b[m\"]}", "a", "x", "", true },
		{ "{\"requestId\":\"a\",\"scopes\":[\"x\\u0000\"]}", "a", "x\xef\xbf\xbd", "",
		    false },
		{ "{\"requestId\":\"a\",\"scopes\":[\"x\"],\"requestedScopes\":{}}", "a", "x", "",
		    true },
		{ "{\"requestId\":\"a\",\"Scopes\":[\"x\"]}", "a", "", "", true },
		{ "{\"requestId\":\"a\",\"scopes\":[],\"role\":7}", "a", "", "", true },
		{ "{\"requestId\":\"a\",\"scopes\":[],\"roles\":\"operator\"}", "a", "", "", true },
		{ "{\"requestId\":\"a\",\"scopes\":[],\"clientId\":7}", "a", "", "", true },
		{ "{\"requestId\":\"a\",\"scopes\":[],\"clientId\":\"cli\\u001b[m\"}", "a", "", "",
		    true },
		{ "{\"requestId\":\"a\",\"scopes\":[],\"deviceId\":[]}", "a", "", "", true },
		{ "{\"requestId\":\"a\",\"scopes\":[],\"remoteIp\":false}", "a", "", "", true },
		{ "{\"scopes\":[]}", "?", "", "", true },
		{ "{\"requestId\":7,\"scopes\":[]}", "?", "", "", true },
		{ "{\"requestId\":\"\",\"scopes\":[]}", "?", "", "", true },
		{ "{\"requestId\":\"-rf\",\"scopes\":[]}", "?-rf", "", "", true },
		{ "{\"requestId\":\"a b\",\"scopes\":[]}", "?a b", "", "", true },
		{ "{\"requestId\":\"a\\u001b[m\",\"scopes\":[]}", "?a", "", "", true },
		{ "{\"requestId\":\"a\\nb\",\"scopes\":[]}", "?a\\x0ab", "", "", true },
		{ "7", "?", "", "", true },
		{ "null", "?", "", "", true },
		{ "[]", "?", "", "", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct devices devices;
		char text[512];

		print_message("%s\n", rows[i].entry);
		snprintf(text, sizeof(text), "{\"pending\":[%s]}", rows[i].entry);
		assert_int_equal(decode(text, &devices), LIST_SUCCEEDED);
		assert_int_equal(devices.pending_total, 1);
		assert_int_equal(devices.pending_count, 1);
		assert_string_equal(devices.pending[0].request_id, rows[i].id);
		assert_string_equal(devices.pending[0].scopes, rows[i].scopes);
		assert_string_equal(devices.pending[0].roles, rows[i].roles);
		assert_int_equal(devices.pending[0].malformed, rows[i].malformed);
		devices_deinit(&devices);
	}
}

static void requests_that_share_an_id_are_malformed(void **state)
{
	struct devices devices;

	assert_int_equal(decode("{\"pending\":[{\"requestId\":\"a\",\"scopes\":[\"x\"]},"
				"{\"requestId\":\"b\",\"scopes\":[\"x\"]},"
				"{\"requestId\":\"a\",\"scopes\":[\"y\"]}]}",
			     &devices),
	    LIST_SUCCEEDED);
	assert_int_equal(devices.pending_count, 3);
	assert_true(devices.pending[0].malformed);
	assert_false(devices.pending[1].malformed);
	assert_true(devices.pending[2].malformed);
	devices_deinit(&devices);
}

static void long_words_are_cut_and_malformed(void **state)
{
	char id[130], entry[512], text[600];
	struct devices devices;

	memset(id, 'a', sizeof(id));
	for (size_t length = 128; length <= 129; length++) {
		snprintf(entry, sizeof(entry), "{\"requestId\":\"%.*s\",\"scopes\":[]}",
		    (int)length, id);
		snprintf(text, sizeof(text), "{\"pending\":[%s]}", entry);
		assert_int_equal(decode(text, &devices), LIST_SUCCEEDED);
		assert_int_equal(devices.pending[0].malformed, length > 128);
		assert_int_equal(strlen(devices.pending[0].request_id), length > 128 ? 65 : 128);
		devices_deinit(&devices);
	}
	snprintf(text, sizeof(text),
	    "{\"pending\":[{\"requestId\":\"a\",\"scopes\":[],\"clientId\":\"%.65s\"}]}", id);
	assert_int_equal(decode(text, &devices), LIST_SUCCEEDED);
	assert_true(devices.pending[0].malformed);
	assert_int_equal(strlen(devices.pending[0].client_id), 64);
	devices_deinit(&devices);
}

static void thousands_are_counted_and_64_are_kept(void **state)
{
	static char text[DEVICES_OUTPUT_MAX_BYTES + 100];
	struct devices devices;
	size_t length = (size_t)sprintf(text, "{\"pending\":[7");

	for (int i = 1; i < 5000; i++)
		length += (size_t)sprintf(text + length, ",{\"requestId\":\"r%d\"}", i);
	sprintf(text + length, "],\"paired\":[]}");
	assert_int_equal(decode(text, &devices), LIST_SUCCEEDED);
	assert_int_equal(devices.pending_total, 5000);
	assert_int_equal(devices.pending_count, 64);
	assert_string_equal(devices.pending[63].request_id, "r63");
	devices_deinit(&devices);
	memset(text, ' ', sizeof(text) - 1);
	memcpy(text, "{\"pending\":[]}", 14);
	text[sizeof(text) - 2] = '\t';
	assert_int_equal(devices_decode(text, DEVICES_OUTPUT_MAX_BYTES, &devices), LIST_SUCCEEDED);
	devices_deinit(&devices);
	assert_int_equal(
	    devices_decode(text, DEVICES_OUTPUT_MAX_BYTES + 1, &devices), LIST_INVALID_JSON);
}

static void paired_devices_are_found(void **state)
{
	struct devices devices;

	assert_int_equal(
	    decode("{\"paired\":[7,{\"deviceId\":\"d1\",\"clientId\":\"cli\"},{},"
		   "{\"deviceId\":7},{\"deviceId\":\"d2\",\"clientMode\":\"webchat\"}]}",
		&devices),
	    LIST_SUCCEEDED);
	assert_int_equal(devices.paired_count, 4);
	assert_true(devices.has_browser);
	assert_true(devices_is_paired(&devices, "d1"));
	assert_true(devices_is_paired(&devices, "d2"));
	assert_false(devices_is_paired(&devices, "d"));
	assert_false(devices_is_paired(&devices, ""));
	devices_deinit(&devices);
}

static void real_outputs_are_understood(void **state)
{
	/* With the verdict of the default rules on each pending request. */
	static const struct {
		const char *file;
		const char *verdicts;
		size_t paired_count;
		bool has_browser;
	} rows[] = {
		{ "2026.5.22/list-nothing-pending.json", "", 1, false },
		{ "2026.5.22/list-cli-scope-upgrade.json", " cli:allowed", 1, false },
		{ "2026.5.22/list-control-ui-cli-and-unknown-pending.json",
		    " openclaw-control-ui:allowed cli:allowed openclaw-ios:unknown-client", 2,
		    true },
		{ "2026.5.22/list-node-host.json", " cli:allowed", 3, false },
		{ "2026.9.6/list-nothing.json", "", 0, false },
		{ "2026.9.6/list-two-pending-cli-and-unknown.json",
		    " cli:remote-client openclaw-ios:unknown-client", 2, false },
		{ "2026.9.6/list-cli-scope-upgrade-and-unknown.json",
		    " cli:disallowed-scopes openclaw-ios:unknown-client", 3, false },
		{ "2026.9.6/list-control-ui-pending.json", " openclaw-control-ui:allowed", 0,
		    false },
		{ "2026.9.6/list-node-host.json", "", 1, false },
	};
	struct pairing_rules rules;

	pairing_rules_init(&rules);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static char text[65536];
		struct devices devices;
		struct text verdicts;
		char path[512];
		size_t length;
		FILE *file;

		print_message("%s\n", rows[i].file);
		snprintf(path, sizeof(path), "%s/%s", TEST_DATA, rows[i].file);
		file = fopen(path, "r");
		assert_non_null(file);
		length = fread(text, 1, sizeof(text), file);
		fclose(file);
		assert_int_equal(devices_decode(text, length, &devices), LIST_SUCCEEDED);
		assert_int_equal(devices.paired_count, rows[i].paired_count);
		assert_int_equal(devices.has_browser, rows[i].has_browser);
		text_init(&verdicts, path, sizeof(path));
		for (size_t p = 0; p < devices.pending_count; p++) {
			assert_int_equal(strlen(devices.pending[p].device_id), 64);
			text_addf(&verdicts, " %s:%s", devices.pending[p].client_id,
			    pairing_reason_to_string(
				pairing_rules_judge(&rules, &devices.pending[p])));
		}
		assert_string_equal(path, rows[i].verdicts);
		devices_deinit(&devices);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failures_are_told_apart),
		cmocka_unit_test(null_or_one_absent_is_empty),
		cmocka_unit_test(entries_are_read_exactly_or_malformed),
		cmocka_unit_test(requests_that_share_an_id_are_malformed),
		cmocka_unit_test(long_words_are_cut_and_malformed),
		cmocka_unit_test(thousands_are_counted_and_64_are_kept),
		cmocka_unit_test(paired_devices_are_found),
		cmocka_unit_test(real_outputs_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

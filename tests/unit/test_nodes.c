#include "test.h"

#include <stdio.h>
#include <string.h>

#include "core/nodes_json.h"
#include "util/macros.h"
#include "util/text.h"

#define MINUTE (INT64_C(60000))

static const int64_t now_ms = INT64_C(1795166400000);

/* Five minutes; the line goes to ret_line (512 bytes). -1: it cannot be read, and ret_line says
 * why. */
static int judge(const char *list, size_t length, const char *name, int64_t at_ms, char *ret_line)
{
	struct nodes nodes = { .count = 99 };
	struct error error;
	struct text line;
	int verdict;

	if (nodes_decode(list, length, &nodes, &error)) {
		assert_int_equal(nodes.count, 99);
		strcpy(ret_line, error.message);
		return -1;
	}
	text_init(&line, ret_line, 512);
	verdict = (int)nodes_judge(&nodes, name, 5 * MINUTE, at_ms, &line);
	assert_false(line.truncated);
	nodes_deinit(&nodes);
	nodes_deinit(&nodes);
	return verdict;
}

#define LIST(paired)  "{\"pending\":[],\"paired\":[" paired "]}"
#define MINUTES_AGO_3 "1795166220000"
#define MINUTES_AGO_5 "1795166100000"
#define HOURS_AGO_25  "1795076400000"
#define OLD           "\"lastConnectedAtMs\":" HOURS_AGO_25 ",\"lastSeenAtMs\":" HOURS_AGO_25

/* clang-format off */
static const struct {
	const char *list;
	const char *name;
	int verdict;
	const char *line;
} rows[] = {
	/* connected: its times, however old, say nothing */
	{ LIST("{\"nodeId\":\"i\",\"displayName\":\"n\",\"connected\":true," OLD "}"), NULL,
	    PROBE_EXIT_GOOD, "node 'n' is connected" },
	{ LIST("{\"nodeId\":\"i\",\"displayName\":\"n\",\"connected\":true}"), NULL,
	    PROBE_EXIT_GOOD, "node 'n' is connected" },
	/* the newer of the two times */
	{ LIST("{\"nodeId\":\"i\",\"connected\":false," OLD "}"), NULL,
	    PROBE_EXIT_BAD, "node 'i' is not connected, last seen 1d 01h ago" },
	{ LIST("{\"nodeId\":\"i\",\"connected\":false,\"lastConnectedAtMs\":" HOURS_AGO_25 ",\"lastSeenAtMs\":" MINUTES_AGO_3 "}"), NULL,
	    PROBE_EXIT_GOOD, "node 'i' is not connected, last seen 3m 00s ago" },
	{ LIST("{\"nodeId\":\"i\",\"connected\":false,\"lastSeenAtMs\":" HOURS_AGO_25 ",\"lastConnectedAtMs\":" MINUTES_AGO_3 "}"), NULL,
	    PROBE_EXIT_GOOD, "node 'i' is not connected, last seen 3m 00s ago" },
	{ LIST("{\"nodeId\":\"i\",\"connected\":false,\"lastSeenAtMs\":" MINUTES_AGO_5 "}"), NULL,
	    PROBE_EXIT_BAD, "node 'i' is not connected, last seen 5m 00s ago" },
	{ LIST("{\"nodeId\":\"i\",\"connected\":false,\"lastConnectedAtMs\":" MINUTES_AGO_3 ",\"lastSeenAtMs\":null}"), NULL,
	    PROBE_EXIT_GOOD, "node 'i' is not connected, last seen 3m 00s ago" },
	/* its clock is ahead */
	{ LIST("{\"nodeId\":\"i\",\"connected\":false,\"lastSeenAtMs\":1795166400001}"), NULL,
	    PROBE_EXIT_GOOD, "node 'i' is not connected, last seen 0ms ago" },
	/* fields that are missing, or of another kind */
	{ LIST("{\"nodeId\":\"i\"}"), NULL,
	    PROBE_EXIT_UNKNOWN, "node 'i' is not told to be connected or not, and when it was is not told" },
	{ LIST("{\"nodeId\":\"i\",\"connected\":false}"), NULL,
	    PROBE_EXIT_UNKNOWN, "node 'i' is not connected, and when it was is not told" },
	{ LIST("{\"nodeId\":\"i\",\"connected\":\"yes\",\"lastSeenAtMs\":\"" MINUTES_AGO_3 "\",\"lastConnectedAtMs\":-1}"), NULL,
	    PROBE_EXIT_UNKNOWN, "node 'i' is not told to be connected or not, and when it was is not told" },
	{ LIST("{\"nodeId\":\"i\"," OLD "}"), NULL,
	    PROBE_EXIT_UNKNOWN, "node 'i' is not told to be connected or not, last seen 1d 01h ago" },
	{ LIST("{\"nodeId\":\"i\",\"lastSeenAtMs\":" MINUTES_AGO_3 "}"), NULL,
	    PROBE_EXIT_GOOD, "node 'i' is not told to be connected or not, last seen 3m 00s ago" },
	/* no time of a connect, but one of the pairing */
	{ LIST("{\"nodeId\":\"i\",\"connected\":false,\"approvedAtMs\":" MINUTES_AGO_5 "}"), NULL,
	    PROBE_EXIT_BAD, "node 'i' is not connected, and when it was is not told; paired 5m 00s ago" },
	{ LIST("{\"nodeId\":\"i\",\"connected\":false,\"approvedAtMs\":" MINUTES_AGO_3 "}"), NULL,
	    PROBE_EXIT_UNKNOWN, "node 'i' is not connected, and when it was is not told; paired 3m 00s ago" },
	{ LIST("{\"nodeId\":\"i\",\"approvedAtMs\":" MINUTES_AGO_5 "}"), NULL,
	    PROBE_EXIT_UNKNOWN, "node 'i' is not told to be connected or not, and when it was is not told; paired 5m 00s ago" },
	{ LIST("{\"nodeId\":\"i\",\"connected\":false,\"lastSeenAtMs\":" MINUTES_AGO_3 ",\"approvedAtMs\":" HOURS_AGO_25 "}"), NULL,
	    PROBE_EXIT_GOOD, "node 'i' is not connected, last seen 3m 00s ago" },
	/* which one */
	{ LIST(""), NULL, PROBE_EXIT_BAD, "no node is paired" },
	{ "{\"pending\":[{\"displayName\":\"n\"}],\"paired\":[]}", NULL,
	    PROBE_EXIT_BAD, "no node is paired; one asks to be" },
	{ "{\"pending\":[{\"displayName\":\"n\"}],\"paired\":[]}", "n",
	    PROBE_EXIT_BAD, "node 'n' is not paired; it asks to be" },
	{ LIST("{\"displayName\":\"a\",\"connected\":true}"), "b",
	    PROBE_EXIT_BAD, "node 'b' is not paired" },
	{ LIST("{\"displayName\":\"a\",\"connected\":true}"), "b\n\033[31m",
	    PROBE_EXIT_BAD, "node 'b\\x0a' is not paired" },
	{ LIST("{\"displayName\":\"a\",\"connected\":true},{\"displayName\":\"b\",\"connected\":true}"), NULL,
	    PROBE_EXIT_USAGE, "2 nodes are paired: which one, --name must say" },
	{ LIST("{\"displayName\":\"a\",\"connected\":true},{\"displayName\":\"b\",\"connected\":false," OLD "}"), "b",
	    PROBE_EXIT_BAD, "node 'b' is not connected, last seen 1d 01h ago" },
	{ LIST("{\"displayName\":\"a\",\"connected\":true},{\"displayName\":\"b\",\"nodeId\":\"i\",\"connected\":true}"), "i",
	    PROBE_EXIT_GOOD, "node 'b' is connected" },
	{ "{\"pending\":[{\"displayName\":\"a\"}],\"paired\":[{\"displayName\":\"a\",\"connected\":true}]}", NULL,
	    PROBE_EXIT_GOOD, "node 'a' is connected" },
	/* paired again: the old entry of that name counts for nothing */
	{ LIST("{\"displayName\":\"a\",\"connected\":false," OLD "},{\"displayName\":\"a\",\"connected\":true}"), "a",
	    PROBE_EXIT_GOOD, "node 'a' is connected" },
	{ LIST("{\"displayName\":\"a\",\"connected\":true},{\"displayName\":\"a\",\"connected\":false," OLD "}"), "a",
	    PROBE_EXIT_GOOD, "node 'a' is connected" },
	{ LIST("{\"displayName\":\"a\",\"connected\":false," OLD "},{\"displayName\":\"a\"}"), "a",
	    PROBE_EXIT_UNKNOWN, "node 'a' is not told to be connected or not, and when it was is not told" },
	/* what stands around it */
	{ "Welcome\n\n" LIST("{\"nodeId\":\"i\",\"connected\":true}") "\n", NULL, PROBE_EXIT_GOOD, "node 'i' is connected" },
	{ "{\"paired\":[7,{\"nodeId\":\"i\",\"connected\":true}],\"pending\":null}", NULL, PROBE_EXIT_GOOD, "node 'i' is connected" },
	{ LIST("{\"displayName\":\"\\u001b[31ma\\n\",\"connected\":true}"), NULL, PROBE_EXIT_GOOD, "node 'a\\x0a' is connected" },
	/* no list */
	{ "", NULL, -1, "the list of nodes is no JSON" },
	{ "Welcome", NULL, -1, "the list of nodes is no JSON" },
	{ "[]", NULL, -1, "the list of nodes is no JSON" },
	{ LIST("") "\nbye", NULL, -1, "the list of nodes is no JSON" },
	{ "{\"pending\":[],\"paired\":[", NULL, -1, "the list of nodes is no JSON" },
	{ "{}", NULL, -1, "the list of nodes has no 'paired'" },
	{ "{\"pending\":[]}", NULL, -1, "the list of nodes has no 'paired'" },
	{ "{\"Paired\":[]}", NULL, -1, "the list of nodes has no 'paired'" },
	{ "{\"paired\":{}}", NULL, -1, "the list of nodes has no 'paired'" },
	{ "{\"ok\":false,\"paired\":[]}", NULL, -1, "the list of nodes has no 'paired'" },
};
/* clang-format on */

static void lists_are_judged(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char line[512];

		print_message("%s\n", rows[i].list);
		assert_int_equal(
		    judge(rows[i].list, strlen(rows[i].list), rows[i].name, now_ms, line),
		    rows[i].verdict);
		assert_string_equal(line, rows[i].line);
	}
}

static void long_names_are_cut(void **state)
{
	char list[2048], line[512];
	int length = snprintf(
	    list, sizeof(list), LIST("{\"displayName\":\"%01000d\",\"connected\":true}"), 7);

	assert_int_equal(judge(list, (size_t)length, NULL, now_ms, line), PROBE_EXIT_GOOD);
	assert_int_equal(strlen(line), strlen("node '' is connected") + NODE_NAME_BYTES - 1);
}

static void only_so_many_are_looked_at(void **state)
{
	static char list[65536];
	struct text text;
	struct nodes nodes;
	struct error error;

	text_init(&text, list, sizeof(list));
	text_add(&text, "{\"pending\":[{}],\"paired\":[{}");
	for (int i = 0; i < 2 * NODES_MAX; i++)
		text_add(&text, ",{}");
	text_add(&text, "]}");
	assert_false(text.truncated);
	assert_int_equal(nodes_decode(list, text.length_bytes, &nodes, &error), 0);
	assert_int_equal(nodes.count, NODES_MAX);
	nodes_deinit(&nodes);
}

/* Bytes of the CLI itself, but for addresses and paths. */
static void real_outputs_are_understood(void **state)
{
	static const struct {
		const char *file;
		int64_t at_ms;
		int verdict;
		const char *line;
	} files[] = {
		{ "2026.5.22/nodes-list.json", 0, PROBE_EXIT_BAD,
		    "no node is paired; one asks to be" },
		{ "2026.5.22/nodes-list-connected.json", INT64_MAX, PROBE_EXIT_GOOD,
		    "node 'n1' is connected" },
		{ "2026.5.22/nodes-list-gone.json", INT64_C(1795193520098) + 6 * MINUTE,
		    PROBE_EXIT_BAD,
		    "node 'n1' is not connected, and when it was is not told; paired 6m 00s ago" },
		{ "2026.9.6/nodes-list-connected.json", INT64_MAX, PROBE_EXIT_GOOD,
		    "node 'n1' is connected" },
		{ "2026.9.6/nodes-list-gone.json", INT64_C(1795192988702) + 4 * MINUTE,
		    PROBE_EXIT_GOOD, "node 'n1' is not connected, last seen 4m 00s ago" },
		{ "2026.9.6/nodes-list-gone.json", INT64_C(1795192988702) + 6 * MINUTE,
		    PROBE_EXIT_BAD, "node 'n1' is not connected, last seen 6m 00s ago" },
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		static char list[65536];
		char path[512], line[512];
		size_t length;
		FILE *file;

		print_message("%s\n", files[i].file);
		snprintf(path, sizeof(path), "%s/%s", TEST_DATA, files[i].file);
		file = fopen(path, "r");
		assert_non_null(file);
		length = fread(list, 1, sizeof(list), file);
		fclose(file);
		assert_int_equal(judge(list, length, NULL, files[i].at_ms, line), files[i].verdict);
		assert_string_equal(line, files[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_judged),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(only_so_many_are_looked_at),
		cmocka_unit_test(real_outputs_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

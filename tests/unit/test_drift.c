#include "test.h"

#include <errno.h>
#include <string.h>

#include "core/drift.h"
#include "core/http_reply.h"
#include "core/version_json.h"
#include "util/macros.h"

static void versions_are_found(void **state)
{
	static const struct {
		const char *text;
		const char *version; /* NULL: none */
	} rows[] = {
		{ "openshell 0.0.44\n", "0.0.44" },
		{ "openshell-gateway 0.0.43", "0.0.43" },
		{ "0.0.44", "0.0.44" },
		{ "v10.20.30", "10.20.30" },
		{ "openshell 0.0.4-dev.6+g1a2b3c4", "0.0.4" },
		{ "openshell 0.0.44.\n", "0.0.44" },
		{ "\033[1;32mopenshell\033[0m \033[33m0.0.\033[1m44\033[0m\n", "0.0.44" },
		{ "\033]8;;http://x/9.9.9\033\\openshell\033]8;;\033\\ 0.0.44\n", "0.0.44" },
		{ "a banner of 2 lines\nsince 2.1\nopenshell 0.0.44\nrust 1.90.0\n", "0.0.44" },
		{ "listening on 127.0.0.1:8080\nopenshell 0.0.44\n", "0.0.44" },
		{ "version...0.0.44", "0.0.44" },
		{ "(0.0.44)", "0.0.44" },
		{ "1.2.3.4", NULL },
		{ "1..2.3", NULL },
		{ "1.2", NULL },
		{ "1.2.", NULL },
		{ "1.2.x", NULL },
		{ "openshell", NULL },
		{ "", NULL },
		{ "\033[1.2.3m", NULL },
		{ "1234567890.1234567890.123456789", "1234567890.1234567890.123456789" },
		{ "1234567890.1234567890.1234567890", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char version[DRIFT_VERSION_BYTES] = "before";
		bool is_found;

		print_message("%s\n", rows[i].text);
		is_found = drift_find_version(rows[i].text, strlen(rows[i].text), version);
		assert_int_equal(is_found, rows[i].version != NULL);
		assert_string_equal(version, is_found ? rows[i].version : "before");
	}
}

static void nul_bytes_end_no_text(void **state)
{
	static const char text[] = "a\0 1.2\0.3 0.0.44";
	char version[DRIFT_VERSION_BYTES];

	assert_true(drift_find_version(text, sizeof(text) - 1, version));
	assert_string_equal(version, "0.0.44");
}

static void images_are_read(void **state)
{
	static const struct {
		const char *reference;
		const char *version; /* or, with a blank in it, the reason */
	} rows[] = {
		{ "openshell/cluster:0.0.43", "0.0.43" },
		{ "ghcr.io/nvidia/openshell/cluster:0.0.43", "0.0.43" },
		{ "localhost:5000/nemoclaw-cluster:v0.0.43-arm64", "0.0.43" },
		{ "cluster:0.0.43", "0.0.43" },
		{ "openshell/cluster:latest", "its tag tells no version" },
		{ "openshell/cluster:0.0", "its tag tells no version" },
		{ "openshell/cluster:", "its tag tells no version" },
		{ "openshell/cluster", "it has no tag" },
		{ "localhost:5000/cluster", "it has no tag" },
		{ "10.0.0.1:5000/cluster-0.0.43", "it has no tag" },
		{ "", "it has no tag" },
		{ "openshell/cluster@sha256:0123456789abcdef", "a digest tells no version" },
		{ "openshell/cluster:0.0.43@sha256:0123456789abcdef", "a digest tells no version" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool is_reason = strchr(rows[i].version, ' ') != NULL;
		struct drift_side side;

		print_message("%s\n", rows[i].reference);
		drift_read_image(rows[i].reference, &side);
		assert_string_equal(side.version, is_reason ? "" : rows[i].version);
		assert_string_equal(side.reason, is_reason ? rows[i].version : "");
	}
}

#define TAIL \
	"Refusing to trust OpenShell sandbox state while the host CLI and gateway schema may be " \
	"out of sync.\n" \
	"No sandbox data was changed.\n" \
	"Run `nemoclaw onboard --resume` to repair or recreate the NemoClaw gateway.\n"

static void verdicts_and_lines(void **state)
{
	/* clang-format off */
	static const struct {
		struct drift drift;
		enum drift_verdict verdict;
		const char *lines;
	} rows[] = {
		{ { "checking sandbox upgrade state", { "0.0.44", "" }, { "0.0.44", "" }, NULL, "/usr/bin/openshell-gateway", NULL, false },
		    DRIFT_NONE, "OpenShell and its gateway are both 0.0.44: /usr/bin/openshell-gateway\n" },
		{ { "x", { "0.0.44", "" }, { "0.0.44", "" }, "cluster:0.0.44", NULL, "a note", false },
		    DRIFT_NONE, "OpenShell and its gateway are both 0.0.44: cluster:0.0.44\n" },
		{ { "backing up registered sandboxes", { "0.0.44", "" }, { "0.0.43", "" }, NULL, "/path/openshell-gateway", NULL, false },
		    DRIFT_FOUND,
		    "OpenShell gateway schema preflight failed before backing up registered sandboxes.\n"
		    "Installed OpenShell: 0.0.44\n"
		    "Running gateway image: none (host process)\n"
		    "Running gateway binary: /path/openshell-gateway (0.0.43)\n" TAIL },
		{ { "checking sandbox upgrade state", { "0.0.9", "" }, { "0.0.10", "" }, "openshell/cluster:0.0.10", NULL, NULL, false },
		    DRIFT_FOUND,
		    "OpenShell gateway schema preflight failed before checking sandbox upgrade state.\n"
		    "Installed OpenShell: 0.0.9\n"
		    "Running gateway image: openshell/cluster:0.0.10 (0.0.10)\n" TAIL },
		{ { "x", { "0.0.44", "" }, { "0.0.44", "" }, NULL, "/g", "A note.", true },
		    DRIFT_FOUND,
		    "OpenShell gateway schema preflight failed before x.\n"
		    "Installed OpenShell: 0.0.44\n"
		    "Running gateway image: none (host process)\n"
		    "Running gateway binary: /g (0.0.44)\n"
		    "A note.\n" TAIL },
		{ { "a\033[2Jb\nc", { "", "no\nword" }, { "", "exit code 2: no" }, NULL, "/g\a", NULL, true },
		    DRIFT_FOUND,
		    "OpenShell gateway schema preflight failed before ab\\x0ac.\n"
		    "Installed OpenShell: unknown (no\\x0aword)\n"
		    "Running gateway image: none (host process)\n"
		    "Running gateway binary: /g\\x07 (unknown: exit code 2: no)\n" TAIL },
		{ { "x", { "", "why" }, { "0.0.43", "" }, NULL, "/g", NULL, false },
		    DRIFT_UNKNOWN,
		    "Whether OpenShell and its gateway are of one version is unknown before x.\n"
		    "Installed OpenShell: unknown (why)\n"
		    "Running gateway image: none (host process)\n"
		    "Running gateway binary: /g (0.0.43)\n" },
		{ { "x", { "0.0.44", "" }, { "", "none runs" }, NULL, NULL, "A note.", false },
		    DRIFT_UNKNOWN,
		    "Whether OpenShell and its gateway are of one version is unknown before x.\n"
		    "Installed OpenShell: 0.0.44\n"
		    "Running gateway image: none (host process)\n"
		    "Running gateway binary: unknown (none runs)\n"
		    "A note.\n" },
		{ { "x", { "0.0.44", "" }, { "", "it has no tag" }, "cluster", NULL, NULL, false },
		    DRIFT_UNKNOWN,
		    "Whether OpenShell and its gateway are of one version is unknown before x.\n"
		    "Installed OpenShell: 0.0.44\n"
		    "Running gateway image: cluster (unknown: it has no tag)\n" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char buffer[4096];
		struct text text;

		text_init(&text, buffer, sizeof(buffer));
		assert_int_equal(drift_judge(&rows[i].drift), rows[i].verdict);
		drift_format(&rows[i].drift, &text);
		assert_string_equal(buffer, rows[i].lines);
	}
}

static void replies_are_read(void **state)
{
	static const struct {
		const char *reply;
		int result;
		const char *version; /* or what is wrong */
	} rows[] = {
		{ "{\"status\":\"ok\",\"version\":\"0.0.43\",\"checks\":{}}\n", 0, "0.0.43" },
		{ "{\"version\":\"0.0.4-dev.6+g1a2b\"}", 0, "0.0.4" },
		{ "{\"version\":\"dev\"}", -ENOMSG, "its version is no x.y.z" },
		{ "{\"version\":43}", -ENOMSG, "the reply has no version" },
		{ "{\"Version\":\"0.0.43\"}", -ENOMSG, "the reply has no version" },
		{ "{\"x\":{\"version\":\"0.0.43\"}}", -ENOMSG, "the reply has no version" },
		{ "{\"version\":\"0.0.43\"", -EPROTO, "the reply is no JSON object" },
		{ "{\"version\":\"0.0.43\"} x", -EPROTO, "the reply is no JSON object" },
		{ "[\"version\",\"0.0.43\"]", -EPROTO, "the reply is no JSON object" },
		{ "version 0.0.43", -EPROTO, "the reply is no JSON object" },
		{ "", -EPROTO, "the reply is no JSON object" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char version[DRIFT_VERSION_BYTES] = "before";
		struct error error = { .message = "" };

		print_message("%s\n", rows[i].reply);
		assert_int_equal(
		    version_decode(rows[i].reply, strlen(rows[i].reply), version, &error),
		    rows[i].result);
		assert_string_equal(rows[i].result ? error.message : version, rows[i].version);
	}
}

static void bodies_are_found(void **state)
{
	static const char reply[] = "HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\r\n\r\n";

	assert_string_equal(http_reply_body(reply, sizeof(reply) - 1), "body\r\n\r\n");
	assert_null(http_reply_body(reply, strlen("HTTP/1.1 200 OK\r\nA: b\r\n\r")));
	assert_null(http_reply_body(reply, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_found),
		cmocka_unit_test(nul_bytes_end_no_text),
		cmocka_unit_test(images_are_read),
		cmocka_unit_test(verdicts_and_lines),
		cmocka_unit_test(replies_are_read),
		cmocka_unit_test(bodies_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

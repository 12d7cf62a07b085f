#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/snapshot_json.h"
#include "sample.h"
#include "util/macros.h"

/* Every key of the status reply, in its order; of the first service and the first request. */
static const char *const keys[] = { "ok", "id", "schema", "health", "nemoinit", "version",
	"instance", "pid", "mode", "uid", "host", "started_at", "uptime_ms", "socket", "config",
	"reaped", "stop_budget_ms", "warnings", "previous_run", "ended", "at", "last_events", "seq",
	"time", "service", "event", "level", "pid", "message", "services", "name", "state", "ready",
	"enabled", "command", "pid", "started_at", "uptime_ms", "restarts", "consecutive_failures",
	"crash_loop", "next_start_in_ms", "stop_timeout_ms", "blocked", "code", "id", "task",
	"message", "last_exit", "at", "reason", "code", "signal", "oom", "uptime_ms", "pid",
	"probe", "type", "target", "ok", "failures", "last_ok_at", "latency_ms", "detail",
	"listener", "port", "owner", "pid", "command", "last_output", "last_output_at", "warnings",
	"auto_pair", "mode", "approved", "rejected", "failed", "timeouts", "polls", "skipped_polls",
	"last_poll_at", "next_poll_in_ms", "deadline_in_ms", "last_error", "pending", "requestId",
	"clientId", "clientMode", "scopes", "verdict", "reason" };

static void walk_keys(const cJSON *item, size_t *at)
{
	if (cJSON_IsArray(item)) {
		if (item->child)
			walk_keys(item->child, at);
		return;
	}
	for (const cJSON *child = item->child; child; child = child->next) {
		assert_true(*at < ARRAY_LEN(keys));
		assert_string_equal(child->string, keys[*at]);
		(*at)++;
		walk_keys(child, at);
	}
}

static void every_field_is_said(void **state)
{
	struct sample sample;
	size_t at = 0;
	char *line;
	cJSON *root;

	sample_full(&sample);
	line = snapshot_encode(&sample.snapshot, "7", NULL);
	root = json_parse(line, strlen(line));
	assert_non_null(root);
	walk_keys(root, &at);
	assert_int_equal(at, ARRAY_LEN(keys));
	assert_string_equal(json_get_string(root, "id"), "7");
	cJSON_Delete(root);
	free(line);
}

static void nothing_is_said_of_an_unknown_life(void **state)
{
	struct sample sample;
	char *line;

	sample_full(&sample);
	sample.snapshot.nemoinit.previous_run.last_events.items = NULL;
	line = snapshot_encode(&sample.snapshot, "", NULL);
	assert_non_null(
	    strstr(line, "\"previous_run\":{\"ended\":\"killed\",\"at\":\"2026-11-20T07:"
			 "59:02.123Z\",\"last_events\":null}"));
	free(line);
	sample_init(&sample);
	line = snapshot_encode(&sample.snapshot, "", NULL);
	assert_non_null(strstr(line, "\"previous_run\":null"));
	free(line);
}

/* There, back and there again gives the same line: nothing is lost or bent. */
static void check_way_back(const struct snapshot *snapshot)
{
	char *line = snapshot_encode(snapshot, "", NULL), *again;
	struct snapshot_json decoded;
	struct error error = { .code = 0 };

	assert_non_null(line);
	assert_null(memchr(line, '\n', strlen(line) - 1));
	if (snapshot_decode(line, strlen(line), &decoded, &error) < 0)
		fail_msg("%s", error.message);
	again = snapshot_encode(&decoded.snapshot, "", NULL);
	assert_string_equal(line, again);
	snapshot_json_deinit(&decoded);
	snapshot_json_deinit(&decoded);
	free(again);
	free(line);
}

static void snapshots_survive_the_way(void **state)
{
	static const struct snapshot nothing = { .nemoinit.version = "" };
	struct sample sample;

	check_way_back(&nothing);
	sample_init(&sample);
	check_way_back(&sample.snapshot);
	sample_full(&sample);
	check_way_back(&sample.snapshot);
}

static void values_are_what_they_were(void **state)
{
	struct snapshot_json decoded;
	const struct snapshot_service *gateway;
	struct sample sample;
	char *line;

	sample_full(&sample);
	line = snapshot_encode(&sample.snapshot, "", NULL);
	assert_int_equal(snapshot_decode(line, strlen(line), &decoded, NULL), 0);
	gateway = &decoded.snapshot.services[0];
	assert_true(decoded.snapshot.nemoinit.is_pid1);
	assert_int_equal(gateway->state, SERVICE_BLOCKED);
	assert_int_equal(gateway->started_at_ms, sample_now_ms - 7380000);
	assert_int_equal(gateway->last_exit.reason, EXIT_REASON_FATAL_OUTPUT);
	assert_int_equal(gateway->last_exit.oom, 1);
	assert_int_equal(gateway->blocked.code, BLOCKED_FATAL_OUTPUT);
	assert_string_equal(gateway->blocked.message, "line one\nline two");
	assert_int_equal(gateway->listener.owner, LISTENER_SELF);
	assert_int_equal(gateway->last_output.count, 2);
	assert_string_equal(gateway->last_output.items[1], sample_output[1]);
	assert_null(decoded.snapshot.services[1].last_output.items);
	assert_int_equal(decoded.snapshot.services[1].listener.port, -1);
	assert_int_equal(decoded.snapshot.services[1].last_exit.reason, EXIT_REASON_NONE);
	assert_int_equal(decoded.snapshot.auto_pair->pending_count, 2);
	snapshot_json_deinit(&decoded);
	free(line);
}

static void one_service_can_be_asked_for(void **state)
{
	static const struct {
		const char *name;
		size_t count;
	} rows[] = { { "auto-pair", 1 }, { "gateway", 1 }, { "nobody", 0 }, { NULL, 2 } };
	struct sample sample;

	sample_init(&sample);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *line = snapshot_encode(&sample.snapshot, "", rows[i].name);
		struct snapshot_json decoded;

		assert_int_equal(snapshot_decode(line, strlen(line), &decoded, NULL), 0);
		assert_int_equal(decoded.snapshot.service_count, rows[i].count);
		if (rows[i].count == 1)
			assert_string_equal(decoded.snapshot.services[0].name, rows[i].name);
		snapshot_json_deinit(&decoded);
		free(line);
	}
}

static void a_thousand_services_fit(void **state)
{
	struct sample sample;
	struct snapshot_service *services = calloc(1000, sizeof(*services));

	sample_full(&sample);
	for (size_t i = 0; i < 1000; i++)
		services[i] = sample.services[0];
	sample.snapshot.services = services;
	sample.snapshot.service_count = 1000;
	check_way_back(&sample.snapshot);
	free(services);
}

/* Replaces the only `from` in a good reply by `to`. */
static char *tampered(const char *from, const char *to)
{
	struct sample sample;
	char *line, *at, *result;
	size_t size;

	sample_full(&sample);
	line = snapshot_encode(&sample.snapshot, "", NULL);
	at = strstr(line, from);
	assert_non_null(at);
	size = strlen(line) + strlen(to) + 1;
	result = malloc(size);
	snprintf(result, size, "%.*s%s%s", (int)(at - line), line, to, at + strlen(from));
	free(line);
	return result;
}

static void hostile_replies_are_refused_by_field(void **state)
{
	static const struct {
		const char *from;
		const char *to;
		const char *message;
	} rows[] = {
		{ "{\"ok\":true,", "[{\"ok\":true,", "the reply is not valid JSON" },
		{ "\"ok\":true,\"schema\":1", "\"ok\":false,\"schema\":1",
		    "ok: missing or not true" },
		{ "\"schema\":1", "\"schema\":2", "schema: missing or not 1" },
		{ "\"health\":\"blocked\"", "\"health\":\"bad\"", "health: not one of its words" },
		{ "\"health\":\"blocked\"", "\"health\":null", "health: null" },
		{ "\"mode\":\"pid1\"", "\"mode\":1", "nemoinit: mode: not one of its words" },
		{ "\"uid\":0,", "", "nemoinit: uid: missing" },
		{ "\"reaped\":128", "\"reaped\":1e99", "nemoinit: reaped: not a whole number" },
		{ "\"stop_budget_ms\":8000,\"warnings\":[\"",
		    "\"stop_budget_ms\":8000,\"warnings\":[7,\"",
		    "nemoinit: warnings: not a list of strings" },
		{ "\"previous_run\":{", "\"previous\":{", "nemoinit: previous_run: missing" },
		{ "\"ended\":\"killed\"", "\"ended\":\"well\"",
		    "nemoinit: previous_run: ended: not one of its words" },
		{ "\"last_events\":[", "\"last_events\":[7,",
		    "nemoinit: previous_run: last_events[0]: missing or not an object" },
		{ "\"last_events\":[", "\"last_events\":7,\"x\":[",
		    "nemoinit: previous_run: last_events: missing or not a list" },
		{ "\"services\":[", "\"services\":[7,", "services[0]: missing or not an object" },
		{ "\"services\":[", "\"service\":[", "services: missing or not a list" },
		{ "\"name\":\"auto-pair\"", "\"name\":null", "services[1]: name: null" },
		{ "\"ready\":true", "\"ready\":1", "services[0]: ready: not a boolean" },
		{ "\"pid\":34", "\"pid\":\"34\"", "services[1]: pid: not a whole number" },
		{ "\"started_at\":\"2026-11-20T05:57:00.123Z\"", "\"started_at\":\"yesterday\"",
		    "services[0]: started_at: not a time" },
		{ "\"oom\":true", "\"oom\":7", "services[0]: last_exit: oom: not a boolean" },
		{ "\"latency_ms\":3", "\"latency_ms\":-3",
		    "services[0]: probe: latency_ms: not a whole number" },
		{ "\"detail\":\"connection refused\"", "\"detail\":[]",
		    "services[0]: probe: detail: not a string" },
		{ "\"listener\":{", "\"listener\":7,\"x\":{",
		    "services[0]: listener: missing or not an object" },
		{ "\"last_output\":[", "\"last_output\":{},\"x\":[",
		    "services[0]: last_output: not a list" },
		{ "\"auto_pair\":{", "\"pair\":{", "auto_pair: missing" },
		{ "\"mode\":\"slow\"", "\"mode\":\"lazy\"",
		    "auto_pair: 'mode' is missing or wrong" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *line = tampered(rows[i].from, rows[i].to);
		struct snapshot_json decoded;
		struct error error = { .code = 0 };

		assert_int_equal(snapshot_decode(line, strlen(line), &decoded, &error), -EINVAL);
		assert_string_equal(error.message, rows[i].message);
		free(line);
	}
}

/* Cut anywhere, or with any byte replaced: an answer, never a crash (run under sanitizers). */
static void mangled_replies_do_no_harm(void **state)
{
	struct sample sample;
	char *line;
	size_t length;

	sample_full(&sample);
	line = snapshot_encode(&sample.snapshot, "", NULL);
	length = strlen(line);
	for (size_t at = 0; at < length - 1; at++) {
		static const char bytes[] = "\"{}[]0n,:\\";
		char kept = line[at];
		struct snapshot_json decoded;

		assert_int_equal(snapshot_decode(line, at, &decoded, NULL), -EINVAL);
		line[at] = bytes[at % strlen(bytes)];
		if (snapshot_decode(line, length, &decoded, NULL) == 0)
			snapshot_json_deinit(&decoded);
		line[at] = kept;
	}
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_said),
		cmocka_unit_test(nothing_is_said_of_an_unknown_life),
		cmocka_unit_test(snapshots_survive_the_way),
		cmocka_unit_test(values_are_what_they_were),
		cmocka_unit_test(one_service_can_be_asked_for),
		cmocka_unit_test(a_thousand_services_fit),
		cmocka_unit_test(hostile_replies_are_refused_by_field),
		cmocka_unit_test(mangled_replies_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

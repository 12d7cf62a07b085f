#include "core/snapshot_json.h"

#include <errno.h>
#include <string.h>

#include "core/auto_pair_json.h"
#include "core/feed_json.h"
#include "core/json.h"
#include "core/record_json.h"
#include "core/reply_json.h"

static const char *mode_to_string(unsigned is_pid1)
{
	return is_pid1 ? "pid1" : "subreaper";
}

static const struct record_words modes = { mode_to_string, 2 };
static const struct record_words healths = { health_to_string, HEALTH_COUNT_ };
static const struct record_words states = { service_state_to_string, SERVICE_STATE_COUNT_ };
static const struct record_words reasons = { exit_reason_to_string, EXIT_REASON_COUNT_ };
static const struct record_words codes = { blocked_code_to_string, BLOCKED_CODE_COUNT_ };
static const struct record_words life_ends = { life_end_to_string, LIFE_END_COUNT_ };
static const struct record_words owners = { listener_owner_to_string, LISTENER_OWNER_COUNT_ };

static bool blocked_is_null(const void *object)
{
	return ((const struct snapshot_blocked *)object)->code == BLOCKED_NOT;
}

static bool exit_is_null(const void *object)
{
	return ((const struct snapshot_exit *)object)->reason == EXIT_REASON_NONE;
}

static bool run_is_null(const void *object)
{
	return ((const struct snapshot_life *)object)->ended == LIFE_END_NONE;
}

static bool probe_is_null(const void *object)
{
	return !((const struct snapshot_probe *)object)->type;
}

static bool listener_is_null(const void *object)
{
	return ((const struct snapshot_listener *)object)->port < 0;
}

static const struct record_field blocked_fields[] = {
	RECORD_WORD(struct snapshot_blocked, WORD, "code", code, &codes),
	RECORD(struct snapshot_blocked, STRING, "id", id),
	RECORD(struct snapshot_blocked, STRING, "task", task),
	RECORD(struct snapshot_blocked, STRING, "message", message),
	{ .name = NULL },
};

static const struct record_field exit_fields[] = {
	RECORD(struct snapshot_exit, TIME, "at", at_ms),
	RECORD_WORD(struct snapshot_exit, WORD, "reason", reason, &reasons),
	RECORD(struct snapshot_exit, INTEGER, "code", code),
	RECORD(struct snapshot_exit, INTEGER, "signal", signal),
	RECORD(struct snapshot_exit, FLAG, "oom", oom),
	RECORD(struct snapshot_exit, INTEGER, "uptime_ms", uptime_ms),
	RECORD(struct snapshot_exit, INTEGER, "pid", pid),
	{ .name = NULL },
};

static const struct record_field probe_fields[] = {
	RECORD(struct snapshot_probe, NAME, "type", type),
	RECORD(struct snapshot_probe, STRING, "target", target),
	RECORD(struct snapshot_probe, FLAG, "ok", ok),
	RECORD(struct snapshot_probe, INTEGER, "failures", failures),
	RECORD(struct snapshot_probe, TIME, "last_ok_at", last_ok_at_ms),
	RECORD(struct snapshot_probe, INTEGER, "latency_ms", latency_ms),
	RECORD(struct snapshot_probe, STRING, "detail", detail),
	{ .name = NULL },
};

static const struct record_field listener_fields[] = {
	RECORD(struct snapshot_listener, INTEGER, "port", port),
	RECORD_WORD(struct snapshot_listener, WORD, "owner", owner, &owners),
	RECORD(struct snapshot_listener, INTEGER, "pid", pid),
	RECORD(struct snapshot_listener, STRING, "command", command),
	{ .name = NULL },
};

static const struct record_field service_fields[] = {
	RECORD(struct snapshot_service, NAME, "name", name),
	RECORD_WORD(struct snapshot_service, WORD, "state", state, &states),
	RECORD(struct snapshot_service, BOOL, "ready", ready),
	RECORD(struct snapshot_service, BOOL, "enabled", enabled),
	RECORD(struct snapshot_service, STRING, "command", command),
	RECORD(struct snapshot_service, INTEGER, "pid", pid),
	RECORD(struct snapshot_service, TIME, "started_at", started_at_ms),
	RECORD(struct snapshot_service, INTEGER, "uptime_ms", uptime_ms),
	RECORD(struct snapshot_service, INTEGER, "restarts", restarts),
	RECORD(struct snapshot_service, INTEGER, "consecutive_failures", consecutive_failures),
	RECORD(struct snapshot_service, BOOL, "crash_loop", crash_loop),
	RECORD(struct snapshot_service, INTEGER, "next_start_in_ms", next_start_in_ms),
	RECORD(struct snapshot_service, INTEGER, "stop_timeout_ms", stop_timeout_ms),
	RECORD_OBJECT(struct snapshot_service, "blocked", blocked, blocked_fields, blocked_is_null),
	RECORD_OBJECT(struct snapshot_service, "last_exit", last_exit, exit_fields, exit_is_null),
	RECORD_OBJECT(struct snapshot_service, "probe", probe, probe_fields, probe_is_null),
	RECORD_OBJECT(
	    struct snapshot_service, "listener", listener, listener_fields, listener_is_null),
	RECORD(struct snapshot_service, STRINGS_OR_NULL, "last_output", last_output),
	RECORD(struct snapshot_service, TIME, "last_output_at", last_output_at_ms),
	RECORD(struct snapshot_service, STRINGS, "warnings", warnings),
	{ .name = NULL },
};

static const struct record_field run_fields[] = {
	RECORD_WORD(struct snapshot_life, WORD, "ended", ended, &life_ends),
	RECORD(struct snapshot_life, TIME, "at", at_ms),
	RECORD_LIST(struct snapshot_life, "last_events", last_events, event_record_fields,
	    sizeof(struct event)),
	{ .name = NULL },
};

static const struct record_field nemoinit_fields[] = {
	RECORD(struct snapshot_nemoinit, NAME, "version", version),
	RECORD(struct snapshot_nemoinit, STRING, "instance", instance),
	RECORD(struct snapshot_nemoinit, INTEGER, "pid", pid),
	RECORD_WORD(struct snapshot_nemoinit, CHOICE, "mode", is_pid1, &modes),
	RECORD(struct snapshot_nemoinit, INTEGER, "uid", uid),
	RECORD(struct snapshot_nemoinit, STRING, "host", host),
	RECORD(struct snapshot_nemoinit, TIME, "started_at", started_at_ms),
	RECORD(struct snapshot_nemoinit, INTEGER, "uptime_ms", uptime_ms),
	RECORD(struct snapshot_nemoinit, STRING, "socket", socket),
	RECORD(struct snapshot_nemoinit, STRING, "config", config),
	RECORD(struct snapshot_nemoinit, INTEGER, "reaped", reaped),
	RECORD(struct snapshot_nemoinit, INTEGER, "stop_budget_ms", stop_budget_ms),
	RECORD(struct snapshot_nemoinit, STRINGS, "warnings", warnings),
	RECORD_OBJECT(
	    struct snapshot_nemoinit, "previous_run", previous_run, run_fields, run_is_null),
	{ .name = NULL },
};

static const struct record_field snapshot_fields[] = {
	RECORD_WORD(struct snapshot, WORD, "health", health, &healths),
	RECORD_OBJECT(struct snapshot, "nemoinit", nemoinit, nemoinit_fields, NULL),
	{ .name = NULL },
};

/* The services that are asked for: all, or a list of one or none. */
static cJSON *services_to_json(const struct snapshot *snapshot, const char *service)
{
	const struct snapshot_service *first = snapshot->services;
	size_t count = snapshot->service_count, at;

	if (service) {
		for (at = 0; at < count && strcmp(first[at].name, service) != 0; at++)
			;
		count = at < count;
		if (count)
			first += at;
	}
	return record_list_to_json(service_fields, first, count, sizeof(*first));
}

char *snapshot_encode(const struct snapshot *snapshot, const char *id, const char *service)
{
	cJSON *root = reply_new(id, true);
	bool complete = root && json_add_integer(root, "schema", SNAPSHOT_SCHEMA) &&
			record_add(root, snapshot_fields, snapshot) &&
			json_add_item(root, "services", services_to_json(snapshot, service)) &&
			(snapshot->auto_pair ? json_add_item(root, "auto_pair",
						   auto_pair_to_json(snapshot->auto_pair))
					     : json_add_string(root, "auto_pair", NULL));

	return reply_encode_line(root, complete);
}

static int auto_pair_read(struct snapshot_json *decoded, struct error *error)
{
	const cJSON *item = json_get(decoded->root, "auto_pair");
	int result;

	if (cJSON_IsNull(item))
		return 0;
	if (!item)
		return error_set(error, -EINVAL, "auto_pair: missing");
	result = auto_pair_from_json(item, &decoded->auto_pair, error);
	if (!result)
		decoded->snapshot.auto_pair = &decoded->auto_pair;
	return result;
}

static int snapshot_read(struct snapshot_json *decoded, struct error *error)
{
	bool ok = false;
	void *services = NULL;
	int64_t schema = 0;
	int result;

	if (!json_get_bool(decoded->root, "ok", &ok) || !ok)
		return error_set(error, -EINVAL, "ok: missing or not true");
	if (!json_get_integer(decoded->root, "schema", &schema) || schema != SNAPSHOT_SCHEMA)
		return error_set(error, -EINVAL, "schema: missing or not %d", SNAPSHOT_SCHEMA);
	result = record_from_json(snapshot_fields, decoded->root, &decoded->snapshot, error);
	if (!result)
		result = record_list_from_json(service_fields, json_get(decoded->root, "services"),
		    "services", sizeof(struct snapshot_service), &services,
		    &decoded->snapshot.service_count, error);
	if (!result) {
		decoded->snapshot.services = services;
		result = auto_pair_read(decoded, error);
	}
	return result;
}

int snapshot_decode(
    const char *line, size_t length_bytes, struct snapshot_json *ret_snapshot, struct error *error)
{
	struct snapshot_json decoded = { .root = json_parse(line, length_bytes) };
	int result;

	if (!decoded.root)
		return error_set(error, -EINVAL, "the reply is not valid JSON");
	result = snapshot_read(&decoded, error);
	if (result) {
		snapshot_json_deinit(&decoded);
		return result;
	}
	*ret_snapshot = decoded;
	if (decoded.snapshot.auto_pair)
		ret_snapshot->snapshot.auto_pair = &ret_snapshot->auto_pair;
	return 0;
}

void snapshot_json_deinit(struct snapshot_json *snapshot)
{
	record_list_free(service_fields, snapshot->snapshot.services,
	    snapshot->snapshot.service_count, sizeof(struct snapshot_service));
	record_deinit(snapshot_fields, &snapshot->snapshot);
	auto_pair_deinit(&snapshot->auto_pair);
	cJSON_Delete(snapshot->root);
	*snapshot = (struct snapshot_json){ .root = NULL };
}

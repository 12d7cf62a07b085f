/* A datagram from a service: what it says of itself, and the state that the watcher sends in it. */
#include "fuzz.h"

#include <errno.h>

#include "core/auto_pair_json.h"
#include "core/notify_message.h"

enum { ROOM_BYTES = 2000 };

/* The value of the last line that begins with `name=`; one of is_any that is just value. */
static bool says(const char *text, size_t size, const char *line)
{
	size_t length = strlen(line);

	for (const char *at = text, *end = text + size; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t bytes = (size_t)((newline ? newline : end) - at);

		if (bytes == length && memcmp(at, line, length) == 0)
			return true;
		at += bytes + 1;
	}
	return false;
}

static void check_span(const char *text, size_t size, const char *span, size_t length)
{
	must(span || !length);
	if (!span)
		return;
	must(span > text && span + length <= text + size && !memchr(span, '\n', length));
	must(span[-1] == '=' && (span + length == text + size || span[length] == '\n'));
}

static char *encode(const struct auto_pair *state, size_t max_bytes)
{
	char *text = auto_pair_encode(state, max_bytes);

	must(text && strlen(text) <= max_bytes && is_line(text));
	return text;
}

/* What has been read can be written, and reads the same; in less room it says less. */
static void check_state(const char *text, size_t size)
{
	struct error error = { .message = "" };
	struct auto_pair state, again;
	char *first, *second;

	if (auto_pair_decode(text, size, &state, &error)) {
		must(error.message[0] && is_line(error.message));
		return;
	}
	must(state.mode < AUTO_PAIR_MODE_COUNT_ && state.pending_count <= AUTO_PAIR_PENDING_MAX);
	must(is_line(state.last_error));
	for (size_t i = 0; i < state.pending_count; i++) {
		const struct auto_pair_request *request = &state.pending[i];

		must(request->verdict < AUTO_PAIR_VERDICT_COUNT_ && is_line(request->request_id));
		must(is_line(request->client_id) && is_line(request->client_mode));
		must(is_line(request->scopes) && is_line(request->reason));
	}
	first = encode(&state, SIZE_MAX);
	must(auto_pair_decode(first, strlen(first), &again, NULL) == 0);
	second = encode(&again, SIZE_MAX);
	must(strcmp(first, second) == 0);
	auto_pair_deinit(&again);
	free(first);
	free(second);
	first = encode(&state, ROOM_BYTES);
	must(auto_pair_decode(first, strlen(first), &again, NULL) == 0);
	must(again.pending_count <= state.pending_count);
	auto_pair_deinit(&again);
	auto_pair_deinit(&state);
	free(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct notify_message message;

	notify_message_parse(text, size, &message);
	must(message.is_ready == says(text, size, "READY=1"));
	must(message.is_watchdog == says(text, size, "WATCHDOG=1"));
	must(message.is_stopping == says(text, size, "STOPPING=1"));
	must(message.main_pid >= -1 && message.main_pid <= INT32_MAX);
	check_span(text, size, message.status, message.status_bytes);
	check_span(text, size, message.auto_pair, message.auto_pair_bytes);
	check_span(text, size, message.warning, message.warning_bytes);
	if (message.auto_pair)
		check_state(message.auto_pair, message.auto_pair_bytes);
	return 0;
}

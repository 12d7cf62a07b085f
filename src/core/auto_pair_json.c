#include "core/auto_pair_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "util/macros.h"
#include "util/text.h"
#include "util/utf8.h"

/* The counters under their names, once for both directions. */
static const struct {
	const char *name;
	size_t offset;
} counters[] = {
	{ "approved", offsetof(struct auto_pair, approved) },
	{ "rejected", offsetof(struct auto_pair, rejected) },
	{ "failed", offsetof(struct auto_pair, failed) },
	{ "timeouts", offsetof(struct auto_pair, timeouts) },
	{ "polls", offsetof(struct auto_pair, polls) },
	{ "skipped_polls", offsetof(struct auto_pair, skipped_polls) },
};

/* ---- to JSON ---- */

static const char *nullable(const char *string)
{
	return string[0] ? string : NULL;
}

/* "a b" → ["a","b"] */
static cJSON *words_to_json(const char *words)
{
	cJSON *list = cJSON_CreateArray();

	while (list && *words) {
		char word[AUTO_PAIR_SCOPES_BYTES];
		size_t length = strcspn(words, " ");
		cJSON *item;

		memcpy(word, words, length);
		word[length] = '\0';
		item = cJSON_CreateString(word);
		if (!item || !cJSON_AddItemToArray(list, item)) {
			cJSON_Delete(item);
			cJSON_Delete(list);
			return NULL;
		}
		words += length;
		words += *words == ' ';
	}
	return list;
}

static bool request_add(cJSON *list, const struct auto_pair_request *request)
{
	cJSON *object = cJSON_CreateObject();

	if (object && json_add_string(object, "requestId", request->request_id) &&
	    json_add_string(object, "clientId", request->client_id) &&
	    json_add_string(object, "clientMode", request->client_mode) &&
	    json_add_item(object, "scopes", words_to_json(request->scopes)) &&
	    json_add_string(object, "verdict", auto_pair_verdict_to_string(request->verdict)) &&
	    json_add_string(object, "reason", nullable(request->reason)) &&
	    cJSON_AddItemToArray(list, object))
		return true;
	cJSON_Delete(object);
	return false;
}

static cJSON *requests_to_json(const struct auto_pair *state)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; list && i < state->pending_count; i++) {
		if (!request_add(list, &state->pending[i])) {
			cJSON_Delete(list);
			return NULL;
		}
	}
	return list;
}

static bool counters_add(cJSON *object, const struct auto_pair *state)
{
	for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
		uint64_t value;

		memcpy(&value, (const char *)state + counters[i].offset, sizeof(value));
		if (!json_add_integer(object, counters[i].name, (int64_t)value))
			return false;
	}
	return true;
}

struct cJSON *auto_pair_to_json(const struct auto_pair *state)
{
	cJSON *object = cJSON_CreateObject();

	if (object && json_add_string(object, "mode", auto_pair_mode_to_string(state->mode)) &&
	    counters_add(object, state) &&
	    json_add_time(object, "last_poll_at", state->last_poll_at_ms) &&
	    json_add_nullable(object, "next_poll_in_ms", state->next_poll_in_ms) &&
	    json_add_nullable(object, "deadline_in_ms", state->deadline_in_ms) &&
	    json_add_string(object, "last_error", nullable(state->last_error)) &&
	    json_add_item(object, "pending", requests_to_json(state)))
		return object;
	cJSON_Delete(object);
	return NULL;
}

char *auto_pair_encode(const struct auto_pair *state, size_t max_bytes)
{
	cJSON *object = auto_pair_to_json(state);
	cJSON *pending = cJSON_GetObjectItemCaseSensitive(object, "pending");
	char *text = object ? cJSON_PrintUnformatted(object) : NULL;
	int count = cJSON_GetArraySize(pending);

	while (text && strlen(text) > max_bytes) {
		cJSON_free(text);
		text = NULL;
		if (count) {
			cJSON_DeleteItemFromArray(pending, --count);
			text = cJSON_PrintUnformatted(object);
		}
	}
	cJSON_Delete(object);
	return text;
}

/* ---- from JSON ---- */

static int wrong(struct error *error, const char *name)
{
	return error_set(error, -EINVAL, "auto_pair: '%s' is missing or wrong", name);
}

static int read_string(
    const cJSON *object, const char *name, char *ret_buffer, size_t size_bytes, struct error *error)
{
	const char *string = json_get_string(object, name);

	if (!string || strlen(string) >= size_bytes || !utf8_is_printable(string, strlen(string)))
		return wrong(error, name);
	strcpy(ret_buffer, string);
	return 0;
}

static int read_nullable_string(
    const cJSON *object, const char *name, char *ret_buffer, size_t size_bytes, struct error *error)
{
	if (!cJSON_IsNull(json_get(object, name)))
		return read_string(object, name, ret_buffer, size_bytes, error);
	ret_buffer[0] = '\0';
	return 0;
}

static int read_count(
    const cJSON *object, const char *name, int64_t *ret_value, struct error *error)
{
	int64_t value;

	if (!json_get_integer(object, name, &value) || value < 0)
		return wrong(error, name);
	*ret_value = value;
	return 0;
}

static int read_nullable_count(
    const cJSON *object, const char *name, int64_t *ret_value, struct error *error)
{
	if (!cJSON_IsNull(json_get(object, name)))
		return read_count(object, name, ret_value, error);
	*ret_value = -1;
	return 0;
}

static int read_nullable_time(
    const cJSON *object, const char *name, int64_t *ret_ms, struct error *error)
{
	const char *string = json_get_string(object, name);
	int64_t ms = string ? json_parse_time(string) : -1;

	if (ms < 0 && !cJSON_IsNull(json_get(object, name)))
		return wrong(error, name);
	*ret_ms = ms;
	return 0;
}

static int read_mode(const cJSON *object, enum auto_pair_mode *ret_mode, struct error *error)
{
	const char *word = json_get_string(object, "mode");

	for (int i = 0; word && i < AUTO_PAIR_MODE_COUNT_; i++) {
		if (strcmp(word, auto_pair_mode_to_string((enum auto_pair_mode)i)) == 0) {
			*ret_mode = (enum auto_pair_mode)i;
			return 0;
		}
	}
	return wrong(error, "mode");
}

static int read_verdict(
    const cJSON *object, enum auto_pair_verdict *ret_verdict, struct error *error)
{
	const char *word = json_get_string(object, "verdict");

	for (int i = 0; word && i < AUTO_PAIR_VERDICT_COUNT_; i++) {
		if (strcmp(word, auto_pair_verdict_to_string((enum auto_pair_verdict)i)) == 0) {
			*ret_verdict = (enum auto_pair_verdict)i;
			return 0;
		}
	}
	return wrong(error, "verdict");
}

/* ["a","b"] → "a b" */
static int read_words(
    const cJSON *object, const char *name, char *ret_buffer, size_t size_bytes, struct error *error)
{
	const cJSON *list = json_get(object, name), *item;
	struct text words;

	if (!cJSON_IsArray(list))
		return wrong(error, name);
	text_init(&words, ret_buffer, size_bytes);
	cJSON_ArrayForEach(item, list)
	{
		const char *word = cJSON_GetStringValue(item);

		if (!word || !word[0] || strchr(word, ' ') ||
		    !utf8_is_printable(word, strlen(word)))
			return wrong(error, name);
		if (words.length_bytes)
			text_add(&words, " ");
		text_add(&words, word);
	}
	return words.truncated ? wrong(error, name) : 0;
}

static int read_request(const cJSON *object, struct auto_pair_request *request, struct error *error)
{
	int result = read_string(
	    object, "requestId", request->request_id, sizeof(request->request_id), error);

	if (!result)
		result = read_string(
		    object, "clientId", request->client_id, sizeof(request->client_id), error);
	if (!result)
		result = read_string(object, "clientMode", request->client_mode,
		    sizeof(request->client_mode), error);
	if (!result)
		result =
		    read_words(object, "scopes", request->scopes, sizeof(request->scopes), error);
	if (!result)
		result = read_verdict(object, &request->verdict, error);
	if (!result)
		result = read_nullable_string(
		    object, "reason", request->reason, sizeof(request->reason), error);
	return result;
}

/* On failure the caller deinits what has been read so far. */
static int read_requests(const cJSON *object, struct auto_pair *state, struct error *error)
{
	const cJSON *list = json_get(object, "pending"), *item;
	int count = cJSON_GetArraySize(list), result = 0;

	if (!cJSON_IsArray(list) || count > AUTO_PAIR_PENDING_MAX)
		return wrong(error, "pending");
	if (!count)
		return 0;
	state->pending = calloc((size_t)count, sizeof(*state->pending));
	if (!state->pending)
		return error_set(error, -ENOMEM, "auto_pair: no memory");
	cJSON_ArrayForEach(item, list)
	{
		result = read_request(item, &state->pending[state->pending_count++], error);
		if (result)
			break;
	}
	return result;
}

static int read_counters(const cJSON *object, struct auto_pair *state, struct error *error)
{
	for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
		int64_t value = 0;
		int result = read_count(object, counters[i].name, &value, error);

		if (result)
			return result;
		memcpy((char *)state + counters[i].offset, &value, sizeof(value));
	}
	return 0;
}

int auto_pair_from_json(
    const struct cJSON *object, struct auto_pair *ret_state, struct error *error)
{
	struct auto_pair state = { .pending = NULL };
	int result = read_mode(object, &state.mode, error);

	if (!result)
		result = read_counters(object, &state, error);
	if (!result)
		result = read_nullable_time(object, "last_poll_at", &state.last_poll_at_ms, error);
	if (!result)
		result =
		    read_nullable_count(object, "next_poll_in_ms", &state.next_poll_in_ms, error);
	if (!result)
		result =
		    read_nullable_count(object, "deadline_in_ms", &state.deadline_in_ms, error);
	if (!result)
		result = read_nullable_string(
		    object, "last_error", state.last_error, sizeof(state.last_error), error);
	if (!result)
		result = read_requests(object, &state, error);
	if (result) {
		auto_pair_deinit(&state);
		return result;
	}
	*ret_state = state;
	return 0;
}

int auto_pair_decode(
    const char *text, size_t length_bytes, struct auto_pair *ret_state, struct error *error)
{
	cJSON *object = json_parse(text, length_bytes);
	int result;

	if (!object)
		return error_set(error, -EINVAL, "auto_pair: not JSON");
	result = auto_pair_from_json(object, ret_state, error);
	cJSON_Delete(object);
	return result;
}

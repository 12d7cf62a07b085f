#include "core/reply_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/record_json.h"
#include "util/macros.h"
#include "util/text.h"
#include "util/utf8.h"

static const struct record_words outcome_words = { outcome_to_string, OUTCOME_COUNT_ };

static const struct record_field outcome_fields[] = {
	RECORD(struct service_outcome, NAME, "name", name),
	RECORD_WORD(struct service_outcome, WORD, "result", outcome, &outcome_words),
	RECORD(struct service_outcome, INTEGER, "old_pid", old_pid),
	RECORD(struct service_outcome, INTEGER, "pid", pid),
	RECORD(struct service_outcome, STRING, "message", message),
	{ .name = NULL },
};

struct cJSON *reply_new(const char *id, bool ok)
{
	cJSON *root = cJSON_CreateObject();

	if (root && json_add_bool(root, "ok", ok) && (!id[0] || json_add_string(root, "id", id)))
		return root;
	cJSON_Delete(root);
	return NULL;
}

char *reply_encode_line(struct cJSON *root, bool complete)
{
	char *text = root && complete ? cJSON_PrintUnformatted(root) : NULL, *line;
	size_t length;

	cJSON_Delete(root);
	if (!text)
		return NULL;
	length = strlen(text);
	line = realloc(text, length + 2);
	if (!line) {
		free(text);
		return NULL;
	}
	memcpy(line + length, "\n", 2);
	return line;
}

char *reply_encode_ok(const char *id)
{
	return reply_encode_line(reply_new(id, true), true);
}

char *reply_encode_error(const char *id, enum reply_code code, const char *message)
{
	cJSON *root = reply_new(id, false), *error = cJSON_CreateObject();
	bool complete = error && json_add_string(error, "code", reply_code_to_string(code)) &&
			json_add_string(error, "message", message);

	if (root)
		complete = json_add_item(root, "error", error) && complete;
	else
		cJSON_Delete(error);
	return reply_encode_line(root, complete);
}

bool reply_is_good(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_ALREADY_RUNNING:
	case OUTCOME_STARTED:
	case OUTCOME_SKIPPED: return true;
	case OUTCOME_BLOCKED:
	case OUTCOME_FOREIGN_PORT:
	case OUTCOME_TIMEOUT:
	case OUTCOME_FAILED:
	case OUTCOME_COUNT_: break;
	}
	return false;
}

char *reply_encode_outcomes(const char *id, const struct service_outcome *outcomes, size_t count)
{
	bool ok = true, complete;
	cJSON *root;

	for (size_t i = 0; i < count; i++)
		ok = ok && reply_is_good(outcomes[i].outcome);
	root = reply_new(id, ok);
	complete =
	    root && json_add_item(root, "services",
			record_list_to_json(outcome_fields, outcomes, count, sizeof(*outcomes)));
	return reply_encode_line(root, complete);
}

static enum reply_code code_from_string(const char *string)
{
	for (unsigned code = 0; code < REPLY_CODE_COUNT_; code++) {
		if (strcmp(reply_code_to_string(code), string) == 0)
			return code;
	}
	return REPLY_FAILED;
}

static int decode_error(const cJSON *root, struct reply *reply, struct error *error)
{
	const cJSON *object = json_get(root, "error");
	const char *code = json_get_string(object, "code");

	reply->message = json_get_string(object, "message");
	if (!code || !reply->message)
		return error_set(error, -EINVAL, "error: `code` or `message` is missing");
	reply->has_error = true;
	reply->code = code_from_string(code);
	return 0;
}

static int decode_outcomes(const cJSON *root, struct reply *reply, struct error *error)
{
	void *list = NULL;
	int result = record_list_from_json(outcome_fields, json_get(root, "services"), "services",
	    sizeof(*reply->outcomes), &list, &reply->outcome_count, error);

	if (!result)
		reply->outcomes = list;
	return result;
}

int reply_decode(const char *line, size_t length_bytes, bool has_outcomes, struct reply *ret_reply,
    struct error *error)
{
	struct reply reply = { .root = json_parse(line, length_bytes) };
	int result = 0;

	if (!reply.root)
		return error_set(error, -EINVAL, "the reply is not valid JSON");
	if (!json_get_bool(reply.root, "ok", &reply.ok))
		result = error_set(error, -EINVAL, "ok: missing or no boolean");
	else if (!reply.ok && (!has_outcomes || json_get(reply.root, "error")))
		result = decode_error(reply.root, &reply, error);
	else if (has_outcomes)
		result = decode_outcomes(reply.root, &reply, error);
	if (result) {
		reply_deinit(&reply);
		return result;
	}
	*ret_reply = reply;
	return 0;
}

void reply_deinit(struct reply *reply)
{
	record_list_free(
	    outcome_fields, reply->outcomes, reply->outcome_count, sizeof(*reply->outcomes));
	reply->outcomes = NULL;
	reply->outcome_count = 0;
	cJSON_Delete(reply->root);
	reply->root = NULL;
}

/* One that is wrong or might be obeyed, as JSON has it: a blank or, in a string, an escape. */
static size_t add_harmless(
    struct text *text, const char *bytes, size_t length_bytes, bool is_string)
{
	unsigned char byte = (unsigned char)bytes[0];
	unsigned char next = length_bytes > 1 ? (unsigned char)bytes[1] : 0;
	bool is_c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0;

	if (!is_string)
		text_add(text, " ");
	else
		text_addf(text, "\\u%04x", is_c1 ? next : byte < 0x80 ? byte : 0xfffd);
	return 1 + is_c1;
}

void reply_add_printable(struct text *text, const char *line, size_t length_bytes)
{
	bool is_string = false, is_escaped = false;
	size_t step;

	for (size_t at = 0; at < length_bytes; at += step) {
		step = utf8_printable_length(line + at, length_bytes - at);
		if (step)
			text_add_bytes(text, line + at, step);
		else
			step = add_harmless(text, line + at, length_bytes - at, is_string);
		is_string ^= line[at] == '"' && !is_escaped;
		is_escaped = is_string && line[at] == '\\' && !is_escaped;
	}
}

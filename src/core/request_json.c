#include "core/request_json.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "core/json.h"
#include "core/reply_json.h"
#include "util/macros.h"
#include "util/parse.h"
#include "util/text.h"
#include "util/utf8.h"

/* The request that is being read, and where to say what is wrong with it. */
struct reader {
	struct request request;
	enum reply_code code;
	struct error *error;
};

/* Strangers' bytes, fit to be quoted in a message. */
struct quote {
	char text[48];
};

static struct quote quote(const char *bytes, size_t length_bytes)
{
	struct quote quoted;
	struct text text;

	text_init(&text, quoted.text, sizeof(quoted.text) - strlen("…"));
	text_add_printable(&text, bytes, length_bytes, sizeof(quoted.text) - strlen("…") - 1);
	if (text.truncated)
		memcpy(quoted.text + text.length_bytes, "…", sizeof("…"));
	return quoted;
}

static struct quote quote_string(const char *string)
{
	return quote(string, strlen(string));
}

bool request_is_service_name(const char *string)
{
	size_t length = strspn(string, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return string[0] >= 'a' && string[0] <= 'z' && !string[length] &&
	       length < REQUEST_SERVICE_BYTES;
}

static int read_op_name(struct reader *reader, const char *name, size_t length_bytes)
{
	for (unsigned op = 0; op < REQUEST_OP_COUNT_; op++) {
		const char *known = request_op_to_string(op);

		if (strlen(known) == length_bytes && memcmp(known, name, length_bytes) == 0) {
			reader->request.op = op;
			return 0;
		}
	}
	reader->code = REPLY_UNKNOWN_OP;
	return error_set(reader->error, -EINVAL, "unknown op '%s'", quote(name, length_bytes).text);
}

static int read_op(struct reader *reader, const cJSON *item)
{
	if (!cJSON_IsString(item))
		return error_set(reader->error, -EINVAL, "'op' is not a string");
	return read_op_name(reader, item->valuestring, strlen(item->valuestring));
}

static int read_id(struct reader *reader, const cJSON *item)
{
	if (!cJSON_IsString(item) ||
	    !utf8_is_printable(item->valuestring, strlen(item->valuestring)))
		return error_set(reader->error, -EINVAL, "'id' is not a printable string");
	if (strlen(item->valuestring) >= sizeof(reader->request.id))
		return error_set(reader->error, -EINVAL, "'id' is longer than %zu bytes",
		    sizeof(reader->request.id) - 1);
	memcpy(reader->request.id, item->valuestring, strlen(item->valuestring) + 1);
	return 0;
}

static int read_service(struct reader *reader, const cJSON *item)
{
	if (!cJSON_IsString(item))
		return error_set(reader->error, -EINVAL, "'service' is not a string");
	if (!request_is_service_name(item->valuestring))
		return error_set(reader->error, -EINVAL, "'service': '%s' is no service name",
		    quote_string(item->valuestring).text);
	memcpy(reader->request.service, item->valuestring, strlen(item->valuestring) + 1);
	return 0;
}

static int read_timeout(struct reader *reader, const cJSON *item)
{
	double ms;
	int result = 0;

	if (cJSON_IsString(item)) {
		result = parse_duration_ms(
		    item->valuestring, 0, REQUEST_MAX_TIMEOUT_MS, &reader->request.timeout_ms);
	} else if (cJSON_IsNumber(item)) {
		ms = item->valuedouble * 1000 + 0.5;
		/* This way round a NaN is refused too. */
		if (ms >= 0 && ms < (double)REQUEST_MAX_TIMEOUT_MS + 1)
			reader->request.timeout_ms = (uint64_t)ms;
		else
			result = -ERANGE;
	} else {
		result = -EINVAL;
	}
	if (result == -ERANGE)
		return error_set(reader->error, -EINVAL, "'timeout' is outside 0 to 24h");
	if (result)
		return error_set(reader->error, -EINVAL,
		    "'timeout' is neither a duration like \"10s\" nor a number of seconds");
	return 0;
}

static int read_follow(struct reader *reader, const cJSON *item)
{
	if (!cJSON_IsBool(item))
		return error_set(reader->error, -EINVAL, "'follow' is not a boolean");
	reader->request.follow = cJSON_IsTrue(item);
	return 0;
}

/* A whole number from 0 to max; this way round a NaN is refused too. */
static int read_count(struct reader *reader, const cJSON *item, int64_t max, int64_t *ret_count)
{
	double value = cJSON_IsNumber(item) ? item->valuedouble : -1;

	if (!(value >= 0 && value <= (double)max) || (double)(int64_t)value != value)
		return error_set(reader->error, -EINVAL,
		    "'%s' is not a whole number from 0 to %lld", item->string, (long long)max);
	*ret_count = (int64_t)value;
	return 0;
}

static int read_since(struct reader *reader, const cJSON *item)
{
	return read_count(reader, item, REQUEST_MAX_SINCE, &reader->request.since);
}

static int read_lines(struct reader *reader, const cJSON *item)
{
	return read_count(reader, item, REQUEST_MAX_LINES, &reader->request.lines);
}

/* In the order in which they are read: the id first, so that every later error can echo it. */
static const struct {
	const char *name;
	int (*read)(struct reader *reader, const cJSON *item);
	unsigned argument; /* 0: every op takes it */
} keys[] = {
	{ "id", read_id, 0 },
	{ "op", read_op, 0 },
	{ "service", read_service, REQUEST_HAS_SERVICE },
	{ "timeout", read_timeout, 0 },
	{ "since", read_since, REQUEST_HAS_SINCE },
	{ "lines", read_lines, REQUEST_HAS_LINES },
	{ "follow", read_follow, REQUEST_HAS_FOLLOW },
};

static bool is_known_key(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (strcmp(keys[i].name, name) == 0)
			return true;
	}
	return false;
}

/* cJSON keeps every member; a key that stands twice would let two readers disagree. */
static int check_keys(struct reader *reader, const cJSON *object)
{
	for (const cJSON *item = object->child; item; item = item->next) {
		if (!is_known_key(item->string))
			return error_set(reader->error, -EINVAL, "unknown key '%s'",
			    quote_string(item->string).text);
		if (json_get(object, item->string) != item)
			return error_set(
			    reader->error, -EINVAL, "duplicate key '%s'", item->string);
	}
	return 0;
}

static int check_arguments(struct reader *reader, const cJSON *object)
{
	unsigned arguments = request_op_arguments(reader->request.op);
	const char *op = request_op_to_string(reader->request.op);

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (keys[i].argument && !(keys[i].argument & arguments) &&
		    json_get(object, keys[i].name))
			return error_set(
			    reader->error, -EINVAL, "'%s' is no argument of %s", keys[i].name, op);
	}
	return 0;
}

/* However it came: a bare word has no arguments. */
static int check_service(struct reader *reader)
{
	if (reader->request.service[0] ||
	    !(request_op_arguments(reader->request.op) & REQUEST_NEEDS_SERVICE))
		return 0;
	return error_set(reader->error, -EINVAL, "'service' is missing: %s is of one service",
	    request_op_to_string(reader->request.op));
}

static int read_members(struct reader *reader, const cJSON *object)
{
	const cJSON *item = json_get(object, "id");
	/* Before all else, so that a complaint about the rest can echo it. */
	int result = item ? read_id(reader, item) : 0;

	/* Then the op: one that is not known may have arguments that are not known either. */
	item = json_get(object, "op");
	if (!result && item)
		result = read_op(reader, item);
	if (!result)
		result = check_keys(reader, object);
	for (size_t i = 0; !result && i < ARRAY_LEN(keys); i++) {
		item = json_get(object, keys[i].name);
		if (item)
			result = keys[i].read(reader, item);
	}
	if (result)
		return result;
	if (!json_get(object, "op"))
		return error_set(reader->error, -EINVAL, "'op' is missing");
	return check_arguments(reader, object);
}

static int read_object(struct reader *reader, const char *line, size_t length_bytes)
{
	cJSON *root = json_parse(line, length_bytes);
	int result;

	if (!root)
		return error_set(reader->error, -EINVAL, "the request is not valid JSON");
	result = cJSON_IsObject(root)
		     ? read_members(reader, root)
		     : error_set(reader->error, -EINVAL, "the request is not a JSON object");
	cJSON_Delete(root);
	return result;
}

/* What JSON cannot say, and what cJSON would pass on shortened. */
static int check_bytes(struct reader *reader, const char *line, size_t length_bytes)
{
	size_t step;

	if (!length_bytes)
		return error_set(reader->error, -EINVAL, "the request is empty");
	if (memchr(line, '\0', length_bytes) || memmem(line, length_bytes, "\\u0000", 6))
		return error_set(reader->error, -EINVAL, "the request has a NUL in it");
	for (size_t at = 0; at < length_bytes; at += step) {
		step = (unsigned char)line[at] < 0x80
			   ? 1
			   : utf8_printable_length(line + at, length_bytes - at);
		if (!step)
			return error_set(
			    reader->error, -EINVAL, "the request is not printable UTF-8");
	}
	return 0;
}

static int read_line(struct reader *reader, const char *line, size_t length_bytes)
{
	size_t start;
	int result = check_bytes(reader, line, length_bytes);

	if (result)
		return result;
	/* JSON's white space. */
	for (start = 0; start < length_bytes && strchr(" \t\r\n", line[start]); start++)
		;
	if (start == length_bytes)
		return error_set(reader->error, -EINVAL, "the request is empty");
	reader->request.bare = isalpha((unsigned char)line[start]);
	if (!reader->request.bare)
		return read_object(reader, line, length_bytes);
	return read_op_name(reader, line + start, length_bytes - start);
}

int request_decode(const char *line, size_t length_bytes, struct request *ret_request,
    enum reply_code *ret_code, struct error *error)
{
	struct reader reader = { .request = { .timeout_ms = NEVER_MS, .lines = -1 },
		.code = REPLY_BAD_REQUEST,
		.error = error };
	int result;

	while (length_bytes && strchr(" \t\r", line[length_bytes - 1]) && line[length_bytes - 1])
		length_bytes--;
	result = read_line(&reader, line, length_bytes);
	if (!result)
		result = check_service(&reader);
	*ret_request = reader.request;
	if (result)
		*ret_code = reader.code;
	return result;
}

char *request_encode(const struct request *request)
{
	unsigned arguments = request_op_arguments(request->op);
	cJSON *root = cJSON_CreateObject();
	bool complete = root && json_add_string(root, "op", request_op_to_string(request->op));

	if (request->id[0])
		complete = complete && json_add_string(root, "id", request->id);
	if (request->service[0])
		complete = complete && json_add_string(root, "service", request->service);
	if (arguments & REQUEST_HAS_SINCE && request->since)
		complete = complete && json_add_integer(root, "since", request->since);
	if (arguments & REQUEST_HAS_LINES && request->lines >= 0)
		complete = complete && json_add_integer(root, "lines", request->lines);
	if (arguments & REQUEST_HAS_FOLLOW && request->follow)
		complete = complete && json_add_bool(root, "follow", true);
	/* A number would be seconds. */
	if (request->timeout_ms != NEVER_MS) {
		char timeout[32];
		struct text text;

		text_init(&text, timeout, sizeof(timeout));
		text_addf(&text, "%llums", (unsigned long long)request->timeout_ms);
		complete = complete && json_add_string(root, "timeout", timeout);
	}
	return reply_encode_line(root, complete);
}

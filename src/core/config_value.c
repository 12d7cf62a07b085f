/* One value: text → expansion → type. Each reader says on failure what would have been right. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/config_keys.h"
#include "core/signal_name.h"
#include "util/macros.h"
#include "util/parse.h"
#include "util/text.h"

static int read_duration(
    const struct config_key *key, const char *text, void *field, struct error *error)
{
	char range[64];
	struct text out;
	int result = parse_duration_ms(text, key->min, key->max, field);

	if (!result)
		return 0;
	text_init(&out, range, sizeof(range));
	text_add_span(&out, key->min);
	text_add(&out, " to ");
	text_add_span(&out, key->max);
	return error_set(
	    error, result, "'%s' is no duration from %s; write 250ms, 10s, 5m or 8h", text, range);
}

static int read_size(
    const struct config_key *key, const char *text, void *field, struct error *error)
{
	int result = parse_size(text, key->min, key->max, field);

	if (!result)
		return 0;
	return error_set(error, result,
	    "'%s' is no size of at least %llu bytes; write 4096, 64K or 10M", text,
	    (unsigned long long)key->min);
}

static int read_choice(
    const struct config_key *key, const char *text, void *field, struct error *error)
{
	char known[128];
	struct text out;

	text_init(&out, known, sizeof(known));
	for (int i = 0; key->words[i]; i++) {
		if (strcmp(key->words[i], text) == 0) {
			memcpy(field, &i, sizeof(i)); /* every enum of ours is an int */
			return 0;
		}
		text_addf(&out, "%s%s", i ? ", " : "", key->words[i]);
	}
	return error_set(error, -EINVAL, "'%s' is none of: %s", text, known);
}

static int read_port(const char *text, void *field, struct error *error)
{
	uint64_t port = 0;
	uint16_t value;
	int result = strcmp(text, "auto") == 0 ? 0 : parse_count(text, 1, 65535, &port);

	if (result)
		return error_set(error, result, "'%s' is no port from 1 to 65535", text);
	value = (uint16_t)port;
	memcpy(field, &value, sizeof(value));
	return 0;
}

static int read_mode(const char *text, void *field, struct error *error)
{
	bool is_auto = strcmp(text, "auto") == 0 || strcmp(text, "inherited") == 0;
	long mode = is_auto ? -1 : strtol(text, NULL, 8);
	int value = (int)mode;

	if (!is_auto && (!*text || text[strspn(text, "01234567")] || mode > 0777))
		return error_set(error, -EINVAL, "'%s' is no octal mode from 0 to 0777", text);
	memcpy(field, &value, sizeof(value));
	return 0;
}

static int read_number(
    const struct config_key *key, const char *text, void *field, struct error *error)
{
	int64_t min = (int64_t)key->min, max = (int64_t)key->max;
	bool is_negative = *text == '-';
	uint64_t magnitude;
	int value = INT_MIN;

	if (strcmp(text, "inherited") != 0 || strcmp(key->fallback, "inherited") != 0) {
		if (parse_count(text + is_negative, 0, INT_MAX, &magnitude) ||
		    (is_negative ? -(int64_t)magnitude : (int64_t)magnitude) < min ||
		    (is_negative ? -(int64_t)magnitude : (int64_t)magnitude) > max)
			return error_set(error, -EINVAL, "'%s' is no number from %lld to %lld",
			    text, (long long)min, (long long)max);
		value = is_negative ? -(int)magnitude : (int)magnitude;
	}
	memcpy(field, &value, sizeof(value));
	return 0;
}

static int read_limit(const char *text, void *field, struct error *error)
{
	uint64_t value = strcmp(text, "unlimited") == 0 ? LIMIT_UNLIMITED : LIMIT_INHERITED;

	if (value == LIMIT_INHERITED && strcmp(text, "inherited") != 0 &&
	    parse_count(text, 0, LIMIT_INHERITED - 1, &value))
		return error_set(error, -EINVAL,
		    "'%s' is no limit; write a number, unlimited or inherited", text);
	memcpy(field, &value, sizeof(value));
	return 0;
}

/* The signals a service can be told to end with: not those that stop or continue it. */
static int read_signal(const char *text, void *field, struct error *error)
{
	static const char *const allowed[] = { "TERM", "INT", "QUIT", "HUP", "USR1", "USR2",
		"KILL" };
	int number = signal_parse(text);

	for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
		if (number == signal_parse(allowed[i])) {
			memcpy(field, &number, sizeof(number));
			return 0;
		}
	}
	return error_set(
	    error, -EINVAL, "'%s' is none of: TERM, INT, QUIT, HUP, USR1, USR2, KILL", text);
}

static int read_rate(
    const struct config_key *key, const char *text, void *field, struct error *error)
{
	const char *slash = strchr(text, '/');
	struct rate_limit limit;
	uint64_t count;
	char digits[16] = "";

	if (slash && (size_t)(slash - text) < sizeof(digits)) {
		memcpy(digits, text, (size_t)(slash - text));
		if (!parse_count(digits, 1, UINT32_MAX, &count) &&
		    !parse_duration_ms(slash + 1, 1, key->max, &limit.window_ms)) {
			limit.count = (uint32_t)count;
			memcpy(field, &limit, sizeof(limit));
			return 0;
		}
	}
	return error_set(
	    error, -EINVAL, "'%s' is no COUNT/DURATION of at least 1, such as 5/10m", text);
}

static int read_exits(const char *text, void *field, struct error *error)
{
	struct exit_codes codes = { .bits = { 0 } };
	struct words words;
	uint64_t code;
	int result = words_split_blanks(text, &words, error);

	if (result)
		return result;
	for (size_t i = 0; !result && i < words.count; i++) {
		result = parse_count(words.items[i], 1, 255, &code);
		if (result)
			error_set(
			    error, result, "'%s' is no exit code from 1 to 255", words.items[i]);
		else
			codes.bits[code / 32] |= 1u << code % 32;
	}
	words_deinit(&words);
	if (!result)
		memcpy(field, &codes, sizeof(codes));
	return result;
}

static int read_command(
    const char *text, const struct variables *variables, void *field, struct error *error)
{
	struct words words = { .items = NULL }, *out = field;
	int result = words_split_shell(text, &words, error);

	for (size_t i = 0; !result && i < words.count; i++) {
		char *expanded;

		result = words_expand(words.items[i], variables, &expanded, error);
		if (result)
			break;
		free(words.items[i]);
		words.items[i] = expanded;
	}
	if (!result && (!words.count || !words.items[0][0]))
		result = error_set(error, -EINVAL, "a command is wanted");
	if (result) {
		words_deinit(&words);
		return result;
	}
	*out = words;
	return 0;
}

/* command: what stands behind `exec:`. */
static int read_exec_probe(const char *text, const char *command, const struct variables *variables,
    void *field, struct error *error)
{
	struct probe_target target = { .type = PROBE_EXEC };
	int result = read_command(command, variables, &target.command, error);

	if (result)
		return result;
	target.text = strdup(text);
	if (!target.text) {
		words_deinit(&target.command);
		return error_set(error, -ENOMEM, "no memory");
	}
	memcpy(field, &target, sizeof(target));
	return 0;
}

/* Nothing is looked for where we happen to be. */
static int check_path(const char *text, struct error *error)
{
	const char *at = text;

	do
		if (*at != '/')
			return error_set(error, -EINVAL,
			    "'%s': absolute directories with colons between them are wanted", text);
	while ((at = strchr(at, ':')) && at++);
	return 0;
}

/* text is expanded already. A text value takes it over; *ret_taken says so. */
static int read_expanded(
    const struct config_key *key, char *text, void *field, bool *ret_taken, struct error *error)
{
	switch (key->type) {
	case VALUE_PATH:
		if (check_path(text, error))
			return -EINVAL;
		/* fall through */
	case VALUE_TEXT:
		memcpy(field, &text, sizeof(text));
		*ret_taken = true;
		return 0;
	case VALUE_BOOL:
		if (!parse_bool(text, field))
			return 0;
		return error_set(error, -EINVAL, "'%s' is neither yes nor no", text);
	case VALUE_DURATION: return read_duration(key, text, field, error);
	case VALUE_SIZE: return read_size(key, text, field, error);
	case VALUE_CHOICE: return read_choice(key, text, field, error);
	case VALUE_WORDS: return words_split_blanks(text, field, error);
	case VALUE_PROBE: return probe_target_parse(text, field, error);
	case VALUE_PORT: return read_port(text, field, error);
	case VALUE_SIGNAL: return read_signal(text, field, error);
	case VALUE_RATE: return read_rate(key, text, field, error);
	case VALUE_EXITS: return read_exits(text, field, error);
	case VALUE_STATUSES: return status_codes_parse(text, field, error);
	case VALUE_MODE: return read_mode(text, field, error);
	case VALUE_NUMBER: return read_number(key, text, field, error);
	case VALUE_LIMIT: return read_limit(text, field, error);
	case VALUE_COMMAND: break; /* expanded word by word */
	}
	return error_set(error, -EINVAL, "a command is wanted");
}

int config_value_read(const struct config_key *key, const char *text,
    const struct variables *variables, void *base, struct error *error)
{
	static const char exec[] = "exec:";
	void *field = (char *)base + key->offset;
	bool taken = false;
	char *expanded;
	int result;

	if (key->type == VALUE_COMMAND)
		return read_command(text, variables, field, error);
	if (key->type == VALUE_PROBE && strncmp(text, exec, strlen(exec)) == 0)
		return read_exec_probe(text, text + strlen(exec), variables, field, error);
	result = words_expand(text, variables, &expanded, error);
	if (result)
		return result;
	result = read_expanded(key, expanded, field, &taken, error);
	if (!taken)
		free(expanded);
	return result;
}

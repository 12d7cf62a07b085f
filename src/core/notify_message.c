#include "core/notify_message.h"

#include <string.h>

#include "util/parse.h"

/* The value, if line is `name=value`; else NULL. */
static const char *value_of(const char *line, size_t length, const char *name)
{
	size_t name_length = strlen(name);

	if (length <= name_length || memcmp(line, name, name_length) != 0 ||
	    line[name_length] != '=')
		return NULL;
	return line + name_length + 1;
}

static bool is_one(const char *line, size_t length, const char *name)
{
	const char *value = value_of(line, length, name);

	return value && line + length - value == 1 && *value == '1';
}

/* If line is `name=value`, its value; else what was there stays. */
static void take(
    const char *line, size_t length, const char *name, const char **value, size_t *value_bytes)
{
	const char *found = value_of(line, length, name);

	if (!found)
		return;
	*value = found;
	*value_bytes = (size_t)(line + length - found);
}

static void take_pid(const char *line, size_t length, int64_t *pid)
{
	const char *value = value_of(line, length, "MAINPID");
	char digits[12] = "";
	size_t count = value ? (size_t)(line + length - value) : 0;
	uint64_t number;

	if (!value)
		return;
	if (count < sizeof(digits))
		memcpy(digits, value, count);
	*pid = parse_count(digits, 1, INT32_MAX, &number) ? -1 : (int64_t)number;
}

void notify_message_parse(
    const char *message, size_t length_bytes, struct notify_message *ret_message)
{
	const char *line = message, *end = message + length_bytes;
	struct notify_message parsed = { .is_ready = false };

	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((newline ? newline : end) - line);

		parsed.is_ready = parsed.is_ready || is_one(line, length, "READY");
		parsed.is_watchdog = parsed.is_watchdog || is_one(line, length, "WATCHDOG");
		parsed.is_stopping = parsed.is_stopping || is_one(line, length, "STOPPING");
		take_pid(line, length, &parsed.main_pid);
		take(line, length, "STATUS", &parsed.status, &parsed.status_bytes);
		take(line, length, "X_NEMOINIT_AUTO_PAIR", &parsed.auto_pair,
		    &parsed.auto_pair_bytes);
		take(line, length, "X_NEMOINIT_WARNING", &parsed.warning, &parsed.warning_bytes);
		line += length + 1;
	}
	*ret_message = parsed;
}
